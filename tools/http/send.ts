import { errors, Pool } from 'undici'
import type { ExecuteContext, Execution, Executor, LeasedCredential } from '../../src/kind.ts'
import { Refusal } from '../../src/refusal.ts'
import { shownHeaders } from './headers.ts'
import { accessOf } from './method.ts'
import { HttpRequest } from './request.ts'
import { readBody } from './response.ts'
import type { HttpTarget } from './target.ts'

/** The most bytes of response headers that are read. */
const maxHeaderBytes = 16 * 1_024

/** Opens the worker's side of a tool: one connection pool to the one origin it may reach. */
export function openTarget(target: HttpTarget, timeoutMs: number): Executor {
  const { origin } = new URL(target.base_url)
  const pool = new Pool(origin, {
    connections: 32,
    pipelining: 1,
    // Over HTTP/2 the client would resend a refused stream by itself, a POST too, and not cap the header size.
    allowH2: false,
    maxHeaderSize: maxHeaderBytes,
    // One deadline covers the whole call; an idle timer could be kept alive by a drip.
    headersTimeout: 0,
    bodyTimeout: 0,
    // Gives up before the deadline, so that a failure to connect is known to be one.
    connect: { timeout: Math.min(10_000, Math.ceil(timeoutMs * 0.8)) },
  })
  return {
    execute: (request, context) => send(pool, origin, target, HttpRequest.parse(request), context),
    close: () => pool.destroy(),
  }
}

async function send(
  pool: Pool,
  origin: string,
  target: HttpTarget,
  request: HttpRequest,
  context: ExecuteContext,
): Promise<Execution> {
  const path = request.query === '' ? request.path : `${request.path}?${request.query}`
  assertUnchanged(origin, request.path, path)
  const headers = {
    ...request.headers,
    ...target.headers,
    'accept-encoding': 'gzip, br',
    ...presented(context.credential),
  }
  const started = performance.now()
  const { method, body } = request
  try {
    const response = await pool.request({ method, path, headers, body, signal: context.signal })
    const type = response.headers['content-type']
    const bodiless = method === 'HEAD' || response.statusCode === 204 || response.statusCode === 304
    const encoding = bodiless ? undefined : response.headers['content-encoding']
    const read = await readBody(response.body, {
      encoding: single(encoding),
      type: single(type),
      maxBytes: context.limits.maxResponseBytes,
      text: context.redactedText(),
      signal: context.signal,
    })
    context.upstreamTook(performance.now() - started)
    return {
      answer: {
        status: response.statusCode,
        headers: shownHeaders(response.headers),
        body: read.body,
        truncated: read.truncated,
      },
      isError: response.statusCode >= 400,
      status: response.statusCode,
      bytesOut: body === null ? 0 : Buffer.byteLength(body),
      bytesIn: read.bytes,
    }
  } catch (error) {
    context.upstreamTook(performance.now() - started)
    throw refusalOf(error, request, context.signal)
  }
}

/**
 * The path was built from checked segments; this proves that the URL standard reads it the same way,
 * so that nothing (a dot segment, a `//host`) is reinterpreted between the check and the wire.
 */
function assertUnchanged(origin: string, path: string, pathAndQuery: string): void {
  const url = new URL(origin + pathAndQuery)
  if (url.origin !== origin || url.pathname !== path || url.hash !== '') {
    throw new Refusal('internal', 'the built URL does not parse back to the planned one')
  }
}

function presented(credential: LeasedCredential | null): Record<string, string> {
  if (credential === null) return {}
  switch (credential.type) {
    case 'bearer':
      return { authorization: credential.token.use(token => `${credential.scheme} ${token}`) }
    default:
      return credential.type satisfies never
  }
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value
}

/** Nothing was sent: the connection was never made. */
const neverConnected = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
])

/** Our side did not accept the server's certificate; `ERR_SSL_…` would be the server not accepting ours, later. */
const refusedCertificate = /^(?!ERR_SSL).*CERT|^ERR_TLS_|^UNABLE_TO_/

/**
 * Names a failure. Whether a request took effect is only known when it never left; after that,
 * a request that writes has an unknown outcome, and the agent has to know that it is not known.
 */
function refusalOf(error: unknown, request: HttpRequest, signal: AbortSignal): Error {
  const { code: given, syscall } = error as { code?: unknown; syscall?: unknown }
  const code = typeof given === 'string' ? given : ''
  // The same codes can come from reading and writing on a connection that was made.
  const connecting = syscall === undefined || syscall === 'connect' || syscall === 'getaddrinfo'
  if (
    (neverConnected.has(code) && connecting) ||
    refusedCertificate.test(code) ||
    error instanceof errors.ConnectTimeoutError
  ) {
    return new Refusal('target_unreachable', `connecting failed (${code})`, { cause: error })
  }
  if (signal.aborted) {
    return afterSending(
      request,
      signal.reason instanceof Refusal ? signal.reason : new Refusal('cancelled', 'the caller cancelled'),
    )
  }
  if (error instanceof Refusal) return afterSending(request, error)
  if (error instanceof errors.HeadersOverflowError)
    return afterSending(request, new Refusal('target_refused', 'the response headers are too large', { cause: error }))
  if (error instanceof errors.HTTPParserError)
    return afterSending(request, new Refusal('target_refused', 'the response is not valid HTTP', { cause: error }))
  return afterSending(request, new Refusal('target_unreachable', `the connection failed (${code})`, { cause: error }))
}

function afterSending(request: HttpRequest, refusal: Refusal): Refusal {
  return accessOf(request.method) === 'read'
    ? refusal
    : new Refusal('outcome_unknown', refusal.message, { cause: refusal })
}
