import * as z from 'zod'
import type { Access, JsonObject, Limits, Operation, Plan, Presented, Verb } from '../../src/kind.ts'
import { invalidInput } from '../../src/refusal.ts'
import { outputSchema } from './answer.ts'
import { furtherRequests } from './further.ts'
import { agentHeaders, fieldValue } from './headers.ts'
import { IdempotencyKey, idempotencyKeySchema, onceOf } from './idempotency.ts'
import { type Asked, judge, matchingEntries } from './judge.ts'
import { accessOf, isIdempotent, type Method, methods, takesBody } from './method.ts'
import { compileNever } from './never.ts'
import { formatPath, parsePath } from './path.ts'
import { formatQuery, refuseReserved } from './query.ts'
import { contentTypeField, contentTypeOf, encodeBody, type HttpRequest, refuseReservedKeys } from './request.ts'
import { normalParameter } from './reserved.ts'
import { describeEntry, type ScopeEntry } from './scope.ts'
import { baseSegments, type HttpTarget } from './target.ts'

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
export function callApi(target: HttpTarget, scope: readonly ScopeEntry[], limits: Limits, presented: Presented): Verb {
  const base = baseSegments(target)
  const never = compileNever(target.never)
  const credentialNames = new Set(presented.query.map(normalParameter))
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
    further: step => furtherRequests(step, target, base, asked => planned(asked, {}, null)),
  }

  function plan(input: Input): Plan {
    const slash = slashes && /[^/]\/$/.test(input.path)
    const segments = parsePath(slash ? input.path.slice(0, -1) : input.path)
    const query = Object.entries(input.query ?? {})
    const headers = agentsHeaders(input.headers ?? {}, settable)
    const preferred = matchingEntries(scope, { method: input.method, segments, slash })[0]?.contentTypes?.[0]
    const contentType = contentTypeOf(input.method, headers['content-type'], input.body, preferred)
    refuseReservedKeys(contentType, input.body, credentialNames)
    const asked: Asked = { method: input.method, segments, slash, query, contentType, body: input.body }
    return planned(asked, headers, input.idempotency_key ?? null)
  }

  function planned(asked: Asked, headers: Record<string, string>, key: string | null): Plan {
    const { method, segments, slash, contentType } = asked
    refuseReserved(asked.query, credentialNames)
    const query = formatQuery(asked.query)
    if (query.length > limits.maxRequestBytes) throw invalidInput(`query: longer than ${limits.maxRequestBytes} bytes`)
    const entries = matchingEntries(scope, asked)
    const { verdict, access, idempotent, document } = judge(scope, entries, asked, base)
    const body = encodeBody(contentType, document?.body ?? asked.body, limits.maxRequestBytes)
    if (contentType !== null) headers['content-type'] = contentTypeField(contentType)
    const refused = never(method, segments, asked.query, asked.body)
    const reads = access === 'read'
    const path = formatPath([...base, ...segments], slash)
    const request: HttpRequest = { via: null, method, path, query, headers, body, reads, repeatable: idempotent }
    const resource = formatPath(segments, slash)
    const named = document === null ? '' : ` ${document.name}`
    const operation: Operation = {
      action: method,
      resource,
      access,
      summary: `${method} ${resource}${query === '' ? '' : `?${query}`}${named}`.slice(0, 500),
      idempotent,
    }
    return {
      operation,
      scope: refused === null ? verdict : { allowed: false, reason: refused, fields: { problems: [refused] } },
      request: { ...request },
      ...onceOf(target, method, reads, key),
    }
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
