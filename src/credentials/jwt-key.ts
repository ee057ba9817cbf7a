import { createSecretKey, type KeyObject } from 'node:crypto'
import { type BinaryEncoding, binaryOf, binaryProblem } from './binary-secret.ts'
import { type ClientAlgorithm, clientAlgorithms, clientKeyProblem } from './oauth2-proof.ts'
import { privateKeyOf } from './pem.ts'

/** The ways to sign a token (RFC 7518, 3.1; RFC 8037). */
export const algorithms = [...clientAlgorithms, 'HS256', 'HS384', 'HS512'] as const

export type Algorithm = (typeof algorithms)[number]

/** What a configuration says about the key of tokens. */
interface Described {
  readonly algorithm: Algorithm
  readonly key_encoding?: BinaryEncoding | undefined
}

/** Tells whether both sides have the same key. */
export function isShared(algorithm: Algorithm): algorithm is Exclude<Algorithm, ClientAlgorithm> {
  return algorithm.startsWith('HS')
}

/** Says what is wrong with a value as the key for an algorithm; null when nothing is. */
export function jwtKeyProblem({ algorithm, key_encoding = 'text' }: Described): (value: string) => string | null {
  // RFC 7518 (3.2) wants these as long as the hash, but what a provider hands out is not for us to change.
  if (isShared(algorithm)) return binaryProblem(key_encoding)
  return value => clientKeyProblem(value, algorithm)
}

/** The key that a value stands for, and its text alone. */
export function jwtKeyOf(
  value: string,
  { algorithm, key_encoding = 'text' }: Described,
): { readonly object: KeyObject; readonly text: string } {
  if (isShared(algorithm)) return { object: createSecretKey(binaryOf(value, key_encoding)), text: value }
  const parsed = privateKeyOf(value)
  if (typeof parsed === 'string') throw new TypeError('a key was read that is none')
  return { object: parsed.key, text: parsed.pem }
}
