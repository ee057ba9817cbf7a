import { connect as connectTcp } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { type Home, makeHome } from '../support/home.ts'
import { startRawStdio, type RawStdio } from '../support/raw-stdio.ts'
import { agentToken, joinCalls, sceneConfig, secretToken } from '../support/scene.ts'
import { type Serving, startServe } from '../support/serving.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

const good = { method: 'GET', path: '/repos/acme/shop/issues' }
const name = 'github_call_api'

async function setUp(): Promise<{ home: Home; upstream: Upstream }> {
  const upstream = await startUpstream()
  const home = makeHome()
  await home.seal('github', secretToken)
  home.writeConfig(sceneConfig(upstream.url))
  cleanUps.push(
    () => home.remove(),
    () => upstream.close(),
  )
  return { home, upstream }
}

const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`
const rawCall = (id: number, args: string) =>
  `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"${name}","arguments":${args}}}\n`

describe('on stdio, what cannot be understood is refused, and the next call works', () => {
  async function start(): Promise<{ raw: RawStdio; home: Home; upstream: Upstream }> {
    const { home, upstream } = await setUp()
    const raw = startRawStdio(home)
    cleanUps.push(() => raw.end())
    return { raw, home, upstream }
  }

  const refusedCalls: readonly (readonly [string, string])[] = [
    [
      '10 MB of arguments',
      `{"method":"POST","path":"/repos/acme/shop/issues","body":{"text":"${'x'.repeat(10_000_000)}"}}`,
    ],
    ['JSON that is 10,000 levels deep', `{"method":"POST","path":"/repos/acme/shop/issues","body":${deep(10_000)}}`],
    ['an unknown key', '{"method":"GET","path":"/repos/acme/shop/issues","constructor":{"x":1}}'],
    ['wrong types', '{"method":["GET"],"path":{"a":1},"query":7,"headers":[]}'],
  ]
  test.each(refusedCalls)('%s', async (_what, args) => {
    const { raw, home, upstream } = await start()
    raw.write(rawCall(1, args))
    expect(await raw.reply(1)).toMatchObject({
      result: { isError: true, structuredContent: { code: 'invalid_input' } },
    })
    expect(await raw.call(2, name, good)).toMatchObject({ result: { structuredContent: { status: 200 } } })
    expect(joinCalls(home.auditLines())).toMatchObject([
      { outcome: 'refused', code: 'invalid_input' },
      { outcome: 'ok' },
    ])
    expect(upstream.requests).toHaveLength(1)
  })

  const unreadable: readonly (readonly [string, string | Buffer, number])[] = [
    [
      'invalid UTF-8',
      Buffer.concat([
        Buffer.from('{"jsonrpc":"2.0","id":1,"method":"x'),
        Buffer.from([0xff, 0xfe]),
        Buffer.from('"}\n'),
      ]),
      -32700,
    ],
    ['no JSON', 'hello\n', -32700],
    ['half a JSON', '{"jsonrpc":"2.0"\n', -32700],
    ['no JSON-RPC', '{"hello":"world"}\n', -32600],
    ['a list', '[1,2,3]\n', -32600],
    ['20 MB in one line', `"${'x'.repeat(20_000_000)}"\n`, -32600],
  ]
  test.each(unreadable)('%s', async (_what, bytes, code) => {
    const { raw, home } = await start()
    raw.write(bytes)
    expect(await raw.reply(null)).toMatchObject({ error: { code } })
    expect(await raw.call(2, name, good)).toMatchObject({ result: { structuredContent: { status: 200 } } })
    expect(home.auditLines().filter(({ event }) => event === 'request.rejected')).toHaveLength(1)
  })

  test.each([
    ['a call without a name', '{"arguments":{}}'],
    ['a call whose name is a number', '{"name":7}'],
    ['a call whose arguments are a list', '{"name":"github_call_api","arguments":[]}'],
    ['a call whose parameters are a list', '[]'],
    ['a call whose _meta is a text', '{"name":"github_call_api","_meta":"x"}'],
    ['a call without parameters', 'null'],
  ])('%s is a protocol error, and is on record', async (_what, params) => {
    const { raw, home } = await start()
    raw.write(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}\n`)
    const id = params === 'null' ? null : 1
    expect(await raw.reply(id)).toMatchObject({ error: { code: expect.any(Number) } })
    expect(await raw.call(2, name, good)).toMatchObject({ result: { structuredContent: { status: 200 } } })
    expect(home.auditLines().filter(({ event }) => event === 'request.rejected')).toHaveLength(1)
  })

  test('a flood of what cannot be read does not fill the log: it is counted', async () => {
    const { raw, home } = await start()
    raw.write('garbage\n'.repeat(1_000))
    expect(await raw.call(2, name, good)).toMatchObject({ result: { structuredContent: { status: 200 } } })
    await raw.end()
    expect(home.auditLines().filter(({ event }) => event === 'request.rejected')).toMatchObject([
      { times: 1 },
      { times: 999 },
    ])
  })

  test('a client that goes away in the middle of a call ends the process, and the call is on record', async () => {
    const { home, upstream } = await setUp()
    const held = Promise.withResolvers<void>()
    const slow = await startUpstream(() => held.resolve())
    cleanUps.push(() => slow.close())
    home.writeConfig(sceneConfig(slow.url))
    const raw = startRawStdio(home)
    raw.write(rawCall(1, JSON.stringify(good)))
    await held.promise
    expect(await raw.end()).toBe(0)
    expect(joinCalls(home.auditLines())).toMatchObject([{ closed: true, outcome: 'refused', code: 'cancelled' }])
    expect(upstream.requests).toEqual([])
  })
})

