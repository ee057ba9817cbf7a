import { parsePath } from './path.ts'

/** One part of a path pattern: a fixed segment, any one segment, or the rest of the path. */
export type PatternPart =
  | { readonly type: 'literal'; readonly segment: string }
  | { readonly type: 'one'; readonly name: string | null }
  | { readonly type: 'rest' }

/** A compiled path pattern. */
export interface PathPattern {
  readonly parts: readonly PatternPart[]
  /** Whether a `/` ends it, as some APIs want it. */
  readonly slash: boolean
  /** Judges decoded segments, whether or not a `/` follows them. */
  matches(segments: readonly string[]): boolean
}

/**
 * Compiles a path pattern. `:name` and `*` are one segment each, `**` is one or more up to the end,
 * anything else matches literally: case-sensitive, after one decoding on both sides.
 *
 * @throws Error with a sentence for the admin when the pattern has no clear meaning
 */
export function compilePattern(pattern: string): PathPattern {
  if (!pattern.startsWith('/')) throw new Error('a path pattern begins with /')
  const slash = pattern.length > 1 && pattern.endsWith('/')
  const texts = pattern === '/' ? [] : pattern.slice(1, slash ? -1 : undefined).split('/')
  const parts = texts.map((text, index) => partOf(text, index === texts.length - 1))
  const names = parameterNames(parts)
  if (new Set(names).size < names.length) throw new Error('a parameter name (:name) is there twice')
  const open = parts.at(-1)?.type === 'rest'
  if (open && slash) throw new Error('** stands for the rest of a path, and no / can follow it')
  return {
    parts,
    slash,
    matches(segments) {
      if (open ? segments.length < parts.length : segments.length !== parts.length) return false
      return parts.every((part, index) => part.type !== 'literal' || part.segment === segments[index])
    },
  }
}

/** The names of the parameters (`:name`), in order. */
export function parameterNames(parts: readonly PatternPart[]): readonly string[] {
  return parts.flatMap(part => (part.type === 'one' && part.name !== null ? [part.name] : []))
}

function partOf(text: string, isLast: boolean): PatternPart {
  if (text === '**') {
    if (!isLast) throw new Error('** stands for the rest of a path and can only come last')
    return { type: 'rest' }
  }
  if (text === '*') return { type: 'one', name: null }
  if (text === '') throw new Error('an empty segment (//)')
  if (text.startsWith(':')) {
    if (!/^:[a-z][a-z0-9_]*$/i.test(text)) throw new Error(`${text} is not a parameter name (letters, digits, _)`)
    return { type: 'one', name: text.slice(1) }
  }
  if (text.includes('*')) throw new Error('* stands for a whole segment; it cannot be a part of one')
  return { type: 'literal', segment: literalSegment(text) }
}

function literalSegment(part: string): string {
  try {
    return parsePath(`/${part}`)[0] ?? ''
  } catch (error) {
    throw new Error(error instanceof Error ? error.message.replace(/^path: /, '') : 'not a valid segment', {
      cause: error,
    })
  }
}
