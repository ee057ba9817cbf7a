import * as z from 'zod'
import { Secret } from '../secret.ts'
import type { Reader, Reading } from './reading.ts'
import { Source } from './source.ts'
import { tokenProblem } from './value-problem.ts'

/** A token that is presented as `Authorization: Bearer TOKEN`. */
export const BearerCredential = z.strictObject({
  type: z.literal('bearer'),
  token: Source,
  scheme: z
    .string()
    .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'a scheme is one word, such as Bearer')
    .default('Bearer')
    .describe('The word before the token'),
})

export type BearerCredential = z.output<typeof BearerCredential>

/** Reads a token. */
export async function readBearer(credential: BearerCredential, reader: Reader): Promise<Reading> {
  const value = await reader.read(credential.token, 'value', tokenProblem)
  const token = new Secret(reader.name, value)
  return {
    credential: { type: 'bearer', scheme: credential.scheme, token },
    secrets: [token],
    fingerprint: reader.fingerprint(value),
  }
}
