import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findForms } from '../../support/forms.ts'
import type { Respond } from '../../support/upstream.ts'
import { setTools, type Tools } from '../../e2e/http/tools.ts'

/* APIs that set a cookie for us and repeat it: whoever has the cookie is logged in as the credential's owner. */

const session = 'eyJ1aWQiOjQyfQ.aZ3f-9Kd_Q7xV2mT0pLr5sWbYc8'
const label = '[credential key]'

type Answer = (response: Parameters<Respond>[1], url: URL) => void
const json = { 'content-type': 'application/json' }

const base64 = (text: string) => Buffer.from(text).toString('base64')
const forms: Record<string, (cookie: string) => string> = {
  plain: cookie => `session ${cookie} was made`,
  JSON: cookie => JSON.stringify({ cookie }),
  'JSON in JSON': cookie => JSON.stringify({ log: JSON.stringify({ cookie }) }),
  'URL-encoded': cookie => `next=${encodeURIComponent(cookie)}`,
  'URL-encoded throughout': cookie => Buffer.from(cookie).toString('hex').replaceAll(/../g, '%$&'),
  base64: cookie => base64(cookie),
  'base64, within something longer': cookie => base64(`{"session":"${cookie}","x":1}`),
  hex: cookie => Buffer.from(cookie).toString('hex'),
  reversed: cookie => [...cookie].reverse().join(''),
  HTML: cookie => `<a title="${cookie.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}">`,
  'most of it': cookie => `it begins with ${cookie.slice(0, -4)}`,
}

