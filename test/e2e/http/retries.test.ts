import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { Respond } from '../../support/upstream.ts'
import { echo } from '../../support/upstream.ts'
import { type Tools, setTools } from './tools.ts'

/** What the API does with the next requests, one after the other; then it answers. */
let script: Respond[] = []
beforeEach(() => {
  script = []
})

const reset: Respond = (_request, response) => void response.socket?.destroy()
const later =
  (status: number, field: () => string): Respond =>
  (_request, response) =>
    void response.writeHead(status, { 'retry-after': field(), 'content-type': 'application/json' }).end('{"wait":true}')
const partHead: Respond = (_request, response) => {
  response.socket?.end('HTTP/1.1 200 OK\r\ncontent-le')
}
const partBody: Respond = (_request, response) => {
  response.writeHead(200, { 'content-type': 'text/plain', 'content-length': '10' }).flushHeaders()
  response.write('abc', () => response.socket?.destroy())
}

let tools: Tools
beforeAll(async () => {
  const allow = ['GET', 'HEAD', 'PUT', 'DELETE', 'POST', 'PATCH'].map(method => `${method} /thing`)
  const graphql = {
    query: { document: '{ a }' },
    mutation: { document: 'mutation { a }' },
  }
  tools = await setTools({
    respond: (request, response) => (script.shift() ?? echo)(request, response),
    tools: () => ({
      api: { allow: [...allow, { method: 'POST', path: '/graphql', graphql }], limits: { timeout: '5s' } },
      never: { allow, retries: 0 },
      often: { allow, retries: 4 },
    }),
  })
})
afterAll(() => tools.end())

const thing = (method: string) => ({
  method,
  path: '/thing',
  ...(['PUT', 'POST', 'PATCH'].includes(method) ? { body: { a: 1 } } : {}),
})

describe('a connection that breaks before any byte of the answer', () => {
  test.each(['GET', 'HEAD', 'PUT', 'DELETE'])('%s is sent again, the same, and answered', async method => {
    script = [reset]
    const done = await tools.do('api_call_api', thing(method))
    expect(done).toMatchObject({ isError: false, structured: { status: 200 } })
    expect(done.lines).toEqual([`${method} /thing`, `${method} /thing`])
    expect(done.requests[1]?.body).toBe(done.requests[0]?.body)
    expect(done.record).toMatchObject({ outcome: 'ok', status: 200 })
  })

  test('twice, and no more', async () => {
    script = [reset, reset]
    expect((await tools.do('api_call_api', thing('GET'))).structured).toMatchObject({ status: 200 })
    script = [reset, reset, reset, echo]
    const done = await tools.do('api_call_api', thing('GET'))
    expect(done).toMatchObject({ code: 'target_unreachable' })
    expect(done.requests).toHaveLength(3)
  })

  test('as often as the tool says', async () => {
    script = [reset, reset, reset, reset]
    const done = await tools.do('often_call_api', thing('GET'))
    expect(done.structured).toMatchObject({ status: 200 })
    expect(done.requests).toHaveLength(5)
  })

  test.each([
    ['never_call_api', 'GET', 'target_unreachable', 'failed'],
    ['never_call_api', 'PUT', 'outcome_unknown', 'unknown'],
    ['api_call_api', 'POST', 'outcome_unknown', 'unknown'],
    ['api_call_api', 'PATCH', 'outcome_unknown', 'unknown'],
  ])('%s %s is sent once: %s', async (name, method, code, outcome) => {
    script = [reset]
    const done = await tools.do(name, thing(method))
    expect(done).toMatchObject({ isError: true, code })
    expect(done.requests).toHaveLength(1)
    expect(done.record).toMatchObject({ outcome, code })
  })

  test('a GraphQL query is sent again, a mutation is not', async () => {
    script = [reset]
    const query = await tools.do('api_call_api', { method: 'POST', path: '/graphql', body: { document: 'query' } })
    expect(query.structured).toMatchObject({ status: 200 })
    expect(query.requests).toHaveLength(2)
    script = [reset]
    const mutation = await tools.do('api_call_api', {
      method: 'POST',
      path: '/graphql',
      body: { document: 'mutation' },
    })
    expect(mutation).toMatchObject({ code: 'outcome_unknown' })
    expect(mutation.requests).toHaveLength(1)
  })
})

describe('after a byte of the answer nothing is sent again', () => {
  test.each([
    ['GET', 'a part of the head', partHead],
    ['PUT', 'a part of the head', partHead],
    ['GET', 'a part of the body', partBody],
    ['PUT', 'a part of the body', partBody],
  ])('%s, after %s', async (method, _what, respond) => {
    script = [respond]
    const done = await tools.do('api_call_api', thing(method))
    expect(done.isError).toBe(true)
    expect(done.requests).toHaveLength(1)
    expect(done.code).toMatch(method === 'GET' ? /^target_(?:unreachable|refused)$/ : /^outcome_unknown$/)
  })
})

