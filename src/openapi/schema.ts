import type { Json, JsonObject } from '../kind.ts'
import { Refusal } from '../refusal.ts'
import {
  type ApiDocument,
  follow,
  isMapping,
  listAt,
  type Mapping,
  mappingAt,
  own,
  resolve,
  textAt,
} from './document.ts'
import {
  counts,
  droppedKeywords,
  listKeywords,
  numberKeywords,
  plainValues,
  type SchemaType,
  stringKeywords,
  typeKeywords,
  usablePattern,
} from './keywords.ts'
import { isPlain, plainText } from './plain-text.ts'
import { typesOf, valuesOf } from './schema-type.ts'
import { type Shared, sharedName } from './shared.ts'

/** Nesting of a schema, references that are written out included. */
const maxDepth = 64

/** What schemas are converted with. */
export interface SchemaContext {
  readonly document: ApiDocument
  readonly note: (text: string) => void
  /** Where referenced schemas are collected; null writes each of them out in its place. */
  readonly shared: Shared | null
  /** Schemas that may still be made for this operation: a few references to references become millions. */
  readonly budget: { left: number }
}

interface Place {
  readonly depth: number
  /** Whether other schemas judge the same value too, so that this one cannot refuse what it does not know. */
  readonly open: boolean
  /** The references that are being written out. */
  readonly within: readonly string[]
}

/** A schema by itself, at the top. */
export const top: Place = { depth: 0, open: false, within: [] }

/**
 * Turns a schema of OpenAPI 3.0 or 3.1 into a JSON Schema (2020-12) of which a strict validator knows every keyword.
 * An object that lists its properties takes no others, unless it says so.
 *
 * @throws Refusal invalid_input when it cannot be said so
 */
export function convertSchema(source: unknown, context: SchemaContext, place: Place = top): JsonObject {
  if (--context.budget.left < 0) throw unusable('its schemas are too large')
  if (place.depth > maxDepth) throw unusable('its schemas are nested too deeply')
  if (source === true) return {}
  if (source === false) return { not: {} }
  if (!isMapping(source)) throw unusable('one of its schemas is no mapping')
  for (const keyword of ['$dynamicRef', '$recursiveRef', '$id']) {
    if (own(source, keyword) !== undefined) throw unusable(`one of its schemas uses ${keyword}`)
  }
  const reference = textAt(source, '$ref')
  if (reference === null) return convertOwn(source, context, place)
  if (context.document.is30 || !judges(source)) return { ...referred(reference, context, place), ...described(source) }
  // In 3.1 what stands beside a reference counts too.
  const { $ref: _, ...beside } = source
  return convertOwn({ ...beside, allOf: [{ $ref: reference }, ...listAt(source, 'allOf')] }, context, place)
}

function unusable(reason: string): Refusal {
  return new Refusal('invalid_input', reason)
}

const judging = new Set(['type', 'enum', 'const', 'allOf', 'anyOf', 'oneOf', ...Object.values(typeKeywords).flat()])

function judges(source: Mapping): boolean {
  return Object.keys(source).some(keyword => judging.has(keyword))
}

function referred(reference: string, context: SchemaContext, place: Place): JsonObject {
  if (context.shared !== null && place.depth > 0) {
    resolve(context.document, reference)
    return { $ref: `#/$defs/${sharedName(context.shared, reference, place.open)}` }
  }
  if (place.within.includes(reference))
    throw unusable(`$ref ${plainText(reference, 100)} leads back to itself, which only a body can have`)
  const within = [...place.within, reference]
  return convertSchema(resolve(context.document, reference), context, {
    ...place,
    within,
    depth: place.depth + (context.shared === null ? 1 : 0),
  })
}

function convertOwn(source: Mapping, context: SchemaContext, place: Place): JsonObject {
  for (const keyword of droppedKeywords)
    if (own(source, keyword) !== undefined) context.note(`${keyword} of a schema is left out`)
  if (own(source, 'format') !== undefined) context.note('format is not checked')
  const types = typesOf(source)
  const [first, second] = types.filter(type => type !== 'null')
  const out: Record<string, Json> = { ...described(source) }
  const all: JsonObject[] = []
  if (first !== undefined && second !== undefined) {
    const each = types.map(type => ({ type, ...keywordsOf(type, source, context, place) }))
    all.push({ anyOf: each })
  } else if (types.length > 0) {
    out['type'] = types.length === 1 ? (types[0] as string) : [...types]
    if (first !== undefined) Object.assign(out, keywordsOf(first, source, context, place))
  }
  Object.assign(out, valuesOf(source, types))
  all.push(...combined(source, context, place))
  const nullable = context.document.is30 && own(source, 'nullable') === true && types.length === 0 && all.length > 0
  return nullable ? { anyOf: [join(out, all), { type: 'null' }] } : join(out, all)
}

/** One more schema that judges the same value stands where it can; several stand under allOf. */
function join(out: JsonObject, all: readonly JsonObject[]): JsonObject {
  const [only] = all
  if (only === undefined) return out
  if (all.length === 1 && 'anyOf' in only && Object.keys(only).length === 1) return { ...out, ...only }
  return { ...out, allOf: [...all] }
}

