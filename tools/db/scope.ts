import type { EngineName } from './location.ts'
import { parseTableName } from './table-name.ts'
import { type DbTarget, locationOf } from './target.ts'

export type WriteAction = 'insert' | 'update' | 'delete'

/** One table that exists for an agent. */
export interface Table {
  /** The schema of PostgreSQL (`public` where none was written), the database of MySQL, `main` of SQLite. */
  readonly schema: string
  readonly name: string
  /** As the admin wrote it; what agents, records and rules call it. */
  readonly label: string
  /** Null when every column is allowed. */
  readonly columns: readonly string[] | null
  /** SQL that says which rows exist; null for all. */
  readonly rows: string | null
  readonly writes: ReadonlySet<WriteAction>
}

/** What a tool can ever do at its database. */
export interface Scope {
  readonly engine: EngineName
  readonly access: 'read' | 'write'
  readonly tables: readonly Table[]
  /** Allowed beyond the safe built-in ones, as the admin wrote them. */
  readonly functions: readonly string[]
}

/** Compiles the scope of a target. */
export function scopeOf(target: DbTarget): Scope {
  const location = locationOf(target)
  const home = { postgres: 'public', mysql: 'database' in location ? location.database : '', sqlite: 'main' }
  const tables = Object.entries(target.tables).map(([label, entry]): Table => {
    const { schema, name } = parseTableName(label)
    const full = entry === '*' || Array.isArray(entry) ? { columns: entry, rows: undefined, write: [] } : entry
    return {
      schema: schema ?? home[location.engine],
      name,
      label,
      columns: full.columns === '*' ? null : full.columns,
      rows: full.rows ?? null,
      writes: new Set(full.write),
    }
  })
  return { engine: location.engine, access: target.access, tables, functions: target.functions }
}
