import type { JsonObject } from '../kind.ts'
import { Refusal } from '../refusal.ts'
import { validatorOptions } from '../schema/options.ts'
import { plainText } from './plain-text.ts'

/**
 * Gives what refuses the schemas that the configuration would refuse, so that the reason is told beside its operation.
 * Patterns have been tried already.
 */
export async function strictCheck(): Promise<(schema: JsonObject) => void> {
  const { Ajv2020 } = await import('ajv/dist/2020.js')
  return schema => {
    // One each: a validator remembers every schema that it has seen.
    const ajv = new Ajv2020({ ...validatorOptions, code: { regExp: acceptAny } })
    try {
      ajv.compile(schema)
    } catch (error) {
      throw new Refusal('invalid_input', `its schemas cannot be used (${plainText((error as Error).message, 200)})`)
    }
  }
}

const acceptAny = Object.assign((pattern: string) => ({ test: () => true, toString: () => pattern }), { code: 'any' })