describe('Retry-After', () => {
  const date = (seconds: number) => (): string => new Date(Date.now() + seconds * 1_000).toUTCString()

  test.each([
    ['GET', 429, 'seconds', (): string => '1', 900],
    ['PUT', 503, 'seconds', (): string => '1', 900],
    ['DELETE', 429, 'a date', date(2), 900],
    ['GET', 503, 'a date that has passed', date(-60), 0],
    ['GET', 503, 'none', (): string => '0', 0],
  ] as const)('%s with %i and %s is waited for and sent again', async (method, status, _what, field, least) => {
    script = [later(status, field)]
    const began = performance.now()
    const done = await tools.do('api_call_api', thing(method))
    const took = performance.now() - began
    expect(done).toMatchObject({ isError: false, structured: { status: 200 } })
    expect(done.requests).toHaveLength(2)
    expect(took).toBeGreaterThanOrEqual(least)
    expect(done.record).toMatchObject({ outcome: 'ok', status: 200 })
  })

  test.each([
    ['a time beyond the deadline', 'api_call_api', 'GET', 429, (): string => '60'],
    ['a date beyond the deadline', 'api_call_api', 'GET', 503, date(60)],
    ['what cannot be read', 'api_call_api', 'GET', 503, (): string => 'soon'],
    ['another status', 'api_call_api', 'GET', 500, (): string => '0'],
    ['a POST', 'api_call_api', 'POST', 503, (): string => '0'],
    ['retries: 0', 'never_call_api', 'GET', 503, (): string => '0'],
  ] as const)('%s: the answer is given as it is', async (_what, name, method, status, field) => {
    script = [later(status, field)]
    const done = await tools.do(name, thing(method))
    expect(done.requests).toHaveLength(1)
    expect(done).toMatchObject({ isError: true, structured: { status, body: { wait: true } } })
    expect(done.structured['headers']).toHaveProperty('retry-after')
    expect(done.record).toMatchObject({ outcome: 'failed', status })
  })

  test('the last answer is given when the API never has time', async () => {
    script = Array.from({ length: 3 }, () => later(503, (): string => '0'))
    const done = await tools.do('api_call_api', thing('GET'))
    expect(done.requests).toHaveLength(3)
    expect(done.structured).toMatchObject({ status: 503 })
  })
})

describe('a connection that is refused', () => {
  test.each(['GET', 'PUT'])('%s is tried again, and answered once the API is up', async method => {
    // Taken and given back, so that nobody listens there until the API comes up.
    const port = await freePort()
    const down = await setTools({
      tools: () => ({ api: { base_url: `http://127.0.0.1:${port}`, allow: [`${method} /thing`], retries: 5 } }),
    })
    onTestFinished(() => down.end())
    const answer = down.call('api_call_api', thing(method))
    await expect.poll(() => down.events('credential.leased').length, { interval: 20, timeout: 20_000 }).toBe(1)
    let requests = 0
    const api = createHttpServer((_request, response) => {
      requests += 1
      response.end('"up"')
    })
    await new Promise<void>(resolve => api.listen(port, '127.0.0.1', resolve))
    onTestFinished(() => {
      api.closeAllConnections()
      api.close()
    })
    expect((await answer).structured).toMatchObject({ status: 200 })
    expect(requests).toBe(1)
  })

  test('by an API that stays down: target_unreachable, also for a POST, since nothing was sent', async () => {
    const port = await freePort()
    const down = await setTools({
      tools: () => ({ api: { base_url: `http://127.0.0.1:${port}`, allow: ['POST /thing', 'GET /thing'] } }),
    })
    onTestFinished(() => down.end())
    for (const method of ['POST', 'GET']) {
      const done = await down.do('api_call_api', thing(method))
      expect(done).toMatchObject({ isError: true, code: 'target_unreachable' })
      expect(done.record).toMatchObject({ outcome: 'failed', code: 'target_unreachable' })
    }
  })

  test('one that is closed as soon as it stands is tried again as often as it may be', async () => {
    const sockets: Socket[] = []
    const server: Server = createServer(socket => {
      sockets.push(socket.on('error', () => {}))
      socket.destroy()
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const closed = await setTools({
      tools: () => ({ api: { base_url: `http://127.0.0.1:${port}`, allow: ['GET /thing'] } }),
    })
    onTestFinished(() => closed.end())
    expect(await closed.do('api_call_api', thing('GET'))).toMatchObject({ code: 'target_unreachable' })
    expect(sockets).toHaveLength(3)
  })
})

function freePort(): Promise<number> {
  return new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
