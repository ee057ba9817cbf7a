import type { KeyObject } from 'node:crypto'
import { privateKeyOf } from './pem.ts'

/** The algorithms of signed assertions (RFC 7518, 3.1; RFC 8037, 3.1). */
export const clientAlgorithms = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'] as const

/** One of them. */
export type ClientAlgorithm = (typeof clientAlgorithms)[number]

/** What a client proves itself with. */
export type ClientProof =
  | { readonly type: 'basic' | 'post'; readonly secret: string }
  | { readonly type: 'key'; readonly key: KeyObject; readonly algorithm: ClientAlgorithm }
  | { readonly type: 'none' }

/** The algorithms that a key can sign with, the usual one first; empty for a key of another kind. */
export function algorithmsOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): readonly ClientAlgorithm[] {
  switch (asymmetricKeyType) {
    case 'rsa':
      return ['RS256', 'PS256']
    case 'rsa-pss':
      return ['PS256']
    case 'ed25519':
      return ['EdDSA']
    case 'ec':
      if (asymmetricKeyDetails?.namedCurve === 'prime256v1') return ['ES256']
      return asymmetricKeyDetails?.namedCurve === 'secp384r1' ? ['ES384'] : []
    default:
      return []
  }
}

/** What is wrong with a value as the key of a client; null when nothing is. */
export function clientKeyProblem(value: string, algorithm: ClientAlgorithm | undefined): string | null {
  const parsed = privateKeyOf(value)
  if (typeof parsed === 'string') return parsed
  const possible = algorithmsOf(parsed.key)
  if (possible.length === 0) return 'is not an RSA, a P-256, a P-384 or an Ed25519 key'
  if ((parsed.key.asymmetricKeyDetails?.modulusLength ?? 2_048) < 2_048) return 'is an RSA key of fewer than 2048 bits'
  if (algorithm === undefined || possible.includes(algorithm)) return null
  return `cannot sign with ${algorithm}; it can with ${possible.join(' or ')}`
}
