import { Refusal } from '../../../src/refusal.ts'
import type { Scope } from '../scope.ts'
import type { Connection } from './connection.ts'

/** For how long an answer is believed: a table can be given another engine. */
const validMs = 60_000

/**
 * Makes the check that writes can be undone: a table of MyISAM or Aria keeps what a transaction that was rolled back has
 * written, so that neither a preview nor a limit on rows could be kept.
 */
export function createUndoCheck({ tables }: Scope): (connection: Connection) => Promise<void> {
  const written = tables.filter(({ writes }) => writes.size > 0)
  let checkedAt = -Infinity
  return async connection => {
    if (written.length === 0 || performance.now() - checkedAt < validMs) return
    const wanted = written.map(() => '(t.TABLE_SCHEMA = ? AND t.TABLE_NAME = ?)').join(' OR ')
    const names = written.flatMap(({ schema, name }) => [schema, name])
    const rows = await connection.rows(
      `SELECT t.TABLE_NAME FROM information_schema.TABLES t JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE WHERE COALESCE(e.TRANSACTIONS, 'NO') <> 'YES' AND (${wanted})`,
      names,
    )
    if (rows.length > 0)
      throw new Refusal('not_allowed', `${rows.length} of the tables to write to have an engine without transactions`, {
        fields: { problems: ['A table that may be written to has an engine that cannot undo; it needs InnoDB.'] },
      })
    checkedAt = performance.now()
  }
}
