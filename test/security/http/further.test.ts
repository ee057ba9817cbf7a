import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { shown } from '../../support/attempt.ts'
import { type CustomScene, setCustomScene, watch } from '../../support/custom-scene.ts'
import { findForms } from '../../support/forms.ts'
import { startUpstream, type Upstream } from '../../support/upstream.ts'

/* Redirects and links to a next page: an upstream that wants to lead a call, and its key, somewhere else. */

const key = 'k3y-R4nd0mLookingValue'

/** Where the upstream leads, by the last segment of the path of the request. */
const locations: string[] = []
const place = (location: string) => `/start/${locations.push(location) - 1}`

let upstream: Upstream
let elsewhere: Upstream
let scene: CustomScene
beforeAll(async () => {
  elsewhere = await startUpstream()
  upstream = await startUpstream((request, response) => {
    const url = new URL(request.url, 'http://upstream')
    const location = filled(locations[Number(url.pathname.split('/').at(-1))] ?? '', request.url)
    const status = Number(url.searchParams.get('status') ?? 302)
    const json = { 'content-type': 'application/json' }
    const count = Number(/\d*$/.exec(request.url)?.[0] ?? 0)
    if (url.pathname.startsWith('/start/')) response.writeHead(status, { location }).end('moved')
    else if (url.pathname.startsWith('/loop/')) response.writeHead(302, { location: `${request.url}x` }).end()
    else if (url.pathname.startsWith('/pages/'))
      response.writeHead(200, { ...json, link: `<${location}>; rel="next"` }).end('[1]')
    else if (url.pathname.startsWith('/endless/'))
      response.writeHead(200, { ...json, link: `</endless/${count + 1}>; rel="next"` }).end('[1]')
    else response.writeHead(200, json).end('["arrived"]')
  })
  const tool = {
    kind: 'http',
    description: 'Redirects',
    base_url: upstream.url,
    allow: [
      'GET /start/:number',
      'HEAD /start/:number',
      'POST /start/:number',
      'PUT /start/:number',
      'DELETE /start/:number',
      'GET /loop/**',
      'GET /ok/**',
      'HEAD /ok/**',
      { method: 'GET', path: '/limited', query: { page: { type: 'integer', maximum: 9 } } },
      'GET /pages/:number',
      'GET /endless/:number',
    ],
    redirects: 'same_origin',
    pages: { follow: 'link', max: 5 },
    never: { requests: ['* /ok/never'], query: ['secret'] },
  }
  const { redirects: _, pages: __, ...plain } = tool
  scene = await setCustomScene({ key }, file => ({
    credentials: {
      bearer: { type: 'bearer', token: file('key') },
      query: { type: 'api_key', in: 'query', name: 'key', value: file('key') },
    },
    tools: {
      plain: { ...plain, credential: 'bearer' },
      api: { ...tool, credential: 'bearer' },
      keyed: { ...tool, credential: 'query' },
      based: {
        ...tool,
        base_url: `${upstream.url}/ok`,
        allow: ['GET /start/:number', 'GET /**'],
        credential: 'bearer',
      },
      named: {
        kind: 'http',
        description: 'Operations',
        base_url: upstream.url,
        credential: 'bearer',
        redirects: 'same_origin',
        pages: { follow: 'link', max: 5 },
        operations: {
          start: { request: 'GET /start/:number', description: 'Starts', query: { status: {} } },
          pages: { request: 'GET /pages/:number', description: 'Pages', fixed: { query: { per_page: 5 } } },
        },
      },
    },
    deny: ['api_call_api(GET /ok/denied/**)'],
  }))
})
afterAll(async () => {
  await scene?.end()
  await upstream?.close()
  await elsewhere?.close()
})

/** Puts in what is known only at run time: the ports, and the query with the key. */
function filled(location: string, requestUrl: string): string {
  return location
    .replaceAll('ELSEWHERE', elsewhere.url)
    .replaceAll('HERE', upstream.url)
    .replaceAll('HOST', new URL(upstream.url).host)
    .replaceAll('QUERY', requestUrl.split('?')[1] ?? '')
}