/** A cookie as a Set-Cookie field has it, and its value as an application knows it. */
const spellings: Record<string, readonly [field: string, value: string]> = {
  plain: [`sid=${session}; Path=/; HttpOnly; Secure; SameSite=Lax`, session],
  'without attributes': [`sid=${session}`, session],
  quoted: [`sid="${session}"; Path=/`, session],
  'with spaces': [`  sid =  ${session}  ; Path=/`, session],
  'without a name': [session, session],
  'with = in it': [`sid=${session}==; Path=/`, `${session}==`],
  encoded: [`sid=${encodeURIComponent(`s:${session}/+&"`)}; Path=/`, `s:${session}/+&"`],
  'encoded in small letters': ['sid=s%3aQ7xV2mT0pLr5sWbYc8aZ3f%2f%2b%26; Path=/', 's:Q7xV2mT0pLr5sWbYc8aZ3f/+&'],
  'badly encoded': [`sid=${session}%zz%`, `${session}%zz%`],
}

let tools: Tools
let answer: Answer
beforeAll(async () => {
  tools = await setTools({
    respond: (request, response) => answer(response, new URL(request.url, 'http://api')),
    tools: () => ({
      api: {
        allow: ['GET /**', 'POST /**'],
        redirects: 'same_origin',
        pages: { follow: 'link', max: 3 },
      },
      open: { credential: undefined, allow: ['GET /**'] },
    }),
  })
})
afterAll(() => tools.end())

const get = (path: string) => tools.do('api_call_api', { method: 'GET', path })

describe.each(Object.entries(spellings))('a cookie %s', (_, [field, value]) => {
  test.each(Object.entries(forms))('that the body repeats as %s is redacted', async (_form, write) => {
    answer = response => response.writeHead(200, { 'set-cookie': field }).end(`before ${write(value)} after`)
    const done = await get('/login')
    expect(done).toMatchObject({ isError: false, structured: { status: 200 } })
    expect(done.body).toMatch(/^before .* after$/s)
    expect(done.raw).toContain('[credential key')
    for (const secret of [value, value.slice(0, 20)]) expect(findForms(done.raw, secret)).toEqual([])
    expect(findForms(JSON.stringify(done.record), value)).toEqual([])
  })
})

describe('a cookie is known', () => {
  test('to the answers of later calls, with other verbs and in headers too', async () => {
    const cookie = 'L4terCalls-0f9e8d7c6b5a4932'
    answer = response => response.writeHead(200, { 'set-cookie': `sid=${cookie}` }).end('welcome')
    expect((await get('/login')).body).toBe('welcome')
    answer = response =>
      response.writeHead(200, { ...json, etag: `"${cookie}"` }).end(JSON.stringify({ cookie, [cookie]: 1 }))
    for (const method of ['GET', 'POST']) {
      const done = await tools.do('api_call_api', { method, path: '/whoami' })
      expect(done.body).toEqual({ cookie: label, [label]: 1 })
      expect(findForms(done.raw, cookie)).toEqual([])
    }
  })

  test('whether the answer is an error, compressed, or both', async () => {
    const cookie = 'err0r-Answer-0f9e8d7c6b5a'
    answer = response =>
      response
        .writeHead(500, { ...json, 'set-cookie': [`a=b`, `sid=${cookie}`], 'content-encoding': 'gzip' })
        .end(gzipSync(JSON.stringify({ error: `bad session ${cookie}` })))
    const done = await get('/fails')
    expect(done).toMatchObject({ isError: true, structured: { status: 500, body: { error: `bad session ${label}` } } })
  })

  test('that a redirect sets, to the answer where it leads', async () => {
    const cookie = 'r3direct-0f9e8d7c6b5a4932'
    answer = (response, url) =>
      url.pathname === '/from'
        ? response.writeHead(302, { location: '/to', 'set-cookie': `sid=${cookie}` }).end()
        : response.end(`you came with ${cookie}`)
    const done = await get('/from')
    expect(done.lines).toEqual(['GET /from', 'GET /to'])
    expect(done.body).toBe(`you came with ${label}`)
  })

  test('and an address with it in it is not followed: the gate would see it', async () => {
    const cookie = 'l0cation-0f9e8d7c6b5a4932'
    answer = response => response.writeHead(302, { location: `/to?sid=${cookie}`, 'set-cookie': `sid=${cookie}` }).end()
    const done = await get('/from')
    expect(done.lines).toEqual(['GET /from'])
    expect(findForms(done.raw + tools.home.auditText(), cookie)).toEqual([])
  })

  test('that a page sets, to the pages after it', async () => {
    const cookies = ['p4ge-one-0f9e8d7c6b5a4932', 'p4ge-two-1a2b3c4d5e6f7081', 'p4ge-three-99aa88bb77cc66']
    answer = (response, url) => {
      const page = Number(url.searchParams.get('page') ?? '0')
      const link = page < 2 ? { link: `</list?page=${page + 1}>; rel="next"` } : {}
      response.writeHead(200, { ...json, ...link, 'set-cookie': `sid=${cookies[page]}` })
      response.end(JSON.stringify(cookies.slice(0, page + 1)))
    }
    const done = await get('/list')
    expect(done.structured).toMatchObject({ pages: 3, body: Array.from({ length: 6 }, () => label) })
    for (const cookie of cookies) expect(findForms(done.raw, cookie)).toEqual([])
  })

  test('that an answer sets which is not shown, because the API wanted us to come back', async () => {
    const cookie = 'c0me-back-0f9e8d7c6b5a4932'
    let first = true
    answer = response => {
      if (first) response.writeHead(503, { 'retry-after': '0', 'set-cookie': `sid=${cookie}` }).end()
      else response.end(`you came with ${cookie}`)
      first = false
    }
    const done = await get('/busy')
    expect(done.requests).toHaveLength(2)
    expect(done.body).toBe(`you came with ${label}`)
  })
})

describe('cookies without measure', () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, index) => `c${index}=v4lue-${index}-0f9e8d7c6b5a4932`)
  const valuesOf = (cookies: readonly string[]) => cookies.map(cookie => cookie.slice(cookie.indexOf('=') + 1))

  test('as many as are accepted are all redacted', async () => {
    const cookies = many(32)
    answer = response =>
      response.writeHead(200, { ...json, 'set-cookie': cookies }).end(JSON.stringify(valuesOf(cookies)))
    const done = await get('/many')
    expect(done.body).toEqual(cookies.map(() => label))
  })

  test.each([33, 200, 1_000])('%d in one answer: it is not shown, and the tool works on', async count => {
    const cookies = many(count).map(cookie => (count === 1_000 ? cookie.slice(0, 14) : cookie))
    answer = response => response.writeHead(200, { 'set-cookie': cookies }).end(valuesOf(cookies).join())
    const done = await get('/many')
    expect(done).toMatchObject({ isError: true, code: 'target_refused' })
    expect(done.raw).not.toContain('v4lue')
    answer = response => response.end('fine')
    expect((await get('/after')).body).toBe('fine')
  })

  test('three of 4 kB each, at once and in parts', async () => {
    const cookies = ['A', 'B', 'C'].map(letter =>
      Array.from({ length: 4_096 }, (_, index) =>
        String.fromCharCode(65 + ((index * index * 7 + letter.charCodeAt(0)) % 57)),
      )
        .join('')
        .replaceAll(/[^A-Za-z]/g, '0'),
    )
    answer = response =>
      response.writeHead(200, { 'set-cookie': cookies.map(cookie => `sid=${cookie}`) }).end(cookies.join(' and '))
    const done = await get('/large')
    expect(done.body).toBe([label, label, label].join(' and '))
  })

  test('a hundred answers, each with a new one: the call after them takes no longer', async () => {
    answer = (response, url) =>
      response
        .writeHead(200, { 'set-cookie': `sid=n3w-0f9e8d7c6b5a4932-${url.pathname}` })
        .end(`n3w-0f9e8d7c6b5a4932-${url.pathname}`)
    const took: number[] = []
    for (let index = 0; index < 100; index++) {
      const started = performance.now()
      expect((await get(`/turn/${index}`)).raw).not.toContain('n3w-0f9e')
      took.push(performance.now() - started)
    }
    const median = (times: number[]) => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0
    expect(median(took.slice(70))).toBeLessThan(Math.max(50, median(took.slice(0, 30)) * 10))
  })
})

describe('what is no secret stays readable', () => {
  test.each([
    ['a word', 'theme=darkmode', 'The theme is darkmode.'],
    ['a language', 'lang=en-US', 'Documents are in en-US and de-DE.'],
    ['a flag', 'logged_in=yes', 'yes, they are logged_in'],
    ['nothing', 'sid=; Max-Age=0', 'sid= was removed'],
    ['a place', 'tz=America/New_York', 'Meetings are in America/New_York.'],
    ['a consent', 'consent=necessary,analytics', 'necessary,analytics were chosen'],
    [
      'attributes',
      'a=b; Domain=api.example; Path=/v1/repositories/0123456789abcdef',
      '/v1/repositories/0123456789abcdef',
    ],
    ['the name', 'session_0123456789abcdef=on', 'session_0123456789abcdef is on'],
  ])('%s', async (_, field, body) => {
    answer = response => response.writeHead(200, { 'set-cookie': field }).end(body)
    expect((await get('/plain')).body).toBe(body)
    expect((await get('/again')).body).toBe(body)
  })

  test('without a credential a cookie is nobody’s', async () => {
    answer = response => response.writeHead(200, { 'set-cookie': `sid=0pen-${session}` }).end(`0pen-${session}`)
    expect((await tools.do('open_call_api', { method: 'GET', path: '/a' })).body).toBe(`0pen-${session}`)
  })

  test('the cookie itself is shown to nobody and sent to nobody', async () => {
    const cookie = 'n0body-0f9e8d7c6b5a4932'
    answer = response => response.writeHead(200, { 'set-cookie': `sid=${cookie}` }).end('ok')
    const done = await get('/set')
    expect(done.structured['headers']).not.toHaveProperty('set-cookie')
    expect((await get('/next')).requests[0]?.headers.cookie).toBeUndefined()
  })
})

test('no cookie is in the log or the record of all these calls', () => {
  const seen = tools.home.auditText() + tools.log()
  for (const [, value] of Object.values(spellings)) expect(findForms(seen, value)).toEqual([])
})
