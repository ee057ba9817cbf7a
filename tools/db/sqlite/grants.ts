import type { Scope, WriteAction } from '../scope.ts'
import type { Connection } from './connection.ts'
import { expressionColumns, type Loan, loanOf } from './loan.ts'
import { fold, quoted } from './names.ts'
import { type Narrowing, narrowingOf } from './narrowed.ts'
import type { ExpressionColumns } from './program.ts'
import { isSqliteError } from './sql-error.ts'
import { inMain, readSchema, type Relation, type Schema } from './schema.ts'

/** What is allowed of one table or view. */
export interface Grant {
  readonly relation: Relation
  /** Null for all. */
  readonly columns: ReadonlySet<string> | null
  readonly writes: ReadonlySet<WriteAction>
  readonly narrowing: Narrowing | null
  /** What its condition on rows reads; null without one. */
  readonly condition: Loan | null
  /** What it reads itself where it is a view; null for a table. */
  readonly view: Loan | null
  /** What allowed columns are computed from when they are read. */
  readonly computed: Loan
}

/** A scope, worked out against one version of a schema. */
export interface Grants {
  readonly schema: Schema
  readonly version: unknown
  /** By folded name. */
  readonly tables: ReadonlyMap<string, Grant>
  readonly functions: ReadonlySet<string>
  readonly expressions: ExpressionColumns
  /** Tables of the scope that the database lacks, or whose view or condition on rows it cannot make sense of. */
  readonly missing: readonly string[]
}

/** Works out what a scope allows, within a transaction of the caller's; gives `known` where the schema is still the same. */
export function grantsOf(
  connection: Connection,
  scope: Scope,
  allowed: ReadonlySet<string>,
  known: Grants | null,
): Grants {
  const version = connection.ours('PRAGMA main.schema_version')[0]?.[0]
  if (known !== null && known.version === version) return known
  const schema = readSchema(connection)
  const tables = new Map<string, Grant>()
  const missing: string[] = []
  for (const table of scope.tables) {
    const grant = fold(table.schema) === 'main' ? grantOf(connection, schema, table) : null
    if (grant === null) missing.push(table.label)
    else tables.set(grant.relation.name, grant)
  }
  const memory = new Map<string, ReadonlySet<string> | null>()
  const expressions: ExpressionColumns = index => {
    if (!memory.has(index)) memory.set(index, expressionColumns(connection, schema, index))
    return memory.get(index) ?? null
  }
  return { schema, version, tables, functions: allowed, expressions, missing }
}

function grantOf(connection: Connection, schema: Schema, table: Scope['tables'][number]): Grant | null {
  const relation = schema.relations.get(fold(table.name))
  // A module reads its own tables with statements of its own, for which nobody has judged anything.
  if (relation === undefined || relation.kind === 'virtual') return null
  const columns = table.columns && new Set(table.columns.map(fold))
  const source = inMain(relation.label)
  try {
    return {
      relation,
      columns,
      writes: relation.kind === 'table' ? table.writes : new Set(),
      narrowing: narrowingOf(table),
      condition:
        table.rows === null ? null : loanOf(connection, schema, `SELECT 1 FROM ${source} WHERE (${table.rows}\n)`),
      view: relation.kind === 'view' ? loanOf(connection, schema, `SELECT * FROM ${source}`) : null,
      computed: computedLoan(connection, schema, relation, columns),
    }
  } catch (error) {
    // A view of a table that is gone, or a condition on a column that is not there.
    if (isSqliteError(error) && error.errcode !== 1) throw error
    return null
  }
}

function computedLoan(connection: Connection, schema: Schema, relation: Relation, columns: Grant['columns']): Loan {
  const virtual = relation.columns.filter(({ isVirtual, name }) => isVirtual && columns?.has(name))
  if (virtual.length === 0) return { columns: new Map(), functions: new Set(), views: new Set() }
  const list = virtual.map(({ label }) => quoted(label)).join(', ')
  return loanOf(connection, schema, `SELECT ${list} FROM ${inMain(relation.label)} NOT INDEXED`)
}
