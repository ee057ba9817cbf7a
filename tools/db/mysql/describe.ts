import type { Execution } from '../../../src/kind.ts'
import type { DescribedTable } from '../describe-verb.ts'
import type { Scope, Table } from '../scope.ts'
import type { Connection, Value } from './connection.ts'

/** Says what the tables of the scope are like, and nothing else of the catalogue. */
export async function describe(connection: Connection, { tables }: Scope): Promise<Execution> {
  const started = performance.now()
  const here = (schema: string, name: string) => tables.map(() => `(${schema} = ? AND ${name} = ?)`).join(' OR ')
  const names = tables.flatMap(({ schema, name }) => [schema, name])
  const own = here('TABLE_SCHEMA', 'TABLE_NAME')
  const estimates = await connection.rows(
    `SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_ROWS FROM information_schema.TABLES WHERE ${own}`,
    names,
  )
  const columns = await connection.rows(
    `SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE FROM information_schema.COLUMNS WHERE ${own} ORDER BY ORDINAL_POSITION`,
    names,
  )
  const keys = await connection.rows(
    `SELECT TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME, REFERENCED_TABLE_SCHEMA, REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME FROM information_schema.KEY_COLUMN_USAGE WHERE (CONSTRAINT_NAME = 'PRIMARY' OR REFERENCED_TABLE_NAME IS NOT NULL) AND (${own}) ORDER BY CONSTRAINT_NAME, ORDINAL_POSITION`,
    names,
  )
  const found: DescribedTable[] = []
  const missing: string[] = []
  for (const table of tables) {
    const estimate = of(table, estimates)[0]
    const shown = of(table, columns).filter(([name]) => isAllowed(table, name))
    if (estimate === undefined || shown.length === 0) missing.push(table.label)
    else found.push(described(table, { estimate: estimate[0] ?? null, shown, keys: of(table, keys), tables }))
  }
  const durationMs = Math.round((performance.now() - started) * 1_000) / 1_000
  const lacking = missing.length === 0 ? {} : { missing }
  return { answer: { tables: found, ...lacking, duration_ms: durationMs }, isError: false, bytesIn: 0, bytesOut: 0 }
}

/** The rest of the rows that begin with the names of this table. */
function of({ schema, name }: Table, rows: readonly Value[][]): Value[][] {
  return rows.filter(row => row[0] === schema && row[1] === name).map(row => row.slice(2))
}

/** Names of columns are the same in upper and lower case. */
function isAllowed({ columns }: Table, name: Value | undefined): boolean {
  return columns === null || columns.some(column => column.toLowerCase() === String(name).toLowerCase())
}

interface Catalogue {
  readonly estimate: Value
  readonly shown: readonly Value[][]
  readonly keys: readonly Value[][]
  readonly tables: readonly Table[]
}

function described(table: Table, { estimate, shown, keys, tables }: Catalogue): DescribedTable {
  const primary = keys.filter(([key]) => key === 'PRIMARY').map(([, column]) => String(column))
  return {
    name: table.label,
    columns: shown.map(([name, type, nullable]) => ({
      name: String(name),
      type: String(type),
      nullable: nullable === 'YES',
    })),
    primary_key: primary.every(column => isAllowed(table, column)) ? primary : [],
    foreign_keys: foreignKeys(table, keys, tables),
    // How many rows there are beyond those that exist for an agent is not for it to know.
    row_estimate: table.rows === null && estimate !== null ? Number(estimate) : null,
    write: [...table.writes],
  }
}

/** Those whose columns are allowed at both ends. */
function foreignKeys(table: Table, keys: readonly Value[][], tables: readonly Table[]): DescribedTable['foreign_keys'] {
  const named = Map.groupBy(
    keys.filter(([, , schema]) => schema !== null),
    ([key]) => String(key),
  )
  return [...named.values()].flatMap(parts => {
    const [, , schema, name] = parts[0] as Value[]
    const target = tables.find(other => other.schema === schema && other.name === name)
    const [columns, referenced] = [parts.map(part => String(part[1])), parts.map(part => String(part[4]))]
    const isShown = columns.every(column => isAllowed(table, column))
    if (target === undefined || !isShown || !referenced.every(column => isAllowed(target, column))) return []
    return [{ columns, references: target.label, referenced_columns: referenced }]
  })
}
