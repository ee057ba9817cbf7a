import { lookup } from 'node:dns/promises'
import { isIP, type LookupFunction, connect as openTcp, type Socket } from 'node:net'
import { checkServerIdentity, connect as openTls, type SecureContext } from 'node:tls'
import { answerProblem, behindProxyProblem, type Cidr, literalProblem, unbracketed } from './address.ts'
import { ConnectFailed, codeOf } from './connect-failed.ts'
import { openTunnel, type Proxy, proxyProblem } from './proxy.ts'
import { createTrust, type TrustOptions } from './trust.ts'

/** What a dialer needs to know. */
export interface DialOptions extends TrustOptions {
  /** Ranges that may be reached although they are not public. */
  readonly allowed: readonly Cidr[]
  /** For everything until the connection stands: resolving, connecting, the proxy, TLS. */
  readonly timeoutMs: number
  readonly proxy: Proxy | null
  /** Gives all addresses of a name; the system's resolver when left out. */
  readonly resolve?: Resolve
}

export type Resolve = (name: string) => Promise<readonly string[]>

/** Where a connection goes, as undici says it. */
export interface Destination {
  /** Without brackets. */
  readonly hostname: string
  readonly protocol: string
  /** Empty for the protocol's own. */
  readonly port: string
}

/** Makes one connection; fits undici's `connect`. Calls back once, with a `ConnectFailed` when there is none. */
export type Dialer = (
  destination: Destination,
  callback: (...result: [null, Socket] | [ConnectFailed, null]) => void,
) => void

/**
 * Makes a connector whose connections lead only to addresses that were checked: a name is resolved once per connection, all
 * answers are judged, and one of the judged addresses is connected to. Behind a proxy the proxy resolves; then the proxy's own
 * address is judged. Certificates are always verified.
 *
 * @throws Error with a sentence when a certificate, a key or the proxy cannot be used
 */
export function createDialer(options: DialOptions): Dialer {
  const trust = createTrust(options)
  const problem = options.proxy === null ? null : proxyProblem(options.proxy)
  if (problem !== null) throw new Error(problem)
  return (destination, callback) => {
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), options.timeoutMs)
    dial(destination, options, trust, late.signal)
      .finally(() => clearTimeout(timer))
      .then(
        socket =>
          socket.destroyed
            ? callback(new ConnectFailed('refused', 'the connection was closed at once'), null)
            : callback(null, socket),
        (error: unknown) =>
          callback(
            error instanceof ConnectFailed ? error : new ConnectFailed('refused', 'cannot connect', error),
            null,
          ),
      )
  }
}

async function dial(
  destination: Destination,
  options: DialOptions,
  trust: ReturnType<typeof createTrust>,
  late: AbortSignal,
): Promise<Socket> {
  // undici takes a name for SNI from the request's Host header; the certificate has to be that of the host we connect to.
  const target = endOf(destination)
  const { proxy } = options
  const problem = proxy === null ? null : behindProxyProblem(target.host, options.allowed)
  if (problem !== null) throw new ConnectFailed('address', problem)
  const first = proxy === null ? target : endOf(proxy.url)
  const plain = await connectTo(first, options, late)
  try {
    if (proxy === null) return target.tls ? await secure(plain, target, trust.target, late) : plain
    const toProxy = first.tls ? await secure(plain, first, trust.proxy, late) : plain
    const tunnel = await openTunnel(toProxy, target.shown, proxy, late)
    return target.tls ? await secure(tunnel, target, trust.target, late) : tunnel
  } catch (error) {
    plain.destroy()
    throw error
  }
}

/** One end of a connection. */
interface End {
  /** Without brackets. */
  readonly host: string
  readonly port: number
  readonly tls: boolean
  /** `host:port`, with brackets where they belong. */
  readonly shown: string
}

function endOf({ hostname, protocol, port: given }: Destination): End {
  const host = unbracketed(hostname)
  const tls = protocol === 'https:'
  const port = given === '' ? (tls ? 443 : 80) : Number(given)
  return { host, port, tls, shown: `${isIP(host) === 6 ? `[${host}]` : host}:${port}` }
}

