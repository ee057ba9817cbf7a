import type { Connection, SqlRow } from './connection.ts'
import { fold, quoted } from './names.ts'

/** What a table or view looks like; every name is folded. */
export interface Relation {
  readonly name: string
  /** As it is written in the schema. */
  readonly label: string
  readonly kind: 'table' | 'view' | 'virtual'
  readonly columns: readonly SchemaColumn[]
  /** The name under which SQLite asks about the rowid; null where there is none. */
  readonly rowid: string | null
}

export interface SchemaColumn {
  readonly name: string
  readonly label: string
  readonly type: string
  readonly nullable: boolean
  /** Place in the primary key, from 1; 0 for none. */
  readonly key: number
  /** Computed when it is read. */
  readonly isVirtual: boolean
}

/** A b-tree that a program can open. */
export interface Tree {
  readonly table: string
  /** What it holds at each position: a column by its name; null for the result of an expression. */
  readonly fields: readonly (string | null)[]
  /** The index whose expressions are at the positions that are null. */
  readonly index: string | null
  /** By name; null where there is none. */
  readonly rowid: string | null
}

/** Where everything is in a database file, as of one version of its schema. */
export interface Schema {
  readonly relations: ReadonlyMap<string, Relation>
  /** By the page that they begin at. */
  readonly trees: ReadonlyMap<number, Tree>
}

/** Reads the schema, within a transaction of the caller's. */
export function readSchema(connection: Connection): Schema {
  const relations = new Map<string, Relation>()
  const trees = new Map<number, Tree>()
  for (const [name, type, , isWithoutRowid] of connection.ours('PRAGMA main.table_list').map(row => row.slice(1))) {
    const label = String(name)
    const relation = readRelation(connection, label, String(type), Number(isWithoutRowid) === 1)
    if (relation !== null) relations.set(relation.name, relation)
  }
  const entries = connection.ours(
    "SELECT type, name, tbl_name, rootpage FROM main.sqlite_schema WHERE type IN ('table', 'index') AND rootpage > 0",
  )
  for (const [type, name, table, page] of entries) {
    const relation = relations.get(fold(String(table)))
    if (relation === undefined) continue
    const isTable = type === 'table'
    const fields = isTable ? tableFields(connection, relation) : indexFields(connection, String(name), relation)
    trees.set(Number(page), {
      table: relation.name,
      fields,
      index: isTable ? null : String(name),
      rowid: relation.rowid,
    })
  }
  return { relations, trees }
}

function readRelation(connection: Connection, label: string, type: string, isWithoutRowid: boolean): Relation | null {
  const kind = type === 'table' || type === 'view' || type === 'virtual' ? type : null
  // What SQLite itself keeps exists for nobody; a sequence is written to by INSERT alone.
  if (kind === null || (label.startsWith('sqlite_') && label !== 'sqlite_sequence')) return null
  const described = describedColumns(connection, label, kind)
  if (described === null) return null
  const columns = described.map(
    ([name, declared, notNull, key, hidden]): SchemaColumn => ({
      name: fold(String(name)),
      label: String(name),
      type: String(declared),
      nullable: Number(notNull) === 0,
      key: Number(key),
      isVirtual: Number(hidden) === 2,
    }),
  )
  const rowid = kind === 'table' && !isWithoutRowid ? (rowidAlias(connection, label, columns) ?? 'rowid') : null
  return { name: fold(label), label, kind, columns, rowid }
}

function describedColumns(connection: Connection, label: string, kind: Relation['kind']): readonly SqlRow[] | null {
  const sql = `SELECT name, type, "notnull", pk, hidden FROM pragma_table_xinfo(?, 'main') ORDER BY cid`
  try {
    return connection.ours(sql, label)
  } catch (error) {
    if (kind === 'view') return null // of a table that is gone
    throw error
  }
}

/** A single column INTEGER PRIMARY KEY is the rowid, unless an index was made for it, as for `INTEGER PRIMARY KEY DESC`. */
function rowidAlias(connection: Connection, label: string, columns: readonly SchemaColumn[]): string | null {
  const [only, ...others] = columns.filter(column => column.key > 0)
  if (only === undefined || others.length > 0 || fold(only.type) !== 'integer') return null
  const indexes = connection.ours(`SELECT origin FROM pragma_index_list(?, 'main') WHERE origin = 'pk'`, label)
  return indexes.length === 0 ? only.name : null
}

/** Virtual columns are in no table. One without rowid is kept as the index of its primary key. */
function tableFields(connection: Connection, relation: Relation): readonly (string | null)[] {
  if (relation.rowid !== null) return relation.columns.filter(({ isVirtual }) => !isVirtual).map(({ name }) => name)
  const indexes = connection.ours(`SELECT name FROM pragma_index_list(?, 'main') WHERE origin = 'pk'`, relation.label)
  const virtual = new Set(relation.columns.filter(({ isVirtual }) => isVirtual).map(({ name }) => name))
  return indexFields(connection, String(indexes[0]?.[0]), relation).filter(name => name === null || !virtual.has(name))
}

function indexFields(connection: Connection, index: string, relation: Relation): readonly (string | null)[] {
  return connection
    .ours(`SELECT cid FROM pragma_index_xinfo(?, 'main') ORDER BY seqno`, index)
    .map(([cid]) => (Number(cid) === -1 ? relation.rowid : (relation.columns[Number(cid)]?.name ?? null)))
}

/** Names a relation so that only the database file itself can be meant. */
export function inMain(label: string): string {
  return `main.${quoted(label)}`
}
