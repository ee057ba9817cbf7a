import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { connect, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { afterAll, describe, expect, test } from 'vitest'
import type { LeasedCredential } from '../../src/leased.ts'
import { createDialer } from '../../src/net/dial.ts'
import { Secret } from '../../src/secret.ts'
import { createAuthority } from '../support/certificates.ts'
import { dialerWith, failureOf, get, listening, toLoopback } from './dialing.ts'

const authority = createAuthority()
afterAll(() => authority.remove())
const ca = authority.ca.certificate
const target = authority.issue('api.test', { alt: 'DNS:api.test', for: 'server' })
const front = authority.issue('proxy.test', { alt: 'DNS:proxy.test', for: 'server' })
const client = authority.issue('worker', { alt: 'DNS:worker.test', for: 'client' })

const basic: LeasedCredential = { type: 'basic', userAndPassword: new Secret('corp', 'squid:p4ssw0rd-of-the-proxy') }
const bearer: LeasedCredential = { type: 'bearer', scheme: 'Bearer', token: new Secret('corp', 'token-of-the-proxy') }

/** A target that remembers its requests, http or https. */
async function upstream(tls: boolean) {
  const requests: IncomingMessage[] = []
  const answer: RequestListener = (request, response) => {
    requests.push(request)
    response.end('from the target')
  }
  const keys = { cert: target.certificate, key: target.privateKey }
  const server: Server = tls ? createHttpsServer(keys, answer) : createServer(answer)
  return { port: await listening(server), requests }
}

/** A proxy that leads every name to this machine, and remembers what it was asked. */
async function forwarding(tls: boolean) {
  const asked: IncomingMessage[] = []
  const keys = { cert: front.certificate, key: front.privateKey, requestCert: true, rejectUnauthorized: false }
  const server = tls ? createHttpsServer(keys) : createServer()
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    asked.push(request)
    const onward = connect(Number(request.url?.split(':').at(-1)), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      onward.pipe(socket).pipe(onward)
    })
    socket.on('error', () => onward.destroy())
    onward.on('error', () => socket.destroy())
  })
  return { port: await listening(server), asked }
}

function through(port: number, credential: LeasedCredential | null = null, scheme = 'http') {
  return { proxy: { url: new URL(`${scheme}://proxy.test:${port}`), credential }, ca, timeoutMs: 5_000 }
}

describe('a connection through a proxy', () => {
  const ways: readonly (readonly [proxy: string, target: string])[] = [
    ['http', 'http'],
    ['http', 'https'],
    ['https', 'http'],
    ['https', 'https'],
  ]
  test.each(ways)(
    '%s proxy, %s target: the proxy resolves the target, and only it sees its credential',
    async (by, to) => {
      const server = await upstream(to === 'https')
      const proxy = await forwarding(by === 'https')
      const names: string[] = []
      const resolve = async (name: string) => {
        names.push(name)
        return ['127.0.0.1']
      }
      const dial = dialerWith({ ...through(proxy.port, basic, by), resolve })
      const url = `${to}://api.test:${server.port}/path`
      expect(await get(dial, url)).toEqual({ status: 200, text: 'from the target' })
      expect(names).toEqual(['proxy.test'])
      const [asked] = proxy.asked
      expect(proxy.asked.length).toBe(1)
      expect([asked?.method, asked?.url]).toEqual(['CONNECT', `api.test:${server.port}`])
      expect(asked?.headers).toMatchObject({
        host: `api.test:${server.port}`,
        'proxy-authorization': `Basic ${Buffer.from('squid:p4ssw0rd-of-the-proxy').toString('base64')}`,
      })
      expect(server.requests.map(({ url: path }) => path)).toEqual(['/path'])
      expect(server.requests[0]?.headers['proxy-authorization']).toBeUndefined()
      expect(server.requests[0]?.headers.host).toBe(`api.test:${server.port}`)
    },
  )

  test('with a bearer token', async () => {
    const [server, proxy] = [await upstream(true), await forwarding(false)]
    await get(dialerWith(through(proxy.port, bearer)), `https://api.test:${server.port}/`)
    expect(proxy.asked[0]?.headers['proxy-authorization']).toBe('Bearer token-of-the-proxy')
  })

  test('without a credential, and with nothing else of the request', async () => {
    const [server, proxy] = [await upstream(true), await forwarding(false)]
    const headers = { authorization: 'Bearer of-the-target', 'x-own': '1' }
    expect((await get(dialerWith(through(proxy.port)), `https://api.test:${server.port}/`, headers)).status).toBe(200)
    expect(Object.keys(proxy.asked[0]?.headers ?? {}).sort()).toEqual(['connection', 'host'])
  })

  test('the port is always said', async () => {
    const asked: unknown[] = []
    const port = await listening(
      createServer().on('connect', (request, socket) => {
        asked.push(request.url)
        socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n')
      }),
    )
    for (const url of ['https://api.test/', 'http://api.test/', 'https://[2606:4700::1]/', 'http://8.8.8.8:81/']) {
      await failureOf(dialerWith(through(port)), url)
    }
    expect(asked).toEqual(['api.test:443', 'api.test:80', '[2606:4700::1]:443', '8.8.8.8:81'])
  })

  test('the certificate is checked behind the proxy as before it', async () => {
    const [server, proxy] = [await upstream(true), await forwarding(false)]
    const failure = await failureOf(dialerWith(through(proxy.port)), `https://other.test:${server.port}/`)
    expect([failure.reason, failure.message]).toEqual(['tls', expect.stringContaining('ALTNAME_INVALID')])
    expect(server.requests).toEqual([])
  })

  test("the certificate of an https proxy is checked, and it does not get the target's client certificate", async () => {
    const [server, proxy] = [await upstream(true), await forwarding(true)]
    const clientCertificate = { certificate: client.certificate, privateKey: new Secret('partner', client.privateKey) }
    await get(
      dialerWith({ ...through(proxy.port, null, 'https'), clientCertificate }),
      `https://api.test:${server.port}/`,
    )
    const socket = proxy.asked[0]?.socket as unknown as { getPeerCertificate(): object }
    expect(socket.getPeerCertificate()).toEqual({})
    const wrong = { url: new URL(`https://elsewhere.test:${proxy.port}`), credential: basic }
    const failure = await failureOf(dialerWith({ proxy: wrong, ca }), `https://api.test:${server.port}/`)
    expect([failure.reason, failure.message]).toEqual(['tls', expect.stringContaining('elsewhere.test')])
    expect(proxy.asked.length).toBe(1)
  })
})

