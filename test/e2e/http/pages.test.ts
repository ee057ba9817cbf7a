import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { secretToken } from '../../support/scene.ts'
import type { Received, Respond } from '../../support/upstream.ts'
import { type Tools, setTools } from './tools.ts'

/** Sends one page of `total`; the next one is linked to under `path`. */
function sendPage(
  { url }: Received,
  response: ServerResponse,
  options: {
    readonly total: number
    readonly body: (page: number) => unknown
    readonly path?: string
    readonly type?: string
  },
): void {
  const { searchParams, pathname } = new URL(url, 'http://x')
  const page = Number(searchParams.get('page') ?? 1)
  searchParams.set('page', String(page + 1))
  const next = `${options.path ?? pathname}?${searchParams.toString()}`
  const last = `${pathname}?page=${options.total}`
  response.setHeader('content-type', options.type ?? 'application/json')
  if (page < options.total) response.setHeader('link', [`<${last}>; rel="last"`, `<${next}>; rel="next"`])
  const body = options.body(page)
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}

const items = (page: number) => [`${page}a`, `${page}b`]

const api: Readonly<Record<string, Respond>> = {
  '/list': (request, response) => sendPage(request, response, { total: 3, body: items }),
  '/long': (request, response) => sendPage(request, response, { total: 9, body: items }),
  '/objects': (request, response) =>
    sendPage(request, response, { total: 3, body: page => ({ page, items: items(page) }) }),
  '/single': (request, response) => sendPage(request, response, { total: 1, body: items }),
  '/text': (request, response) =>
    sendPage(request, response, { total: 3, body: page => `page ${page}`, type: 'text/plain' }),
  '/large-second': (request, response) =>
    sendPage(request, response, { total: 3, body: page => [page === 2 ? 'x'.repeat(70_000) : page] }),
  '/large': (request, response) => sendPage(request, response, { total: 9, body: page => [page, 'x'.repeat(30_000)] }),
  '/broken-second': (request, response) => {
    if (request.url.includes('page=2')) response.statusCode = 500
    sendPage(request, response, { total: 3, body: items })
  },
  '/resetting-second': (request, response) => {
    if (request.url.includes('page=2')) response.socket?.destroy()
    else sendPage(request, response, { total: 3, body: items })
  },
  '/silent-second': (request, response) => {
    if (!request.url.includes('page=2')) sendPage(request, response, { total: 3, body: items })
  },
  '/empty': (_request, response) => void response.writeHead(204, { link: '</list?page=2>; rel="next"' }).end(),
  // As GitHub links: by the number of the repository.
  '/repos/acme/shop/issues': (request, response) =>
    sendPage(request, response, { total: 3, body: items, path: '/repositories/1296269/issues' }),
  '/elsewhere': (request, response) =>
    sendPage(request, response, { total: 3, body: items, path: 'https://attacker.example/list' }),
  '/capped': (request, response) => sendPage(request, response, { total: 9, body: items }),
  '/echoed': (request, response) => sendPage(request, response, { total: 2, body: items }),
  '/failing': (_request, response) =>
    void response
      .writeHead(404, { 'content-type': 'application/json', link: '</list?page=2>; rel="next"' })
      .end('["no"]'),
}

const pages = { follow: 'link', max: 5 }

let tools: Tools
beforeAll(async () => {
  const issues = 'GET /repos/acme/shop/issues'
  tools = await setTools({
    respond: (request, response) => (api[new URL(request.url, 'http://x').pathname] as Respond)(request, response),
    credentials: () => ({ query: { type: 'api_key', in: 'query', name: 'key', value: { sealed: 'key' } } }),
    tools: () => ({
      all: {
        allow: [
          ...Object.keys(api).map(path => `GET ${path}`),
          { method: 'GET', path: '/capped', query: { page: { type: 'integer', maximum: 2 } } },
          'HEAD /list',
          'POST /list',
        ].filter(entry => entry !== 'GET /capped'),
        pages,
        limits: { timeout: '10s', max_response: '64kb' },
      },
      none: { allow: ['GET /list'] },
      quick: { allow: ['GET /resetting-second', 'GET /silent-second'], pages, limits: { timeout: '2s' } },
      keyed: { allow: ['GET /echoed', 'GET /list'], pages, credential: 'query' },
      named: {
        pages: { follow: 'link', max: 2 },
        operations: {
          list: { request: 'GET /list', description: 'A list.', query: { page: { type: 'integer' } } },
          more: {
            request: 'GET /long',
            description: 'A list.',
            query: { page: { type: 'integer' } },
            fixed: { query: { per_page: 2 } },
            pages: { follow: 'link', max: 4 },
          },
          closed: { request: 'GET /list', description: 'Without a page.', query: {} },
          issues: { request: issues, description: 'Issues.', query: { page: { type: 'integer' } }, pages },
          objects: {
            request: 'GET /objects',
            description: 'Objects.',
            query: { page: { type: 'integer' } },
            select: ['/page'],
            pages,
          },
        },
      },
      ruled: { allow: ['GET /list', issues], pages },
    }),
    rules: { allow: ['*'], deny: ['ruled_call_api(GET /list)'] },
  })
})
afterAll(() => tools.end())

