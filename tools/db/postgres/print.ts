import { printExpression } from './print-expression.ts'
import { printQuery } from './print-query.ts'
import { printWrite } from './print-write.ts'
import { type Fields, type Node, open } from './tree.ts'

/** How the parts of a statement are written. Each part of the grammar is in a file of its own; this joins them. */
export interface Print {
  /** Writes an expression that needs no parentheses wherever it is put. */
  expression(this: void, node: unknown): string
  /** Writes a query, without parentheses around it. */
  query(this: void, select: Fields): string
}

/**
 * Writes a judged tree as SQL: every name quoted, every operation in parentheses, so that nothing depends on keywords or
 * on precedence. It writes only what the judge lets through.
 */
export function printStatement(statement: Node): string {
  const print: Print = {
    expression: node => printExpression(print, node),
    query: select => printQuery(print, select),
  }
  const [kind, fields] = open(statement)
  return kind === 'SelectStmt' ? print.query(fields) : printWrite(print, kind, fields)
}
