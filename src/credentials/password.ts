import * as z from 'zod'
import { Secret } from '../secret.ts'
import { passwordProblem } from './basic.ts'
import type { Reader, Reading } from './reading.ts'
import { Source } from './source.ts'
import { controlProblem } from './value-problem.ts'

const DatabaseUser = z
  .string()
  .min(1)
  .max(128)
  .regex(/^\P{Cc}+$/u, 'a username has no control characters')
  .describe('A name that is no secret; one that a store makes has a source')

/** The user and the password of a database. */
export const PasswordCredential = z.strictObject({
  type: z.literal('password'),
  username: z.union([DatabaseUser, ...Source.options], { error: 'a name, or the source of one' }),
  password: Source,
})

export type PasswordCredential = z.output<typeof PasswordCredential>

/** Reads user and password. The user is no secret, wherever it comes from. */
export async function readPassword(credential: PasswordCredential, reader: Reader): Promise<Reading> {
  const { username } = credential
  const user = typeof username === 'string' ? username : await reader.read(username, 'username', databaseUserProblem)
  const value = await reader.read(credential.password, 'password', passwordProblem)
  const password = new Secret(reader.name, value)
  return {
    credential: { type: 'password', username: user, password },
    secrets: [password],
    fingerprint: reader.fingerprint(value),
  }
}

/** Says why a value cannot be the user of a database; null when it can. */
export function databaseUserProblem(value: string): string | null {
  return value.length > 128 ? 'is longer than 128 characters' : controlProblem(value)
}
