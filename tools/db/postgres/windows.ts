import { operator } from './built-in.ts'
import { type Fields, list, only, openAs } from './tree.ts'
import { expressions, optional, type Walk } from './walk.ts'

/** Judges ORDER BY. */
export function orders(walk: Walk, clause: unknown): void {
  for (const item of list(clause)) {
    const order = openAs(item, 'SortBy')
    only(order, ['node', 'sortby_dir', 'sortby_nulls', 'useOp'])
    if (order.useOp !== undefined) operator(order.useOp)
    expressions(walk, [order.node])
  }
}

/** Judges a window: one of the WINDOW clause, or what stands after OVER. */
export function windowDefinition(walk: Walk, fields: Fields): void {
  const frame = ['frameOptions', 'startOffset', 'endOffset']
  only(fields, ['name', 'refname', 'partitionClause', 'orderClause', ...frame])
  expressions(walk, fields.partitionClause)
  orders(walk, fields.orderClause)
  optional(walk, fields.startOffset)
  optional(walk, fields.endOffset)
}
