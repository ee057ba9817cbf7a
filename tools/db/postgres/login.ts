import type { Socket } from 'node:net'
import { Client } from 'pg'
import type { LeasedCredential } from '../../../src/leased.ts'
import { ConnectFailed } from '../../../src/net/connect-failed.ts'
import { CredentialRefused, Refusal } from '../../../src/refusal.ts'
import { connectMs, openSocket, secured, type Trust } from '../dial.ts'
import { type DbTarget, locationOf } from '../target.ts'
import { Frames } from './frames.ts'
import { Session } from './session.ts'

/** As whom, and with whose certificates, a connection is made. */
export interface Identity {
  readonly credential: LeasedCredential | null
  readonly trust: Trust | null
}

/** A session, with what it takes to cancel what it does. */
export interface LoggedIn {
  readonly session: Session
  /** Has the server end what the session does, over a connection of its own. */
  readonly cancel: () => Promise<void>
}

/** What a login may send us. */
const maxLoginBytes = 262_144

/** How long a request to cancel may take. */
const cancelMs = 2_000

/**
 * Opens a connection and logs in.
 *
 * @throws ConnectFailed; CredentialRefused when the server does not take the role or its password; Refusal; the signal's reason
 */
export async function logIn(
  target: DbTarget,
  identity: Identity,
  remainingMs: number,
  signal: AbortSignal,
): Promise<LoggedIn> {
  const late = AbortSignal.any([signal, AbortSignal.timeout(connectMs(remainingMs))])
  const plain = await openSocket(target, remainingMs, signal)
  const address = plain.remoteAddress
  const giveUp = () => plain.destroy()
  late.addEventListener('abort', giveUp, { once: true })
  try {
    if (late.aborted) giveUp()
    const stream = await withTls(plain, identity.trust, remainingMs)
    const client = clientOf(target, identity, stream)
    const connecting = client.connect()
    guard(stream)
    await connecting
    const { processID, secretKey } = client as unknown as { readonly processID: number; readonly secretKey: number }
    const cancel = () => cancelled(target, identity.trust, address, [processID, secretKey])
    const session = new Session(client)
    session.clean().catch(() => {}) // is not waited for: what is sent next comes behind it
    return { session, cancel }
  } catch (error) {
    plain.destroy()
    signal.throwIfAborted()
    if (late.aborted) throw new ConnectFailed('timeout', 'logging in: not done in time', error)
    throw loginFailure(error)
  } finally {
    late.removeEventListener('abort', giveUp)
  }
}

function clientOf(target: DbTarget, { credential, trust }: Identity, stream: Socket): Client {
  const location = locationOf(target)
  if (location.engine === 'sqlite') throw new Error('a file has no server')
  const user = credential?.type === 'password' ? credential.username : target.user
  if (user === undefined) throw new CredentialRefused('there is neither a credential nor a user to log in as')
  const { host, port, database } = location
  // The stream stands already; the library would connect it.
  stream.connect = () => {
    process.nextTick(() => stream.emit('connect'))
    return stream
  }
  const client = new Client({
    // All that has a default in the environment is said here.
    user,
    host,
    port,
    database,
    application_name: 'keyhold',
    client_encoding: 'UTF8',
    ssl: false,
    sslnegotiation: 'postgres',
    stream: () => stream,
    enableChannelBinding: trust !== null,
    // Asked for only when the server wants one; without this function the library looks into ~/.pgpass.
    password: () => {
      const problem = passwordProblem(target, location.isLoopback, trust, asked)
      if (problem !== null) throw new Refusal('target_refused', problem)
      if (credential?.type !== 'password') throw new CredentialRefused('the server asks for a password; there is none')
      return credential.password.use(password => password)
    },
  })
  Object.assign((client as unknown as { readonly connectionParameters: object }).connectionParameters, {
    options: '',
    replication: '',
  })
  let asked: 'clear' | 'md5' | 'scram' = 'scram'
  let times = 0
  // Before the library hears of it: once it has a password it answers whatever is asked, a second time without asking above.
  for (const [event, way] of passwordEvents) {
    client.connection.on(event, () => {
      asked = way
      times += 1
      if (times > 1) stream.destroy()
    })
  }
  client.on('error', () => {})
  return client
}

