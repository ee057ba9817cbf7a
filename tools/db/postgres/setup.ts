import type { DbTarget } from '../target.ts'
import type { Statement } from './batch.ts'

/** What values look like, and how names and comparisons are read. Nothing that a role or a database has as its own setting remains. */
const constant = {
  search_path: 'pg_catalog, pg_temp',
  row_security: 'on',
  standard_conforming_strings: 'on',
  transform_null_equals: 'off',
  TimeZone: 'UTC',
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'iso_8601',
  bytea_output: 'hex',
  extra_float_digits: '1',
  xmloption: 'content',
  client_min_messages: 'error',
}

/** Gives a session its settings: after the login, and whenever it was made clean, so that no statement waits for it. */
export const sessionSettings = `SELECT ${Object.entries(constant)
  .map(([name, value]) => `pg_catalog.set_config('${name}', '${value}', false)`)
  .join(', ')}`

/** How long a statement may take at the server: a little less than there is, so that the server is first and the session lives on. */
export function statementMs(remainingMs: number): number {
  return Math.max(1, Math.floor(remainingMs - Math.min(200, remainingMs * 0.05)))
}

/**
 * What comes before every statement, in one batch with it: a transaction, which can only read unless the statement is to
 * write, and the settings that protect something. They hold even where a pooler gave us another session than before.
 */
export function setUp({ limits }: DbTarget, access: 'read' | 'write', remainingMs: number): readonly Statement[] {
  const ms = statementMs(remainingMs)
  const kilobytes = Math.min(2_097_151, Math.max(64, Math.floor(limits.work_mem / 1_024)))
  return [
    `BEGIN ISOLATION LEVEL READ COMMITTED${access === 'read' ? ' READ ONLY' : ''}`,
    'SET LOCAL search_path = pg_catalog, pg_temp',
    `SET LOCAL statement_timeout = ${whole(ms)}`,
    `SET LOCAL lock_timeout = ${whole(Math.min(limits.lock_timeout, ms))}`,
    `SET LOCAL idle_in_transaction_session_timeout = ${whole(ms + 1_000)}`,
    `SET LOCAL work_mem = ${whole(kilobytes)}`,
  ].map(text => ({ text, values: [], maxRows: 0 }))
}

/** A number as SQL: 0 would be no limit at all, and what is no number is none of ours. */
function whole(value: number): number {
  return Math.max(1, Math.min(2_147_483_647, Math.trunc(value)))
}
