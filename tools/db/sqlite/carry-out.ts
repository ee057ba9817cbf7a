import type { Execution, ExecuteContext } from '../../../src/kind.ts'
import { Refusal } from '../../../src/refusal.ts'
import { executionOf } from '../answer.ts'
import { type QueryRequest, sentText, shownRows } from '../request.ts'
import { RowSet } from '../row-set.ts'
import { whyUndone } from '../undone.ts'
import { Check } from './check.ts'
import { type Connection, rowsOf } from './connection.ts'
import type { Grants } from './grants.ts'
import { failureFrom, isSqliteError, StatementFailed, wrongCount } from './sql-error.ts'
import { boundOf, jsonOf } from './values.ts'

/** How much one statement may give and change. */
export interface Amounts {
  readonly maxRows: number
  /** Of all rows. */
  readonly maxBytes: number
  /** Of one value. */
  readonly maxValue: number
  readonly maxAffected: number
}

/** One statement with what it is held to. */
export interface Statement {
  readonly connection: Connection
  readonly request: QueryRequest
  readonly context: ExecuteContext
  readonly amounts: Amounts
  /** Works out the grants; within the transaction of the statement. */
  readonly grants: () => Grants
}

/**
 * Carries out a statement in a transaction of its own, in which it was also checked: what SQLite would do cannot change
 * between. What reads is always undone, what writes unless it stays inside its amounts.
 *
 * @throws StatementFailed; Refusal
 */
export function carryOut(statement: Statement): Execution {
  const { connection, request, context } = statement
  const began = performance.now()
  const isRead = request.action === 'SELECT'
  const text = sentText(request)
  try {
    return connection.undone(isRead ? 'BEGIN' : 'BEGIN IMMEDIATE', () => {
      const check = new Check(text, request.action, statement.grants())
      const before = isRead ? 0 : totalChanges(connection)
      if (check.parameters !== request.params.length) throw wrongNumber()
      const rows = run(statement, text, check)
      const affected = isRead ? null : Number(connection.ours('SELECT changes()')[0]?.[0])
      if (affected !== null) {
        const undone = whyUndone(request, affected, statement.amounts.maxAffected, totalChanges(connection) - before)
        if (undone !== null) throw new StatementFailed(undone)
        if (!request.preview) commit(connection)
      }
      const durationMs = performance.now() - began
      const bytesOut = Buffer.byteLength(text) + Buffer.byteLength(JSON.stringify(request.params))
      const bytesIn = Buffer.byteLength(JSON.stringify(rows.values))
      return executionOf({ rows, affected, preview: request.preview, durationMs, bytesIn, bytesOut })
    })
  } catch (error) {
    throw failureFrom(error, text)
  } finally {
    context.upstreamTook(performance.now() - began)
  }
}

/** SQLite itself takes a value that is not given for NULL. */
function wrongNumber(): StatementFailed {
  return new StatementFailed({ code: 'SQLITE_RANGE', message: wrongCount })
}

function commit(connection: Connection): void {
  try {
    connection.commit()
  } catch (error) {
    // A disk that fails at this moment may have kept it.
    if (isSqliteError(error) && (error.errcode & 0xff) === 10)
      throw new Refusal('outcome_unknown', 'the disk failed while the transaction was kept', { cause: error })
    throw error
  }
}

function totalChanges(connection: Connection): number {
  return Number(connection.ours('SELECT total_changes()')[0]?.[0])
}

function run({ connection, request, context, amounts }: Statement, text: string, check: Check): RowSet {
  const { authorizer } = connection
  try {
    return authorizer.during(check.answer, () => {
      const prepared = connection.prepare(text)
      check.program(connection)
      const columns = prepared.columns().map(({ name, type }) => ({ name, type: type ?? '' }))
      const rows = new RowSet(columns, { maxRows: shownRows(request, amounts.maxRows), maxBytes: amounts.maxBytes })
      let isWanted = true
      for (const row of prepared.iterate(...request.params.map(boundOf)) as Iterable<unknown>) {
        if (context.remainingMs() <= 0) throw new Refusal('target_timeout', 'the deadline passed between two rows')
        isWanted &&= rows.push(valuesOf(row, rows, amounts.maxValue))
        // What writes has to come to its end.
        if (!isWanted && request.action === 'SELECT') break
      }
      return rows
    })
  } catch (error) {
    throw check.denial ?? error
  }
}

function valuesOf(row: unknown, rows: RowSet, maxValue: number) {
  const [values = []] = rowsOf([row])
  return values.map(value => jsonOf(value, maxValue, () => rows.cutValue()))
}
