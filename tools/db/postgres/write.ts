import type { Execution } from '../../../src/kind.ts'
import { Refusal } from '../../../src/refusal.ts'
import { executionOf, failureOf } from '../answer.ts'
import { type QueryRequest, sentText } from '../request.ts'
import { tooManyRows, whyUndone } from '../undone.ts'
import { bytesOf, failed, rowsOf, run, type Work } from './work.ts'

/**
 * Carries out a statement that writes, in one transaction, which is committed only when it changed no more rows than it may
 * and as many as were expected.
 *
 * @throws Refusal; ConnectionLost
 */
export async function write(work: Work, request: QueryRequest): Promise<Execution> {
  const { session, target, began } = work
  const { max_affected_rows: most, max_rows: shown } = target.limits
  // All rows have been changed before the first one is returned; one more than may be tells that there are too many.
  const { collected, answered, allowedMs } = await run(work, request, Math.max(most, shown) + 1)
  if (answered === null) throw new Refusal('internal', 'a write was not waited for')
  if (answered.error !== null && request.preview && request.sampled !== null && isAboutReading(answered.error.code)) {
    await session.command('ROLLBACK')
    return write(work, { ...request, sampled: null })
  }
  if (answered.error !== null) return failed(work, answered.error, sentText(request), allowedMs)
  if (answered.suspended) return failureOf(tooManyRows(most), performance.now() - began)
  const affected = affectedOf(answered.tag, request.action)
  if (affected === null || answered.status !== 'T') {
    throw new Refusal('not_allowed', `the statement was no ${request.action}`)
  }
  const undone = whyUndone(request, affected, most)
  if (undone !== null) return failureOf(undone, performance.now() - began)
  const end = request.preview ? 'SET CONSTRAINTS ALL IMMEDIATE' : 'COMMIT'
  work.committing(!request.preview)
  const ended = await session.exchange(connection => connection.query(end))
  work.committing(false)
  if (ended.error !== null) return failed(work, ended.error, sentText(request), allowedMs)
  if (!request.preview && ended.tag !== 'COMMIT') throw new Refusal('internal', `COMMIT was answered by ${ended.tag}`)
  const rows = await rowsOf(work, collected).catch(() => collected.end())
  return executionOf({
    rows,
    affected,
    preview: request.preview,
    durationMs: performance.now() - began,
    bytesOut: bytesOf(request),
    bytesIn: session.bytes,
  })
}

/**
 * Whether a role that may write may not read what it wrote (42501), or a view cannot give it (0A000): then a preview has the
 * count alone.
 */
function isAboutReading(code: string | undefined): boolean {
  return code === '42501' || code === '0A000'
}

/** Null when the server carried out something else than it was said to be. */
function affectedOf(tag: string, action: QueryRequest['action']): number | null {
  const [, did, count] = /^(INSERT|UPDATE|DELETE) (?:0 )?(\d+)$/.exec(tag) ?? []
  return did === action ? Number(count) : null
}
