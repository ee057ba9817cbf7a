import type { Query } from './query.ts'
import { type RequestPattern, parseRequestPattern } from './request-line.ts'
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
    if (requests.some(matches => matches(method, segments))) return 'never permits this request'
    const parameter = given.find(([name]) => query.has(normalParameter(name)))?.[0]
    if (parameter !== undefined) return 'never permits a query parameter of this name'
    if (typeof body !== 'object' || body === null || Array.isArray(body)) return null
    return Object.keys(body).some(key => keys.has(normalParameter(key)))
      ? 'never permits a key of this name in the body'
      : null
  }
}
