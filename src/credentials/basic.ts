import * as z from 'zod'
import { Secret } from '../secret.ts'
import type { Reader, Reading } from './reading.ts'
import { literalSecret, Source, sourceRule } from './source.ts'
import { controlProblem, lengthProblem } from './value-problem.ts'

const UserName = z
  .string()
  .max(256)
  .regex(/^[^:\p{Cc}]*$/u, "a username has no ':' and no control characters (RFC 7617, 2)")
  .describe('A name that is no secret; a secret has a source')

const EmptyPassword = z.strictObject({ value: z.literal('') }).describe('No password: the username is the secret')

/** A user name and a password that are presented as `Authorization: Basic ...` (RFC 7617). */
export const BasicCredential = z
  .strictObject({
    type: z.literal('basic'),
    username: z.union([UserName, ...Source.options], { error: `text that is no secret, or ${sourceRule}` }),
    password: z.union([...Source.options, EmptyPassword], {
      error: issue =>
        isLiteral(issue.input) ? literalSecret : `${sourceRule}, or { value: "" } for an empty password`,
    }),
  })
  .refine(({ username, password }) => typeof username !== 'string' || !('value' in password), {
    path: ['username'],
    message: `with an empty password the username is the secret, and ${literalSecret}`,
  })

export type BasicCredential = z.output<typeof BasicCredential>

function isLiteral(input: unknown): boolean {
  return typeof input === 'string' || (typeof input === 'object' && input !== null && 'value' in input)
}

/** Reads user name and password. The secret of the two is the password or, where that is empty, the user name. */
export async function readBasic(credential: BasicCredential, reader: Reader): Promise<Reading> {
  const { username, password } = credential
  const user = typeof username === 'string' ? username : await reader.read(username, 'username', usernameProblem)
  const pass = 'value' in password ? '' : await reader.read(password, 'password', passwordProblem)
  // Its beginning is the user, whom others may know.
  const userAndPassword = new Secret(reader.name, `${user}:${pass}`, { wholeOnly: true })
  // What is sent is a value of its own: an answer can hold it in hexadecimal digits, or in base64 once more, padded or not.
  const sent = Buffer.from(`${user}:${pass}`).toString('base64').replace(/=+$/, '')
  const hidden = [...(typeof username === 'string' ? [] : [user]), ...(pass === '' ? [] : [pass])]
  return {
    credential: { type: 'basic', userAndPassword },
    secrets: [
      userAndPassword,
      new Secret(reader.name, sent, { wholeOnly: true }),
      ...hidden.map(value => new Secret(reader.name, value)),
    ],
    fingerprint: reader.fingerprint(pass === '' ? user : pass),
  }
}

/** Says why a value cannot be the user name that a source holds; null when it can. */
export function usernameProblem(value: string): string | null {
  // What comes after the first ':' would be read as the password.
  if (value.includes(':')) return "contains a ':', which a username cannot (RFC 7617, 2)"
  const problem = lengthProblem(value)
  if (problem !== null) return `${problem}; a username that is no secret is written into the configuration as text`
  return controlProblem(value)
}

/** Says why a value cannot be a password; null when it can. */
export function passwordProblem(value: string): string | null {
  return lengthProblem(value) ?? controlProblem(value)
}
