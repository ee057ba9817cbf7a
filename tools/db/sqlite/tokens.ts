import { fold } from './names.ts'

/** One token of a statement. */
export interface Token {
  /** `narrowed` stands for a whole subquery that gives some rows of a table. */
  readonly kind: 'word' | 'name' | 'string' | 'number' | 'parameter' | 'symbol' | 'narrowed'
  /** Of words and names what they name, folded; of strings their content. */
  readonly text: string
  readonly start: number
  readonly end: number
}

const space = /(?:[ \t\n\f\r]+|--[^\n]*|\/\*[^]*?(?:\*\/|$))+/y
const patterns: readonly (readonly [Token['kind'], RegExp])[] = [
  ['number', /[xX]'[0-9a-fA-F]*'|[0-9][0-9A-Za-z_.$\u0080-\uffff]*/y],
  ['string', /'(?:[^']|'')*'/y],
  ['name', /"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]/y],
  ['word', /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y],
  ['parameter', /\?[0-9]*/y],
  ['symbol', /[()+\-*/%,.;=<>|&~!]/y],
]

/**
 * Reads a statement as SQLite's tokenizer does; null for what has no place in a statement that a judge made. That is also
 * every parameter with a name: SQLite takes `:a(...)` for one token, whatever the parentheses hold.
 */
export function tokensOf(sql: string): readonly Token[] | null {
  if (/[^\P{Cc}\t\n\f\r]|\ufeff/u.test(sql)) return null
  const tokens: Token[] = []
  let at = 0
  for (;;) {
    space.lastIndex = at
    at += space.exec(sql)?.[0].length ?? 0
    if (at === sql.length) return tokens
    const token = tokenAt(sql, at)
    if (token === null) return null
    tokens.push(token)
    at = token.end
  }
}

function tokenAt(sql: string, start: number): Token | null {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = start
    const found = pattern.exec(sql)?.[0]
    if (found !== undefined) return { kind, text: meaningOf(kind, found), start, end: start + found.length }
  }
  return null
}

function meaningOf(kind: Token['kind'], text: string): string {
  if (kind === 'word') return fold(text)
  if (kind !== 'name' && kind !== 'string') return text
  const quote = text.at(-1) as string
  const inner = text.slice(1, -1)
  const content = quote === ']' ? inner : inner.replaceAll(quote + quote, quote)
  return kind === 'name' ? fold(content) : content
}

/** Whether a token is this keyword. */
export function isWord(token: Token | undefined, ...words: readonly string[]): boolean {
  return token?.kind === 'word' && words.includes(token.text)
}

/** Whether a token is this sign. */
export function isSign(token: Token | undefined, sign: string): boolean {
  return token?.kind === 'symbol' && token.text === sign
}

/** The name that a token can stand for: SQLite takes a string where only a name can be for one. */
export function nameOf(token: Token | undefined): string | null {
  if (token === undefined) return null
  if (token.kind === 'word' || token.kind === 'name') return token.text
  return token.kind === 'string' ? fold(token.text) : null
}
