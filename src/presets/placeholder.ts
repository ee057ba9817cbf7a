import type { Json } from '../kind.ts'

/** Values of placeholders, by name. */
export type Values = ReadonlyMap<string, string>

const placeholder = /\{([a-z][a-z0-9_]*)\}/g

/** Documents are full of braces: only a whole string literal is a placeholder there. */
const placeholderInDocument = /(?<=")\{([a-z][a-z0-9_]*)\}(?=")/g

/**
 * What a value may consist of wherever it is put: nothing that ends a string, a segment, a host, a line or a pattern in
 * any of the languages that a preset holds (paths, JQL, GraphQL, regular expressions). A part of it is one path segment.
 */
const plainPart = /^(?!\.{1,2}$)[A-Za-z0-9._~@+-]{1,200}$/

/** Tells whether a value consists of exactly so many parts, separated by `/`, that are safe wherever they are put. */
export function isPlain(value: string, parts: number): boolean {
  const found = value.split('/')
  return found.length === parts && found.every(part => plainPart.test(part))
}

/** The names of the placeholders in a value of a preset, each once. */
export function placeholdersOf(value: Json, key = ''): readonly string[] {
  if (typeof value === 'string') {
    return [...new Set([...value.matchAll(patternFor(key))].map(match => match[1] as string))]
  }
  if (typeof value !== 'object' || value === null) return []
  return [...new Set(Object.entries(value).flatMap(([name, inner]) => placeholdersOf(inner, keyOf(key, name))))]
}

/**
 * Fills the placeholders of a parsed value: in its texts and never in its keys, so that no value can add structure.
 *
 * @param values each of which `isPlain`
 * @throws TypeError for a placeholder without a value, and for one in a place where it would not stay what it is
 */
export function fill(value: Json, values: Values, key = ''): Json {
  if (typeof value === 'string') return fillText(value, values, key)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((item: Json) => fill(item, values, key))
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, fill(inner, values, keyOf(key, name))]))
}

function fillText(text: string, values: Values, key: string): string {
  const filled = text.replaceAll(patternFor(key), (_all, name: string) => {
    const value = values.get(name)
    if (value === undefined) throw new TypeError(`the placeholder {${name}} has no value`)
    return key === 'pattern' ? value.replaceAll(/[.+]/g, String.raw`\$&`) : value
  })
  if (key === 'base_url') checkUrl(text, filled)
  return filled
}

/** A value in the host must not move it, and none may change where the path begins. */
function checkUrl(template: string, filled: string): void {
  const [, host = '', path = ''] = /^https:\/\/([a-z0-9.-]+)(\/.*)?$/.exec(filled) ?? []
  const url = URL.canParse(filled) ? new URL(filled) : null
  const same = url !== null && url.host === host && url.pathname === (path === '' ? '/' : path)
  const segments = (text: string) => text.split('/').length
  if (!same || segments(filled) !== segments(template))
    throw new TypeError('base_url: a value does not stay in its place')
}

function patternFor(key: string): RegExp {
  return key === 'graphql' || key === 'document' ? placeholderInDocument : placeholder
}

/** The nearest key that tells what language a text is in; items of a list have the list's. */
function keyOf(parent: string, name: string): string {
  return /^\d+$/.test(name) ? parent : name
}
