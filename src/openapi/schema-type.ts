import type { Json } from '../kind.ts'
import { Refusal } from '../refusal.ts'
import { type Mapping, own } from './document.ts'
import { plainValues, type SchemaType, typeKeywords } from './keywords.ts'
import { plainText } from './plain-text.ts'

/** The types that a schema names, or implies by its keywords; `nullable` of 3.0 is the type null. */
export function typesOf(source: Mapping): readonly SchemaType[] {
  const named = own(source, 'type')
  const list: readonly unknown[] = named === undefined ? implied(source) : Array.isArray(named) ? named : [named]
  const unknown = list.find(type => typeof type !== 'string' || !Object.hasOwn(typeKeywords, type))
  if (unknown !== undefined)
    throw new Refusal('invalid_input', `${plainText(JSON.stringify(unknown), 50)} is not a type of a schema`)
  const types = new Set(list as readonly SchemaType[])
  if (types.has('number')) types.delete('integer')
  if (own(source, 'nullable') === true && types.size > 0) types.add('null')
  return [...types]
}

/** A schema with `properties` and no type means objects; a strict validator wants it said. */
function implied(source: Mapping): readonly SchemaType[] {
  const types = (['object', 'array', 'string', 'number'] as const).filter(type =>
    typeKeywords[type].some(keyword => own(source, keyword) !== undefined),
  )
  if (types.length > 1) throw new Refusal('invalid_input', 'one of its schemas has no type, and keywords of several')
  return types
}

/** The values that a schema lists, under `enum`. */
export function valuesOf(source: Mapping, types: readonly SchemaType[]): Record<string, Json> {
  const given = own(source, 'const') === undefined ? own(source, 'enum') : [own(source, 'const')]
  if (!Array.isArray(given)) return {}
  // YAML reads `enum: [1, 2]` of texts as numbers.
  const meant = types[0] === 'string' && types.length === 1 ? given.map(asText) : given
  const values = plainValues(types.includes('null') ? [...meant, null] : meant)
  if (values.length === 0) throw new Refusal('invalid_input', 'one of its schemas permits no value')
  return { enum: values }
}

function asText(value: unknown): unknown {
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value
}