const get = (path: string, query?: object) => ({ method: 'GET', path, ...(query === undefined ? {} : { query }) })

describe('pages: { follow: link }', () => {
  test('joins lists, keeps the query, and says how many pages there were', async () => {
    const done = await tools.do('all_call_api', get('/list', { state: 'open' }))
    expect(done.lines).toEqual(['GET /list?state=open', 'GET /list?state=open&page=2', 'GET /list?state=open&page=3'])
    for (const { headers } of done.requests) expect(headers.authorization).toBe(`Bearer ${secretToken}`)
    expect(done.structured).toMatchObject({
      status: 200,
      body: ['1a', '1b', '2a', '2b', '3a', '3b'],
      pages: 3,
      more: false,
      truncated: false,
    })
    expect(done.record).toMatchObject({ outcome: 'ok', status: 200, further: 2 })
  })

  test('lists bodies that are no lists', async () => {
    const done = await tools.do('all_call_api', get('/objects'))
    expect(done.structured).toMatchObject({
      body: [1, 2, 3].map(page => ({ page, items: items(page) })),
      pages: 3,
      more: false,
    })
  })

  test('begins where the agent began', async () => {
    const done = await tools.do('all_call_api', get('/list', { page: 2 }))
    expect(done.lines).toEqual(['GET /list?page=2', 'GET /list?page=3'])
    expect(done.structured).toMatchObject({ body: ['2a', '2b', '3a', '3b'], pages: 2, more: false })
  })

  test('stops at max, and says that there is more and where', async () => {
    const done = await tools.do('all_call_api', get('/long'))
    expect(done.requests).toHaveLength(5)
    expect(done.structured).toMatchObject({ pages: 5, more: true, truncated: false })
    expect(done.body).toHaveLength(10)
    // By this an agent can go on, also where pages have no numbers.
    expect(done.structured['headers']).toMatchObject({ link: expect.stringContaining('</long?page=6>; rel="next"') })
    const next = await tools.do('all_call_api', get('/long', { page: 6 }))
    expect(next.structured).toMatchObject({
      body: ['6a', '6b', '7a', '7b', '8a', '8b', '9a', '9b'],
      pages: 4,
      more: false,
    })
  })

  test('leaves an answer of one page as it is', async () => {
    const done = await tools.do('all_call_api', get('/single'))
    expect(done.structured).toEqual({ status: 200, headers: expect.anything(), body: ['1a', '1b'], truncated: false })
    expect(done.record['further']).toBeUndefined()
  })

  test.each([
    ['text', get('/text'), 'page 1'],
    ['a POST', { method: 'POST', path: '/list', body: {} }, ['1a', '1b']],
    ['a HEAD', { method: 'HEAD', path: '/list' }, ''],
    ['an error', get('/failing'), ['no']],
    ['an answer without a body', get('/empty'), ''],
  ])('does not follow the links of %s', async (_what, args, body) => {
    const done = await tools.do('all_call_api', args)
    expect(done.requests).toHaveLength(1)
    expect(done.body).toEqual(body)
    expect(done.structured['pages']).toBeUndefined()
  })

  test('a page that is too large is left out, whole, and the hint says which', async () => {
    const done = await tools.do('all_call_api', get('/large-second'))
    expect(done.structured).toMatchObject({
      body: [1],
      pages: 1,
      more: true,
      hint: 'Page 2 is not in this answer: it is too large.',
    })
  })

  test('all pages together are no larger than one answer may be', async () => {
    const done = await tools.do('all_call_api', get('/large'))
    expect(done.structured).toMatchObject({
      pages: 2,
      more: true,
      hint: 'Page 3 is not in this answer: it is too large.',
    })
    expect(Buffer.byteLength(JSON.stringify(done.body))).toBeLessThan(65_536)
  })

  test('a page that fails is left out, and the hint says how', async () => {
    const done = await tools.do('all_call_api', get('/broken-second'))
    expect(done).toMatchObject({ isError: false })
    expect(done.structured).toMatchObject({
      body: ['1a', '1b'],
      pages: 1,
      more: true,
      hint: 'Page 2 is not in this answer: its status was 500.',
    })
  })

  test.each(['/resetting-second', '/silent-second'])('%s: what was collected is not lost', async path => {
    const done = await tools.do('quick_call_api', get(path))
    expect(done.structured).toMatchObject({
      status: 200,
      body: ['1a', '1b'],
      pages: 1,
      more: true,
      hint: expect.stringMatching(/^Page 2 /),
    })
    expect(done.record).toMatchObject({ outcome: 'ok', status: 200 })
  })

  test("GitHub's other name for the same thing: the page is asked for under the path that was judged", async () => {
    const done = await tools.do('all_call_api', get('/repos/acme/shop/issues'))
    expect(done.lines).toEqual(['', '?page=2', '?page=3'].map(query => `GET /repos/acme/shop/issues${query}`))
    expect(done.structured).toMatchObject({ body: ['1a', '1b', '2a', '2b', '3a', '3b'], pages: 3, more: false })
    const operation = await tools.do('named_issues')
    expect(operation.lines).toEqual(done.lines)
  })

  test.each([
    ['another origin', 'all_call_api', get('/elsewhere'), ['GET /elsewhere']],
    ['a page beyond what the scope permits', 'all_call_api', get('/capped'), ['GET /capped', 'GET /capped?page=2']],
    ['a parameter that the operation does not have', 'named_closed', {}, ['GET /list']],
  ])('%s is not asked for, and the hint says so', async (_what, name, args, lines) => {
    const done = await tools.do(name, args)
    expect(done.lines).toEqual(lines)
    expect(done.structured).toMatchObject({
      pages: lines.length,
      more: true,
      hint: 'The next page lies outside of what this tool may ask for.',
    })
  })

  test('the parameter that carries the key is not sent twice, and the link that repeats it is followed', async () => {
    const done = await tools.do('keyed_call_api', get('/echoed', { q: 'x' }))
    const key = new URLSearchParams({ key: secretToken }).toString()
    expect(done.lines).toEqual([`GET /echoed?q=x&${key}`, `GET /echoed?q=x&page=2&${key}`])
    expect(done.raw).not.toContain(secretToken)
  })
})

