import type { Scope, Table } from '../scope.ts'
import { filterColumns } from './filter-columns.ts'
import { spelled } from './names.ts'

/** Writes the SQL that makes a role with exactly the rights of the scope. */
export function provisionMysql(scope: Scope, { role }: { readonly role: string; readonly database: string }): string {
  // The longest name that MySQL takes for a user; MariaDB takes 80 characters.
  const user = `'${role.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, 32)}'@'%'`
  const grants = scope.tables.flatMap(table => grantsOf(table, scope).map(rights => `GRANT ${rights} TO ${user};`))
  const functions = scope.functions
    .filter(name => name.includes('.'))
    .map(name => `GRANT EXECUTE ON FUNCTION ${name.split('.').map(spelled).join('.')} TO ${user};`)
  const hidden = scope.tables.filter(({ rows }) => rows !== null)
  return [
    `-- A user with exactly the rights of the tool ${commented(role)}. It is locked until it has a password:`,
    `-- ALTER USER ${user} IDENTIFIED BY '<a long random password>' ACCOUNT UNLOCK;`,
    "-- Where you can, write the address that Keyhold comes from in the place of '%'.",
    `CREATE USER ${user} ACCOUNT LOCK;`,
    ...grants,
    ...functions,
    ...hidden.map(
      ({ label }) =>
        `-- ${commented(label)} has rows that are hidden by Keyhold only; for the database to hide them as well, list a view instead.`,
    ),
    '',
  ].join('\n')
}

function grantsOf(table: Table, { access }: Scope): readonly string[] {
  const on = `ON ${spelled(table.schema)}.${spelled(table.name)}`
  const listed = (names: readonly string[]) => ` (${names.map(spelled).join(', ')})`
  const columns = table.columns === null ? '' : listed(table.columns)
  const read = table.columns === null ? '' : listed([...table.columns, ...filterColumns(table)])
  const writes = access === 'write' ? table.writes : new Set()
  const rights = [
    `SELECT${read}`,
    ...(writes.has('insert') ? [`INSERT${columns}`] : []),
    ...(writes.has('update') ? [`UPDATE${columns}`] : []),
    ...(writes.has('delete') ? ['DELETE'] : []),
  ]
  return [`${rights.join(', ')} ${on}`]
}

/** A name must not end the comment that it stands in. */
function commented(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]/gu, ' ')
}
