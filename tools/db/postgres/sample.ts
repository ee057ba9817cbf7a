import type { Tables } from './tables.ts'
import { type Fields, nameNode, type Node, open, text } from './tree.ts'

/**
 * Makes of a judged write the one that also gives what an agent may see of each row that it changes; null for one that
 * says itself what it gives.
 */
export function withSample(statement: Node, tables: Tables): Node | null {
  const [kind, fields] = open(statement)
  if (fields.returningClause !== undefined) return null
  const range = fields.relation as Fields
  const alias = range.alias as Fields | undefined
  const { schema, name, columns } = tables(text(range.schemaname), text(range.relname))
  // With its schema, since a table of another one that is called the same may stand in FROM.
  const called = alias === undefined ? [schema, name] : [text(alias.aliasname)]
  const last = columns === null ? [{ A_Star: {} }] : columns.map(nameNode)
  const exprs = last.map(each => ({ ResTarget: { val: { ColumnRef: { fields: [...called.map(nameNode), each] } } } }))
  return { [kind]: { ...fields, returningClause: { exprs } } }
}
