import { generateKeyPairSync } from 'node:crypto'
import { Credential } from '../../src/credentials/credential.ts'
import { createLease } from '../../src/credentials/lease.ts'
import type { Lease, LeaseOptions } from '../../src/credentials/lend.ts'

/** The key that fingerprints are made with here. */
export const fingerprintKey = Buffer.from('the key of this installation')

/** Makes the way to a credential named `shop` whose values are all variables. */
export function leasingOf(written: object, environment: Record<string, string>, rest: Partial<LeaseOptions> = {}) {
  return createLease({
    name: 'shop',
    credential: Credential.parse(written),
    places: { stateDir: '/nonexistent', home: '/nonexistent', environment, platform: process.platform },
    stores: {},
    fingerprintKey,
    rights: { repositories: null, permissions: null },
    clock: Date.now,
    ...rest,
  })
}

/** What is redacted for a lease. */
export function redactedBy(lease: Lease): readonly string[] {
  return lease.secrets.map(secret => secret.use(value => value))
}

/** Makes an RSA key as PEM, in the form in which GitHub hands out keys. */
export function rsaKey(modulusLength = 2048) {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength })
  return { privateKey, publicKey, pem: privateKey.export({ type: 'pkcs1', format: 'pem' }) as string }
}
