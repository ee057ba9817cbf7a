import type { ExecuteContext, Execution } from '../../../src/kind.ts'
import { Refusal } from '../../../src/refusal.ts'
import { failureOf } from '../answer.ts'
import { type QueryRequest, sentText, shownRows } from '../request.ts'
import type { RowSet } from '../row-set.ts'
import type { DbTarget } from '../target.ts'
import { batch, bound, parametersOf, type Statement } from './batch.ts'
import { Collected } from './collected.ts'
import { arrayText, maxParameters, needsTypes, parameterText } from './parameters.ts'
import type { Answered, ServerError, Session } from './session.ts'
import { setUp, statementMs } from './setup.ts'
import { sqlErrorOf } from './sql-error.ts'
import { type TypeNames, typesQuery } from './type-names.ts'

/** One call, as it is carried out on one session. */
export interface Work {
  readonly session: Session
  readonly target: DbTarget
  readonly types: TypeNames
  readonly context: ExecuteContext
  readonly began: number
  /** Says whether the outcome is in the server's hands. */
  readonly committing: (isCommitting: boolean) => void
}

/** The least that a server may send for one statement, however small the answer is to be. */
const minBytes = 8_388_608

/** The keyword that a statement begins with; `WITH` can stand before each. */
const beginnings = {
  SELECT: /^[\s(]*(?:select|with|values)\b/i,
  INSERT: /^\s*(?:insert|with)\b/i,
  UPDATE: /^\s*(?:update|with)\b/i,
  DELETE: /^\s*(?:delete|with)\b/i,
} as const

/**
 * Refuses what no judge lets through: the server would take any statement.
 *
 * @throws Refusal
 */
export function refuseOther(request: QueryRequest, target: DbTarget): void {
  const { action, params } = request
  const text = sentText(request)
  if (action !== 'SELECT' && target.access === 'read') throw new Refusal('not_allowed', 'the tool only reads')
  if (!beginnings[action].test(text)) throw new Refusal('not_allowed', `the statement is no ${action}`)
  if (text.includes('\0')) throw new Refusal('invalid_input', 'the statement has a NUL character')
  if (params.length > maxParameters) throw new Refusal('invalid_input', 'there are too many parameters')
}

/** What was collected of a statement, and what came of it; the answer is null when it was full before the server was done. */
export interface Ran {
  readonly collected: Collected
  readonly answered: Answered | null
  /** How long the server was told that it may take. */
  readonly allowedMs: number
}

/**
 * Has a transaction begun and a statement carried out in it.
 *
 * @param maxRows that are fetched
 * @param behind sends what follows in any case, without waiting; then the answer can be null
 */
export async function run(work: Work, request: QueryRequest, maxRows: number, behind?: () => unknown): Promise<Ran> {
  const { session, target, context, types } = work
  const { limits } = target
  const collected = new Collected(types, {
    maxRows: shownRows(request, limits.max_rows),
    maxBytes: context.limits.maxResponseBytes,
    maxValue: limits.max_value,
  })
  const remaining = context.remainingMs()
  const before = setUp(target, request.action === 'SELECT' ? 'read' : 'write', remaining)
  session.allow(Math.max(minBytes, context.limits.maxResponseBytes * 4))
  const allowedMs = statementMs(remaining)
  const { params } = request
  const text = sentText(request)
  const reader = {
    fields: collected.fields.bind(collected),
    row: collected.row.bind(collected),
  }
  const send = async (): Promise<Answered> => {
    if (!needsTypes(params)) {
      const values = params.map(param => parameterText(param))
      return session.together(() => {
        const answered = batch(session, before, { text, values, maxRows }, reader)
        behind?.()
        return answered
      })
    }
    const described = await parametersOf(session, before, text)
    if (described.error !== null) {
      behind?.()
      return described
    }
    const values = params.map((param, index) => parameterText(param, described.types[index]))
    return session.together(() => {
      const answered = bound(session, { values, maxRows }, reader)
      behind?.()
      return answered
    })
  }
  // What a write did is known only at its end, however early its rows have no place any more.
  const answered = await (behind === undefined ? send() : Promise.race([send(), collected.full.then(() => null)]))
  return { collected, answered, allowedMs }
}

/** Gives the rows of a statement, looking up what their types are called where that is not known yet. */
export async function rowsOf({ session, types }: Work, collected: Collected): Promise<RowSet> {
  const { unknown } = collected
  if (unknown.length > 0) {
    const rows: (readonly (string | null)[])[] = []
    const query: Statement = { text: typesQuery, values: [arrayText(unknown)], maxRows: 0 }
    const { error } = await batch(session, [], query, { row: row => rows.push(row) })
    if (error === null) types.learn(unknown, rows)
  }
  return collected.end()
}

/**
 * Gives the answer to a statement that the server refused.
 *
 * @throws Refusal when it was stopped because its time was over
 */
export function failed(work: Work, error: ServerError, text: string, allowedMs: number): Execution {
  const took = performance.now() - work.began
  if (error.code === '57014' && work.context.remainingMs() < 1_000 && took > allowedMs * 0.8)
    throw new Refusal('target_timeout', 'the server stopped the statement at its deadline')
  return failureOf(sqlErrorOf(error, text), took)
}

/** How many bytes of a request are its own. */
export function bytesOf(request: QueryRequest): number {
  const { params } = request
  return Buffer.byteLength(sentText(request)) + (params.length === 0 ? 0 : Buffer.byteLength(JSON.stringify(params)))
}
