import type { Query } from './query.ts'
import { type RequestPattern, parseRequestPattern } from './request-line.ts'
import { topKeys } from './request.ts'
import { normalParameter } from './reserved.ts'
import type { HttpTarget } from './target.ts'

/** A tool's `never`, compiled: says why a request cannot be permitted by anything, or null. */
export type Never = (method: string, segments: readonly string[], query: Query, body: unknown) => string | null

/** Compiles a tool's `never`; names are compared as servers read them. */
export function compileNever(never: HttpTarget['never']): Never {
  const requests: readonly RequestPattern[] = never.requests.map(parseRequestPattern)
  const query = new Set(never.query.map(normalParameter))
  const keys = new Set(never.body.map(normalParameter))
  return (method, segments, given, body) => {
    if (requests.some(matches => matches(method, segments)))
      return 'this request is never permitted, whatever the scope says'
    if (query.size > 0 && given.some(([name]) => query.has(normalParameter(name))))
      return 'a query parameter of this name is never permitted'
    if (keys.size === 0 || body === undefined) return null
    // A server may parse a text, and nobody judged what it finds there.
    if (typeof body === 'string') return 'a text body is never permitted here'
    return topKeys(body).some(key => keys.has(normalParameter(key)))
      ? 'a key of this name at the top of the body is never permitted'
      : null
  }
}
