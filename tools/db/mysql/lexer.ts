import { invalidInput } from '../../../src/refusal.ts'

/** One token of a statement. `text` is what it stands for: without the quotes of a name or string. */
export interface Token {
  readonly kind: 'word' | 'quoted' | 'string' | 'number' | 'symbol'
  readonly text: string
  /** Whether nothing stands between it and the token before. */
  readonly touches: boolean
}

const whitespace = /[ \t\r\n]+/y
const word = /[A-Za-z_\p{L}][\w$\p{L}\p{M}\p{N}]*/uy
const number = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y
const symbol = /<=>|->>|->|<>|!=|<=|>=|<<|>>|&&|[=<>+\-*/%(),.;&|^~?]/y

/** What the servers read in more than one way, or in a way of their own, by how it begins. */
const odd: readonly (readonly [RegExp, string])[] = [
  [/"/y, "double quotes mean a string or a name by the settings of the server; write 'text' or `name`"],
  [/#/y, 'a comment is written /* so */ or -- so'],
  [/@/y, 'variables are not offered; use params'],
  [/:=/y, 'variables are not offered'],
  [/\|\|/y, '|| means OR or concatenation by the settings of the server; write OR or concat()'],
  [/!/y, '! binds by the settings of the server; write NOT'],
  [/\\/y, 'a backslash means nothing outside of a string; write NULL'],
  [/[{}]/y, "braces are not offered; write DATE '2026-01-31'"],
  [/[:$]/y, 'write ? where a value goes; $1, :name and :: mean nothing to MySQL'],
  [/[[\]]/y, 'square brackets mean nothing to MySQL; a name goes in backticks'],
]

/**
 * Takes a statement apart as MySQL and MariaDB do, whatever their settings and versions: what they or another reader could take
 * in a second way is refused, above all comments that a server carries out. Comments are not among the tokens.
 *
 * @throws Refusal `invalid_input`
 */
export function lex(sql: string): readonly Token[] {
  const tokens: Token[] = []
  let at = 0
  let touches = false
  const match = (pattern: RegExp): string | null => {
    pattern.lastIndex = at
    return pattern.exec(sql)?.[0] ?? null
  }
  const push = (kind: Token['kind'], text: string, length: number) => {
    const token = { kind, text, touches }
    refuseJoined(tokens.at(-1), token)
    tokens.push(token)
    at += length
    touches = true
  }
  while (at < sql.length) {
    const gap = match(whitespace)?.length ?? commentLength(sql, at)
    if (gap > 0) {
      at += gap
      touches = false
      continue
    }
    const quote = sql[at]
    if (quote === "'" || quote === '`') {
      const [text, length] = quotedText(sql, at, quote)
      push(quote === "'" ? 'string' : 'quoted', text, length)
      continue
    }
    const read = readPlain(match)
    if (read === null) throw invalidInput(`sql: ${reasonFor(match)}`)
    push(read[0], read[1], read[1].length)
  }
  return tokens
}

function readPlain(match: (pattern: RegExp) => string | null): readonly [Token['kind'], string] | null {
  const digits = match(number)
  if (digits !== null) return ['number', digits]
  const name = match(word)
  if (name !== null) return ['word', name]
  // Of `||` the first half is a symbol too.
  if (match(/\|\|/y) !== null) return null
  const sign = match(symbol)
  return sign === null ? null : ['symbol', sign]
}

function reasonFor(match: (pattern: RegExp) => string | null): string {
  const found = odd.find(([pattern]) => match(pattern) !== null)
  return found?.[1] ?? 'contains a character that is neither ASCII nor part of a name'
}

/** Refuses what becomes something else by what stands before it. */
function refuseJoined(before: Token | undefined, { kind, text, touches }: Token): void {
  if (before === undefined) return
  const follows = kind !== 'symbol' && touches && before.kind !== 'symbol'
  // N'a', x'41', 0x41, 1a, a.5 and the like.
  if (follows)
    throw invalidInput(
      'sql: a name, number or string begins right behind another; leave a space, and write no 0x, x or N',
    )
  if (kind === 'number' && text.startsWith('.') && touches && before.text !== '(' && before.text !== ',')
    throw invalidInput('sql: a number begins with its point; write 0.5')
  if (touches && before.kind === 'number' && text === '.') throw invalidInput('sql: a number has a second point')
  if (kind === 'string' && before.kind === 'string')
    throw invalidInput('sql: two strings in a row are one to the server; write one')
  if (kind === 'string' && before.kind === 'word' && before.text.startsWith('_'))
    throw invalidInput('sql: a string has a character set in front of it')
}

/** 0 where no comment begins. */
function commentLength(sql: string, at: number): number {
  if (sql.startsWith('--', at)) {
    // To MySQL `--1` is a number that is negated twice, to others a comment.
    if (!/[ \t\r\n]/.test(sql[at + 2] ?? '\n')) throw invalidInput('sql: -- without a space behind it')
    const end = /[\r\n]/g
    end.lastIndex = at
    return (end.exec(sql)?.index ?? sql.length) - at
  }
  if (!sql.startsWith('/*', at)) return 0
  const end = sql.indexOf('*/', at + 2)
  if (end === -1) throw invalidInput('sql: a comment does not end')
  const comment = sql.slice(at + 2, end)
  // `/*!`, `/*M!` and `/*+` are carried out; where one comment within another ends depends on the server.
  if (/^[\s*M]*[!+]|^[*M]|\/\*/.test(comment))
    throw invalidInput('sql: contains a comment that a server could carry out')
  return end + 2 - at
}

function quotedText(sql: string, at: number, quote: string): readonly [string, number] {
  let text = ''
  let next = at + 1
  for (;;) {
    const end = sql.indexOf(quote, next)
    if (end === -1) throw invalidInput('sql: a string or quoted name does not end')
    text += sql.slice(next, end)
    next = end + 1
    if (sql[next] !== quote) break
    text += quote
    next++
  }
  // Whether it escapes depends on NO_BACKSLASH_ESCAPES.
  if (text.includes('\\'))
    throw invalidInput('sql: a backslash in a string or name; give such a value as one of the params')
  return [text, next - at]
}
