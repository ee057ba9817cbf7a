import * as z from 'zod'
import type { JsonObject, Limits, Operation, Plan, ScopeVerdict, Verb } from '../../src/kind.ts'
import { invalidInput } from '../../src/refusal.ts'
import { agentHeaders, fieldValue } from './headers.ts'
import { accessOf, isIdempotent, type Method, methods, takesBody } from './method.ts'
import { formatPath, parsePath } from './path.ts'
import { type HttpRequest, requestBody } from './request.ts'
import { matchingEntries, type ScopeEntry } from './scope.ts'
import type { HttpTarget } from './target.ts'

/** Parameters by which servers take another method or another identity than the request has. */
const reservedParameters = new Set([
  '_method',
  '_http_method',
  'method_override',
  'x-http-method',
  'x-http-method-override',
  'access_token',
  'oauth_token',
])

const QueryValue = z.union([z.string(), z.number(), z.boolean()])

const Headers = z.record(
  z.string(),
  z.string().max(1_024).regex(fieldValue, 'contains a character that no header may have'),
)

const Input = z.strictObject({
  method: z.enum(methods),
  path: z.string(),
  query: z.record(z.string(), z.union([QueryValue, z.array(QueryValue)])).optional(),
  headers: Headers.optional(),
  body: z.unknown().optional(),
})

type Input = z.output<typeof Input>

/** The MCP tool `<tool>_call_api`: one request to the tool's API, inside the tool's scope. */
export function callApi(target: HttpTarget, scope: readonly ScopeEntry[], limits: Limits): Verb {
  const base = parsePath(new URL(target.base_url).pathname.replace(/(?<=.)\/$/, ''))
  const allowed = scope.map(entry => entry.text)
  const offered = methods.filter(method => scope.some(entry => entry.method === method))
  return {
    name: 'call_api',
    description: describe(target, allowed),
    access: offered.every(method => accessOf(method) === 'read') ? 'read' : 'write',
    idempotent: offered.every(isIdempotent),
    input: Input,
    inputSchema: inputSchema(offered, allowed),
    outputSchema,
    plan: input => plan(input as Input),
  }

  function plan(input: Input): Plan {
    const segments = parsePath(input.path)
    const headers = agentsHeaders(input.headers ?? {})
    const body = requestBody(input.method, headers, input.body, limits.maxRequestBytes)
    const path = formatPath([...base, ...segments])
    const query = formatQuery(input.query ?? {})
    if (query.length > limits.maxRequestBytes) throw invalidInput(`query: longer than ${limits.maxRequestBytes} bytes`)
    const request: HttpRequest = { method: input.method, path, query, headers, body: body.text }
    const resource = formatPath(segments)
    const operation: Operation = {
      action: input.method,
      resource,
      access: accessOf(input.method),
      summary: `${input.method} ${resource}${query === '' ? '' : `?${query}`}`.slice(0, 500),
      idempotent: isIdempotent(input.method),
    }
    return { operation, scope: judge(input.method, segments, body.json), request: { ...request } }
  }

  function judge(method: Method, segments: readonly string[], json: unknown): ScopeVerdict {
    const entries = matchingEntries(scope, method, segments)
    if (entries.length === 0)
      return { allowed: false, reason: 'no entry of the scope matches this method and path', fields: { allowed } }
    const problems: string[] = []
    for (const entry of entries) {
      const wrong = entry.checkBody === null ? null : entry.checkBody(json)
      if (wrong === null) return { allowed: true, by: entry.text }
      problems.push(...wrong)
    }
    return { allowed: false, reason: 'the body is not what the scope asks for', fields: { allowed, problems } }
  }
}

function agentsHeaders(given: Readonly<Record<string, string>>): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(given)) {
    const lower = name.toLowerCase()
    if (!(agentHeaders as readonly string[]).includes(lower))
      throw invalidInput(`headers: only ${agentHeaders.join(', ')} can be set`)
    if (lower in headers) throw invalidInput(`headers: ${lower} is given twice`)
    headers[lower] = value
  }
  return headers
}

function formatQuery(query: NonNullable<Input['query']>): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (reservedParameters.has(name.toLowerCase())) throw invalidInput(`query: ${name.toLowerCase()} is not accepted`)
    for (const item of Array.isArray(value) ? value : [value]) parameters.append(name, String(item))
  }
  return parameters.toString()
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

function inputSchema(offered: readonly Method[], allowed: readonly string[]): JsonObject {
  const scalar = { type: ['string', 'number', 'boolean'] }
  return {
    type: 'object',
    properties: {
      method: { type: 'string', enum: offered },
      path: {
        type: 'string',
        description:
          `Path below the base URL, percent-encoded where needed, without query. Allowed: ${allowed.slice(0, 20).join(', ')}${allowed.length > 20 ? ', …' : ''}`.slice(
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
        properties: Object.fromEntries(agentHeaders.map(name => [name, { type: 'string' }])),
        additionalProperties: false,
      },
      ...(offered.some(takesBody)
        ? { body: { description: 'A JSON value, or a text with a text/* content-type header' } }
        : {}),
    },
    required: ['method', 'path'],
    additionalProperties: false,
  }
}

const outputSchema: JsonObject = {
  type: 'object',
  properties: {
    status: { type: 'integer', description: 'HTTP status; redirects are not followed' },
    headers: { type: 'object', additionalProperties: { type: 'string' } },
    body: { description: 'Parsed JSON, or text' },
    truncated: { type: 'boolean', description: 'Whether the body was cut at the size limit' },
  },
  required: ['status', 'headers', 'body', 'truncated'],
  additionalProperties: false,
}