describe('over HTTP, what cannot be understood is refused, and the next call works', () => {
  async function start(): Promise<{ server: Serving; home: Home; upstream: Upstream }> {
    const { home, upstream } = await setUp()
    const server = await startServe(home)
    cleanUps.push(() => server.stop())
    return { server, home, upstream }
  }

  const headers = {
    authorization: `Bearer ${agentToken}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  }
  const post = (server: Serving, body: string | Buffer, more: Record<string, string> = {}) =>
    fetch(server.url, { method: 'POST', headers: { ...headers, ...more }, body })
  const works = async (server: Serving) => {
    const response = await post(server, rawCall(99, JSON.stringify(good)))
    expect(await response.json()).toMatchObject({ id: 99, result: { structuredContent: { status: 200 } } })
  }

  const cases: readonly (readonly [string, number, string | Buffer, Record<string, string>])[] = [
    ['10 MB', 413, rawCall(1, `{"x":"${'x'.repeat(10_000_000)}"}`), {}],
    ['invalid UTF-8', 400, Buffer.from([0x7b, 0xff, 0x7d]), {}],
    ['no JSON', 400, 'hello', {}],
    ['another media type', 415, rawCall(1, '{}'), { 'content-type': 'text/plain' }],
    ['no token', 401, rawCall(1, '{}'), { authorization: '' }],
    ['a wrong token', 401, rawCall(1, '{}'), { authorization: 'Bearer wrong' }],
    ['the origin of a web page', 403, rawCall(1, '{}'), { origin: 'https://evil.example' }],
  ]
  test.each(cases)('%s: status %s', async (_what, status, body, more) => {
    const { server, home, upstream } = await start()
    const response = await post(server, body, more).catch((error: unknown) => ({ status: String(error) }))
    expect(response.status).toBe(status)
    expect(home.auditLines().filter(({ event }) => event === 'request.rejected')).toHaveLength(1)
    expect(upstream.connections()).toBe(0)
    await works(server)
  })

  test('another name in Host, as DNS rebinding would send: 403', async () => {
    const { server, upstream } = await start()
    const { port } = new URL(server.url)
    const answer = await new Promise<string>(resolve => {
      const socket = connectTcp(Number(port), '127.0.0.1', () =>
        socket.write('POST /mcp HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n'),
      )
      let text = ''
      socket.on('data', chunk => {
        text += chunk.toString()
      })
      socket.on('close', () => resolve(text))
    })
    expect(answer).toContain('403')
    expect(upstream.connections()).toBe(0)
    await works(server)
  })

  test('a token in the URL is not a token', async () => {
    const { server } = await start()
    const response = await fetch(`${server.url}?access_token=${agentToken}`, {
      method: 'POST',
      headers: { ...headers, authorization: '' },
      body: '{}',
    })
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toContain('Bearer')
  })

  test('/healthz answers without a token', async () => {
    const { server } = await start()
    const response = await fetch(new URL('/healthz', server.url))
    expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }])
  })

  test('10,000 levels deep', async () => {
    const { server, home } = await start()
    const response = await post(server, rawCall(1, `{"method":"POST","path":"/x","body":${deep(10_000)}}`))
    expect(await response.json()).toMatchObject({
      result: { isError: true, structuredContent: { code: 'invalid_input' } },
    })
    expect(joinCalls(home.auditLines())).toMatchObject([{ outcome: 'refused', args_digest: null }])
    await works(server)
  })

  test('a client that disconnects in the middle of a call', async () => {
    const { home } = await setUp()
    const held = Promise.withResolvers<void>()
    let first = true
    const slow = await startUpstream((_request, response) => {
      if (first) held.resolve()
      else response.end('{}')
      first = false
    })
    cleanUps.push(() => slow.close())
    home.writeConfig(sceneConfig(slow.url))
    const server = await startServe(home)
    cleanUps.push(() => server.stop())
    const abort = new AbortController()
    const gone = fetch(server.url, {
      method: 'POST',
      headers,
      body: rawCall(1, JSON.stringify(good)),
      signal: abort.signal,
    }).catch(() => 'gone')
    await held.promise
    abort.abort()
    expect(await gone).toBe('gone')
    await expect.poll(() => joinCalls(home.auditLines())[0]?.['code']).toBe('cancelled')
    await works(server)
  })
})
