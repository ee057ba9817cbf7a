import { noTable } from '../denials.ts'
import { OutOfScope } from '../judge.ts'
import type { Scope, Table } from '../scope.ts'
import { parseTableName } from '../table-name.ts'
import { spelled } from './names.ts'
import type { Parser } from './parser.ts'
import { list, type Tree, variant } from './tree.ts'

/** The most rows that a LIMIT can name: it limits nothing, but no predicate is moved to below it. */
const noLimit = '18446744073709551615'

/** One table of the scope, and what a statement has in its place. */
export class Relation {
  readonly table: Table
  /** With its database, for what is written to. */
  readonly name: string
  /** Null when all are allowed, and thereby unknown. */
  readonly columns: readonly string[] | null
  readonly #rows: string | null
  readonly #tree: Tree

  /** @param rows its filter, written anew */
  constructor(table: Table, rows: string | null, parser: Parser) {
    this.table = table
    this.name = `${spelled(table.schema)}.${spelled(table.name)}`
    this.columns = table.columns
    this.#rows = rows
    this.#tree = parsedFactor(this.read('keyhold'), parser)
  }

  /** What the parser makes of `read`. */
  tree(alias: string): Tree {
    return aliased(this.#tree, alias)
  }

  /** What the parser makes of `name`. */
  get nameTree(): readonly Tree[] {
    return [this.table.schema, this.table.name].map(value => ({ Identifier: { value } }))
  }

  /**
   * The text to read from: of a table with listed columns or rows, a subquery that has no others, so that whatever way a
   * server resolves a name, a star or a join, there is nothing else to find.
   */
  read(alias: string): string {
    if (this.columns === null && this.#rows === null) return `${this.name} AS ${spelled(alias)}`
    const columns = this.columns === null ? '*' : this.columns.map(spelled).join(', ')
    const rows = this.#rows === null ? '' : ` WHERE (${this.#rows}) LIMIT ${noLimit}`
    return `(SELECT ${columns} FROM ${this.name}${rows}) AS ${spelled(alias)}`
  }
}

/** Finds the tables of a scope by the names that a statement has for them. */
export class Relations {
  readonly #cte: Tree
  readonly #all: readonly { readonly relation: Relation; readonly isHome: boolean }[]

  /** @param rowsOf writes the filter of a table anew */
  constructor({ tables }: Scope, parser: Parser, rowsOf: (table: Table) => string | null) {
    this.#cte = parsedFactor('`keyhold` AS `keyhold`', parser)
    this.#all = tables.map(table => ({
      relation: new Relation(table, rowsOf(table), parser),
      isHome: parseTableName(table.label).schema === null,
    }))
  }

  /** What the parser makes of the name of a query expression with an alias. */
  cteTree(name: string, alias: string): Tree {
    const [kind, body] = variant(aliased(this.#cte, alias))
    return { [kind]: { ...(body as Tree), name: [{ Identifier: { value: name } }] } }
  }

  /**
   * Names are compared exactly: whether case matters depends on the server.
   *
   * @throws OutOfScope
   */
  find(name: readonly string[]): Relation {
    const [table, schema] = [name.at(-1), name.length === 2 ? name[0] : null]
    const named = this.#all.filter(({ relation }) => relation.table.name === table)
    const found = named.filter(({ relation, isHome }) => (schema === null ? isHome : relation.table.schema === schema))
    const [only] = found.length === 0 && schema === null ? named : found
    const allowed = this.#all.map(({ relation }) => relation.table.label)
    if (only === undefined || name.length > 2) throw noTable(name.join('.'), allowed)
    if (found.length === 0 && named.length > 1) throw new OutOfScope(`${table}: say of which database`, allowed)
    return only.relation
  }
}

function parsedFactor(text: string, parser: Parser): Tree {
  const { Query } = parser(`SELECT 1 FROM ${text}`).tree as { Query: { body: { Select: { from: Tree[] } } } }
  return list(Query.body.Select.from).map(item => (item as Tree)['relation'])[0] as Tree
}

function aliased(factor: Tree, alias: string): Tree {
  const [kind, body] = variant(factor)
  const old = (body as Tree)['alias'] as Tree
  return { [kind]: { ...(body as Tree), alias: { ...old, name: { value: alias } } } }
}
