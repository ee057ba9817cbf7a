import type { AstNode, Expr, QualifiedName, Select, SelectTable } from 'sqlite3-parser'
import { noTable } from '../denials.ts'
import type { Scope, Table } from '../scope.ts'
import { fold, quoted } from './names.ts'
import { parsed } from './parsed.ts'

/** One table of the scope, and what a statement has in its place. */
export class Relation {
  readonly table: Table
  /** With its schema, for what is written to. */
  readonly name: string
  /** Folded; null when all are allowed, and thereby unknown. */
  readonly columns: ReadonlySet<string> | null
  /**
   * The SELECT that gives what is allowed. LIMIT -1 limits nothing, but SQLite moves no condition from outside of a LIMIT to
   * the inside, where an error of it would tell of a row that does not exist for the agent.
   */
  readonly select: string
  readonly #selectTree: Select

  /** @param rows its condition, written anew */
  constructor(table: Table, rows: string | null) {
    this.table = table
    this.name = `main.${quoted(table.name)}`
    this.columns = table.columns === null ? null : new Set(table.columns.map(fold))
    const columns = table.columns === null ? '*' : table.columns.map(quoted).join(', ')
    this.select = `(SELECT ${columns} FROM ${this.name}${rows === null ? '' : ` WHERE (${rows}) LIMIT -1`})`
    this.#selectTree = (tableOf(parsed(`SELECT 1 FROM ${this.select}`).root) as { readonly select: Select }).select
  }

  /** What to read from. A table of which everything is allowed stays one, with its rowid and its indexes. */
  read(alias: string): string {
    const isWhole = this.columns === null && this.table.rows === null
    return `${isWhole ? this.name : this.select} AS ${quoted(alias)}`
  }

  /** What the parser has to make of `read`, built from what it makes of the names alone. */
  readTree(alias: string): unknown {
    const isWhole = this.columns === null && this.table.rows === null
    const as = { type: 'AsAs', name: { type: 'Name', text: alias } }
    if (!isWhole) return { type: 'SelectSelectTable', select: this.#selectTree, alias: as }
    return { type: 'TableSelectTable', tblName: this.nameTree(null), alias: as }
  }

  /** What the parser has to make of `x IN (SELECT ...)`. */
  memberTree(lhs: Expr, not: boolean): unknown {
    return { type: 'InSelectExpr', lhs, not, rhs: this.#selectTree }
  }

  /** What to write to. */
  written(alias: string | null): string {
    return alias === null ? this.name : `${this.name} AS ${quoted(alias)}`
  }

  /** What the parser has to make of `written`. */
  nameTree(alias: string | null): unknown {
    const names = { dbName: { type: 'Name', text: 'main' }, objName: { type: 'Name', text: this.table.name } }
    return { type: 'QualifiedName', ...names, alias: alias === null ? undefined : { type: 'Name', text: alias } }
  }
}

/** Finds the tables of a scope by the names that a statement has for them. */
export class Relations {
  readonly #all = new Map<string, Relation>()

  /**
   * @param rowsOf writes the condition of a table anew
   * @throws Error for a scope that cannot be enforced
   */
  constructor({ tables }: Scope, rowsOf: (table: Table) => string | null) {
    for (const table of tables) {
      const name = fold(table.name)
      if (fold(table.schema) !== 'main') throw new Error(`${table.label}: a file of SQLite has no schema but main`)
      if (name.startsWith('sqlite_')) throw new Error(`${table.label}: is for SQLite itself`)
      if (this.#all.has(name)) throw new Error(`${table.label}: is named twice; SQLite does not tell case apart`)
      this.#all.set(name, new Relation(table, rowsOf(table)))
    }
  }

  /** @throws OutOfScope */
  find({ dbName, objName }: QualifiedName): Relation {
    const relation =
      dbName === undefined || fold(dbName.text) === 'main' ? this.#all.get(fold(objName.text)) : undefined
    if (relation !== undefined) return relation
    const name = dbName === undefined ? objName.text : `${dbName.text}.${objName.text}`
    const allowed = [...this.#all.values()].map(({ table }) => table.label)
    throw noTable(name, allowed)
  }
}

function tableOf(root: AstNode): SelectTable {
  const { body } = root as { readonly body: Select }
  const { from } = body.select as { readonly from: { readonly select: SelectTable } }
  return from.select
}
