import type { Limits, Plan } from '../../src/kind.ts'
import type { Bounds } from './bounds.ts'
import { onceOf } from './idempotency.ts'
import type { Asked } from './judge.ts'
import { formatPath } from './path.ts'
import { contentTypeField, encodeBody, type HttpRequest } from './request.ts'

/** A request that was judged, before it is written. */
export interface JudgedRequest {
  readonly via: string | null
  readonly asked: Asked
  /** As `limitedQuery` wrote it. */
  readonly query: string
  /** What is sent as the body, where that is not what was asked for. */
  readonly body: unknown
  readonly headers: Readonly<Record<string, string>>
  readonly verdict: Plan['scope']
  readonly reads: boolean
  readonly idempotent: boolean
  readonly idempotencyKey: string | null
  /** Makes the line for a person from method, path and query. */
  readonly summary: (line: string) => string
}

/**
 * Writes a judged request as what a worker carries out, and as what policy and people see of it. `never` has the last word.
 *
 * @throws Refusal `invalid_input` when it is too large, or cannot be written
 */
export function writtenPlan(request: JudgedRequest, { target, base, never }: Bounds, limits: Limits): Plan {
  const { via, asked, query, verdict, reads, idempotent } = request
  const { method, segments, slash, contentType } = asked
  const written: HttpRequest = {
    via,
    method,
    path: formatPath([...base, ...segments], slash),
    query,
    headers: { ...request.headers, ...(contentType === null ? {} : { 'content-type': contentTypeField(contentType) }) },
    body: encodeBody(contentType, request.body, limits.maxRequestBytes),
    reads,
    repeatable: idempotent,
  }
  const resource = formatPath(segments, slash)
  const forbidden = never(method, segments, asked.query, asked.body)
  return {
    operation: {
      action: method,
      resource,
      access: reads ? 'read' : 'write',
      summary: request.summary(`${method} ${resource}${query === '' ? '' : `?${query}`}`).slice(0, 500),
      idempotent,
    },
    scope: forbidden === null ? verdict : { allowed: false, reason: forbidden, fields: { problems: [forbidden] } },
    request: { ...written },
    ...onceOf(target, method, reads, request.idempotencyKey),
  }
}
