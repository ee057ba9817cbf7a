import { invalidInput } from '../../../src/refusal.ts'

/** A node of the parser's tree: an object whose keys are fields, or one whose only key names its variant. */
export type Tree = { [key: string]: unknown }

/** Where in the text something stood, and how it was quoted: of no meaning here, since all is written anew. */
export const positions: ReadonlySet<string> = new Set([
  'span',
  'quote_style',
  'select_token',
  'with_token',
  'case_token',
  'end_token',
  'opening_token',
  'closing_token',
  'closing_paren_token',
  'insert_token',
  'update_token',
  'delete_token',
  'wildcard_token',
])

/** Fields that say nothing with this value. */
const defaults: Readonly<Record<string, unknown>> = {
  flavor: 'Standard',
  parameters: 'None',
  window_before_qualify: true,
  value_keyword: true,
}

/** The variant of a node, and what is in it: `"Wildcard"` or `{ "Identifier": … }`. */
export function variant(node: unknown): readonly [string, unknown] {
  if (typeof node === 'string') return [node, undefined]
  if (typeof node !== 'object' || node === null) throw notUnderstood('a part of it')
  const entries = Object.entries(node)
  if (entries.length !== 1) throw notUnderstood('a part of it')
  return entries[0] as [string, unknown]
}

/**
 * Gives the fields of a node when it has no others that say anything: what is not asked for is not allowed.
 *
 * @throws Refusal `invalid_input`
 */
export function fields(node: unknown, ...known: readonly string[]): Tree {
  if (typeof node !== 'object' || node === null) throw notUnderstood('a part of it')
  for (const name of Object.keys(node)) {
    const value = (node as Tree)[name]
    if (!known.includes(name) && !isNothing(name, value)) throw notUnderstood(name.replaceAll('_', ' '))
  }
  return node as Tree
}

function isNothing(name: string, value: unknown): boolean {
  if (value === undefined || value === null || value === false || positions.has(name)) return true
  return (Array.isArray(value) && value.length === 0) || defaults[name] === value
}

/** What a list holds; never anything else than a list. */
export function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw notUnderstood('a part of it')
  return value
}

/** What is refused since nobody has said that it is harmless. */
export function notUnderstood(what: string) {
  return invalidInput(`sql: not available here: ${what}`)
}
