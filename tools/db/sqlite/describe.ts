import type { DescribedTable } from '../describe-verb.ts'
import type { Scope } from '../scope.ts'
import type { Connection } from './connection.ts'
import type { Grant, Grants } from './grants.ts'
import { fold } from './names.ts'
import { inMain } from './schema.ts'

/** Rows are counted one by one up to this many; SQLite keeps no count. */
const maxCounted = 10_000

/** What exists for an agent: the tables of a scope, and those of them that the database lacks. */
export function describedTables(
  connection: Connection,
  scope: Scope,
  grants: Grants,
): { readonly tables: readonly DescribedTable[]; readonly missing: readonly string[] } {
  const tables = scope.tables.flatMap(({ label, name, schema }) => {
    const grant = fold(schema) === 'main' ? grants.tables.get(fold(name)) : undefined
    return grant === undefined ? [] : [describedTable(connection, scope, grants, label, grant)]
  })
  return { tables, missing: grants.missing }
}

function describedTable(
  connection: Connection,
  scope: Scope,
  grants: Grants,
  name: string,
  { relation, columns, writes, condition }: Grant,
): DescribedTable {
  const isShown = (column: string) => columns === null || columns.has(column)
  const shown = relation.columns.filter(column => isShown(column.name))
  const key = relation.columns.filter(column => column.key > 0).sort((one, other) => one.key - other.key)
  return {
    name,
    // SQLite lets any key but a rowid be null unless it is told otherwise.
    columns: shown.map(({ label, type, nullable, name: column }) => ({
      name: label,
      type,
      nullable: nullable && relation.rowid !== column,
    })),
    primary_key: key.every(column => isShown(column.name)) ? key.map(({ label }) => label) : [],
    foreign_keys: foreignKeys(connection, scope, grants, relation.label, isShown),
    row_estimate: condition === null && relation.kind === 'table' ? rowEstimate(connection, relation.label) : null,
    write: [...writes],
  }
}

function foreignKeys(
  connection: Connection,
  scope: Scope,
  { tables, schema }: Grants,
  label: string,
  isShown: (column: string) => boolean,
): DescribedTable['foreign_keys'] {
  const rows = connection.ours(
    `SELECT id, "table", "from", "to" FROM pragma_foreign_key_list(?, 'main') ORDER BY id, seq`,
    label,
  )
  const byId = Map.groupBy(rows, ([id]) => Number(id))
  return [...byId.values()].flatMap(parts => {
    const parent = fold(String(parts[0]?.[1]))
    const grant = tables.get(parent)
    const references = scope.tables.find(table => fold(table.name) === parent && fold(table.schema) === 'main')
    if (grant === undefined || references === undefined) return []
    const columns = parts.map(part => String(part[2]))
    const keys = (schema.relations.get(parent)?.columns ?? [])
      .filter(column => column.key > 0)
      .sort((one, other) => one.key - other.key)
    // Without a name it is the primary key of the parent.
    const referenced = parts.map((part, index) => (part[3] === null ? (keys[index]?.label ?? '') : String(part[3])))
    const areShown =
      columns.every(column => isShown(fold(column))) &&
      referenced.every(column => grant.columns === null || grant.columns.has(fold(column)))
    return areShown ? [{ columns, references: references.label, referenced_columns: referenced }] : []
  })
}

/** What ANALYZE has counted, else the number of rows if they are few. */
function rowEstimate(connection: Connection, label: string): number | null {
  const analyzed = connection.ours("SELECT 1 FROM main.sqlite_schema WHERE name = 'sqlite_stat1'").length > 0
  if (analyzed) {
    const [[stat] = []] = connection.ours('SELECT stat FROM main.sqlite_stat1 WHERE tbl = ?', label)
    const counted = Number.parseInt(String(stat), 10)
    if (Number.isSafeInteger(counted)) return counted
  }
  const few = connection.ours(`SELECT count(*) FROM (SELECT 1 FROM ${inMain(label)} LIMIT ${maxCounted + 1})`)
  const count = Number(few[0]?.[0])
  return count > maxCounted ? null : count
}
