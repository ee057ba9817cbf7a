import type { JsonObject } from '../kind.ts'
import { validatorOptions } from './options.ts'

/** Longest list of problems an agent is shown. */
export const maxProblems = 5

/** Checks a value; returns what is wrong with it in our words, or null. `what` names the argument. */
export type SchemaCheck = (value: unknown, what: string) => readonly string[] | null

/** Compiles one JSON Schema (2020-12). Throws Error with a sentence for the admin when it is not valid. */
export type SchemaCompiler = (schema: JsonObject) => SchemaCheck

/**
 * Gives the compiler of JSON Schemas for arguments. Nothing is ever fetched: a `$ref` reaches only inside its
 * own schema. Loaded when a scope has a schema at all, since the validator costs start-up time.
 */
export async function schemaCompiler(): Promise<SchemaCompiler> {
  const [{ Ajv2020 }, { RE2JS }] = await Promise.all([import('ajv/dist/2020.js'), import('re2js')])
  const regExp = Object.assign(
    (pattern: string) => {
      const matcher = RE2JS.compile(pattern)
      return { test: (text: string) => matcher.matcher(text).find(), toString: () => pattern }
    },
    { code: 'linear' },
  )
  const ajv = new Ajv2020({
    ...validatorOptions,
    // Linear in the text whatever the pattern: an agent chooses the text, and this process serves everybody.
    code: { regExp },
  })
  return schema => {
    refuseSlow(schema)
    const validate = compiled(() => ajv.compile(schema))
    return (value, what) => {
      if (value === undefined) return [`${what}: is missing`]
      if (validate(value)) return null
      return (validate.errors ?? []).slice(0, maxProblems).map(error => {
        // The schema's side is quoted (the path into the value and the admin's expectation), and no value.
        return `${what}${error.instancePath}: ${error.message ?? error.keyword}${expected(error.params)}`
      })
    }
  }
}

/** What the validator's sentence does not name: the values that would be accepted, or the key that is not. */
function expected(params: Readonly<Record<string, unknown>>): string {
  const { additionalProperty } = params
  if (typeof additionalProperty === 'string') return `: ${JSON.stringify(additionalProperty.slice(0, 50))}`
  const values = params['allowedValues'] ?? params['allowedValue']
  return values === undefined ? '' : `: ${JSON.stringify(values).slice(0, 300)}`
}

/** Compiling follows references that lead back to themselves until the stack ends, and says only that. */
function compiled<T>(compile: () => T): T {
  try {
    return compile()
  } catch (cause) {
    throw cause instanceof RangeError ? new Error('a $ref in it leads back to itself', { cause }) : cause
  }
}

/** `uniqueItems` compares every item with every other: for an unbounded list of an agent's that is for ever. */
function refuseSlow(schema: unknown): void {
  if (typeof schema !== 'object' || schema === null) return
  const { uniqueItems, maxItems } = schema as { readonly uniqueItems?: unknown; readonly maxItems?: unknown }
  if (uniqueItems === true && !(typeof maxItems === 'number' && maxItems <= 1_000)) {
    throw new Error('uniqueItems needs maxItems of at most 1000')
  }
  for (const inner of Object.values(schema)) refuseSlow(inner)
}