const notFollowed: readonly (readonly [what: string, location: string])[] = [
  ['another port', 'ELSEWHERE/ok/a'],
  ['another host', 'http://evil.example/ok/a'],
  ['another scheme', 'https://HOST/ok/a'],
  ['another scheme without slashes', 'https:/ok/a'],
  ['a scheme that is none', 'javascript:alert(1)'],
  ['data', 'data:text/plain,hello'],
  ['a file', 'file:///etc/passwd'],
  ['another host, relative to the scheme', '//evil.example/ok/a'],
  ['the same with backslashes', '\\\\evil.example\\ok\\a'],
  ['a slash and a backslash', '/\\evil.example/ok/a'],
  ['three slashes', '///evil.example/ok/a'],
  ['a user', 'http://user@HOST/ok/a'],
  ['a user and a password', 'http://user:pass@HOST/ok/a'],
  ['this host as the user of another', 'http://HOST@evil.example/ok/a'],
  ['this host as the password of another', 'http://x:HOST@evil.example/ok/a'],
  ['this machine by another name', 'http://localhost/ok/a'],
  ['this machine by another address', 'http://127.0.0.2/ok/a'],
  ['this machine in IPv6', 'http://[::1]/ok/a'],
  ['a metadata service', 'http://169.254.169.254/latest/meta-data/'],
  ['a metadata service in IPv6', 'http://[::ffff:169.254.169.254]/latest/meta-data/'],
  ['a metadata service as a number', 'http://2852039166/latest/meta-data/'],
  ['a metadata service by name', 'http://metadata.google.internal/computeMetadata/v1/'],
  ['out of the scope', '/admin'],
  ['out of the scope, over a dot segment', '/ok/../admin'],
  ['out of the scope, over an encoded one', '/ok/%2e%2e/admin'],
  ['an encoded slash', '/ok/..%2fadmin'],
  ['a doubly encoded slash', '/ok/..%252fadmin'],
  ['a path parameter', '/ok/..;/admin'],
  ['an empty segment', '/ok//a'],
  ['two slashes within this host', 'HERE//ok/a'],
  ['under a rule that denies', '/ok/denied/a'],
  ['the same, encoded', '/ok/%64enied/a'],
  ['under never', '/ok/never'],
  ['with a query parameter under never', '/ok/a?secret=1'],
  ['with a query parameter that is reserved', '/ok/a?_method=DELETE'],
  ['the same, encoded', '/ok/a?%5fmethod=DELETE'],
  ['with a token', '/ok/a?access_token=mine'],
  ['with a query that the entry does not permit', '/limited?page=10'],
  ['with a parameter that the entry does not permit', '/limited?page=1&admin=1'],
  ['nothing that is a URL', 'http://[::1'],
  ['a port that is none', 'http://HOST:99999/ok/a'],
  ['9,000 characters', `/ok/${'a'.repeat(9_000)}`],
]

describe('a redirect that leads anywhere else is not followed; it is the answer', () => {
  test.each(notFollowed)('%s', async (_what, location) => {
    const since = watch(upstream)
    const path = place(location)
    const called = await scene.call('api_call_api', { method: 'GET', path })
    expect(called.structured['status'] ?? called.raw).toBe(302)
    expect(since.requests().map(({ url }) => url)).toEqual([path])
    expect(elsewhere.connections()).toBe(0)
  })

  test.each([301, 302, 303, 307, 308])('%i: by a tool that follows none', async status => {
    const since = watch(upstream)
    const args = { method: 'GET', path: place('/ok/a'), query: { status } }
    expect((await scene.call('plain_call_api', args)).structured).toMatchObject({
      status,
      headers: { location: '/ok/a' },
    })
    expect(since.requests()).toHaveLength(1)
  })

  test.each(
    ['POST', 'PUT', 'DELETE'].flatMap(method => [301, 302, 303, 307, 308].map(status => [method, status] as const)),
  )('%s is never followed, with status %i', async (method, status) => {
    const since = watch(upstream)
    const called = await scene.call('api_call_api', { method, path: place('/ok/a'), query: { status } })
    expect(called.structured['status']).toBe(status)
    expect(since.requests().map(request => request.method)).toEqual([method])
  })

  test.each([300, 304, 305, 306, 200, 201, 401])('status %i with a location is no redirect', async status => {
    const since = watch(upstream)
    await scene.call('api_call_api', { method: 'GET', path: place('/ok/a'), query: { status } })
    expect(since.requests()).toHaveLength(1)
  })

  test('out of the base URL', async () => {
    const since = watch(upstream)
    const called = await scene.call('based_call_api', { method: 'GET', path: '/b/c' })
    expect(called.structured['status']).toBe(200)
    expect(since.requests()).toMatchObject([{ url: '/ok/b/c' }])
  })

  test.each([
    ['another request', '/ok/a'],
    ['another parameter', '/start/1?admin=1'],
    ['another segment', '/start/1/2'],
  ])('out of an operation: %s', async (_what, location) => {
    const since = watch(upstream)
    const number = place(location).split('/').at(-1)
    const called = await scene.call('named_start', { number })
    expect(called.structured['status']).toBe(302)
    expect(since.requests()).toHaveLength(1)
  })
})

