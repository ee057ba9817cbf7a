import { parsePath } from './path.ts'

/** A compiled path pattern: matches decoded segments. */
export type PathPattern = (segments: readonly string[]) => boolean

type Matcher = { readonly literal: string } | 'one' | 'rest'

/**
 * Compiles a path pattern. `:name` and `*` are one segment each, `**` is one or more up to the end,
 * anything else matches literally: case-sensitive, after one decoding on both sides.
 *
 * @throws Error with a sentence for the admin when the pattern has no clear meaning
 */
export function compilePattern(pattern: string): PathPattern {
  if (!pattern.startsWith('/')) throw new Error('a path pattern begins with /')
  const parts = pattern === '/' ? [] : pattern.slice(1).split('/')
  const matchers = parts.map((part, index): Matcher => {
    if (part === '**') {
      if (index !== parts.length - 1) throw new Error('** stands for the rest of a path and can only come last')
      return 'rest'
    }
    if (part === '*') return 'one'
    if (part === '') throw new Error('an empty segment (// or a / at the end)')
    if (part.startsWith(':')) {
      if (!/^:[a-z][a-z0-9_]*$/i.test(part)) throw new Error(`${part} is not a parameter name (letters, digits, _)`)
      return 'one'
    }
    if (part.includes('*')) throw new Error('* stands for a whole segment; it cannot be a part of one')
    return { literal: literalSegment(part) }
  })
  const open = matchers.at(-1) === 'rest'
  return segments => {
    if (open ? segments.length < matchers.length : segments.length !== matchers.length) return false
    return matchers.every((matcher, index) => typeof matcher === 'string' || matcher.literal === segments[index])
  }
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
