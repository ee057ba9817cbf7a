import type { Json, JsonObject } from '../../src/kind.ts'
import type { SchemaCheck, SchemaCompiler } from '../../src/schema/check.ts'

/** A value of a path or query parameter, or a list of them, as an agent or an admin gives it. */
export type ParameterValue = string | number | boolean | readonly (string | number | boolean)[]

/** A parameter of a path, a query or a GraphQL document, with its schema compiled. */
export interface Parameter {
  readonly name: string
  readonly schema: JsonObject
  readonly check: SchemaCheck
}

/**
 * Compiles the schemas of parameters.
 *
 * @throws Error with a sentence for the admin, naming the parameter
 */
export function compileParameters(
  schemas: Readonly<Record<string, JsonObject>>,
  compile: SchemaCompiler,
): readonly Parameter[] {
  return Object.entries(schemas).map(([name, schema]) => {
    // The schema becomes a part of the MCP tool's own, where a reference would lead elsewhere.
    if (JSON.stringify(schema).includes('"$ref"'))
      throw new Error(`${name}: $ref is not accepted here; write the schema out`)
    try {
      return { name, schema, check: compile(schema) }
    } catch (error) {
      throw new Error(`${name}: ${(error as Error).message}`, { cause: error })
    }
  })
}

/**
 * Judges a value of a path or query parameter as what it is on the wire: text, or a list of texts where the schema has a list.
 *
 * @param what names the argument
 * @returns the value as its schema means it, or what is wrong
 */
export function readParameter(
  { schema, check }: Parameter,
  value: unknown,
  what: string,
): { readonly value: ParameterValue } | { readonly problems: readonly string[] } {
  if (value === undefined) return { problems: [`${what}: is missing`] }
  const typed = asTyped(schema, value)
  const isList = Array.isArray(typed) && typeOf(schema) === 'array'
  // Anything else would be judged as one thing and written as another: `["admin"]` is sent as admin.
  if (!(isList ? typed.every(isScalar) : isScalar(typed)))
    return { problems: [`${what}: expected ${typeOf(schema) === 'array' ? 'a list of values' : 'one value'}`] }
  if ([typed].flat().some(isInexact)) return { problems: [`${what}: a number that cannot be written exactly`] }
  const problems = check(typed, what)
  return problems === null ? { value: typed as ParameterValue } : { problems }
}

/**
 * Reads a value as its schema means it: on the wire every parameter is text, so `"2"` and `2` are one value, and which of
 * the two is judged must not be the agent's choice. A schema that names no type means text.
 */
function asTyped(schema: JsonObject, value: unknown): unknown {
  switch (typeOf(schema)) {
    case 'array': {
      const items = schema['items']
      const ofItems = typeof items === 'object' && items !== null && !Array.isArray(items) ? (items as JsonObject) : {}
      return (Array.isArray(value) ? value : [value]).map(item => asTyped(ofItems, item))
    }
    case 'number':
      return typeof value === 'string' && String(Number(value)) === value ? Number(value) : value
    case 'boolean':
      return value === 'true' ? true : value === 'false' ? false : value
    default:
      return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value
  }
}

/** Many servers read `1e+21` as 1, and an integer beyond 2^53 has lost digits already. */
function isInexact(value: unknown): boolean {
  if (typeof value !== 'number') return false
  return String(value).includes('e') || (Number.isInteger(value) && !Number.isSafeInteger(value))
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

function typeOf(schema: JsonObject): 'array' | 'number' | 'boolean' | 'text' {
  const { type } = schema
  const named =
    typeof type === 'string' ? type : Array.isArray(type) ? (type.includes('string') ? 'string' : type[0]) : null
  if (named === 'array') return 'array'
  if (named === 'number' || named === 'integer') return 'number'
  if (named === 'boolean') return 'boolean'
  if (named !== null) return 'text'
  const values: readonly Json[] = Array.isArray(schema['enum'])
    ? schema['enum']
    : 'const' in schema
      ? [schema['const'] ?? null]
      : []
  if (values.length === 0) return 'text'
  if (values.every(value => typeof value === 'number')) return 'number'
  return values.every(value => typeof value === 'boolean') ? 'boolean' : 'text'
}