function described(source: Mapping): Record<string, Json> {
  const description = plainText(textAt(source, 'description') ?? '', 300)
  const value = own(source, 'default')
  return {
    ...(description === '' ? {} : { description }),
    ...(typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
      ? Object.fromEntries(plainValues([value]).map(plain => ['default', plain]))
      : {}),
  }
}

/** `oneOf` becomes `anyOf`: that exactly one matches is for the API to see, once formats and the like are not judged. */
function combined(source: Mapping, context: SchemaContext, place: Place): readonly JsonObject[] {
  const groups = (['allOf', 'anyOf', 'oneOf'] as const).map(keyword => listAt(source, keyword))
  const [allOf = [], ...anyOfs] = groups
  const count = allOf.length + anyOfs.filter(group => group.length > 0).length
  const lists = typeKeywords.object.some(keyword => keyword !== 'required' && Object.hasOwn(source, keyword))
  const branch: Place = { ...place, depth: place.depth + 1, open: place.open || lists || count > 1 }
  return [
    ...allOf.map(part => convertSchema(part, context, branch)),
    ...anyOfs
      .filter(group => group.length > 0)
      .map(group => ({ anyOf: group.map(part => convertSchema(part, context, branch)) })),
  ]
}

function keywordsOf(type: SchemaType, source: Mapping, context: SchemaContext, place: Place): Record<string, Json> {
  switch (type) {
    case 'object':
      return objectKeywords(source, context, place)
    case 'array':
      return arrayKeywords(source, context, place)
    case 'string':
      return stringKeywords(source, context.note)
    case 'number':
    case 'integer':
      return numberKeywords(source)
    default:
      return {}
  }
}

function arrayKeywords(source: Mapping, context: SchemaContext, place: Place): Record<string, Json> {
  const inner: Place = { ...place, depth: place.depth + 1, open: false }
  const out = listKeywords(source, context.note)
  const items = own(source, 'items')
  if (items !== undefined) out['items'] = items === false ? false : convertSchema(items, context, inner)
  const prefix = listAt(source, 'prefixItems')
  if (prefix.length > 0) out['prefixItems'] = prefix.map(item => convertSchema(item, context, inner))
  return out
}

function objectKeywords(source: Mapping, context: SchemaContext, place: Place): Record<string, Json> {
  const inner: Place = { ...place, depth: place.depth + 1, open: false }
  const out = counts(source, ['minProperties', 'maxProperties'])
  const properties: Record<string, Json> = {}
  const left = new Set<string>()
  for (const [name, value] of Object.entries(mappingAt(source, 'properties'))) {
    if (!isPlain(name)) context.note('a property whose name has invisible characters is left out')
    else if (isReadOnly(context.document, value)) context.note('read-only properties are left out')
    else {
      properties[name] = convertSchema(value, context, inner)
      continue
    }
    left.add(name)
  }
  const required = plainValues(listAt(source, 'required')).filter(
    name => typeof name === 'string' && !left.has(name),
  ) as string[]
  // A strict validator wants what is required to be listed, too.
  for (const name of required) if (!Object.hasOwn(properties, name)) properties[name] = {}
  if (Object.keys(properties).length > 0) out['properties'] = properties
  if (required.length > 0) out['required'] = required
  const patterns = Object.entries(mappingAt(source, 'patternProperties'))
  const usable = patterns.filter(([pattern]) => usablePattern(pattern))
  if (usable.length < patterns.length)
    context.note('properties by a pattern that is no regular expression of RE2 are left out')
  if (usable.length > 0)
    out['patternProperties'] = Object.fromEntries(
      usable.map(([pattern, value]) => [pattern, convertSchema(value, context, inner)]),
    )
  const names = own(source, 'propertyNames')
  if (isMapping(names)) out['propertyNames'] = { type: 'string', ...convertSchema(names, context, inner) }
  return { ...out, ...otherProperties(source, context, place, inner) }
}

function otherProperties(source: Mapping, context: SchemaContext, place: Place, inner: Place): Record<string, Json> {
  const combines = ['allOf', 'anyOf', 'oneOf'].some(keyword => listAt(source, keyword).length > 0)
  const unevaluated = own(source, 'unevaluatedProperties')
  if (unevaluated !== undefined && combines)
    context.note('unevaluatedProperties is left out beside allOf, anyOf or oneOf')
  const others = own(source, 'additionalProperties') ?? (combines ? undefined : unevaluated)
  if (typeof others === 'boolean') return { additionalProperties: others }
  if (others !== undefined) return { additionalProperties: convertSchema(others, context, inner) }
  const lists = Object.hasOwn(source, 'properties') && Object.keys(mappingAt(source, 'properties')).length > 0
  return lists && !combines && !place.open ? { additionalProperties: false } : {}
}

function isReadOnly(document: ApiDocument, value: unknown): boolean {
  if (isMapping(value) && own(value, 'readOnly') === true) return true
  const target = follow(document, value).value
  return isMapping(target) && own(target, 'readOnly') === true
}
