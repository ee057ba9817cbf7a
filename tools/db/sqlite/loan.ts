import { constants } from 'node:sqlite'
import type { Connection } from './connection.ts'
import { fold } from './names.ts'
import { programOf, touchedBy } from './program.ts'
import { inMain, type Schema } from './schema.ts'
import { isSign, isWord, type Token, tokensOf } from './tokens.ts'

/** What a statement of the admin's own reads: a view, a condition on rows, a computed column. */
export interface Loan {
  /** By table; a table of which no column is read has an empty set. */
  readonly columns: ReadonlyMap<string, ReadonlySet<string>>
  readonly functions: ReadonlySet<string>
  /** The views that it goes through. */
  readonly views: ReadonlySet<string>
}

/**
 * Finds out what a fixed statement reads: from what the authorizer is asked and from the program, since the one does not
 * hear of NATURAL and USING, and the other leaves out what is not needed this time.
 */
export function loanOf(connection: Connection, schema: Schema, sql: string): Loan {
  const columns = new Map<string, Set<string>>()
  const functions = new Set<string>()
  const views = new Set<string>()
  const add = (table: string, column: string | null) => {
    const known = columns.get(table) ?? new Set()
    if (column !== null && column !== '') known.add(column)
    columns.set(table, known)
  }
  const program = connection.authorizer.during(
    ({ code, first, second, within }) => {
      if (code === constants.SQLITE_READ) add(fold(first ?? ''), fold(second ?? ''))
      if (code === constants.SQLITE_FUNCTION) functions.add(fold(second ?? ''))
      if (within !== null) views.add(fold(within))
      return true
    },
    () => programOf(connection, sql),
  )
  const touched = touchedBy(program, schema, index => expressionColumns(connection, schema, index))
  for (const [table, read] of touched.read) {
    add(table, null)
    for (const column of read) add(table, column)
  }
  for (const table of touched.rowids) add(table, schema.relations.get(table)?.rowid ?? null)
  return { columns, functions, views }
}

/** The columns that the expressions of an index are made of; null where that cannot be found out. */
export function expressionColumns(connection: Connection, schema: Schema, index: string): ReadonlySet<string> | null {
  const [[sql, table] = []] = connection.ours(
    `SELECT sql, tbl_name FROM main.sqlite_schema WHERE type = 'index' AND name = ?`,
    index,
  )
  if (typeof sql !== 'string' || typeof table !== 'string') return null
  const all = new Set<string>()
  for (const expression of expressionsIn(sql)) {
    // NOT INDEXED: or else the very index could give the result.
    const loan = loanOf(connection, schema, `SELECT (${expression}) FROM ${inMain(table)} NOT INDEXED`)
    for (const column of loan.columns.get(fold(table)) ?? []) all.add(column)
  }
  return all
}

/** What stands between the commas of `CREATE INDEX name ON table (expression COLLATE name DESC, ...)`. */
function expressionsIn(sql: string): readonly string[] {
  const tokens = tokensOf(sql) ?? []
  const found: string[] = []
  let depth = 0
  let item: Token[] = []
  for (const token of tokens) {
    const isEnd = depth === 1 && (isSign(token, ',') || isSign(token, ')'))
    if (isEnd) {
      found.push(textOf(sql, item))
      item = []
    } else if (depth > 0) item.push(token)
    if (isSign(token, '(')) depth += 1
    if (isSign(token, ')')) depth -= 1
    if (isEnd && depth === 0) break
  }
  return found
}

function textOf(sql: string, item: readonly Token[]): string {
  let rest = item
  if (isWord(rest.at(-1), 'asc', 'desc')) rest = rest.slice(0, -1)
  if (isWord(rest.at(-2), 'collate')) rest = rest.slice(0, -2)
  return sql.slice(rest[0]?.start, rest.at(-1)?.end)
}
