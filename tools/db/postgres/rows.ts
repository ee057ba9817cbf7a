import type { Scope, Table } from '../scope.ts'
import { functionsOf } from './calls.ts'
import { expression } from './expressions.ts'
import { parseStatement } from './parse.ts'
import { type Fields, list, nameNode, type Node, only, openAs } from './tree.ts'
import { nothingFound, type Walk } from './walk.ts'

/**
 * Compiles what `rows` of each table says: one condition on the columns of the table itself, of which an agent may see
 * none or some.
 *
 * @throws Error with a sentence for the admin
 */
export function filtersOf(scope: Scope): ReadonlyMap<Table, Node> {
  const filters = new Map<Table, Node>()
  for (const table of scope.tables) {
    if (table.rows === null) continue
    try {
      filters.set(table, condition(scope, table, table.rows))
    } catch (error) {
      throw new Error(`tables: ${table.label}: rows: ${(error as Error).message}`, { cause: error })
    }
  }
  return filters
}

function condition(scope: Scope, table: Table, rows: string): Node {
  // On a line of its own, so that a comment at its end ends with it.
  const select = openAs(parseStatement(`SELECT 1 FROM t WHERE (${rows}\n)`), 'SelectStmt')
  only(select, ['targetList', 'fromClause', 'whereClause', 'limitOption', 'op'])
  if (list(select.fromClause).length !== 1 || select.whereClause === undefined) throw new Error('is not one condition')
  const found = nothingFound()
  const none = () => {
    throw new Error('a condition cannot hold a query')
  }
  const walk: Walk = {
    tables: none,
    functions: functionsOf(scope),
    filters: new Map(),
    found,
    ctes: new Set(),
    target: null,
    visit: { expression, query: none, relation: none },
  }
  expression(walk, select.whereClause)
  if (found.parameters.size > 0) throw new Error('a condition has no parameters')
  for (const { relation, name } of found.references)
    if (name === '*' || (relation !== null && relation !== table.name))
      throw new Error('name columns of this table only')
  return qualified(select.whereClause, table.name) as Node
}

/** Gives each column the name of its table: without it, one that is not there is looked for in the queries around. */
function qualified(part: unknown, table: string): unknown {
  if (Array.isArray(part)) return part.map(each => qualified(each, table))
  if (typeof part !== 'object' || part === null) return part
  const { ColumnRef: column } = part as { ColumnRef?: Fields }
  if (column !== undefined) return { ColumnRef: { fields: [nameNode(table), list(column.fields).at(-1)] } }
  return Object.fromEntries(Object.entries(part).map(([name, value]) => [name, qualified(value, table)]))
}
