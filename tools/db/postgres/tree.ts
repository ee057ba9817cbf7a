import { OutOfScope } from '../judge.ts'

/** What a node of the parser's tree holds. The parser leaves out whatever has its default value. */
export type Fields = { [name: string]: unknown }

/** A node: one key, its kind, with its fields. */
export type Node = { [kind: string]: Fields }

/** Where something stood in a text; says nothing about what it means. */
export const positions: ReadonlySet<string> = new Set([
  'location',
  'stmt_location',
  'stmt_len',
  'list_start',
  'list_end',
  'rexpr_list_start',
  'rexpr_list_end',
])

/** Takes a node apart. An empty node, which stands for nothing in some lists, has the kind ''. */
export function open(node: unknown): readonly [kind: string, fields: Fields] {
  const kinds = Object.keys(node as Node)
  if (kinds.length > 1) throw new Error('a node has one kind')
  const kind = kinds[0] ?? ''
  return [kind, (node as Node)[kind] ?? {}]
}

/** Takes apart a node that can only be of one kind. */
export function openAs(node: unknown, expected: string): Fields {
  const [kind, fields] = open(node)
  if (kind !== expected) throw notAvailable(kind)
  return fields
}

/** Denies every field that nobody has thought about: its being there means that it is not at its default. */
export function only(fields: Fields, allowed: readonly string[]): void {
  for (const name of Object.keys(fields)) if (!allowed.includes(name) && !positions.has(name)) throw notAvailable(name)
}

/** A list of nodes; empty where there is none. */
export function list(value: unknown): unknown[] {
  return (value ?? []) as unknown[]
}

/** The names of a list of `String` nodes; null where something else is among them. */
export function names(value: unknown): readonly string[] | null {
  const found: string[] = []
  for (const node of list(value)) {
    const [kind, fields] = open(node)
    if (kind !== 'String') return null
    found.push(text(fields.sval))
  }
  return found
}

/** A string of the tree; '' is its default. */
export function text(value: unknown): string {
  return (value ?? '') as string
}

/** Makes a node that is a name. */
export function nameNode(name: string): Node {
  return { String: { sval: name } }
}

/** The refusal of a part of SQL that is not on the list. */
export function notAvailable(what: string): OutOfScope {
  const words = what.replaceAll(/[^A-Za-z_]/g, '').replaceAll(/(?<=[a-z])(?=[A-Z])|_/g, ' ')
  return new OutOfScope(`not available here: ${words.toLowerCase()}`)
}

/** Whether two trees mean the same: everything is equal but where it stood. */
export function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false
  if (Array.isArray(one)) {
    return Array.isArray(other) && one.length === other.length && one.every((item, index) => isSame(item, other[index]))
  }
  if (Array.isArray(other)) return false
  for (const name in one) {
    if (!isPosition(name) && !isSame((one as Fields)[name], (other as Fields)[name])) return false
  }
  for (const name in other) {
    if (!isPosition(name) && (one as Fields)[name] === undefined) return false
  }
  return true
}

function isPosition(name: string): boolean {
  return positions.has(name)
}
