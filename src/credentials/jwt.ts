import { randomUUID } from 'node:crypto'
import * as z from 'zod'
import { Secret } from '../secret.ts'
import { Duration } from '../units.ts'
import { headerNameProblem } from './api-key.ts'
import { BinaryEncoding, spelledBytes, spellingsOf } from './binary-secret.ts'
import { algorithms, isShared, jwtKeyOf, jwtKeyProblem } from './jwt-key.ts'
import type { Reader, Reading } from './reading.ts'
import { Source } from './source.ts'

const maxLifetimeMs = 3_600_000

/** Claims that are set for every token, or have a key of their own (RFC 7519, 4.1). */
const ownClaims: Readonly<Record<string, string>> = {
  iss: 'is the key issuer',
  sub: 'is the key subject',
  aud: 'is the key audience',
  exp: 'follows from lifetime',
  iat: 'is set for every token',
  nbf: 'is not set; a token is valid from the start',
  jti: 'is set for every token',
}

const Text = z
  .string()
  .min(1)
  .max(1_024)
  .regex(/^\P{Cc}+$/u, 'without control characters')

// Stays text, since a worker parses a credential again.
const Lifetime = z.string().superRefine((text, context) => {
  const { data } = Duration.safeParse(text)
  if (data === undefined || data < 1_000 || data > maxLifetimeMs)
    context.addIssue({ code: 'custom', message: 'a duration from 1s to 1h, such as 60s' })
})

/** A token that is made and signed for every request (RFC 7519). */
export const JwtCredential = z
  .strictObject({
    type: z.literal('jwt'),
    key: Source.describe('A private key as PEM; for HS256, HS384 and HS512 a secret that both sides have'),
    key_encoding: BinaryEncoding.optional().describe('How such a secret is written; text if nothing is said'),
    algorithm: z.enum(algorithms),
    key_id: Text.optional().describe('Tells the other side which key it is'),
    issuer: Text.optional(),
    subject: Text.optional(),
    audience: z.union([Text, z.array(Text).min(1).max(16)]).optional(),
    lifetime: Lifetime.default('60s').describe('How long a token is valid; at most 1h'),
    claims: z.record(z.string(), z.json()).default({}).describe('Further claims, the same in every token'),
    header: z.string().default('authorization'),
    scheme: z
      .string()
      .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'a scheme is one word, such as Bearer')
      .optional()
      .describe('The word before the token; Bearer in the header authorization, none in others'),
  })
  .superRefine((credential, context) => {
    const issue = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message })
    const problem = headerNameProblem(credential.header)
    if (problem !== null) issue(['header'], problem)
    for (const claim of Object.keys(credential.claims)) {
      if (Object.hasOwn(ownClaims, claim)) issue(['claims', claim], `${ownClaims[claim]}`)
    }
    if (credential.key_encoding !== undefined && !isShared(credential.algorithm))
      issue(['key_encoding'], 'a private key is PEM; only a shared secret is written in several ways')
  })

export type JwtCredential = z.output<typeof JwtCredential>

/** Reads the key that tokens are signed with. */
export async function readJwt(credential: JwtCredential, reader: Reader): Promise<Reading> {
  const encoding = credential.key_encoding ?? 'text'
  const value = await reader.read(credential.key, 'key', jwtKeyProblem(credential))
  const key = jwtKeyOf(value, credential)
  const secret = (text: string) => new Secret(reader.name, text)
  const header = credential.header.toLowerCase()
  const scheme = credential.scheme ?? (header === 'authorization' ? 'Bearer' : null)
  return {
    credential: {
      type: 'signer',
      key: secret(key.text),
      async sign() {
        const token = await signedToken(credential, key.object, reader.clock())
        return {
          headers: { [header]: secret(scheme === null ? token : `${scheme} ${token}`) },
          // What comes before it is known to everybody, and worth nothing without it.
          derived: spelledBytes(Buffer.from(token.slice(token.lastIndexOf('.') + 1), 'base64url')).map(secret),
        }
      },
    },
    secrets: isShared(credential.algorithm) ? spellingsOf(value, encoding).map(secret) : [secret(key.text)],
    fingerprint: reader.fingerprint(value),
  }
}

async function signedToken(
  credential: JwtCredential,
  key: ReturnType<typeof jwtKeyOf>['object'],
  nowMs: number,
): Promise<string> {
  const { SignJWT } = await import('jose')
  const { algorithm, key_id, issuer, subject, audience, claims, lifetime } = credential
  const now = Math.floor(nowMs / 1_000)
  const token = new SignJWT(claims)
    .setProtectedHeader({ alg: algorithm, typ: 'JWT', ...(key_id === undefined ? {} : { kid: key_id }) })
    .setIssuedAt(now)
    .setExpirationTime(now + Math.floor(Duration.parse(lifetime) / 1_000))
    .setJti(randomUUID())
  if (issuer !== undefined) token.setIssuer(issuer)
  if (subject !== undefined) token.setSubject(subject)
  if (audience !== undefined) token.setAudience(audience)
  return token.sign(key)
}
