import { isMethod, type Method, methods } from './method.ts'
import { compilePattern, type PathPattern } from './pattern.ts'

/** Checks a JSON body; returns what is wrong in our words, or null. */
export type BodyCheck = (body: unknown) => readonly string[] | null

/** One line of a tool's `allow`, compiled. */
export interface ScopeEntry {
  /** As an admin and an agent read it: `GET /repos/:owner`. */
  readonly text: string
  readonly method: Method
  readonly matches: PathPattern
  readonly checkBody: BodyCheck | null
}

/**
 * Splits `METHOD /path` and compiles the path.
 *
 * @throws Error with a sentence for the admin
 */
export function parseRequestLine(line: string): {
  readonly method: Method
  readonly path: string
  readonly matches: PathPattern
} {
  const [, method, path] = /^(\S+) +(\S+)$/.exec(line.trim()) ?? []
  if (method === undefined || path === undefined) throw new Error('write it as METHOD /path, such as GET /repos/:owner')
  if (!isMethod(method)) throw new Error(`the first word must be one of ${methods.join(', ')}`)
  return { method, path, matches: compilePattern(path) }
}

/** The entries that match a request; an empty scope matches nothing. */
export function matchingEntries(
  scope: readonly ScopeEntry[],
  method: Method,
  segments: readonly string[],
): readonly ScopeEntry[] {
  return scope.filter(entry => entry.method === method && entry.matches(segments))
}
