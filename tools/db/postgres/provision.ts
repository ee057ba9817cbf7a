import type { Scope, Table } from '../scope.ts'
import { filterColumns } from './filter-columns.ts'

/** Writes the SQL that makes a role with exactly the rights of the scope. */
export function provisionPostgres(scope: Scope, names: { readonly role: string; readonly database: string }): string {
  const role = quoted(names.role)
  const database = quoted(names.database)
  const schemas = [...new Set(scope.tables.map(({ schema }) => schema))]
  return [
    `-- Makes the role ${commented(names.role)} with exactly the rights of its scope. Run it as the owner of the tables or as an`,
    `-- administrator, in the database ${commented(names.database)}, with psql:`,
    `--   psql -v ON_ERROR_STOP=1 -d ${commented(names.database)} -f FILE`,
    'BEGIN;',
    '',
    `CREATE ROLE ${role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS NOINHERIT CONNECTION LIMIT 20;`,
    '-- Its password is not written here, where a shell or a log would keep it. Set it in psql, which asks for it:',
    `--   \\password ${commented(role)}`,
    ...settings(role, scope),
    '',
    `GRANT CONNECT ON DATABASE ${database} TO ${role};`,
    ...schemas.map(schema => `GRANT USAGE ON SCHEMA ${quoted(schema)} TO ${role};`),
    '',
    ...scope.tables.flatMap(table => grants(table, role)),
    ...functions(scope, role),
    '',
    'COMMIT;',
    '',
    ...notes(database, schemas, scope),
    '',
  ].join('\n')
}

function settings(role: string, { access }: Scope): readonly string[] {
  const readOnly = access === 'read' ? [`ALTER ROLE ${role} SET default_transaction_read_only = on;`] : []
  return [
    ...readOnly,
    `ALTER ROLE ${role} SET statement_timeout = '60s';`,
    `ALTER ROLE ${role} SET idle_in_transaction_session_timeout = '60s';`,
  ]
}

function grants(table: Table, role: string): readonly string[] {
  const { columns, rows, writes } = table
  const on = `ON TABLE ${quoted(table.schema)}.${quoted(table.name)} TO ${role}`
  const list = columns === null ? '' : ` (${columns.map(quoted).join(', ')})`
  const all = `REVOKE ALL ON TABLE ${quoted(table.schema)}.${quoted(table.name)} FROM ${role};`
  const filter = columns === null || rows === null ? [] : filterColumns(rows).filter(name => !columns.includes(name))
  return [
    all,
    `GRANT SELECT${list} ${on};`,
    ...filter.map(name => `GRANT SELECT (${quoted(name)}) ${on}; -- its filter of rows reads it; no agent can`),
    ...(writes.has('insert') ? [`GRANT INSERT${list} ${on};`] : []),
    ...(writes.has('update') ? [`GRANT UPDATE${list} ${on};`] : []),
    ...(writes.has('delete') ? [`GRANT DELETE ${on};`] : []),
  ]
}

function functions({ functions: names }: Scope, role: string): readonly string[] {
  if (names.length === 0) return []
  return [
    '',
    '-- Functions beyond the built-in ones. PUBLIC can call most already; where it cannot, with the types of their arguments:',
    ...names.map(name => `--   GRANT EXECUTE ON FUNCTION ${commented(name)} TO ${role};`),
  ]
}

function notes(database: string, schemas: readonly string[], { tables }: Scope): readonly string[] {
  const isInserted = tables.some(({ writes }) => writes.has('insert'))
  const isFiltered = tables.some(({ rows }) => rows !== null)
  return [
    '-- What every role may do by way of PUBLIC, this one may do as well. To be thorough, after seeing what else relies on it:',
    `--   REVOKE TEMPORARY ON DATABASE ${commented(database)} FROM PUBLIC;`,
    ...schemas.map(schema => `--   REVOKE CREATE ON SCHEMA ${commented(quoted(schema))} FROM PUBLIC;`),
    ...schemas.map(
      schema => `--   REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA ${commented(quoted(schema))} FROM PUBLIC;`,
    ),
    '-- Before PostgreSQL 15, PUBLIC may create objects in the schema public.',
    ...(isInserted
      ? ['-- A column with nextval() as its default (serial) also needs: GRANT USAGE ON SEQUENCE ... TO the role.']
      : []),
    ...(isFiltered
      ? ['-- A filter of rows is held by Keyhold. To have the server hold it too, add a policy of row-level security.']
      : []),
  ]
}

/** Quotes a name, so that it can be nothing else. */
function quoted(name: string): string {
  if (name.includes('\0')) throw new Error('a name has a NUL character')
  return `"${name.replaceAll('"', '""')}"`
}

/** A name within a comment must not end the line. */
function commented(name: string): string {
  return name.replaceAll(/\p{Cc}|\u2028|\u2029/gu, ' ')
}
