import { parseStmt, type Stmt } from 'sqlite3-parser'
import { invalidInput } from '../../../src/refusal.ts'
import { refuseOddText } from '../lexical.ts'
import { quoted } from './names.ts'
import { notOffered } from './nodes.ts'

/** One token, written so that it can be read in one way only. */
export interface Piece {
  readonly text: string
  /** Where it stood. */
  readonly start: number
  readonly end: number
}

/** A statement that was understood. */
export interface Parsed {
  readonly root: Stmt
  /** All of it, without comments. */
  readonly pieces: readonly Piece[]
  /** How many values have to be bound. */
  readonly parameters: number
}

/** What a token can look like, whatever the parser takes it for: a second opinion on where each of them ends. */
const word = /^[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*$/
const value =
  /^(?:0[xX][0-9a-fA-F]+|(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[xX]'(?:[0-9a-fA-F]{2})*'|'(?:[^']|'')*')$/
const sign = /^(?:[-+*/%(),.;&|~<>=]|==|!=|<>|<=|>=|<<|>>|\|\||->|->>)$/
const name = /^(?:"((?:[^"]|"")+)"|`((?:[^`]|``)+)`|\[([^\]]+)\])$/
const parameter = /^\?(?:[1-9][0-9]{0,3})?$/

/**
 * Parses one statement with SQLite's own grammar.
 *
 * @throws Refusal `invalid_input`
 */
export function parsed(sql: string): Parsed {
  refuseOddText(sql)
  const result = parseStmt(sql, { emitTokens: true })
  if (result.status !== 'ok') throw invalidInput(problemOf(result.errors[0]))
  const tokens = (result.tokens ?? []).filter(token => !token.synthetic)
  const pieces = tokens.map(({ text, span }): Piece => {
    const isWhole = sql.slice(span.offset, span.offset + span.length) === text
    if (!isWhole) throw notOffered('such a character')
    return { text: written(text), start: span.offset, end: span.offset + span.length }
  })
  return { root: result.root, pieces, parameters: parametersIn(pieces) }
}

function problemOf(
  error: { readonly message: string; readonly span: { readonly line: number; readonly col: number } } | undefined,
): string {
  if (error?.message === 'expected end of input after single statement') return 'sql: holds more than one statement'
  const where = error === undefined ? '' : `, at line ${error.span.line}, column ${error.span.col + 1}`
  return `sql: is not understood as a statement of SQLite${where}`
}

/** The same token; a name in brackets or backticks gets quotes. */
function written(text: string): string {
  const [, inQuotes, inTicks, inBrackets] = name.exec(text) ?? []
  if (inQuotes !== undefined) return text
  if (inTicks !== undefined) return quoted(inTicks.replaceAll('``', '`'))
  if (inBrackets !== undefined) return quoted(inBrackets)
  if (/^[:@$#]/.test(text) || (text.startsWith('?') && !parameter.test(text)))
    throw invalidInput('sql: a parameter is written as ? or as ?1')
  if (!word.test(text) && !value.test(text) && !sign.test(text) && !parameter.test(text))
    throw notOffered('such a word or sign')
  return text
}

/** A `?` stands for the number after the greatest so far. */
function parametersIn(pieces: readonly Piece[]): number {
  const used = new Set<number>()
  let greatest = 0
  for (const { text } of pieces) {
    if (!text.startsWith('?')) continue
    const number = text === '?' ? greatest + 1 : Number(text.slice(1))
    greatest = Math.max(greatest, number)
    used.add(number)
  }
  if (used.size !== greatest) throw invalidInput('sql: the numbers of the parameters have a gap')
  return greatest
}
