import { readFile } from 'node:fs/promises'
import { connect as connectUnix, isIP, type Socket } from 'node:net'
import { join } from 'node:path'
import {
  checkServerIdentity,
  connect as openTls,
  type ConnectionOptions,
  getCACertificates,
  type TLSSocket,
} from 'node:tls'
import type { LeasedCredential } from '../../src/leased.ts'
import { parseCidr } from '../../src/net/address.ts'
import { ConnectFailed, codeOf } from '../../src/net/connect-failed.ts'
import { createDialer } from '../../src/net/dial.ts'
import { certificatesIn, createTrust } from '../../src/net/trust.ts'
import type { Secret } from '../../src/secret.ts'
import { type DbTarget, locationOf, usesTls } from './target.ts'

/** Whom a connection trusts, and as whom it presents itself. */
export interface Trust {
  /** For `tls.connect`, but for the socket: verifies the certificate against the host that the admin wrote. */
  readonly options: ConnectionOptions
  /** The same in parts, for a client that makes its own context: all authorities that are trusted, as PEM. */
  readonly authorities: readonly string[]
  /** Presented to the server; PEM. */
  readonly clientCertificate: { readonly certificate: string; readonly privateKey: Secret } | null
}

/** How long it may take until a socket stands: some of the time is for what comes after. */
export function connectMs(remainingMs: number): number {
  return Math.max(1, Math.min(10_000, Math.ceil(remainingMs * 0.8)))
}

/**
 * Opens a socket to the server of a target, without TLS: databases ask for TLS in their own words. It leads to an address
 * that was checked, or to the unix socket that the admin named.
 *
 * @param address of the server itself, to reach the same one again where a name stands for several
 * @throws ConnectFailed; the signal's reason
 */
export function openSocket(
  target: DbTarget,
  remainingMs: number,
  signal: AbortSignal,
  address?: string,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(signal.reason as Error)
    signal.addEventListener('abort', giveUp, { once: true })
    if (signal.aborted) return giveUp()
    opened(target, remainingMs, address)
      .then(socket => {
        // For good: an error that comes while nobody listens would end the process.
        socket.on('error', () => {})
        if (signal.aborted) socket.destroy()
        resolve(socket)
      }, reject)
      .finally(() => signal.removeEventListener('abort', giveUp))
  })
}

function opened(target: DbTarget, remainingMs: number, address?: string): Promise<Socket> {
  const location = locationOf(target)
  if (location.engine === 'sqlite') throw new ConnectFailed('address', 'a file has no server')
  const { engine, host, port } = location
  if (target.socket !== undefined) {
    const path = engine === 'postgres' ? join(target.socket, `.s.PGSQL.${port}`) : target.socket
    return openUnix(path, connectMs(remainingMs))
  }
  const dial = createDialer({
    allowed: target.unsafe_allow_private.map(parseCidr),
    timeoutMs: connectMs(remainingMs),
    proxy: null,
    ca: null,
    clientCertificate: null,
  })
  // `http:` has the dialer leave TLS to us.
  const destination = { hostname: address ?? host, protocol: 'http:', port: String(port) }
  return new Promise((resolve, reject) => {
    dial(destination, (error, socket) => (error === null ? resolve(socket) : reject(error)))
  })
}

function openUnix(path: string, timeoutMs: number): Promise<Socket> {
  const socket = connectUnix({ path })
  return eventOf(socket, 'connect', { reason: 'refused', during: `connecting to ${path}`, timeoutMs })
}

/**
 * Gives what TLS with the server of a target is made of; null when the connection is without.
 *
 * @throws ConnectFailed when a certificate or a key cannot be used
 */
export async function trustOf(
  target: DbTarget,
  others: Readonly<Record<string, LeasedCredential>>,
): Promise<Trust | null> {
  const location = locationOf(target)
  if (!usesTls(target) || location.engine === 'sqlite') return null
  const { host } = location
  const { certificate } = others
  const clientCertificate = certificate?.type === 'mtls' ? certificate : null
  const ca = target.tls.ca === undefined ? null : await authoritiesIn(target.tls.ca)
  try {
    return {
      options: {
        secureContext: createTrust({ ca, clientCertificate }).target,
        host,
        // RFC 6066, 3: an address is no server name, and a name has no dot at its end.
        ...(isIP(host) === 0 ? { servername: host.replace(/\.$/, '') } : {}),
        minVersion: 'TLSv1.2',
        rejectUnauthorized: true, // said outright, so that NODE_TLS_REJECT_UNAUTHORIZED changes nothing
        checkServerIdentity: (_name, presented) => checkServerIdentity(host, presented),
      },
      authorities: [...getCACertificates('default'), ...(ca === null ? [] : certificatesIn(ca))],
      clientCertificate,
    }
  } catch (cause) {
    throw new ConnectFailed('tls', `the connection cannot be set up: ${(cause as Error).message}`, cause)
  }
}

async function authoritiesIn(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new ConnectFailed('tls', 'the file of tls.ca cannot be read', cause)
  }
}

/**
 * Begins TLS on a socket whose server has agreed to it.
 *
 * @throws ConnectFailed
 */
export function secured(plain: Socket, { options }: Trust, timeoutMs: number): Promise<TLSSocket> {
  const socket = openTls({ ...options, socket: plain })
  return eventOf(socket, 'secureConnect', { reason: 'tls', during: 'TLS with the database', timeoutMs })
}

/** Waits for a socket to come to an event; else it is destroyed, and the failure says during what. */
function eventOf<S extends Socket>(
  socket: S,
  event: 'connect' | 'secureConnect',
  about: { readonly reason: 'refused' | 'tls'; readonly during: string; readonly timeoutMs: number },
): Promise<S> {
  const { reason, during, timeoutMs } = about
  socket.on('error', () => {})
  return new Promise((resolve, reject) => {
    const settle = (failure: ConnectFailed | null) => {
      clearTimeout(timer)
      socket.off(event, onEvent).off('error', onError).off('close', onClose)
      if (failure === null) return resolve(socket)
      socket.destroy()
      reject(failure)
    }
    const timer = setTimeout(() => settle(new ConnectFailed('timeout', `${during}: not done in time`)), timeoutMs)
    const onEvent = () => settle(null)
    const onError = (cause: Error) => settle(new ConnectFailed(reason, `${during} failed${codeOf(cause)}`, cause))
    const onClose = () => settle(new ConnectFailed(reason, `${during} failed: the connection was closed`))
    socket.on(event, onEvent).on('error', onError).on('close', onClose)
  })
}