const passwordEvents = [
  ['authenticationCleartextPassword', 'clear'],
  ['authenticationMD5Password', 'md5'],
  ['authenticationSASL', 'scram'],
] as const

/** Whoever listens to the line, or answers in the place of the server, must not learn the password. */
function passwordProblem(
  target: DbTarget,
  isLoopback: boolean,
  trust: Trust | null,
  asked: 'clear' | 'md5' | 'scram',
): string | null {
  if (trust !== null || target.socket !== undefined) return null
  if (asked === 'clear') return 'the server asks for the password in clear text on a connection without TLS'
  if (asked === 'md5' && !isLoopback) return 'the server asks for an MD5 of the password on a connection without TLS'
  return null
}

/** Asks the server for TLS and begins it (PostgreSQL's protocol, 55.2.10). Without its consent nothing else is sent. */
async function withTls(plain: Socket, trust: Trust | null, remainingMs: number): Promise<Socket> {
  if (trust === null) return plain
  const answer = new Promise<Buffer>((resolve, reject) => {
    plain.once('data', resolve)
    plain.once('close', () => reject(new ConnectFailed('tls', 'the connection was closed when it was asked for TLS')))
  })
  plain.write(sslRequest)
  const said = await answer
  plain.pause()
  // What comes with the consent was not encrypted, and must not be taken for what was (CVE-2021-23222).
  if (said.toString('latin1') !== 'S') throw new ConnectFailed('tls', 'the server does not offer TLS')
  return secured(plain, trust, connectMs(remainingMs))
}

const sslRequest = request(80_877_103)

/** A request that stands in the place of a login. */
function request(code: number, values: readonly number[] = []): Buffer {
  const message = Buffer.alloc(8 + values.length * 4)
  message.writeInt32BE(message.length, 0)
  message.writeInt32BE(code, 4)
  for (const [index, value] of values.entries()) message.writeInt32BE(value, 8 + index * 4)
  return message
}

async function cancelled(
  target: DbTarget,
  trust: Trust | null,
  address: string | undefined,
  key: readonly number[],
): Promise<void> {
  const plain = await openSocket(target, cancelMs, AbortSignal.timeout(cancelMs), address)
  const timer = setTimeout(() => plain.destroy(), cancelMs)
  try {
    const stream = await withTls(plain, trust, cancelMs)
    const closed = new Promise(resolve => stream.once('close', resolve))
    stream.on('data', () => {}).end(request(80_877_102, key))
    await closed
  } finally {
    clearTimeout(timer)
    plain.destroy()
  }
}

/** What throws while the library reads a message would end the process; a server that sends such has broken the protocol. */
function guard(stream: Socket): void {
  const listeners = stream.listeners('data') as ((chunk: Buffer) => void)[]
  const frames = new Frames()
  let bytes = 0
  for (const listener of listeners) stream.off('data', listener)
  stream.on('data', (chunk: Buffer) => {
    try {
      const isLoggingIn = stream.listenerCount('data') === 1
      if (isLoggingIn) bytes += chunk.length
      if ((isLoggingIn && bytes > maxLoginBytes) || !frames.accepts(chunk)) stream.destroy()
      else for (const listener of listeners) listener(chunk)
    } catch {
      stream.destroy()
    }
  })
}

function loginFailure(error: unknown): unknown {
  if (error instanceof Refusal || error instanceof ConnectFailed) return error
  const { code } = error as { readonly code?: unknown }
  if (typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code)) {
    return new Refusal('target_refused', 'the login was not carried out as it should be', { cause: error })
  }
  if (code.startsWith('28') || code === '42501') {
    return new CredentialRefused(`the server does not let this role log in (${code})`)
  }
  if (code.startsWith('53')) return new Refusal('busy', `the server takes no further connection (${code})`)
  return new ConnectFailed('refused', `the server does not take the connection (${code})`)
}
