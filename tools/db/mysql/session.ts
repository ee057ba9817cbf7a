import { Refusal } from '../../../src/refusal.ts'
import type { DbTarget } from '../target.ts'
import { type Connection, usualBytes } from './connection.ts'
import { SqlFailure } from './sql-failure.ts'

/** What a session is for; a read-only one can do nothing else. */
export type Purpose = 'read' | 'write'

/** How long cleaning a session may take until it is not worth it. */
const cleanMs = 2_000

/** Leaves this much of the time for what comes after the statement. */
const marginMs = 150

/**
 * The modes under which a judge reads a statement and the server must read it too: a quoted word is a string, a backslash
 * escapes, `||` is OR. The strict ones make of a value that does not fit an error, not another value.
 */
const sqlMode = 'STRICT_TRANS_TABLES,STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'

/** Gives a session the settings that every call relies on, whatever the server's own are. */
export async function settle(connection: Connection, { limits }: DbTarget): Promise<void> {
  const lockSeconds = Math.max(1, Math.ceil(limits.lock_timeout / 1_000))
  const settings = {
    // Decides how the bytes of a statement are read: in some sets a byte hides the quote that follows it.
    character_set_client: 'utf8mb4',
    character_set_results: 'utf8mb4',
    character_set_connection: 'utf8mb4',
    sql_mode: `'${sqlMode}'`,
    time_zone: "'+00:00'",
    lc_messages: "'en_US'",
    // MySQL would cut GROUP_CONCAT at 1 kB without a word in the answer.
    group_concat_max_len: 1_048_576,
    autocommit: 1,
    foreign_key_checks: 1,
    unique_checks: 1,
    sql_auto_is_null: 0,
    sql_big_selects: 1,
    sql_safe_updates: 0,
    innodb_lock_wait_timeout: lockSeconds,
    lock_wait_timeout: lockSeconds,
  }
  const list = Object.entries(settings).map(([name, value]) => `@@SESSION.${name} = ${value}`)
  await connection.command(`SET ${list.join(', ')}`)
  // Before any transaction: START TRANSACTION READ ONLY by itself lets statements through that commit implicitly.
  await connection.command('SET SESSION TRANSACTION READ ONLY')
}

/**
 * Begins the transaction of one call, whose statements end by themselves when the time is over.
 *
 * @returns how many milliseconds each may take
 */
export async function begin(
  connection: Connection,
  purpose: Purpose,
  { remainingMs, maxRows }: { readonly remainingMs: number; readonly maxRows: number },
): Promise<number> {
  const ms = Math.max(50, Math.floor(remainingMs - marginMs))
  const limit = connection.isMariaDb ? `max_statement_time = ${ms / 1_000}` : `max_execution_time = ${ms}`
  // One more than an answer takes tells that there are more.
  await connection.command(`SET SESSION ${limit}, SESSION sql_select_limit = ${maxRows + 1}`)
  if (purpose === 'read') {
    await connection.command('START TRANSACTION READ ONLY')
    return ms
  }
  await connection.command('SET SESSION TRANSACTION READ WRITE')
  await connection.command('START TRANSACTION READ WRITE')
  return ms
}

/** Makes of a used session one like new; nothing of a call is there for the next. */
export async function clean(connection: Connection, target: DbTarget): Promise<void> {
  const timer = setTimeout(() => connection.destroy(), cleanMs)
  connection.limitBytes(usualBytes)
  try {
    await connection.command('ROLLBACK')
    await connection.reset()
    await settle(connection, target)
  } finally {
    clearTimeout(timer)
  }
}

/** Says that a server cannot be worked with, where it refuses what every session begins with. */
export function settingRefusal(error: unknown): unknown {
  if (!(error instanceof SqlFailure)) return error
  return new Refusal('target_refused', `the server refuses the settings of a session (${error.errno})`, {
    cause: error,
  })
}
