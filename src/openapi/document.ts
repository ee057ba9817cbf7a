import { LineCounter, parseDocument } from 'yaml'
import { Refusal } from '../refusal.ts'
import { plainText } from './plain-text.ts'

/** Largest document that is read, in bytes. */
export const maxDocumentBytes = 33_554_432

/** Values in a document, those that aliases repeat included. */
const maxValues = 5_000_000

/** Levels of nesting; real documents have less than 40. */
const maxDepth = 200

/** As many references may lead to each other. */
const maxHops = 20

/** A mapping of a document; nothing in it is to be trusted, and only its own keys count. */
export type Mapping = Readonly<Record<string, unknown>>

/** An OpenAPI document that was read. */
export interface ApiDocument {
  readonly root: Mapping
  /** Whether it is of version 3.0, whose schemas are no JSON Schemas yet. */
  readonly is30: boolean
}

/**
 * Reads an OpenAPI 3.x document, JSON or YAML, and makes sure that walking through it ends.
 *
 * @throws Refusal invalid_input
 */
export function readDocument(text: string): ApiDocument {
  const root = parse(text)
  if (!isMapping(root)) throw unusable('is no mapping')
  checkShape(root)
  const version = root['openapi']
  if (typeof version !== 'string') {
    throw unusable('swagger' in root ? 'is of version 2.0; convert it to OpenAPI 3 first' : 'has no text under openapi')
  }
  if (!/^3\.[012](?:\.|$)/.test(version))
    throw unusable(`is of version ${plainText(version, 20)}; 3.0, 3.1 and 3.2 can be read`)
  return { root, is30: version.startsWith('3.0') }
}

function unusable(reason: string): Refusal {
  return new Refusal('invalid_input', `the OpenAPI document ${reason}`)
}

function parse(text: string): unknown {
  if (/^\s*\{/.test(text.slice(0, 1_000))) {
    try {
      return JSON.parse(text)
    } catch {
      // YAML can begin with a brace too.
    }
  }
  const lines = new LineCounter()
  try {
    // Looking for keys that are there twice compares each with each.
    const document = parseDocument(text, {
      prettyErrors: false,
      lineCounter: lines,
      uniqueKeys: false,
      logLevel: 'error',
    })
    const [error] = document.errors
    if (error?.code === 'RESOURCE_EXHAUSTION') throw unusable('is nested too deeply')
    if (error !== undefined) throw unusable(`is neither JSON nor YAML (line ${lines.linePos(error.pos[0]).line})`)
    return document.toJS({ maxAliasCount: 10_000 })
  } catch (error) {
    if (error instanceof Refusal) throw error
    if (error instanceof RangeError) throw unusable('is nested too deeply')
    throw unusable('has aliases that lead nowhere, or too many of them')
  }
}

/** Without recursion: the nesting of a hostile document is deeper than the stack. */
function checkShape(root: unknown): void {
  const open: { readonly value: unknown; readonly depth: number }[] = [{ value: root, depth: 0 }]
  let count = 0
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next.value !== 'object' || next.value === null) continue
    if (next.depth > maxDepth) throw unusable(`is nested more than ${maxDepth} levels deep`)
    // Assigning it would change an object's prototype instead of adding a key.
    if (Object.hasOwn(next.value, '__proto__')) throw unusable('has a key called __proto__')
    for (const value of Object.values(next.value)) {
      if (++count > maxValues) throw unusable(`has more than ${maxValues} values`)
      open.push({ value, depth: next.depth + 1 })
    }
  }
}

/** Tells whether a value is a mapping. */
export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A mapping's own value; undefined for what it would only inherit. */
export function own(mapping: Mapping, key: string): unknown {
  return Object.hasOwn(mapping, key) ? mapping[key] : undefined
}

/** The mapping under a key, or an empty one. */
export function mappingAt(mapping: Mapping, key: string): Mapping {
  const value = own(mapping, key)
  return isMapping(value) ? value : {}
}

/** The list under a key, or an empty one. */
export function listAt(mapping: Mapping, key: string): readonly unknown[] {
  const value = own(mapping, key)
  return Array.isArray(value) ? value : []
}

/** The text under a key, or null. */
export function textAt(mapping: Mapping, key: string): string | null {
  const value = own(mapping, key)
  return typeof value === 'string' ? value : null
}

/**
 * Follows `$ref` until something else is reached. Nothing outside of the document is ever read.
 *
 * @returns the value, and the pointer it was found at; null when there was no reference
 * @throws Refusal invalid_input when it leads outside, nowhere or in a circle
 */
export function follow(
  document: ApiDocument,
  value: unknown,
): { readonly value: unknown; readonly pointer: string | null } {
  let at = value
  let pointer: string | null = null
  for (let hops = 0; hops < maxHops; hops++) {
    const reference = isMapping(at) ? textAt(at, '$ref') : null
    if (reference === null) return { value: at, pointer }
    pointer = reference
    at = resolve(document, reference)
  }
  throw new Refusal('invalid_input', `$ref ${plainText(pointer ?? '', 100)} leads in a circle`)
}

/** The value that a JSON pointer in a URL fragment (RFC 6901, 6) leads to. */
export function resolve(document: ApiDocument, reference: string): unknown {
  const shown = plainText(reference, 100)
  if (!reference.startsWith('#/')) {
    throw new Refusal('invalid_input', `$ref ${shown} leads out of the document; only #/... is followed`)
  }
  const value = reference
    .slice(2)
    .split('/')
    .reduce<unknown>((inner, part) => {
      if (typeof inner !== 'object' || inner === null) return undefined
      return own(inner as Mapping, decode(part))
    }, document.root)
  if (value === undefined) throw new Refusal('invalid_input', `$ref ${shown} leads nowhere`)
  return value
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')
  } catch {
    return part
  }
}
