import * as z from 'zod'
import type { Json, JsonObject } from '../../src/kind.ts'
import { invalidInput } from '../../src/refusal.ts'
import { encodeForm } from './form.ts'
import { fieldName, fieldValue } from './headers.ts'
import { type Method, methods, takesBody } from './method.ts'
import type { ForbiddenNames } from './query.ts'
import { normalParameter, reservedParameter } from './reserved.ts'

/** A planned request, as it crosses from the gate to the worker. `path` is encoded; `query` has no `?`. */
export const HttpRequest = z.strictObject({
  /** The operation that it carries out; null for `call_api`. */
  via: z.string().nullable(),
  method: z.enum(methods),
  path: z.string().startsWith('/'),
  query: z.string(),
  headers: z.record(z.string().regex(fieldName), z.string().regex(fieldValue)),
  body: z.string().nullable(),
  /** Whether it changes nothing, and whether sending it twice does what sending it once does. */
  reads: z.boolean(),
  repeatable: z.boolean(),
})

export type HttpRequest = z.output<typeof HttpRequest>

/** How a body of a form is sent: judged as JSON, written as key and value pairs. */
export const formType = 'application/x-www-form-urlencoded'

/** Text types under which some servers parse JSON or a form: they would read what nobody judged. */
const structuredText = /^text\/.*(?:json|form)/

// Exact to the end: with a parameter of its choice (a charset, a second type) an agent could have the server
// read another body than the one that was judged.
const accepted =
  /^(application\/(?:[a-z0-9.+-]+\+)?json|application\/x-www-form-urlencoded|text\/[a-z0-9.+-]+)(?:; ?charset=utf-8)?$/i

/**
 * Settles the content type of a body: the agent's, else the one that the scope prefers, else what fits the value.
 *
 * @param given the `content-type` of the agent
 * @param preferred what a scope entry wants JSON values to be sent as
 * @returns the type without parameters, in lower case; null when there is no body
 * @throws Refusal `invalid_input` when type and value do not agree: what the scope judges must be what the server parses
 */
export function contentTypeOf(
  method: Method,
  given: string | undefined,
  body: unknown,
  preferred: string | undefined,
): string | null {
  if (body === undefined) {
    if (given !== undefined) throw invalidInput('headers: a content-type without a body')
    return null
  }
  if (!takesBody(method)) throw invalidInput(`body: ${method} takes none`)
  const isText = typeof body === 'string'
  const type =
    given === undefined
      ? isText
        ? 'text/plain'
        : preferred !== undefined && !preferred.startsWith('text/')
          ? preferred
          : 'application/json'
      : accepted.exec(given)?.[1]?.toLowerCase()
  if (type === undefined || structuredText.test(type) || isText !== type.startsWith('text/')) {
    throw invalidInput(
      isText
        ? 'body: a string is sent as text/*; give a JSON value itself, not as a string'
        : 'body: a JSON value needs a JSON content-type (or that of a form); give other text as a string',
    )
  }
  if (type === formType && !isObject(body)) throw invalidInput('body: a form is a JSON object')
  return type
}

/**
 * Writes a body as it is sent.
 *
 * @param maxBytes the largest body in bytes of UTF-8
 * @throws Refusal `invalid_input`
 */
export function encodeBody(type: string | null, body: unknown, maxBytes: number): string | null {
  if (type === null) return null
  const text = type.startsWith('text/')
    ? String(body)
    : type === formType
      ? encodeForm(body as JsonObject)
      : JSON.stringify(body)
  const bytes = Buffer.byteLength(text)
  if (bytes > maxBytes) throw invalidInput(`body: ${bytes} bytes; at most ${maxBytes} are accepted`)
  return text
}

/** The `content-type` field for a type. */
export function contentTypeField(type: string): string {
  return type.startsWith('text/') ? `${type}; charset=utf-8` : type
}

/**
 * Refuses keys at the top of a body by which some frameworks take another method; in a form, all that would be
 * refused in a query.
 *
 * @param credential the names that the tool's credential fills
 * @throws Refusal `invalid_input`
 */
export function refuseReservedKeys(type: string | null, body: unknown, credential: ForbiddenNames): void {
  for (const key of topKeys(body)) {
    const refused =
      type === formType
        ? reservedParameter(key) || credential.has(normalParameter(key))
        : methodKeys.has(normalParameter(key))
    if (refused)
      throw invalidInput(
        `body: the key ${JSON.stringify(key.slice(0, 50))} is not accepted; it could change what the request is`,
      )
  }
}

/** The keys at the top of a body; of a list, those of its items. */
export function topKeys(body: unknown): readonly string[] {
  return (Array.isArray(body) ? body : [body]).flatMap(each => (isObject(each) ? Object.keys(each) : []))
}

/** Frameworks that take a method from a form take it from JSON as well (Laravel merges both into one input). */
const methodKeys = new Set(['_method', '_http_method', 'x-http-method-override'].map(normalParameter))

function isObject(value: unknown): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
