import type { Json, JsonObject } from '../kind.ts'
import { Refusal } from '../refusal.ts'
import { type ApiDocument, follow, isMapping, listAt, type Mapping, own, textAt } from './document.ts'
import type { Endpoint } from './endpoint.ts'
import { plainText } from './plain-text.ts'
import { convertSchema } from './schema.ts'

/** Most schemas in one parameter, with all references written out. */
const maxSchemas = 2_000

/** A parameter of a document, its reference followed. */
export interface ApiParameter {
  readonly name: string
  readonly in: string
  readonly required: boolean
  readonly source: Mapping
}

/**
 * The parameters of an endpoint: those of its path, and its own in place of those with the same name and place.
 *
 * @throws Refusal invalid_input
 */
export function parametersOf(document: ApiDocument, endpoint: Endpoint): readonly ApiParameter[] {
  const all = new Map<string, ApiParameter>()
  for (const value of [...listAt(endpoint.item, 'parameters'), ...listAt(endpoint.operation, 'parameters')]) {
    const source = follow(document, value).value
    const name = isMapping(source) ? textAt(source, 'name') : null
    const place = isMapping(source) ? textAt(source, 'in') : null
    if (!isMapping(source) || name === null || place === null)
      throw new Refusal('invalid_input', 'a parameter has no name or no place (in)')
    all.set(`${place} ${name}`, {
      name,
      in: place,
      required: place === 'path' || own(source, 'required') === true,
      source,
    })
  }
  return [...all.values()]
}

/**
 * Converts the schema of a path or query parameter, which is one text, number or boolean, or in a query a list of them.
 * It stands by itself: references are written out.
 *
 * @throws Refusal invalid_input when a URL cannot carry it as it is described
 */
export function convertParameter(
  parameter: ApiParameter,
  document: ApiDocument,
  note: (text: string) => void,
): JsonObject {
  const { source } = parameter
  if (own(source, 'schema') === undefined && own(source, 'content') !== undefined)
    throw unusable('is described by content instead of a schema')
  const style = textAt(source, 'style') ?? (parameter.in === 'path' ? 'simple' : 'form')
  if (style !== (parameter.in === 'path' ? 'simple' : 'form')) throw unusable(`is of style ${plainText(style, 40)}`)
  const context = { document, note, shared: null, budget: { left: maxSchemas } }
  const schema = withoutNull(convertSchema(own(source, 'schema') ?? {}, context))
  const shape = shapeOf(schema)
  if (shape === 'list' && (parameter.in === 'path' || own(source, 'explode') === false))
    throw unusable('is a list in one value')
  if (shape === 'other') throw unusable('is neither one value nor a list of values')
  const description = plainText(textAt(source, 'description') ?? '', 300)
  const typed = Object.keys(schema).some(keyword => ['type', 'enum', 'anyOf', 'allOf'].includes(keyword))
    ? schema
    : { type: 'string', ...schema }
  return description === '' || 'description' in typed ? typed : { description, ...typed }
}

function unusable(reason: string): Refusal {
  return new Refusal('invalid_input', reason)
}

/** In a URL nothing is null: `anyOf: [integer, null]`, as generators write what may be left out, is an integer. */
function withoutNull(schema: JsonObject): JsonObject {
  const { type, enum: values, anyOf, allOf, items, ...rest } = schema
  const out: Record<string, Json> = {}
  if (type !== undefined) {
    const types = (Array.isArray(type) ? type : [type]).filter(each => each !== 'null')
    if (types.length === 0) throw unusable('can only be null')
    out['type'] = types.length === 1 ? (types[0] as string) : types
  }
  if (Array.isArray(values)) out['enum'] = values.filter(value => value !== null)
  Object.assign(out, rest)
  if (items !== undefined) out['items'] = isMapping(items) ? withoutNull(items) : items
  const parts = (list: Json | undefined) => (Array.isArray(list) ? (list as readonly JsonObject[]) : [])
  const some = parts(anyOf)
    .filter(part => part['type'] !== 'null')
    .map(withoutNull)
  const all = parts(allOf).map(withoutNull)
  if (some.length === 1) all.push(some[0] as JsonObject)
  else if (some.length > 1) out['anyOf'] = some
  if (
    all.length === 1 &&
    !Object.keys(all[0] as JsonObject).some(
      keyword => keyword in out && keyword !== 'description' && keyword !== 'default',
    )
  )
    return { ...all[0], ...out }
  return all.length === 0 ? out : { ...out, allOf: all }
}

function shapeOf(schema: Json | undefined): 'value' | 'list' | 'other' {
  if (schema === undefined || typeof schema !== 'object' || schema === null || Array.isArray(schema)) return 'value'
  const { type, anyOf, allOf, items, enum: values } = schema as JsonObject
  if (type === 'array') return shapeOf(items) === 'value' ? 'list' : 'other'
  if (Array.isArray(type) || type === 'object' || type === 'null') return 'other'
  if (Array.isArray(values) && values.some(value => typeof value === 'object')) return 'other'
  const parts = [anyOf, allOf].flatMap(list => (Array.isArray(list) ? (list as readonly Json[]) : []))
  if (parts.some(part => shapeOf(part) !== 'value')) return 'other'
  // Which type a text from a URL is read as would be a guess; text is always right.
  const texts = Array.isArray(anyOf) ? (anyOf as readonly JsonObject[]).filter(part => part['type'] === 'string') : []
  return Array.isArray(anyOf) && texts.length === 0 ? 'other' : 'value'
}
