import type { Socket } from 'node:net'
import { authPlugins, type Connection, createConnection } from 'mysql2'
import type { LeasedCredential } from '../../../src/leased.ts'
import { ConnectFailed } from '../../../src/net/connect-failed.ts'
import { CredentialRefused, Refusal } from '../../../src/refusal.ts'
import { connectMs, openSocket, secured, type Trust, trustOf } from '../dial.ts'
import type { Login } from '../login.ts'
import { type DbTarget, locationOf } from '../target.ts'
import { loginRefusal } from './login-refusal.ts'

/** What the client keeps to itself; its version is pinned, and the tests of TLS notice when this changes. */
export interface Internals {
  stream: Socket
  startTLS: (onSecure: (error?: unknown) => void) => void
  readonly packetParser: { execute(chunk: Buffer): void; onPacket: () => void }
  readonly config: { password: unknown; password1?: unknown }
}

/** A connection that has logged in. */
export interface LoggedIn {
  readonly client: Connection
  /** The way to the server itself, below TLS. */
  readonly socket: Socket
  /** As the server says it in its greeting. */
  readonly version: string
}

/** How long a login may wait for its deadline. */
interface Time {
  readonly remainingMs: number
  readonly signal: AbortSignal
  /** Of the server itself, to reach the same one again where a name stands for several. */
  readonly address?: string
}

/**
 * Logs in to the server of a target. A password goes over TLS, a unix socket or this machine, or else only as the answer to a
 * challenge.
 *
 * @throws ConnectFailed; Refusal; the signal's reason
 */
export async function logIn(target: DbTarget, login: Login, time: Time): Promise<LoggedIn> {
  const trust = await trustOf(target, login.others)
  const socket = await openSocket(target, time.remainingMs, time.signal, time.address)
  const giveUp = () => socket.destroy()
  time.signal.addEventListener('abort', giveUp, { once: true })
  // A server that takes the connection and says nothing is one that cannot be reached.
  const timer = setTimeout(
    () => socket.destroy(new ConnectFailed('timeout', 'the server did not greet in time')),
    connectMs(time.remainingMs),
  )
  try {
    return await greeted(socket, target, login, trust, time.remainingMs)
  } catch (error) {
    socket.destroy()
    time.signal.throwIfAborted()
    throw error
  } finally {
    clearTimeout(timer)
    time.signal.removeEventListener('abort', giveUp)
  }
}

function greeted(
  socket: Socket,
  target: DbTarget,
  login: Login,
  trust: Trust | null,
  remainingMs: number,
): Promise<LoggedIn> {
  return new Promise((resolve, reject) => {
    const greeting = watchGreeting(socket)
    const client = clientOf(socket, target, login, trust)
    const internals = client as unknown as Internals
    // The client would go on with packets out of order, and write a line to stderr for each.
    client.on('warn', () => {
      internals.packetParser.onPacket = () => {}
      socket.destroy()
    })
    // An error after the login is noticed by the commands that it ends.
    client.on('error', error => reject(loginRefusal(error)))
    socket.once('close', () => reject(loginRefusal({ code: 'PROTOCOL_CONNECTION_LOST' })))
    client.once('connect', (handshake: { readonly serverVersion: string }) => {
      internals.config.password = undefined
      greeting.stop()
      resolve({ client, socket, version: handshake.serverVersion })
    })
    if (trust === null) return
    internals.startTLS = onSecure => {
      // Whoever sits between could add packets to the greeting, which would then count as said within TLS (CVE-2021-23222 and its kin).
      if (!greeting.isAll()) return onSecure(new ConnectFailed('tls', 'the server spoke before TLS began'))
      socket.removeAllListeners('data')
      secured(socket, trust, connectMs(remainingMs)).then(secure => {
        internals.stream = secure
        secure.on('data', chunk => internals.packetParser.execute(chunk))
        onSecure()
      }, onSecure)
    }
  })
}

/** Follows what a server says before TLS or the login; knows whether that is its first packet and nothing after it. */
function watchGreeting(socket: Socket): { isAll(): boolean; stop(): void } {
  let head = Buffer.alloc(0)
  let received = 0
  const onData = (chunk: Buffer) => {
    received += chunk.length
    if (received > maxGreetingBytes) socket.destroy()
    if (head.length < 4) head = Buffer.concat([head, chunk.subarray(0, 4 - head.length)])
  }
  socket.on('data', onData)
  return {
    isAll: () => head.length === 4 && received === 4 + head.readUIntLE(0, 3),
    stop: () => void socket.off('data', onData),
  }
}

/** What a server may say until the login has succeeded; a few hundred bytes are usual. */
const maxGreetingBytes = 65_536

function clientOf(socket: Socket, target: DbTarget, { credential }: Login, trust: Trust | null): Connection {
  const location = locationOf(target)
  if (location.engine === 'sqlite') throw new Refusal('internal', 'a file has no server')
  const isPrivate = trust !== null || target.socket !== undefined || location.isLoopback
  const options = {
    stream: socket,
    host: location.host,
    port: location.port,
    // Tells the client that a password is safe on this way.
    ...(target.socket === undefined ? {} : { socketPath: target.socket }),
    ...(trust === null ? {} : { ssl: { rejectUnauthorized: true, verifyIdentity: true } }),
    user: userOf(target, credential),
    database: location.database,
    connectTimeout: 0,
    charset: 'utf8mb4',
    timezone: 'Z',
    disableEval: true,
    multipleStatements: false,
    enableCleartextPlugin: false,
    flags: refusedFlags,
    infileStreamFactory: () => {
      throw new Refusal('target_refused', 'the server asked for a file of this machine')
    },
    ...(isPrivate ? {} : { authPlugins: withoutServerKey() }),
    // The client would make objects of shapes and vectors.
    typeCast: (field: { readonly type: string; buffer(): unknown }, next: () => unknown) =>
      field.type === 'GEOMETRY' || field.type === 'VECTOR' ? field.buffer() : next(),
    rowsAsArray: true,
    dateStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
    jsonStrings: true,
  }
  if (credential?.type !== 'password') return createConnection(options)
  return credential.password.use(password => createConnection({ ...options, password }))
}

/**
 * What this end does not offer. IGNORE_SPACE would change which words are functions; without MULTI_RESULTS no procedure can
 * answer twice; LOCAL_FILES would have the server read files of ours. FOUND_ROWS stays: a write counts the rows that it
 * addresses, not those that happened to have another value.
 */
const refusedFlags = [
  '-LOCAL_FILES',
  '-MULTI_STATEMENTS',
  '-MULTI_RESULTS',
  '-PS_MULTI_RESULTS',
  '-IGNORE_SPACE',
  '-ODBC',
]

function userOf(target: DbTarget, credential: LeasedCredential | null): string {
  if (credential?.type === 'password') return credential.username
  if (credential === null && target.user !== undefined) return target.user
  throw new CredentialRefused('there is no user to log in as: neither a credential of type password nor user')
}

/** Who stands between could give a key of their own for the password, where no TLS says whose key it is. */
function withoutServerKey() {
  const onServerPublicKey = () => {
    throw new Error('the server wants the password, and there is no TLS to send it over')
  }
  return {
    caching_sha2_password: authPlugins.caching_sha2_password({ onServerPublicKey }),
    sha256_password: authPlugins.sha256_password({ onServerPublicKey }),
  }
}