describe('what may not be reached is not asked for', () => {
  test.each([
    'http://169.254.169.254/',
    'http://0xa9fea9fe/',
    'http://[::ffff:a9fe:a9fe]/',
    'http://[fd00:ec2::254]/',
    'http://metadata.google.internal/',
    'http://metadata/',
    'http://10.0.0.1/',
    'http://localhost/',
    'http://[::1]/',
  ])('%s', async url => {
    const proxy = await forwarding(false)
    const failure = await failureOf(dialerWith(through(proxy.port)), url)
    expect(failure.reason).toBe('address')
    expect(proxy.asked).toEqual([])
  })

  test.each([
    ['10.0.0.1', 'private'],
    ['169.254.169.254', 'never reached'],
  ])('a proxy whose name resolves to %s', async (address, words) => {
    const failure = await failureOf(
      dialerWith({ ...through(3128), resolve: async () => [address] }),
      'https://api.test/',
    )
    expect([failure.reason, failure.message]).toEqual(['address', expect.stringContaining(words)])
  })

  test('a proxy at a private address', async () => {
    const proxy = { url: new URL('http://192.168.0.1:3128'), credential: null }
    expect((await failureOf(dialerWith({ proxy }), 'https://api.test/')).reason).toBe('address')
  })

  test('a proxy at a loopback address needs no permission, a target there does', async () => {
    const [server, { port }] = [await upstream(false), await forwarding(false)]
    const proxy = { url: new URL(`http://127.0.0.1:${port}`), credential: null }
    const dial = dialerWith({ proxy, allowed: [] })
    expect((await get(dial, `http://api.test:${server.port}/`)).status).toBe(200)
    expect((await failureOf(dial, `http://127.0.0.1:${server.port}/`)).reason).toBe('address')
    expect((await get(dialerWith({ proxy }), `http://127.0.0.1:${server.port}/`)).status).toBe(200)
  })
})

