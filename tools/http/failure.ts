import { errors } from 'undici'
import { Refusal } from '../../src/refusal.ts'
import { ConnectFailed } from '../../src/net/connect-failed.ts'
import type { HttpRequest } from './request.ts'

/**
 * Names a failure. Whether a request took effect is only known when it never left; after that,
 * a request that writes has an unknown outcome, and the agent has to know that it is not known.
 */
export function refusalOf(error: unknown, request: HttpRequest, signal: AbortSignal): Error {
  if (error instanceof ConnectFailed) return new Refusal('target_unreachable', error.message, { cause: error })
  if (signal.aborted) {
    return afterSending(
      request,
      signal.reason instanceof Refusal ? signal.reason : new Refusal('cancelled', 'the caller cancelled'),
    )
  }
  if (error instanceof Refusal) return afterSending(request, error)
  if (error instanceof errors.HeadersOverflowError)
    return afterSending(request, new Refusal('target_refused', 'the response headers are too large', { cause: error }))
  if (isNotHttp(error))
    return afterSending(request, new Refusal('target_refused', 'the response is not valid HTTP', { cause: error }))
  const { code } = error as { readonly code?: unknown }
  const reason = `the connection failed (${typeof code === 'string' ? code : 'no code'})`
  return afterSending(request, new Refusal('target_unreachable', reason, { cause: error }))
}

/** An answer that breaks the protocol: a length that is not kept, two lengths, an upgrade that nobody asked for. */
function isNotHttp(error: unknown): boolean {
  return (
    error instanceof errors.HTTPParserError ||
    error instanceof errors.ResponseContentLengthMismatchError ||
    (error instanceof errors.SocketError && /^bad (?:response|upgrade)$/.test(error.message))
  )
}

function afterSending(request: HttpRequest, refusal: Refusal): Refusal {
  return request.reads ? refusal : new Refusal('outcome_unknown', refusal.message, { cause: refusal })
}
