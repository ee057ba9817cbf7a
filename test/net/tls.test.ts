import { once } from 'node:events'
import { createServer as createTcpServer, type Socket } from 'node:net'
import { createServer as createHttpsServer } from 'node:https'
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls'
import { afterAll, describe, expect, test } from 'vitest'
import { certificatesIn } from '../../src/net/trust.ts'
import { Secret } from '../../src/secret.ts'
import { createAuthority, type Issued } from '../support/certificates.ts'
import { dialed, dialerWith, failureOf, get, listening } from './dialing.ts'

const authority = createAuthority()
const stranger = createAuthority('Another CA')
afterAll(() => {
  authority.remove()
  stranger.remove()
})

const named = authority.issue('api.test', { alt: 'DNS:api.test,DNS:*.wild.test', for: 'server' })
const numbered = authority.issue('numbered', { alt: 'IP:127.0.0.1,IP:::1', for: 'server' })
const ca = authority.ca.certificate

interface Seen {
  readonly sni: string | false | null
  readonly alpn: string | false | null
  readonly version: string | null
  readonly host: string | undefined
}

/** An https server that remembers what each request came with. */
async function secureUpstream(issued: Issued, options: TlsOptions = {}) {
  const requests: Seen[] = []
  const server = createHttpsServer(
    { cert: issued.certificate, key: issued.privateKey, ALPNProtocols: ['h2', 'http/1.1'], ...options },
    (request, response) => {
      const socket = request.socket as TLSSocket & { readonly servername: string | false }
      const { servername: sni, alpnProtocol: alpn } = socket
      requests.push({ sni, alpn, version: socket.getProtocol(), host: request.headers.host })
      response.end(socket.authorized ? (socket.getPeerCertificate().subject.CN as string) : 'nobody')
    },
  )
  return { port: await listening(server), requests }
}