describe('a proxy that does not give a way', () => {
  const status = (line: string, more = '') => `HTTP/1.1 ${line}\r\n${more}\r\n`
  const answers: readonly (readonly [what: string, answer: string, words: string])[] = [
    ['407', status('407 Proxy Authentication Required', 'proxy-authenticate: Basic realm="x"\r\n'), '(407)'],
    ['403 with a page', `${status('403 Forbidden', 'content-length: 11\r\n')}private page`, 'answered with 403'],
    ['502', status('502 Bad Gateway'), 'answered with 502'],
    ['a redirect', status('302 Found', 'location: http://169.254.169.254/\r\n'), 'answered with 302'],
    ['204', status('204 No Content'), 'answered with 204'],
    ['201', status('201 Created'), 'answered with 201'],
    ['100', status('100 Continue'), 'answered with 100'],
    ['101', status('101 Switching Protocols', 'upgrade: x\r\nconnection: upgrade\r\n'), 'answered with 101'],
    ['200 with a body at once', `${status('200 OK')}HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil`, 'of its own'],
    ['200 that announces a body', status('200 OK', 'content-length: 4\r\n'), 'of its own'],
    ['200 with a chunked body', status('200 OK', 'transfer-encoding: chunked\r\n'), 'of its own'],
    ['garbage', 'SSH-2.0-OpenSSH_9.9\r\n\r\n', 'HPE_'],
    ['NUL bytes', '\0'.repeat(1_000), 'HPE_'],
    ['bare line feeds in a header', 'HTTP/1.1 200 OK\r\nx: a\rb\r\n\r\n', 'HPE_'],
    ['one huge header', status('200 OK', `x: ${'a'.repeat(100_000)}\r\n`), 'HPE_HEADER_OVERFLOW'],
    ['many headers', status('200 OK', 'x: y\r\n'.repeat(20_000)), 'HPE_HEADER_OVERFLOW'],
    ['nothing', '', 'failed'],
    ['half an answer', 'HTTP/1.1 200 OK\r\nx: y', 'failed'],
  ]
  test.each(answers)('%s', async (_what, answer, words) => {
    const sent: Buffer[] = []
    const closed: Promise<void>[] = []
    const port = await listening(
      createTcpServer(socket => {
        closed.push(new Promise(resolve => void socket.on('close', () => resolve())))
        socket.on('data', (bytes: Buffer) => {
          if (sent.push(bytes) === 1) socket.end(answer)
        })
      }),
    )
    const failure = await failureOf(dialerWith(through(port, basic)), 'http://api.test:8080/')
    expect(failure.reason).toBe('proxy')
    expect(failure.message).toContain(words)
    expect(failure.message).toMatch(
      new RegExp(`^asking the proxy proxy\\.test:${port} for api\\.test:8080[^\n]{1,80}$`),
    )
    expect(failure.message).not.toMatch(/private page|evil|SSH/)
    await Promise.all(closed)
    expect(closed.length).toBe(1)
    expect(Buffer.concat(sent).toString()).toMatch(/^CONNECT api\.test:8080 HTTP\/1\.1\r\n[^]*\r\n\r\n$/)
  })

  test.each([
    ['says nothing', ''],
    ['stops in its headers', 'HTTP/1.1 200 OK\r\nx: '],
  ])('one that %s is left within the time', async (_what, answer) => {
    let onClosed = () => {}
    const closed = new Promise<void>(resolve => (onClosed = resolve))
    const port = await listening(createTcpServer(socket => socket.on('close', onClosed).resume().write(answer)))
    const failure = await failureOf(dialerWith({ ...through(port), timeoutMs: 300 }), 'https://api.test/')
    expect([failure.reason, failure.message]).toEqual(['timeout', expect.stringContaining('asking the proxy')])
    await closed
  })

  test('one that hangs up on the TLS behind it', async () => {
    const port = await listening(
      createTcpServer(socket => {
        socket.once('data', () => {
          socket.write('HTTP/1.1 200 OK\r\n\r\n')
          socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil'))
        })
      }),
    )
    const failure = await failureOf(dialerWith(through(port)), 'https://api.test/')
    expect(failure.reason).toBe('tls')
  })

  test('one that is not there', async () => {
    const server = createTcpServer()
    const port = await listening(server)
    await new Promise(resolve => server.close(resolve))
    const failure = await failureOf(dialerWith(through(port)), 'https://api.test/')
    expect([failure.reason, failure.message]).toEqual(['refused', expect.stringContaining(`proxy.test:${port}`)])
  })

  test('a credential that is no header value is not sent and not quoted', async () => {
    const proxy = await forwarding(false)
    const token = new Secret('corp', 'a-secret\r\nx-injected: 1')
    const failure = await failureOf(
      dialerWith(through(proxy.port, { type: 'bearer', scheme: 'Bearer', token })),
      'https://a.test/',
    )
    expect([failure.reason, proxy.asked]).toEqual(['proxy', []])
    expect(`${failure.stack} ${(failure.cause as Error).stack}`).not.toContain('a-secret')
  })
})

test.each([
  ['socks5://proxy.test:1080', null, 'http:// or https://'],
  ['http://user:password@proxy.test', null, 'no user or password'],
  [
    'http://proxy.test',
    { type: 'api_key', in: 'header', name: 'x', value: new Secret('k', 'value-of-it') },
    'basic or bearer',
  ],
] as const)('%s is an error at the start', (url, credential, words) => {
  expect(() => createDialer({ ...toLoopback, proxy: { url: new URL(url), credential } })).toThrow(words)
})
