import * as z from 'zod'
import type { Access, JsonObject, Limits, Plan, Verb } from '../../src/kind.ts'
import type { Presented } from '../../src/leased.ts'
import { invalidInput } from '../../src/refusal.ts'
import { outputSchema } from './answer.ts'
import type { Bounds } from './bounds.ts'
import { furtherRequests } from './further.ts'
import { agentHeaders, fieldValue } from './headers.ts'
import { IdempotencyKey, idempotencyKeySchema } from './idempotency.ts'
import { type Asked, judge, matchingEntries } from './judge.ts'
import { accessOf, isIdempotent, type Method, methods, takesBody } from './method.ts'
import { parsePath, parseSlashedPath } from './path.ts'
import { limitedQuery, refuseReserved } from './query.ts'
import { contentTypeOf, refuseReservedKeys } from './request.ts'
import { describeEntry, type ScopeEntry } from './scope.ts'
import type { HttpTarget } from './target.ts'
import { writtenPlan } from './written-plan.ts'

const QueryValue = z.union([z.string(), z.number(), z.boolean()])

/** The validator leaves `__proto__` out of what it reads; what is not understood is refused, not dropped. */
function withoutProto(value: unknown, context: z.core.$RefinementCtx): unknown {
  if (typeof value === 'object' && value !== null && Object.hasOwn(value, '__proto__'))
    context.addIssue({ code: 'custom', message: 'the name __proto__ is not accepted' })
  return value
}

const Headers = z.preprocess(
  withoutProto,
  z.record(z.string(), z.string().max(1_024).regex(fieldValue, 'contains a character that no header may have')),
)

const QueryArgument = z.preprocess(withoutProto, z.record(z.string(), z.union([QueryValue, z.array(QueryValue)])))

const Input = z.strictObject({
  method: z.enum(methods),
  path: z.string(),
  query: QueryArgument.optional(),
  headers: Headers.optional(),
  body: z.unknown().optional(),
})

const InputWithKey = Input.extend({ idempotency_key: IdempotencyKey.optional() })

type Input = z.output<typeof InputWithKey>

/** The MCP tool `<tool>_call_api`: one request to the tool's API, inside the tool's scope. */
export function callApi(bounds: Bounds, scope: readonly ScopeEntry[], limits: Limits, presented: Presented): Verb {
  const { target } = bounds
  const settable = agentHeaders.filter(name => !presented.headers.includes(name))
  const offered = methods.filter(method => scope.some(entry => entry.method === method))
  const slashes = scope.some(({ pattern }) => pattern.slash)
  return {
    name: 'call_api',
    description: describe(target, scope.map(describeEntry)),
    access: scope.every(entry => greatestAccess(entry) === 'read') ? 'read' : 'write',
    idempotent: scope.every(entry => isIdempotent(entry.method) || greatestAccess(entry) === 'read'),
    input: target.idempotency === undefined ? Input : InputWithKey,
    inputSchema: inputSchema(target, offered, settable, scope.map(describeEntry)),
    outputSchema,
    plan: input => plan(input as Input),
    further: step => furtherRequests(step, target, bounds.base, asked => planned(asked, {}, null)),
  }

  function plan(input: Input): Plan {
    const { segments, slash } = slashes
      ? parseSlashedPath(input.path)
      : { segments: parsePath(input.path), slash: false }
    const query = Object.entries(input.query ?? {})
    const headers = agentsHeaders(input.headers ?? {}, settable)
    const preferred = matchingEntries(scope, { method: input.method, segments, slash })[0]?.contentTypes?.[0]
    const contentType = contentTypeOf(input.method, headers['content-type'], input.body, preferred)
    refuseReservedKeys(contentType, input.body, bounds.credentialNames)
    const asked: Asked = { method: input.method, segments, slash, query, contentType, body: input.body }
    return planned(asked, headers, input.idempotency_key ?? null)
  }

  function planned(asked: Asked, headers: Readonly<Record<string, string>>, idempotencyKey: string | null): Plan {
    refuseReserved(asked.query, bounds.credentialNames)
    const query = limitedQuery(asked.query, limits.maxRequestBytes)
    const { verdict, access, idempotent, document } = judge(scope, matchingEntries(scope, asked), asked, bounds.base)
    const body = document?.body ?? asked.body
    const summary = (line: string) => (document === null ? line : `${line} ${document.name}`)
    const judged = { verdict, reads: access === 'read', idempotent, idempotencyKey, summary }
    return writtenPlan({ via: null, asked, query, body, headers, ...judged }, bounds, limits)
  }
}

function greatestAccess(entry: ScopeEntry): Access {
  if (entry.documents === null) return accessOf(entry.method)
  return [...entry.documents.values()].every(({ access }) => access === 'read') ? 'read' : 'write'
}

function agentsHeaders(given: Readonly<Record<string, string>>, settable: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(given)) {
    const lower = name.toLowerCase()
    if (!settable.includes(lower)) throw invalidInput(`headers: only ${settable.join(', ')} can be set`)
    if (lower in headers) throw invalidInput(`headers: ${lower} is given twice`)
    headers[lower] = value
  }
  return headers
}

function describe(target: HttpTarget, allowed: readonly string[]): string {
  const url = new URL(target.base_url)
  const head = `Sends one request to ${url.host}. Authentication is added for you; never pass keys or tokens.\nAllowed requests (:name is one path segment, ** is the rest):\n`
  const lines: string[] = []
  let length = head.length
  for (const [index, text] of allowed.entries()) {
    const more = `… and ${allowed.length - index} more`
    if (length + text.length + 3 + more.length > 3_500) {
      lines.push(more)
      break
    }
    lines.push(`- ${text}`)
    length += text.length + 3
  }
  return head + lines.join('\n')
}

function inputSchema(
  target: HttpTarget,
  offered: readonly Method[],
  settable: readonly string[],
  allowed: readonly string[],
): JsonObject {
  const scalar = { type: ['string', 'number', 'boolean'] }
  const paths = `${allowed.slice(0, 20).join(', ')}${allowed.length > 20 ? ', …' : ''}`
  return {
    type: 'object',
    properties: {
      method: { type: 'string', enum: offered },
      path: {
        type: 'string',
        description: `Path below the base URL, percent-encoded where needed, without query. Allowed: ${paths}`.slice(
          0,
          1_500,
        ),
      },
      query: {
        type: 'object',
        description: 'Query parameters; a list repeats the parameter',
        additionalProperties: { anyOf: [scalar, { type: 'array', items: scalar }] },
      },
      headers: {
        type: 'object',
        properties: Object.fromEntries(settable.map(name => [name, { type: 'string' }])),
        additionalProperties: false,
      },
      ...(offered.some(takesBody)
        ? { body: { description: 'A JSON value, or a text with a text/* content-type header' } }
        : {}),
      ...(target.idempotency === undefined ? {} : { idempotency_key: idempotencyKeySchema }),
    },
    required: ['method', 'path'],
    additionalProperties: false,
  }
}