async function connectTo(end: End, options: DialOptions, late: AbortSignal): Promise<Socket> {
  const addresses = await checkedAddresses(end.host, options, late)
  const checked = addresses.map(address => ({ address, family: isIP(address) }))
  // The list takes the place of a resolver, so that Node tries one address after the other without asking anybody again.
  const fromList: LookupFunction = (_name, _options, answer) => answer(null, checked)
  const socket = openTcp({
    host: addresses.length === 1 ? addresses[0] : end.host,
    port: end.port,
    autoSelectFamily: true,
    lookup: fromList,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 60_000,
  })
  await reached(socket, 'connect', 'refused', `connecting to ${end.shown}`, late)
  return socket
}

/** Gives the addresses of a host, all of which may be reached. */
async function checkedAddresses(host: string, options: DialOptions, late: AbortSignal): Promise<readonly string[]> {
  const literal = literalProblem(host, options.allowed)
  if (literal !== null) throw new ConnectFailed('address', literal)
  if (isIP(host) !== 0) return [host]
  const addresses = await resolved(host, options.resolve ?? resolveAll, late)
  if (addresses.length === 0) throw new ConnectFailed('dns', `${host} has no address`)
  const problem = answerProblem(host, addresses, options.allowed)
  if (problem !== null) throw new ConnectFailed('address', problem)
  return addresses
}

function resolved(name: string, resolve: Resolve, late: AbortSignal): Promise<readonly string[]> {
  return new Promise((found, failed) => {
    const giveUp = () => failed(new ConnectFailed('timeout', `resolving ${name}: not done in time`))
    late.addEventListener('abort', giveUp, { once: true })
    resolve(name)
      .then(found, (cause: unknown) =>
        failed(new ConnectFailed('dns', `resolving ${name} failed${codeOf(cause)}`, cause)),
      )
      .finally(() => late.removeEventListener('abort', giveUp))
  })
}

async function resolveAll(name: string): Promise<readonly string[]> {
  const answers = await lookup(name, { all: true, order: 'verbatim' })
  return answers.map(({ address }) => address)
}

async function secure(under: Socket, end: End, secureContext: SecureContext, late: AbortSignal): Promise<Socket> {
  const socket = openTls({
    socket: under,
    secureContext,
    host: end.host,
    // RFC 6066, 3: an address is no server name, and a name has no dot at its end.
    ...(isIP(end.host) === 0 ? { servername: end.host.replace(/\.$/, '') } : {}),
    ALPNProtocols: ['http/1.1'],
    rejectUnauthorized: true, // said outright, so that NODE_TLS_REJECT_UNAUTHORIZED changes nothing
    checkServerIdentity: (_name, certificate) => checkServerIdentity(end.host, certificate),
  })
  await reached(socket, 'secureConnect', 'tls', `TLS with ${end.shown}`, late)
  return socket
}

/** Waits for a socket to come to an event; else the socket is destroyed and the failure says during what. */
function reached(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  reason: 'refused' | 'tls',
  during: string,
  late: AbortSignal,
): Promise<void> {
  // For good: an error that comes between here and the next listener would end the process.
  socket.on('error', () => {})
  return new Promise((resolve, reject) => {
    const settle = (failure: ConnectFailed | null) => {
      socket.off(event, onEvent).off('error', onError).off('close', onClose)
      late.removeEventListener('abort', onLate)
      if (failure === null) return resolve()
      socket.destroy()
      reject(failure)
    }
    const onEvent = () => settle(null)
    const onLate = () => settle(new ConnectFailed('timeout', `${during}: not done in time`))
    const onClose = () => settle(new ConnectFailed(reason, `${during} failed: the connection was closed`))
    const onError = (cause: Error) => {
      const isLate = (cause as { readonly code?: unknown }).code === 'ETIMEDOUT'
      settle(new ConnectFailed(isLate ? 'timeout' : reason, `${during} failed${codeOf(cause)}`, cause))
    }
    socket.on(event, onEvent).on('error', onError).on('close', onClose)
    late.addEventListener('abort', onLate)
    if (late.aborted) onLate()
  })
}
