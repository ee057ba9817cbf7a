import { isMethod, type Method, methods } from './method.ts'
import { compilePattern, type PathPattern } from './pattern.ts'

/** A compiled `METHOD /path`. */
export interface RequestLine {
  readonly method: Method
  readonly path: string
  readonly pattern: PathPattern
}

/** A compiled request pattern, in which the method may be `*`; judges the method and the decoded segments. */
export type RequestPattern = (method: string, segments: readonly string[]) => boolean

/**
 * Splits `METHOD /path` and compiles the path.
 *
 * @throws Error with a sentence for the admin
 */
export function parseRequestLine(line: string): RequestLine {
  const { method, path } = words(line)
  if (!isMethod(method)) throw new Error(`the first word must be one of ${methods.join(', ')}`)
  return { method, path, pattern: compilePattern(path) }
}

/**
 * Compiles `METHOD /path` or `* /path`.
 *
 * @throws Error with a sentence for the admin
 */
export function parseRequestPattern(line: string): RequestPattern {
  const { method, path } = words(line)
  if (method !== '*' && !isMethod(method)) throw new Error(`the first word must be * or one of ${methods.join(', ')}`)
  const pattern = compilePattern(path)
  return (actual, segments) => (method === '*' || actual === method) && pattern.matches(segments)
}

function words(line: string): { readonly method: string; readonly path: string } {
  const [, method, path] = /^(\S+) +(\S+)$/.exec(line.trim()) ?? []
  if (method === undefined || path === undefined) throw new Error('write it as METHOD /path, such as GET /repos/:owner')
  return { method, path }
}
