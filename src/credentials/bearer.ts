import * as z from 'zod'
import type { LeasedCredential } from '../kind.ts'
import { Secret } from '../secret.ts'
import { Source } from './source.ts'

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

/** Makes what a kind presents out of a token that `bearerProblem` had nothing against. */
export function leaseBearer(name: string, credential: BearerCredential, token: string): LeasedCredential {
  return { type: 'bearer', scheme: credential.scheme, token: new Secret(name, token) }
}

/** Says why a value cannot be a token in a header, in words without the value; null when it can. */
export function bearerProblem(token: string): string | null {
  const control = /\p{Cc}/u.exec(token)
  if (control !== null) return `contains ${nameOfControl(control[0])}`
  // Header values lose the spaces around them, and have no agreed encoding beyond ASCII (RFC 9110, 5.5):
  // what the target receives would not be what redaction looks for.
  if (token !== token.trim()) return 'begins or ends with a space'
  if (!/^[\x20-\x7e]*$/.test(token)) return 'contains a character that is not ASCII'
  return null
}

function nameOfControl(character: string): string {
  const names: Record<string, string> = { '\n': 'a line break', '\r': 'a carriage return', '\t': 'a tab' }
  const codePoint = character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
  return `${names[character] ?? 'a control character'} (U+${codePoint})`
}
