import { type Finding, warning } from '../findings.ts'
import type { Scope } from '../scope.ts'
import type { Connection } from './connection.ts'
import type { DatabaseFile } from './database-file.ts'
import type { Grants } from './grants.ts'
import { fold } from './names.ts'

/** What an admin should know about a database file: what weakens a promise, and what of the scope is not there. */
export function findingsOf(
  file: DatabaseFile,
  connection: Connection,
  scope: Scope,
  grants: Grants,
): readonly Finding[] {
  const findings: string[] = []
  const { mode } = file.look()
  if ((mode & 0o002) !== 0) findings.push('every user of this machine may write into the file')
  if ((mode & 0o004) !== 0) findings.push('every user of this machine may read the file, and so all of the database')
  if (scope.access === 'read' && file.isWritable)
    findings.push('the file could be opened for writing by the user of Keyhold; this tool only reads it')
  if (connection.ours('PRAGMA main.journal_mode')[0]?.[0] === 'wal')
    findings.push('the database has a write-ahead log: to read it takes files beside it that SQLite writes into')
  for (const label of grants.missing)
    findings.push(`${label}: not there, a virtual table, or its view or its rows cannot be understood`)
  for (const { name, label, columns } of scope.tables) {
    const known = grants.tables.get(fold(name))?.relation.columns ?? []
    const lost = (columns ?? []).filter(column => !known.some(other => other.name === fold(column)))
    if (known.length > 0 && lost.length > 0) findings.push(`${label} has no column ${lost.join(', ')}`)
  }
  for (const { relation } of grants.tables.values()) {
    if (relation.kind === 'view')
      findings.push(`${relation.label} is a view: what it shows is shown, also of tables that are not in the scope`)
  }
  return [...findings, ...unwritable(connection, grants)].map(warning)
}

/** SQLite looks at the other end of a foreign key, and asks as if the statement did. */
function unwritable(connection: Connection, { tables, schema }: Grants): readonly string[] {
  return [...schema.relations.values()].flatMap(({ name, label }) => {
    const parents = connection.ours(`SELECT DISTINCT "table" FROM pragma_foreign_key_list(?, 'main')`, label)
    return parents.flatMap(([parent]) => {
      const other = fold(String(parent))
      const isWritten = [name, other].some(end => (tables.get(end)?.writes.size ?? 0) > 0)
      if (!isWritten || (tables.has(name) && tables.has(other))) return []
      return [
        `${label} has a foreign key to ${String(parent)}: writes need both in the scope, with the columns of the key`,
      ]
    })
  })
}