describe('a redirect within origin and scope is followed, three times at most', () => {
  test.each([301, 302, 303, 307, 308])('status %i', async status => {
    const since = watch(upstream)
    const called = await scene.call('api_call_api', {
      method: 'GET',
      path: place('HERE/ok/a%20b?c=d'),
      query: { status },
    })
    expect(called.structured).toMatchObject({ status: 200, body: ['arrived'] })
    expect(since.requests().at(-1)).toMatchObject({ method: 'GET', url: '/ok/a%20b?c=d' })
    expect(since.requests().at(-1)?.headers.authorization).toBe(`Bearer ${key}`)
  })

  test('HEAD stays HEAD', async () => {
    const since = watch(upstream)
    await scene.call('api_call_api', { method: 'HEAD', path: place('/ok/a') })
    expect(
      since
        .requests()
        .map(({ method, url }) => `${method} ${url}`)
        .at(-1),
    ).toBe('HEAD /ok/a')
  })

  test('a fragment is left out', async () => {
    const since = watch(upstream)
    await scene.call('api_call_api', { method: 'GET', path: place('/ok/a#admin') })
    expect(
      since
        .requests()
        .map(({ url }) => url)
        .at(-1),
    ).toBe('/ok/a')
  })

  test('dot segments that stay in the scope mean what the URL standard says', async () => {
    const since = watch(upstream)
    await scene.call('api_call_api', { method: 'GET', path: place('/ok/x/../a') })
    expect(
      since
        .requests()
        .map(({ url }) => url)
        .at(-1),
    ).toBe('/ok/a')
  })

  test('a chain that never ends: the first and three more', async () => {
    const since = watch(upstream)
    const called = await scene.call('api_call_api', { method: 'GET', path: '/loop/a' })
    expect(called.structured['status']).toBe(302)
    expect(since.requests().map(({ url }) => url)).toEqual(['/loop/a', '/loop/ax', '/loop/axx', '/loop/axxx'])
  })

  test('to itself: the first and three more', async () => {
    const since = watch(upstream)
    const path = place('')
    locations[locations.length - 1] = path
    await scene.call('api_call_api', { method: 'GET', path })
    expect(since.requests().map(({ url }) => url)).toEqual([path, path, path, path])
  })

  test('with a key in the query: sent once, put back by the upstream, and seen by nobody', async () => {
    const since = watch(upstream)
    const called = await scene.call('keyed_call_api', {
      method: 'GET',
      path: place('/ok/a?b=c&QUERY'),
      query: { q: 'x' },
    })
    expect(called.structured['body']).toEqual(['arrived'])
    expect(since.requests().at(-1)?.url).toBe(`/ok/a?b=c&q=x&key=${key}`)
    expect(findForms(called.raw, key)).toEqual([])
  })

  test('with the key in the path: not followed, and seen by nobody', async () => {
    const since = watch(upstream)
    const called = await scene.call('keyed_call_api', { method: 'GET', path: place(`/ok/${key}`) })
    expect(called.structured['status']).toBe(302)
    expect(since.requests()).toHaveLength(1)
    expect(findForms(called.raw, key)).toEqual([])
  })

  test('with the key under another name: not followed', async () => {
    const since = watch(upstream)
    await scene.call('keyed_call_api', { method: 'GET', path: place(`ELSEWHERE/ok/a?stolen=${key}`) })
    await scene.call('keyed_call_api', { method: 'GET', path: place(`/ok/a?stolen=${key}`) })
    expect(since.requests()).toHaveLength(2)
    expect(elsewhere.connections()).toBe(0)
  })
})

describe('a next page that lies anywhere else is not asked for', () => {
  const pages = notFollowed.filter(([, location]) => !location.includes('\\'))
  test.each(pages.map(([what, location]) => [what, shown(location), location] as const))(
    '%s: %s',
    async (_what, _shown, location) => {
      const since = watch(upstream)
      const path = `/pages/${locations.push(location) - 1}`
      const called = await scene.call('api_call_api', { method: 'GET', path })
      expect(called.structured).toMatchObject({ status: 200 })
      // The query of a link may be asked for under the path that was judged, as often as the tool says, and nothing else.
      for (const { url } of since.requests()) expect(new URL(url, upstream.url).pathname).toBe(path)
      expect(since.requests().length).toBeLessThanOrEqual(5)
      expect(since.bytes()).not.toMatch(/_method|access_token|secret/)
      expect(elsewhere.connections()).toBe(0)
    },
  )

  test('pages without end: as many as the tool says', async () => {
    const since = watch(upstream)
    const called = await scene.call('api_call_api', { method: 'GET', path: '/endless/1' })
    expect(called.structured).toMatchObject({ status: 200, body: [1, 1, 1, 1, 1], pages: 5, more: true })
    expect(since.requests()).toHaveLength(5)
  })

  test('a page that is the page before: as many as the tool says', async () => {
    const since = watch(upstream)
    const path = `/pages/${locations.push('') - 1}`
    locations[locations.length - 1] = path
    await scene.call('api_call_api', { method: 'GET', path })
    expect(since.requests()).toHaveLength(5)
  })

  test.each([
    ['without the fixed parameter', '?page=2'],
    ['with another value of it', '?per_page=100&page=2'],
    ['with a parameter of the upstream', '?per_page=5&page=2'],
  ])('out of an operation: %s', async (_what, location) => {
    const since = watch(upstream)
    const number = locations.push(location) - 1
    const called = await scene.call('named_pages', { number: String(number) })
    expect(called.structured).toMatchObject({ status: 200, body: [1] })
    expect(since.requests().map(({ url }) => url)).toEqual([`/pages/${number}?per_page=5`])
  })
})

test('nobody saw the key, and nobody else was asked', () => {
  expect(findForms(scene.home.auditText(), key)).toEqual([])
  expect(findForms(scene.log(), key)).toEqual([])
  expect(elsewhere.connections()).toBe(0)
  expect(scene.events('worker.exited')).toEqual([])
})
