import type { JsonObject } from '../kind.ts'
import { Refusal } from '../refusal.ts'
import { convertBodySchema } from './body-schema.ts'
import { type ApiDocument, follow, isMapping, type Mapping, mappingAt, own } from './document.ts'
import type { Endpoint } from './endpoint.ts'
import { plainText } from './plain-text.ts'

/** The body of an operation as it stands in a configuration. */
export interface BodyText {
  readonly body: JsonObject
  readonly content_type: string
}

const form = 'application/x-www-form-urlencoded'

/**
 * Writes the body of an endpoint; null when it has none.
 *
 * @throws Refusal invalid_input with the reason why it cannot be had
 */
export function bodyText(document: ApiDocument, endpoint: Endpoint, note: (text: string) => void): BodyText | null {
  const source = follow(document, own(endpoint.operation, 'requestBody')).value
  if (source === undefined) return null
  if (!isMapping(source)) throw new Refusal('invalid_input', 'its requestBody is no mapping')
  const required = own(source, 'required') === true
  if (endpoint.method === 'GET' || endpoint.method === 'HEAD') {
    if (required) throw new Refusal('invalid_input', `a ${endpoint.method} with a body is not possible`)
    note(`a body of a ${endpoint.method} is left out`)
    return null
  }
  const content = mappingAt(source, 'content')
  if (Object.keys(content).length === 0) return null
  const [contentType, media] = choose(content)
  if (!required) note('its body may be left out; here it has to be given')
  if (own(media, 'encoding') !== undefined) note('encoding of a form is left out')
  const body = convertBodySchema(own(media, 'schema') ?? {}, document, note)
  if (contentType === form) return { body: asForm(body), content_type: contentType }
  if (Object.keys(body).every(keyword => keyword === 'description'))
    note('its body is not described; it takes any JSON')
  return { body, content_type: contentType }
}

function choose(content: Mapping): readonly [string, Mapping] {
  const types = Object.entries(content).map(
    ([field, media]) => [(field.split(';')[0] ?? '').trim().toLowerCase(), isMapping(media) ? media : {}] as const,
  )
  const found =
    types.find(([type]) => type === 'application/json') ??
    types.find(([type]) => /^application\/[a-z0-9.+-]+\+json$/.test(type)) ??
    types.find(([type]) => type === form)
  if (found !== undefined) return found
  const shown = types.slice(0, 5).map(([type]) => plainText(type, 60))
  throw new Refusal('invalid_input', `its body is sent as ${shown.join(', ')}; only JSON and forms are possible`)
}

/** A form is an object, whether or not its schema says so. */
function asForm(body: JsonObject): JsonObject {
  const { type } = body
  if (type === undefined) return { type: 'object', ...body }
  if (type === 'object' || (Array.isArray(type) && type.includes('object'))) return { ...body, type: 'object' }
  throw new Refusal('invalid_input', 'its body is a form, and its schema is not of type object')
}
