import { setTimeout as delay } from 'node:timers/promises'
import type { Dispatcher, Pool } from 'undici'
import { ConnectFailed } from '../../src/net/connect-failed.ts'
import type { ExecuteContext } from '../../src/kind.ts'
import { unlessAborted } from '../../src/process/unless-aborted.ts'
import { Refusal } from '../../src/refusal.ts'
import { cookieValues } from './cookies.ts'
import { pathAndQuery, present, signedHeaders } from './present.ts'
import type { HttpRequest } from './request.ts'
import { retryAfterMs } from './retry-after.ts'
import type { HttpTarget } from './target.ts'
import { isUntouched } from './untouched.ts'

export type Response = Dispatcher.ResponseData & {
  /** Whether a connection to the API broke since the answer began. */
  readonly wasCutOff: () => boolean
}

/** The connections to an API. */
export interface Connections {
  readonly origin: string
  readonly pool: Pool
  /** How many of them have broken. */
  broken: number
}

/** The most response headers that are looked at; an honest API sends a few dozen. */
const maxHeaders = 256

/** What is left of the time after waiting as an API asked for must be worth an attempt, in milliseconds. */
const worthwhileMs = 50

const backoffMs = 100

/** How long an answer that is not shown may take to end. */
const discardMs = 200

/**
 * Sends a request and gives the head of the answer. One that can be repeated is sent again when the connection failed
 * before any byte of an answer, and when the API said that it did nothing and when to come back (RFC 9110, 10.2.3).
 */
export async function attempt(
  connections: Connections,
  target: HttpTarget,
  request: HttpRequest,
  context: ExecuteContext,
): Promise<Response> {
  let mayHaveRun = false
  for (let left = request.repeatable ? target.retries : 0; ; left -= 1) {
    const waited = backoffMs * 2 ** (target.retries - left)
    let response: Response
    try {
      response = await send(connections, target, request, context)
    } catch (error) {
      mayHaveRun ||= !(error instanceof ConnectFailed)
      if (left === 0 || context.signal.aborted || !isWorthRepeating(error) || waited > context.remainingMs())
        throw mayHaveRun ? sentBefore(error) : error
      await delay(waited, undefined, { signal: context.signal })
      continue
    }
    const pause = left === 0 ? null : pauseOf(response)
    if (pause === null || pause + worthwhileMs > context.remainingMs()) return response
    await discard(response)
    await delay(pause, undefined, { signal: context.signal })
  }
}

/** What follows a 101 is no HTTP any more (RFC 9110, 15.2.2). */
function refuseUpgrade({ statusCode }: { readonly statusCode: number }): void {
  if (statusCode === 101) throw new Refusal('target_refused', 'an upgrade that nobody asked for')
}

/** Lets go of an answer that is not shown: its connection is kept when little is left of it, and closed otherwise. */
export async function discard({ body }: Response): Promise<void> {
  await body.dump({ limit: 16_384, signal: AbortSignal.timeout(discardMs) }).catch(() => {})
  body.on('error', () => {}).destroy()
}

/** A failure to connect says that nothing was sent; where there was an attempt before, that is not so. */
function sentBefore(error: unknown): unknown {
  return error instanceof ConnectFailed ? new Refusal('target_unreachable', error.message, { cause: error }) : error
}

async function send(
  connections: Connections,
  target: HttpTarget,
  request: HttpRequest,
  context: ExecuteContext,
): Promise<Response> {
  const { method, body } = request
  const { origin, pool } = connections
  const { idempotency } = target
  const presented = present(context.credential)
  const query = [request.query, presented.query].filter(part => part !== '').join('&')
  const path = pathAndQuery(context.credential, request.path, query)
  const url = parsedBack(origin, path)
  const unsigned = {
    // Those of an operation are an admin's too, and nearer to the request; those of call_api are the agent's.
    ...(request.via === null ? { ...request.headers, ...target.headers } : { ...target.headers, ...request.headers }),
    ...(idempotency === undefined || context.onceKey === null ? {} : { [idempotency.header]: context.onceKey }),
    'accept-encoding': 'gzip, br',
    ...presented.headers,
  }
  const signing = signedHeaders(context.credential, { method, url, headers: unsigned, body })
  const headers = { ...unsigned, ...(await signing) }
  // The client heeds the signal only once there is a connection; a call must not wait for one beyond its deadline.
  const sent = pool.request({ method, path, headers, body, signal: context.signal, onInfo: refuseUpgrade })
  const response = await unlessAborted(sent, context.signal)
  const { broken } = connections
  try {
    // Before anything of the answer is read, which may repeat them.
    context.learned(cookieValues(countedHeaders(response)['set-cookie']))
  } catch (error) {
    response.body.on('error', () => {}).destroy()
    throw error
  }
  return Object.assign(response, { wasCutOff: () => connections.broken > broken })
}

function countedHeaders({ headers }: Dispatcher.ResponseData): Dispatcher.ResponseData['headers'] {
  if (Object.values(headers).flat().length <= maxHeaders) return headers
  throw new Refusal('target_refused', `the response has more than ${maxHeaders} headers`)
}

/**
 * The path was built from checked segments; this proves that the URL standard reads it the same way,
 * so that nothing (a dot segment, a `//host`) is reinterpreted between the check and the wire.
 */
function parsedBack(origin: string, path: string): URL {
  const url = new URL(origin + path)
  if (url.href !== origin + path) {
    throw new Refusal('internal', 'the built URL does not parse back to the planned one')
  }
  return url
}

/** A connection that was refused, or one that broke before an answer began. */
function isWorthRepeating(error: unknown): boolean {
  return error instanceof ConnectFailed ? error.reason === 'refused' : isUntouched(error)
}

/** How long the API wants us to wait, when it says that it did nothing; null otherwise. */
function pauseOf({ statusCode, headers }: Response): number | null {
  const field = headers['retry-after']
  return (statusCode === 429 || statusCode === 503) && typeof field === 'string'
    ? retryAfterMs(field, Date.now())
    : null
}
