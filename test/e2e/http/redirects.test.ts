import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { secretToken } from '../../support/scene.ts'
import type { Respond } from '../../support/upstream.ts'
import { echo } from '../../support/upstream.ts'
import { type Tools, setTools } from './tools.ts'

/** `/hop/N/...` leads N times further, by the status and in the form that the path names. */
const respond: Respond = (request, response) => {
  const url = new URL(request.url, 'http://x')
  const [, kind, count, status] = url.pathname.split('/')
  if (kind !== 'hop' && kind !== 'full') return echo(request, response)
  const next = Number(count) - 1
  const to = next === 0 ? `/end${url.search}` : `/${kind}/${next}/${status}${url.search}`
  const location = kind === 'full' ? `http://${request.headers.host}${to}` : to
  response.writeHead(Number(status), { location, 'content-type': 'text/plain' }).end('moved')
}

const allow = ['GET /hop/**', 'HEAD /hop/**', 'GET /full/**', 'POST /hop/**', 'HEAD /end', 'GET /end']

let tools: Tools
beforeAll(async () => {
  tools = await setTools({
    respond,
    tools: () => ({
      follows: { allow, redirects: 'same_origin' },
      stays: { allow },
      narrow: { allow: ['GET /hop/**', 'GET /full/**'], redirects: 'same_origin' },
      named: {
        redirects: 'same_origin',
        operations: {
          hop: { request: 'GET /hop/:count/:status', description: 'Hops.', query: { q: { type: 'string' } } },
        },
      },
      deep: { allow: ['GET /hop/**', 'GET /end'], never: { requests: ['* /hop/1/**'] }, redirects: 'same_origin' },
    }),
    rules: { allow: ['*'], deny: ['follows_call_api(GET /hop/1/308)'] },
  })
})
afterAll(() => tools.end())

describe('redirects: same_origin', () => {
  test.each([
    [1, 301],
    [1, 302],
    [1, 303],
    [2, 307],
    [3, 302],
  ])('%i hops of %i are followed, with query and key, and recorded', async (hops, status) => {
    const done = await tools.do('follows_call_api', {
      method: 'GET',
      path: `/hop/${hops}/${status}`,
      query: { q: 'a b', n: [1, 2] },
    })
    expect(done).toMatchObject({ isError: false, structured: { status: 200, body: { url: '/end?q=a+b&n=1&n=2' } } })
    expect(done.lines).toEqual([
      ...Array.from({ length: hops }, (_, index) => `GET /hop/${hops - index}/${status}?q=a+b&n=1&n=2`),
      'GET /end?q=a+b&n=1&n=2',
    ])
    for (const { headers } of done.requests) expect(headers.authorization).toBe(`Bearer ${secretToken}`)
    expect(done.record).toMatchObject({
      outcome: 'ok',
      status: 200,
      further: hops,
      operation: { resource: `/hop/${hops}/${status}` },
    })
  })

  test('a location with scheme and host of the same origin is followed', async () => {
    const done = await tools.do('follows_call_api', { method: 'GET', path: '/full/2/302' })
    expect(done.lines).toEqual(['GET /full/2/302', 'GET /full/1/302', 'GET /end'])
  })

  test('a HEAD stays a HEAD', async () => {
    const done = await tools.do('follows_call_api', { method: 'HEAD', path: '/hop/2/303' })
    expect(done.lines).toEqual(['HEAD /hop/2/303', 'HEAD /hop/1/303', 'HEAD /end'])
    expect(done).toMatchObject({ isError: false, structured: { status: 200, body: '' } })
  })

  test('the headers of the agent go along', async () => {
    const done = await tools.do('follows_call_api', {
      method: 'GET',
      path: '/hop/1/302',
      headers: { 'if-none-match': '"x"', accept: 'text/plain' },
    })
    expect(done.requests.map(({ headers }) => [headers['if-none-match'], headers.accept])).toEqual([
      ['"x"', 'text/plain'],
      ['"x"', 'text/plain'],
    ])
  })

  test('the fourth hop is the answer, with its location', async () => {
    const done = await tools.do('follows_call_api', { method: 'GET', path: '/hop/5/302' })
    expect(done.lines).toHaveLength(4)
    expect(done.structured).toMatchObject({ status: 302, headers: { location: '/hop/1/302' }, body: 'moved' })
    expect(done.record).toMatchObject({ status: 302, further: 3 })
  })

  test('a POST is not sent on', async () => {
    const done = await tools.do('follows_call_api', { method: 'POST', path: '/hop/1/307', body: { a: 1 } })
    expect(done.lines).toEqual(['POST /hop/1/307'])
    expect(done.structured).toMatchObject({ status: 307, headers: { location: '/end' } })
    expect(done.record['further']).toBeUndefined()
  })

  test.each([
    ['the scope', 'narrow_call_api', '/hop/1/302', '/end'],
    ['never', 'deep_call_api', '/hop/2/302', '/hop/1/302'],
    ["the agent's rules", 'follows_call_api', '/hop/2/308', '/hop/1/308'],
  ])('a hop that %s does not permit is the answer', async (_what, name, path, location) => {
    const done = await tools.do(name, { method: 'GET', path })
    expect(done.lines).toEqual([`GET ${path}`])
    expect(done.structured).toMatchObject({ headers: { location }, body: 'moved' })
    expect(done.record['further']).toBeUndefined()
  })

  test('an operation follows to what its own arguments permit, and no further', async () => {
    const done = await tools.do('named_hop', { count: '3', status: '302', q: 'x' })
    expect(done.lines).toEqual(['GET /hop/3/302?q=x', 'GET /hop/2/302?q=x', 'GET /hop/1/302?q=x'])
    expect(done.structured).toMatchObject({ status: 302, headers: { location: '/end?q=x' } })
  })
})

test('without it a redirect is the answer, and its location is shown', async () => {
  const done = await tools.do('stays_call_api', { method: 'GET', path: '/hop/1/301', query: { a: 'b' } })
  expect(done.lines).toEqual(['GET /hop/1/301?a=b'])
  expect(done).toMatchObject({
    isError: false,
    structured: { status: 301, headers: { location: '/end?a=b' }, body: 'moved' },
  })
  expect(done.record).toMatchObject({ outcome: 'ok', status: 301 })
})
