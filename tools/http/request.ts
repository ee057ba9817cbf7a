import * as z from 'zod'
import { invalidInput } from '../../src/refusal.ts'
import { fieldName, fieldValue } from './headers.ts'
import { type Method, methods, takesBody } from './method.ts'

/** A planned request, as it crosses from the gate to the worker. `path` is encoded; `query` has no `?`. */
export const HttpRequest = z.strictObject({
  method: z.enum(methods),
  path: z.string().startsWith('/'),
  query: z.string(),
  headers: z.record(z.string().regex(fieldName), z.string().regex(fieldValue)),
  body: z.string().nullable(),
})

export type HttpRequest = z.output<typeof HttpRequest>

// Exact to the end: with a parameter of its choice (a charset, a second type) an agent could have the server
// read another body than the one that was judged.
const jsonType = /^application\/(?:[a-z0-9.+-]+\+)?json(?:; ?charset=utf-8)?$/i
const textType = /^text\/[a-z0-9.+-]+(?:; ?charset=utf-8)?$/i

/**
 * Turns an agent's `body` into the text that is sent. A JSON value goes out as JSON, a string as text;
 * the content type must agree, so that what the scope judged is what the server parses.
 *
 * @param headers gains the `content-type` when the agent gave none
 * @param maxBytes the largest body in bytes of UTF-8
 * @returns the text, and the JSON value when it is JSON (undefined otherwise)
 * @throws Refusal `invalid_input`
 */
export function requestBody(
  method: Method,
  headers: Record<string, string>,
  body: unknown,
  maxBytes: number,
): { readonly text: string | null; readonly json: unknown } {
  if (body === undefined) {
    if (headers['content-type'] !== undefined) throw invalidInput('headers: a content-type without a body')
    return { text: null, json: undefined }
  }
  if (!takesBody(method)) throw invalidInput(`body: ${method} takes none`)
  const isText = typeof body === 'string'
  const type = (headers['content-type'] ??= isText ? 'text/plain; charset=utf-8' : 'application/json')
  if (isText && !textType.test(type))
    throw invalidInput('body: a string is sent as text/*; give a JSON value itself, not as a string')
  if (!isText && !jsonType.test(type))
    throw invalidInput('body: a JSON value needs a JSON content-type; give other text as a string')
  const text = isText ? body : JSON.stringify(body)
  const bytes = Buffer.byteLength(text)
  if (bytes > maxBytes) throw invalidInput(`body: ${bytes} bytes; at most ${maxBytes} are accepted`)
  return { text, json: isText ? undefined : body }
}
