import { RE2JS } from 're2js'
import type { Json } from '../kind.ts'
import { isMapping, type Mapping, own } from './document.ts'
import { isPlain, plainText } from './plain-text.ts'

/** The types of JSON Schema, and the keywords that only judge values of each. */
export const typeKeywords = {
  object: [
    'properties',
    'required',
    'additionalProperties',
    'unevaluatedProperties',
    'patternProperties',
    'propertyNames',
    'minProperties',
    'maxProperties',
  ],
  array: ['items', 'prefixItems', 'minItems', 'maxItems', 'uniqueItems'],
  string: ['minLength', 'maxLength', 'pattern'],
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  integer: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  boolean: [],
  null: [],
} as const

export type SchemaType = keyof typeof typeKeywords

/** Keywords that judge and are not taken over: what they would have refused is for the API to refuse. */
export const droppedKeywords = [
  'not',
  'if',
  'contains',
  'dependentSchemas',
  'dependentRequired',
  'unevaluatedItems',
  'dependencies',
  'contentEncoding',
  'contentMediaType',
] as const

/** Longest list that a validator compares item by item. */
const maxUniqueItems = 1_000

/** The keywords about texts, each as far as a validator in linear time can judge it. */
export function stringKeywords(source: Mapping, note: (text: string) => void): Record<string, Json> {
  const out = counts(source, ['minLength', 'maxLength'])
  const pattern = own(source, 'pattern')
  if (typeof pattern === 'string') {
    if (usablePattern(pattern)) out['pattern'] = pattern
    else note(`pattern ${plainText(pattern, 60)} is left out; it is no regular expression of RE2`)
  }
  return out
}

/** Tells whether a pattern can be matched in linear time and shows all that is in it. */
export function usablePattern(pattern: string): boolean {
  if (pattern.length > 500 || !isPlain(pattern)) return false
  try {
    RE2JS.compile(pattern)
    return true
  } catch {
    return false
  }
}

/** The keywords about numbers; in 3.0 `exclusiveMinimum: true` makes `minimum` exclusive. */
export function numberKeywords(source: Mapping): Record<string, Json> {
  const out: Record<string, Json> = {}
  for (const [bound, exclusive] of [
    ['minimum', 'exclusiveMinimum'],
    ['maximum', 'exclusiveMaximum'],
  ] as const) {
    const [limit, other] = [own(source, bound), own(source, exclusive)]
    if (isNumber(limit)) out[other === true ? exclusive : bound] = limit
    if (isNumber(other)) out[exclusive] = other
  }
  const multipleOf = own(source, 'multipleOf')
  if (isNumber(multipleOf) && multipleOf > 0) out['multipleOf'] = multipleOf
  return out
}

/** The keywords about the length of lists. */
export function listKeywords(source: Mapping, note: (text: string) => void): Record<string, Json> {
  const out = counts(source, ['minItems', 'maxItems'])
  if (own(source, 'uniqueItems') === true) {
    const { maxItems } = out
    if (typeof maxItems === 'number' && maxItems <= maxUniqueItems) out['uniqueItems'] = true
    else note(`uniqueItems is left out where maxItems is not at most ${maxUniqueItems}`)
  }
  return out
}

/** Those of the keywords that are whole numbers from 0 on. */
export function counts(source: Mapping, keywords: readonly string[]): Record<string, Json> {
  return Object.fromEntries(
    keywords.flatMap(keyword => {
      const value = own(source, keyword)
      return Number.isSafeInteger(value) && (value as number) >= 0 ? [[keyword, value as number]] : []
    }),
  )
}

/** The values that are JSON and show all that is in them, each once. */
export function plainValues(values: readonly unknown[]): readonly Json[] {
  const seen = new Map<string, Json>()
  for (const value of values) if (isPlainValue(value)) seen.set(JSON.stringify(value), value)
  return [...seen.values()]
}

function isPlainValue(value: unknown): value is Json {
  if (typeof value === 'string') return isPlain(value)
  if (value === null || typeof value === 'boolean' || isNumber(value)) return true
  if (Array.isArray(value)) return value.every(isPlainValue)
  return isMapping(value) && Object.entries(value).every(([key, inner]) => isPlain(key) && isPlainValue(inner))
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}
