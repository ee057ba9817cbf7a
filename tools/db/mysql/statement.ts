import type { ExecuteContext, Execution } from '../../../src/kind.ts'
import { invalidInput, Refusal } from '../../../src/refusal.ts'
import { executionOf, failureOf, type SqlError } from '../answer.ts'
import { type QueryRequest, shownRows } from '../request.ts'
import { RowSet } from '../row-set.ts'
import type { DbTarget } from '../target.ts'
import { whyUndone } from '../undone.ts'
import { type Connection, type Prepared, usualBytes } from './connection.ts'
import { refuseOtherLead } from './lead.ts'
import { bound } from './parameters.ts'
import { begin } from './session.ts'
import { Lost, SqlFailure } from './sql-failure.ts'
import { endsSession, sqlErrorOf } from './sql-error.ts'
import { shownBy, type Shown, typeName } from './values.ts'

/** How far a call has come, which decides what a lost connection means. */
export interface Progress {
  /** Whether the statement was sent. */
  isSent: boolean
  /** Whether it was sent that a write is to stay. */
  isCommitting: boolean
}

/** What is read beyond a full answer, in bytes and milliseconds, before a connection is given up for it. */
const beyond = { bytes: 262_144, ms: 250 } as const

/**
 * Carries out one statement in a transaction of its own.
 *
 * @throws Refusal; Lost
 */
export async function carryOut(
  connection: Connection,
  request: QueryRequest,
  target: DbTarget,
  context: ExecuteContext,
  progress: Progress,
): Promise<Execution> {
  const reads = request.action === 'SELECT'
  if (!reads && target.access !== 'write') throw new Refusal('not_allowed', 'a tool that reads was asked to write')
  refuseOtherLead(request.action, request.text)
  const started = performance.now()
  const before = { in: connection.bytesRead, out: connection.bytesWritten }
  try {
    const most = { remainingMs: context.remainingMs(), maxRows: target.limits.max_rows }
    const allowedMs = await begin(connection, reads ? 'read' : 'write', most)
    const began = performance.now()
    progress.isSent = true
    const rows = await run(connection, request, target, context)
    if (performance.now() - began >= allowedMs) await refuseLate(connection, reads)
    const affected = reads ? null : rows.affected
    const undone = affected === null ? null : await keptOrUndone(connection, request, affected, target, progress)
    if (undone !== null) return failureOf(undone, performance.now() - started)
    return executionOf({
      rows: rows.set,
      affected,
      preview: request.preview,
      durationMs: performance.now() - started,
      bytesOut: connection.bytesWritten - before.out,
      bytesIn: connection.bytesRead - before.in,
    })
  } catch (error) {
    if (!(error instanceof SqlFailure)) throw error
    // Also when it is the answer to our own KILL QUERY.
    context.signal.throwIfAborted()
    if (endsSession(error)) throw new Lost(error)
    const sqlError = sqlErrorOf(error, request.text)
    // A read is undone while its connection is cleaned; a write before anybody hears of it.
    if (!reads) await undo(connection)
    return failureOf(sqlError, performance.now() - started)
  }
}

/**
 * A function such as SLEEP or BENCHMARK that is ended at the time limit gives a value like any other, which is wrong.
 *
 * @throws Refusal `target_timeout`
 */
async function refuseLate(connection: Connection, reads: boolean): Promise<never> {
  if (!reads) await undo(connection)
  throw new Refusal('target_timeout', 'the statement came to the time limit of the server')
}

/** The rows of a statement, and how many it has changed. */
interface Result {
  readonly set: RowSet
  readonly affected: number
}

async function run(
  connection: Connection,
  request: QueryRequest,
  { limits }: DbTarget,
  context: ExecuteContext,
): Promise<Result> {
  const { action, text, params } = request
  const { maxResponseBytes } = context.limits
  // Rows come with more than what is shown of them.
  connection.limitBytes(Math.max(usualBytes, 4 * maxResponseBytes))
  const prepared = await connection.prepare(text)
  const reads = action === 'SELECT'
  // SELECT ... INTO writes a file or a variable, and gives no rows.
  if (reads && prepared.columnCount === 0) throw new Refusal('not_allowed', 'a SELECT that gives no rows')
  if (prepared.parameterCount !== params.length)
    throw invalidInput(`params: the statement has ${prepared.parameterCount} parameters, ${params.length} were given`)
  const caps = { maxRows: shownRows(request, limits.max_rows), maxBytes: maxResponseBytes }
  return collect(connection, prepared, bound(params), { caps, maxValue: limits.max_value, mayStop: reads })
}

interface Collecting {
  readonly caps: { readonly maxRows: number; readonly maxBytes: number }
  readonly maxValue: number
  /** Whether the rest may be given up once the answer is full; a write counts to the end. */
  readonly mayStop: boolean
}

async function collect(
  connection: Connection,
  prepared: Prepared,
  params: readonly unknown[],
  { caps, maxValue, mayStop }: Collecting,
): Promise<Result> {
  let set = new RowSet([], caps)
  let shown: readonly Shown[] = []
  let count = 0
  let fullAt: number | null = null
  let timer: NodeJS.Timeout | null = null
  try {
    const done = await prepared.run(params, {
      columns(fields) {
        const columns = fields.map(field => ({ name: field.name, type: typeName(field) }))
        // Stars can make thousands of columns out of a short statement.
        const left = caps.maxBytes - Buffer.byteLength(JSON.stringify(columns))
        if (left < 0) throw new Refusal('response_too_large', 'the names of the columns are more than an answer takes')
        set = new RowSet(columns, { maxRows: caps.maxRows, maxBytes: left })
        shown = fields.map(field => shownBy(field, { maxBytes: maxValue, rows: set }))
      },
      row(values) {
        count += 1
        if (fullAt === null) {
          const row = values.map((value, index) => (value === null ? null : (shown[index] as Shown)(value)))
          if (set.push(row)) return true
          fullAt = connection.bytesRead
          if (mayStop) timer = setTimeout(() => connection.destroy(), beyond.ms)
        }
        return !mayStop || connection.bytesRead - fullAt < beyond.bytes
      },
    })
    return { set, affected: set.columns.length > 0 ? count : done.affectedRows }
  } catch (error) {
    // What the answer has place for is there; the connection was given up for the rest.
    if (mayStop && fullAt !== null && !(error instanceof SqlFailure) && !connection.isAlive) return { set, affected: 0 }
    throw error
  } finally {
    if (timer !== null) clearTimeout(timer)
  }
}

/** Commits a write that is as it should be, or says why it was undone. */
async function keptOrUndone(
  connection: Connection,
  request: QueryRequest,
  affected: number,
  { limits }: DbTarget,
  progress: Progress,
): Promise<SqlError | null> {
  const undone = whyUndone(request, affected, limits.max_affected_rows)
  if (undone !== null || request.preview) {
    await undo(connection)
    return undone
  }
  progress.isCommitting = true
  await connection.command('COMMIT')
  progress.isCommitting = false
  return null
}

/** Undoes a write. The server warns when it could not, as with a table of an engine without transactions (1196). */
async function undo(connection: Connection): Promise<void> {
  const { warnings } = await connection.command('ROLLBACK')
  if (warnings > 0) throw new Refusal('outcome_unknown', 'the server could not undo all of a write')
}
