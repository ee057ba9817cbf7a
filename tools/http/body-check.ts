import type { JsonObject } from '../../src/kind.ts'
import type { BodyCheck } from './scope.ts'

/** Longest list of problems an agent is shown. */
const maxProblems = 5

/**
 * Compiles JSON Schemas (2020-12) for bodies. Nothing is ever fetched: a `$ref` reaches only inside its
 * own schema. Loaded when a scope has a schema at all, since the validator costs start-up time.
 *
 * @throws Error when a schema is not valid, with the validator's reason
 */
export async function bodyCheckCompiler(): Promise<(schema: JsonObject) => BodyCheck> {
  const [{ Ajv2020 }, { RE2JS }] = await Promise.all([import('ajv/dist/2020.js'), import('re2js')])
  const regExp = Object.assign(
    (pattern: string) => {
      const compiled = RE2JS.compile(pattern)
      return { test: (text: string) => compiled.matcher(text).find(), toString: () => pattern }
    },
    { code: 'linear' },
  )
  const ajv = new Ajv2020({
    strict: true, // an unknown keyword, type or format is an error, not a check that is left out
    meta: false, // compiling checks every keyword's own shape; compiling the meta-schema too takes 150 ms
    validateSchema: false,
    allErrors: false,
    ownProperties: true,
    logger: false,
    // Linear in the text whatever the pattern: an agent chooses the text, and this process serves everybody.
    code: { regExp },
  })
  return schema => {
    refuseSlow(schema)
    const validate = ajv.compile(schema)
    return body => {
      if (body === undefined) return ['body: a JSON body is required here']
      if (validate(body)) return null
      return (validate.errors ?? []).slice(0, maxProblems).map(error => {
        // Only the schema's side is quoted: the path into the body and the admin's expectation.
        return `body${error.instancePath}: ${error.message ?? error.keyword}`
      })
    }
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
