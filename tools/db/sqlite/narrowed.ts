import type { Table } from '../scope.ts'
import { fold } from './names.ts'
import { isSign, isWord, nameOf, type Token, tokensOf } from './tokens.ts'

/** A table of the scope of which only some rows, or some columns, exist. */
export interface Narrowing {
  readonly table: string
  /** Null for all. */
  readonly columns: ReadonlySet<string> | null
  /** What the admin wrote, without parentheses around all of it; empty where all rows exist. */
  readonly rows: readonly Token[]
}

/** What a judge puts wherever the table is read; null where it leaves it as it is. */
export function narrowingOf(table: Table): Narrowing | null {
  if (table.rows === null && table.columns === null) return null
  const rows = tokensOf(table.rows ?? '')
  if (rows === null || (rows.length === 0 && table.rows !== null))
    throw new Error(`rows of ${table.label}: cannot be understood`)
  return { table: fold(table.name), columns: table.columns && new Set(table.columns.map(fold)), rows: bare(rows) }
}

/**
 * Puts one token in place of each `(SELECT a, b FROM main.t WHERE (rows) LIMIT -1)`, or `(SELECT a, b FROM main.t)` where
 * all rows exist. Nothing outside of these reaches further into the table, not even a NATURAL JOIN. A statement in which
 * a table that has rows is still named is one that no judge made.
 */
export function withoutNarrowed(tokens: readonly Token[], narrowings: readonly Narrowing[]): readonly Token[] {
  let left = tokens
  for (const narrowing of narrowings) left = without(left, narrowing)
  return left
}

function without(tokens: readonly Token[], narrowing: Narrowing): readonly Token[] {
  const left: Token[] = []
  for (let at = 0; at < tokens.length; ) {
    const end = endOf(tokens, at, narrowing)
    const token = tokens[at] as Token
    left.push(end === null ? token : { kind: 'narrowed', text: narrowing.table, start: token.start, end: token.end })
    at = end ?? at + 1
  }
  return left
}

/** Where such a subquery that begins here ends; null when none begins here. */
function endOf(tokens: readonly Token[], start: number, narrowing: Narrowing): number | null {
  if (!isSign(tokens[start], '(') || !isWord(tokens[start + 1], 'select')) return null
  const from = tokens.findIndex((token, index) => index > start + 1 && isWord(token, 'from'))
  if (from === -1 || !isColumnList(tokens.slice(start + 2, from), narrowing)) return null
  let at = from + 1
  if (nameOf(tokens[at]) !== 'main' || !isSign(tokens[at + 1], '.') || nameOf(tokens[at + 2]) !== narrowing.table)
    return null
  at += 3
  if (narrowing.rows.length === 0) return isSign(tokens[at], ')') ? at + 1 : null
  if (!isWord(tokens[at], 'where')) return null
  const limit = tokens.findIndex((token, index) => index > at && isWord(token, 'limit') && isLast(tokens, index))
  if (limit === -1 || !isSame(bare(tokens.slice(at + 1, limit)), narrowing.rows)) return null
  return limit + 4
}

/** Whether `LIMIT -1)` stands here. */
function isLast(tokens: readonly Token[], limit: number): boolean {
  return isSign(tokens[limit + 1], '-') && tokens[limit + 2]?.text === '1' && isSign(tokens[limit + 3], ')')
}

function isColumnList(tokens: readonly Token[], { table, columns }: Narrowing): boolean {
  const items: Token[][] = [[]]
  for (const token of tokens) {
    if (isSign(token, ',')) items.push([])
    else items.at(-1)?.push(token)
  }
  return items.every(item => {
    let rest = item
    if (rest.length > 2 && isWord(rest.at(-2), 'as') && nameOf(rest.at(-1)) !== null) rest = rest.slice(0, -2)
    if (rest.length === 5 && nameOf(rest[0]) === 'main' && isSign(rest[1], '.')) rest = rest.slice(2)
    if (rest.length === 3 && nameOf(rest[0]) === table && isSign(rest[1], '.')) rest = rest.slice(2)
    const [only] = rest
    if (rest.length !== 1 || only === undefined) return false
    if (columns === null && isSign(only, '*')) return true
    return (only.kind === 'word' || only.kind === 'name') && (columns === null || columns.has(only.text))
  })
}

/** Without the parentheses that stand around all of it. */
function bare(tokens: readonly Token[]): readonly Token[] {
  if (!isSign(tokens[0], '(') || closing(tokens) !== tokens.length - 1) return tokens
  return bare(tokens.slice(1, -1))
}

/** Where the first parenthesis closes. */
function closing(tokens: readonly Token[]): number {
  let depth = 0
  return tokens.findIndex(token => {
    if (isSign(token, '(')) depth += 1
    if (isSign(token, ')')) depth -= 1
    return depth === 0
  })
}

function isSame(some: readonly Token[], others: readonly Token[]): boolean {
  const plain = (token: Token) => `${token.kind === 'name' ? 'word' : token.kind} ${token.text}`
  return some.length === others.length && some.every((token, index) => plain(token) === plain(others[index] as Token))
}
