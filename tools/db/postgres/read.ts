import type { Execution } from '../../../src/kind.ts'
import { Refusal } from '../../../src/refusal.ts'
import { executionOf } from '../answer.ts'
import type { QueryRequest } from '../request.ts'
import { bytesOf, failed, rowsOf, run, type Work } from './work.ts'

/**
 * Carries out a statement that reads, in a transaction that can only read, and undoes it whatever it did. All of it is sent
 * at once; the answer does not wait for the session to be clean again.
 *
 * @throws Refusal; ConnectionLost
 */
export async function read(work: Work, request: QueryRequest): Promise<Execution> {
  const { session, target, began } = work
  // One more than is shown tells whether there are more.
  const { collected, answered, allowedMs } = await run(work, request, target.limits.max_rows + 1, () => session.clean())
  if (answered !== null) {
    if (answered.error !== null) return failed(work, answered.error, request.text, allowedMs)
    const isSelect = answered.suspended || answered.tag.startsWith('SELECT ')
    if (!isSelect || answered.status !== 'T') throw new Refusal('not_allowed', 'the statement was no SELECT')
  }
  const rows = await rowsOf(work, collected)
  return executionOf({
    rows,
    affected: null,
    preview: false,
    durationMs: performance.now() - began,
    bytesOut: bytesOf(request),
    bytesIn: session.bytes,
  })
}
