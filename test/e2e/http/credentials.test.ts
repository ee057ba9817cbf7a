import { once } from 'node:events'
import { chmodSync } from 'node:fs'
import { createServer as createPlainServer, type IncomingMessage, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect as openTcp } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Authority, createAuthority } from '../../support/certificates.ts'
import { findForms } from '../../support/forms.ts'
import { type Tools, setTools } from './tools.ts'

const get = { method: 'GET', path: '/thing' }
const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`
const values = { user: 'sk_test_R4nd0mLooking', pass: 'p4ss: w0rd/Ünïcode', apikey: 'k3y/R4nd0m+L00king=&x' }

describe('credentials as APIs want them', () => {
  let tools: Tools
  beforeAll(async () => {
    tools = await setTools({
      sealed: values,
      credentials: () => ({
        both: { type: 'basic', username: 'agent', password: { sealed: 'pass' } },
        stripe: { type: 'basic', username: { sealed: 'user' }, password: { value: '' } },
        two: { type: 'basic', username: { sealed: 'user' }, password: { sealed: 'pass' } },
        header: { type: 'api_key', in: 'header', name: 'X-Api-Key', value: { sealed: 'apikey' } },
        prefixed: {
          type: 'api_key',
          in: 'header',
          name: 'Authorization',
          prefix: 'Token ',
          value: { sealed: 'apikey' },
        },
        query: { type: 'api_key', in: 'query', name: 'api-Key', value: { sealed: 'apikey' } },
        scheme: { type: 'bearer', scheme: 'GenieKey', token: { sealed: 'apikey' } },
      }),
      tools: () => ({
        ...Object.fromEntries(
          ['both', 'stripe', 'two', 'header', 'prefixed', 'query', 'scheme'].map(name => [
            name,
            { credential: name, allow: ['GET /thing'] },
          ]),
        ),
        none: { credential: undefined, allow: ['GET /thing'] },
        asked: {
          credential: 'query',
          operations: {
            thing: {
              request: 'GET /thing',
              description: 'A thing.',
              query: { q: { type: 'string' } },
              fixed: { query: { v: 2 } },
            },
          },
        },
      }),
    })
  })
  afterAll(() => tools.end())

  test.each([
    ['both', 'authorization', basic(`agent:${values.pass}`)],
    ['stripe', 'authorization', basic(`${values.user}:`)],
    ['two', 'authorization', basic(`${values.user}:${values.pass}`)],
    ['header', 'x-api-key', values.apikey],
    ['prefixed', 'authorization', `Token ${values.apikey}`],
    ['scheme', 'authorization', `GenieKey ${values.apikey}`],
  ])('%s: %s: %s, once, and nothing of it for the agent', async (name, header, value) => {
    const done = await tools.do(`${name}_call_api`, get)
    expect(done).toMatchObject({ isError: false, structured: { status: 200 } })
    expect(done.lines).toEqual(['GET /thing'])
    expect(done.sent.match(new RegExp(`^${header}: .*$`, 'gim'))).toHaveLength(1)
    expect(done.requests[0]?.headers[header]).toBe(value)
    const seen = done.raw + tools.home.auditText() + tools.log()
    for (const secret of Object.values(values)) expect(findForms(seen, secret)).toEqual([])
    expect(done.raw).not.toContain(value)
    expect(done.record).toMatchObject({ credential: { name, fingerprint: expect.stringMatching(/^[0-9a-f]{12}$/) } })
  })

  const inQuery = new URLSearchParams({ 'api-Key': values.apikey }).toString()

  test('a key in the query is added after what the agent gave', async () => {
    const done = await tools.do('query_call_api', { ...get, query: { q: 'a b' } })
    expect(done.lines).toEqual([`GET /thing?q=a+b&${inQuery}`])
    expect(findForms(done.raw, values.apikey)).toEqual([])
    expect(done.record).toMatchObject({ operation: { summary: 'GET /thing?q=a+b' } })
    expect((await tools.do('query_call_api', get)).lines).toEqual([`GET /thing?${inQuery}`])
    expect((await tools.do('asked_thing', { q: 'x' })).lines).toEqual([`GET /thing?v=2&q=x&${inQuery}`])
  })

  test.each(['api-Key', 'api-key', 'API_KEY', 'api-key[]', 'apiKey', 'api%2Dkey'])(
    'the agent cannot give the parameter %s itself',
    async name => {
      const done = await tools.do('query_call_api', { ...get, query: { [name]: 'mine' } })
      expect(done).toMatchObject({ isError: true, code: 'invalid_input', sent: '' })
      expect(done.structured['problems']).toEqual([
        `query: "${name}" is not accepted; it could change who or what the request is`,
      ])
    },
  )

  test('where the key has another place, a parameter of that name is as good as any other', async () => {
    expect((await tools.do('header_call_api', { ...get, query: { 'api-key': 'mine' } })).lines).toEqual([
      'GET /thing?api-key=mine',
    ])
  })

  test('without a credential nothing is added, and nothing recorded', async () => {
    const done = await tools.do('none_call_api', get)
    expect(done.requests[0]?.headers.authorization).toBeUndefined()
    expect(done.record).toMatchObject({ outcome: 'ok' })
    expect(done.record['credential']).toBeUndefined()
  })
})

/** A server that remembers what it was asked, and by whom. */
interface Asked {
  readonly server: Server
  readonly port: number
  readonly requests: { readonly request: IncomingMessage; readonly client: string | undefined }[]
}

async function listening(server: Server): Promise<Asked> {
  const requests: Asked['requests'][number][] = []
  server.on('request', (request, response) => {
    const { subject } = (request.socket as TLSSocket).getPeerCertificate?.() ?? {}
    requests.push({ request, client: (subject as { readonly CN?: string } | undefined)?.CN })
    response.end('"secured"')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { server, port: (server.address() as AddressInfo).port, requests }
}

describe('TLS and proxies', () => {
  let authority: Authority
  let [api, mutual, proxy, behind]: Asked[] = []
  const tunnels: { readonly authority: string; readonly authorization: string | undefined }[] = []
  let tools: Tools

  beforeAll(async () => {
    authority = createAuthority()
    const { certificate: cert, privateKey: key } = authority.issue('api', {
      alt: 'DNS:localhost,IP:127.0.0.1',
      for: 'server',
    })
    const client = authority.issue('partner', { alt: 'DNS:partner.test', for: 'client' })
    chmodSync(client.certificateFile, 0o600)
    api = await listening(createTlsServer({ cert, key }))
    mutual = await listening(
      createTlsServer({ cert, key, ca: authority.ca.certificate, requestCert: true, rejectUnauthorized: true }),
    )
    const forwarding = createPlainServer()
    forwarding.on('connect', (request: IncomingMessage, socket, head) => {
      const { 'proxy-authorization': authorization } = request.headers
      tunnels.push({ authority: request.url ?? '', authorization })
      if (authorization !== basic(`squid:${values.pass}`)) {
        socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
        return
      }
      // The test's names all lead to this machine.
      const onward = openTcp(Number(request.url?.split(':')[1]), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
        onward.write(head)
        onward.pipe(socket).pipe(onward)
      })
      onward.on('error', () => socket.destroy())
      socket.on('error', () => onward.destroy())
    })
    proxy = await listening(forwarding)
    const [at, mutualAt, proxyAt] = [api, mutual, proxy].map(({ port }) => port)
    const ca = authority.ca.certificateFile
    const there = authority.issue('there', { alt: 'DNS:api.test', for: 'server' })
    behind = await listening(createTlsServer({ cert: there.certificate, key: there.privateKey }))
    const behindAt = behind.port
    tools = await setTools({
      sealed: values,
      credentials: () => ({
        partner: {
          type: 'mtls',
          certificate: { file: client.certificateFile },
          private_key: { file: client.privateKeyFile },
        },
        corp: { type: 'basic', username: 'squid', password: { sealed: 'pass' } },
        wrong: { type: 'basic', username: 'squid', password: { sealed: 'apikey' } },
      }),
      tools: () => {
        const tool = (base_url: string, more: object = {}) => ({ base_url, allow: ['GET /thing'], ...more })
        const onward = { url: `http://127.0.0.1:${proxyAt}` }
        return {
          trusting: tool(`https://localhost:${at}`, { tls: { ca }, unsafe_allow_private: ['10.0.0.0/8'] }),
          distrusting: tool(`https://localhost:${at}`),
          mutual: tool(`https://localhost:${mutualAt}`, { tls: { ca, certificate: 'partner' } }),
          anonymous: tool(`https://localhost:${mutualAt}`, { tls: { ca } }),
          proxied: tool(`https://api.test:${behindAt}`, { tls: { ca }, proxy: { ...onward, credential: 'corp' } }),
          rejected: tool(`https://api.test:${behindAt}`, { tls: { ca }, proxy: { ...onward, credential: 'wrong' } }),
        }
      },
    })
  })
  afterAll(async () => {
    await tools.end()
    for (const asked of [api, mutual, proxy, behind]) {
      asked?.server.closeAllConnections()
      asked?.server.close()
    }
    authority.remove()
  })

  test("a certificate of the admin's own authority is trusted where the tool says so, and nowhere else", async () => {
    expect((await tools.do('trusting_call_api', get)).structured).toMatchObject({ status: 200, body: '"secured"' })
    const done = await tools.do('distrusting_call_api', get)
    expect(done).toMatchObject({ isError: true, code: 'target_unreachable' })
    expect(done.record['detail']).toMatch(/TLS/i)
    expect(api?.requests).toHaveLength(1)
  })

  test('a client certificate is presented', async () => {
    const presented = await tools.do('mutual_call_api', get)
    expect(presented.record).toMatchObject({ outcome: 'ok', status: 200 })
    expect(mutual?.requests.map(({ client }) => client)).toEqual(['partner'])
    const leased = tools.events('credential.leased').filter(({ tool }) => tool === 'mutual')
    expect(new Set(leased.map(({ credential }) => credential))).toEqual(new Set(['key', 'partner']))
    const done = await tools.do('anonymous_call_api', get)
    expect(done.isError).toBe(true)
    expect(mutual?.requests).toHaveLength(1)
  })

  test('a proxy is asked with its own credential, and the API sees nothing of it', async () => {
    expect((await tools.do('proxied_call_api', get)).structured).toMatchObject({ status: 200 })
    expect(tunnels).toEqual([{ authority: `api.test:${behind?.port}`, authorization: basic(`squid:${values.pass}`) }])
    expect(behind?.requests).toHaveLength(1)
    expect(behind?.requests[0]?.request.headers).toMatchObject({
      host: `api.test:${behind?.port}`,
      authorization: expect.stringMatching(/^Bearer /),
    })
    expect(behind?.requests[0]?.request.headers['proxy-authorization']).toBeUndefined()
    expect(proxy?.requests).toEqual([])
  })

  test('a proxy that wants another credential: nothing was done, and the record says why', async () => {
    const done = await tools.do('rejected_call_api', get)
    expect(done).toMatchObject({ isError: true, code: 'target_unreachable' })
    expect(done.record).toMatchObject({ outcome: 'failed', detail: expect.stringContaining('(407)') })
    expect(findForms(done.raw + tools.home.auditText(), values.apikey)).toEqual([])
  })

  test('what is unsafe about a tool is in the record from the start', () => {
    const keys = new Set(tools.events('config.unsafe').map(({ key }) => key))
    expect(keys).toEqual(new Set(['tools.trusting.unsafe_allow_private']))
  })
})
