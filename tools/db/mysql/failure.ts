import { ConnectFailed } from '../../../src/net/connect-failed.ts'
import { Refusal } from '../../../src/refusal.ts'
import { Lost } from './sql-failure.ts'
import type { Progress } from './statement.ts'

/**
 * Names a failure. A transaction that was not told to stay is undone by the server when its connection ends, so that only a
 * commit without an answer leaves open what has happened.
 */
export function refusalOf(error: unknown, progress: Progress, signal: AbortSignal): unknown {
  if (progress.isCommitting) return new Refusal('outcome_unknown', 'no answer came to the commit', { cause: error })
  if (error instanceof Refusal) return error
  if (signal.aborted) return abortedBy(signal)
  if (error instanceof ConnectFailed) return new Refusal('target_unreachable', error.message, { cause: error })
  if (error instanceof Lost) return new Refusal('target_unreachable', error.message, { cause: error.cause })
  return error
}

/** Why a call was ended from outside. */
function abortedBy({ reason }: AbortSignal): Refusal {
  if (reason instanceof Refusal) return reason
  const isTimeout = reason instanceof Error && reason.name === 'TimeoutError'
  return isTimeout
    ? new Refusal('target_timeout', 'the deadline passed')
    : new Refusal('cancelled', 'the caller cancelled')
}