describe('the certificate is that of the host, and SNI and Host say its name', () => {
  test('a name', async () => {
    const { port, requests } = await secureUpstream(named)
    expect((await get(dialerWith({ ca }), `https://api.test:${port}/`)).status).toBe(200)
    expect(requests).toEqual([{ sni: 'api.test', alpn: 'http/1.1', version: 'TLSv1.3', host: `api.test:${port}` }])
  })

  test('an IP address has no SNI, and the certificate has to name it', async () => {
    const { port, requests } = await secureUpstream(numbered)
    expect((await get(dialerWith({ ca }), `https://127.0.0.1:${port}/`)).status).toBe(200)
    expect(requests).toEqual([{ sni: false, alpn: 'http/1.1', version: 'TLSv1.3', host: `127.0.0.1:${port}` }])
  })

  test('a name with a dot at its end is sent without', async () => {
    const { port, requests } = await secureUpstream(named)
    expect((await get(dialerWith({ ca }), `https://api.test.:${port}/`)).status).toBe(200)
    expect(requests[0]?.sni).toBe('api.test')
  })

  test('a Host header of another name changes neither SNI nor whose certificate it has to be', async () => {
    const { port, requests } = await secureUpstream(named)
    expect((await get(dialerWith({ ca }), `https://api.test:${port}/`, { host: 'evil.test' })).status).toBe(200)
    expect(requests.map(({ sni }) => sni)).toEqual(['api.test'])
    const evil = authority.issue('evil.test', { alt: 'DNS:evil.test', for: 'server' })
    const other = await secureUpstream(evil)
    await expect(
      get(dialerWith({ ca }), `https://api.test:${other.port}/`, { host: 'evil.test' }),
    ).rejects.toMatchObject({
      reason: 'tls',
    })
    expect(other.requests).toEqual([])
  })

  test('TLS 1.2 is fine', async () => {
    const { port, requests } = await secureUpstream(named, { maxVersion: 'TLSv1.2' })
    expect((await get(dialerWith({ ca }), `https://api.test:${port}/`)).status).toBe(200)
    expect(requests[0]?.version).toBe('TLSv1.2')
  })

  const expired = authority.issue('expired', { alt: 'DNS:api.test', for: 'server', expired: true })
  const client = authority.issue('client-only', { alt: 'DNS:api.test', for: 'client' })
  const commonName = authority.issue('cn.test', { alt: 'DNS:other.test', for: 'server' })
  const foreign = stranger.issue('api.test', { alt: 'DNS:api.test', for: 'server' })
  const self = authority.selfSigned('self', 'DNS:api.test,IP:127.0.0.1')
  const refused: readonly (readonly [what: string, host: string, server: Issued, code: string])[] = [
    ['of another name', 'other.test', named, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['of a name above', 'test', named, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['with a wildcard for another level', 'a.b.wild.test', named, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['of a name, for an address', '127.0.0.1', named, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['of an address, for a name', 'api.test', numbered, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['with the name as common name only', 'cn.test', commonName, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['that has expired', 'api.test', expired, 'CERT_HAS_EXPIRED'],
    ['that vouches for itself', 'api.test', self, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['of an unknown authority', 'api.test', foreign, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['for clients', 'api.test', client, 'INVALID_PURPOSE'],
  ]
  test.each(refused)('a certificate %s is refused: %s', async (_what, host, server, code) => {
    const { port, requests } = await secureUpstream(server)
    const failure = await failureOf(dialerWith({ ca }), `https://${host}:${port}/`)
    expect([failure.reason, failure.message]).toEqual(['tls', `TLS with ${host}:${port} failed (${code})`])
    expect(requests).toEqual([])
  })

  test('without the configured authority its certificates are refused', async () => {
    const { port, requests } = await secureUpstream(named)
    expect((await failureOf(dialerWith(), `https://api.test:${port}/`)).reason).toBe('tls')
    expect(requests).toEqual([])
  })

  test('no variable of the environment switches the verification off', async () => {
    const { port, requests } = await secureUpstream(named)
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
    try {
      expect((await failureOf(dialerWith(), `https://api.test:${port}/`)).reason).toBe('tls')
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    }
    expect(requests).toEqual([])
  })

  test('TLS 1.3 and 1.2 are all that is offered', async () => {
    const hellos: string[] = []
    const server = createTcpServer(socket => {
      socket.once('data', (hello: Buffer) => {
        hellos.push(hello.toString('hex'))
        socket.end()
      })
    })
    await failureOf(dialerWith({ ca }), `https://api.test:${await listening(server)}/`)
    expect(hellos.length).toBe(1)
    expect(hellos[0]).toContain('002b00050403040303') // RFC 8446, 4.2.1: supported_versions, 1.3 and 1.2
  })

  test('a server that only speaks old versions is refused', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
    const { port, requests } = await secureUpstream(named, old)
    expect((await failureOf(dialerWith({ ca }), `https://api.test:${port}/`)).reason).toBe('tls')
    expect(requests).toEqual([])
  })
})

describe('a client certificate', () => {
  const client = authority.issue('worker', { alt: 'DNS:worker.test', for: 'client' })
  const clientCertificate = { certificate: client.certificate, privateKey: new Secret('partner', client.privateKey) }
  const asking: TlsOptions = { requestCert: true, rejectUnauthorized: true, ca }

  test('is presented to the target', async () => {
    const { port } = await secureUpstream(named, asking)
    expect((await get(dialerWith({ ca, clientCertificate }), `https://api.test:${port}/`)).text).toBe('worker')
  })

  test('is missed by a target that asks for one', async () => {
    const { port, requests } = await secureUpstream(named, { ...asking, maxVersion: 'TLSv1.2' })
    expect((await failureOf(dialerWith({ ca }), `https://api.test:${port}/`)).reason).toBe('tls')
    expect(requests).toEqual([])
  })

  test('is not presented to a server that is not the target', async () => {
    const foreign = stranger.issue('api.test', { alt: 'DNS:api.test', for: 'server' })
    const certificates: unknown[] = []
    const options = { cert: foreign.certificate, key: foreign.privateKey, requestCert: true, rejectUnauthorized: false }
    const server = createTlsServer(options, socket => certificates.push(socket.getPeerCertificate()))
    const port = await listening(server)
    expect((await failureOf(dialerWith({ ca, clientCertificate }), `https://api.test:${port}/`)).reason).toBe('tls')
    expect(certificates).toEqual([])
  })

  test('with the key of another is an error at the start, which says nothing of the key', () => {
    const privateKey = new Secret('partner', named.privateKey)
    const make = () => dialerWith({ clientCertificate: { certificate: client.certificate, privateKey } })
    expect(make).toThrow('the client certificate and its private key cannot be used together')
  })

  test('with something else than a key is an error at the start, which does not quote it', () => {
    const privateKey = new Secret('partner', 'no key but a secret')
    try {
      dialerWith({ clientCertificate: { certificate: client.certificate, privateKey } })
      expect.unreachable()
    } catch (error) {
      expect(`${(error as Error).stack} ${(error as { cause: Error }).cause.stack}`).not.toContain('a secret')
    }
  })
})

describe('trusted certificates', () => {
  test.each([
    ['', 'no PEM certificate'],
    ['not a certificate', 'no PEM certificate'],
    [authority.ca.privateKey, 'no PEM certificate'],
    ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', 'cannot be read'],
    [`${ca}\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----`, 'cannot be read'],
  ])('%j is an error at the start', (pem, words) => {
    expect(() => dialerWith({ ca: pem })).toThrow(words)
  })

  test('come in any number, with text around them', async () => {
    const bundle = `# ours\n${stranger.ca.certificate}\nsubject=/CN=x\n${ca}\n`
    expect(certificatesIn(bundle).length).toBe(2)
    const { port } = await secureUpstream(named)
    expect((await get(dialerWith({ ca: bundle }), `https://api.test:${port}/`)).status).toBe(200)
  })
})

describe('a server that fails in the handshake', () => {
  const faults: readonly (readonly [what: string, behave: (socket: Socket) => void, reason: 'tls' | 'timeout'])[] = [
    ['closes at once', socket => socket.end(), 'tls'],
    ['closes after the hello', socket => socket.once('data', () => socket.end()), 'tls'],
    ['resets after the hello', socket => socket.once('data', () => socket.resetAndDestroy()), 'tls'],
    ['speaks plain text', socket => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'), 'tls'],
    ['speaks garbage', socket => socket.write(Buffer.alloc(100_000, 0x16)), 'tls'],
    ['sends a fatal alert', socket => socket.write(Buffer.from('15030300020228', 'hex')), 'tls'],
    ['hangs', socket => socket.resume(), 'timeout'],
    ['drips', socket => socket.resume().write(Buffer.from('1603', 'hex')), 'timeout'],
  ]
  test.each(faults)('%s', async (_what, behave, reason) => {
    const accepted: Promise<void>[] = []
    const port = await listening(
      createTcpServer(socket => {
        accepted.push(new Promise(resolve => void socket.on('close', () => resolve())))
        behave(socket)
        socket.resume() // what is not read is never seen to end
      }),
    )
    const failure = await failureOf(dialerWith({ ca, timeoutMs: 300 }), `https://api.test:${port}/`)
    expect(failure.reason).toBe(reason)
    expect(failure.message).toMatch(new RegExp(`^TLS with api\\.test:${port}[^\n]{1,80}$`))
    expect(accepted.length).toBe(1)
    await Promise.all(accepted) // nothing stays open
  })

  test('resets before it', async () => {
    const port = await listening(createTcpServer(socket => void socket.resetAndDestroy()))
    const failure = await failureOf(dialerWith({ ca }), `https://api.test:${port}/`)
    expect(['tls', 'refused']).toContain(failure.reason) // as it happens to be noticed
  })

  test('closing right after it is no harm', async () => {
    const server = createTlsServer({ cert: named.certificate, key: named.privateKey }, socket => socket.end())
    const port = await listening(server)
    const socket = await dialed(dialerWith({ ca }), `https://api.test:${port}/`)
    if (!socket.closed) await once(socket.resume(), 'close')
    expect(socket.destroyed).toBe(true)
  })
})
