import type { Plan } from '../../src/kind.ts'
import { formatPath, parseSlashedPath } from './path.ts'
import type { HttpRequest } from './request.ts'

/** A parsed `GET /path?query`. */
interface TestLine {
  readonly method: 'GET' | 'HEAD'
  readonly segments: readonly string[]
  readonly slash: boolean
  readonly query: string
}

/**
 * Parses the request that a credential is tried with: `GET /path` or `HEAD /path`, perhaps with a query.
 *
 * @throws Error with a sentence for the admin
 */
export function parseTestLine(line: string): TestLine {
  const [, method, path = '', query = ''] = /^(GET|HEAD) +(\/[^\s?#]*)(?:\?([^\s#]*))?$/.exec(line.trim()) ?? []
  if (method !== 'GET' && method !== 'HEAD')
    throw new Error('only GET and HEAD are harmless: write it as GET /path, such as GET /user')
  if (/\/[:*]/.test(path)) throw new Error('one path, such as /user, without patterns')
  return { method, ...parseSlashedPath(path), query: new URLSearchParams(query).toString() }
}

/** The declared test of a tool, planned: it was written by the admin, so no scope and no rule judges it. */
export function testCall(line: string, base: readonly string[]): Pick<Plan, 'operation' | 'request'> {
  const { method, segments, slash, query } = parseTestLine(line)
  const resource = formatPath(segments, slash)
  const request: HttpRequest = {
    via: null,
    method,
    path: formatPath([...base, ...segments], slash),
    query,
    headers: {},
    body: null,
    reads: true,
    repeatable: true,
  }
  const summary = `${method} ${query === '' ? resource : `${resource}?${query}`}`
  return { operation: { action: method, resource, access: 'read', summary, idempotent: true }, request }
}
