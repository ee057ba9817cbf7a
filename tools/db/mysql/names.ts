import { invalidInput } from '../../../src/refusal.ts'
import { fields, list, notUnderstood, type Tree, variant } from './tree.ts'

/** Whether a server keeps a name as it is: it drops spaces at the end, has nothing beyond the BMP, and 64 characters. */
export function isName(name: string): boolean {
  if (name === '' || name.length > 64 || name.endsWith(' ')) return false
  return !/[`\\\p{Cc}\p{Cs}\p{Zl}\p{Zp}]|[^\P{Zs} ]|[^\0-\uffff]/u.test(name)
}

/**
 * Writes a name so that nothing but the name can come of it.
 *
 * @throws Refusal `invalid_input`
 */
export function spelled(name: string): string {
  if (isName(name)) return `\`${name}\``
  throw invalidInput('sql: a name is empty, longer than 64, or has characters that names rarely have')
}

/** Writes a string. */
export function quoted(text: string): string {
  if (/[\\\0]/.test(text)) throw invalidInput('sql: a backslash in a string; give such a value as one of the params')
  return `'${text.replaceAll("'", "''")}'`
}

/** An identifier; quoted with ' or " it would be a string where the parser sees a name. */
export function identifier(node: unknown): string {
  const { value, quote_style } = fields(node, 'value', 'quote_style')
  if (typeof value !== 'string') throw notUnderstood('a name')
  if (quote_style === undefined || quote_style === null || quote_style === '`') return value
  throw invalidInput('sql: a name is written plain or in backticks')
}

/** The list of columns behind an alias. */
export function columnNames(node: unknown): readonly string[] {
  return list(node).map(column => identifier(fields(column, 'name')['name']))
}

/** The parts of a name with dots. */
export function objectName(node: unknown): readonly string[] {
  return list(node).map(part => {
    const [kind, value] = variant(part)
    if (kind !== 'Identifier') throw notUnderstood('a computed name')
    return identifier(value)
  })
}

/** Whether a name was written without quotes, so that it may be a word of the language. */
export function isPlain(node: unknown): boolean {
  const style = (node as Tree)['quote_style']
  return style === undefined || style === null
}

/**
 * The name of a character set or collation. It stands without quotes, so it is one of a known shape: the parser takes
 * `COLLATE FROM` for a collation too.
 */
export function characterSet(name: readonly string[]): string {
  const [text] = name
  const isKnown = /^(?:utf8|utf8mb3|utf8mb4|ascii|latin1|binary|utf16|utf32)(?:_[a-z0-9_]{1,50})?$/i
  if (name.length !== 1 || text === undefined || !isKnown.test(text)) throw notUnderstood('such a character set')
  return text
}