describe('pages of an operation', () => {
  test("as many as the tool says, or as the operation's own setting", async () => {
    const list = await tools.do('named_list')
    expect(list.structured).toMatchObject({ body: ['1a', '1b', '2a', '2b'], pages: 2, more: true })
    const more = await tools.do('named_more')
    expect(more.lines).toEqual(['', '&page=2', '&page=3', '&page=4'].map(query => `GET /long?per_page=2${query}`))
    expect(more.structured).toMatchObject({ pages: 4, more: true })
  })

  test('are each cut down by select', async () => {
    expect((await tools.do('named_objects')).body).toEqual([{ page: 1 }, { page: 2 }, { page: 3 }])
  })
})

test('without the setting, the link is shown and not followed', async () => {
  const done = await tools.do('none_call_api', get('/list'))
  expect(done.lines).toEqual(['GET /list'])
  expect(done.structured).toMatchObject({
    body: ['1a', '1b'],
    headers: { link: '</list?page=3>; rel="last", </list?page=2>; rel="next"' },
  })
})

test("the agent's rules are asked for each page", async () => {
  expect(await tools.do('ruled_call_api', get('/list'))).toMatchObject({ code: 'not_allowed', sent: '' })
  expect((await tools.do('ruled_call_api', get('/repos/acme/shop/issues'))).structured).toMatchObject({ pages: 3 })
})
