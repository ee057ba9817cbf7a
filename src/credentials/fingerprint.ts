import { createHmac } from 'node:crypto'
import type { Secret } from '../secret.ts'

/**
 * Makes 12 hex digits that tell whether two values are the same, to whoever has the key only:
 * a plain hash of a short value could be found again by trying values.
 */
export function fingerprintOf(key: Uint8Array, value: string): string {
  return createHmac('sha256', key).update(value).digest('hex').slice(0, 12)
}

/** Makes the fingerprint of a secret's value. */
export function secretFingerprint(key: Uint8Array, secret: Secret): string {
  return secret.use(value => fingerprintOf(key, value))
}
