import type { LeasedCredential } from '../kind.ts'
import { minimumSecretLength } from '../redact/redactor.ts'
import { Refusal } from '../refusal.ts'
import type { Secret } from '../secret.ts'
import { bearerProblem, leaseBearer } from './bearer.ts'
import type { Credential } from './credential.ts'
import { fingerprintOf } from './fingerprint.ts'
import type { Places } from './places.ts'
import { readSource } from './source.ts'

/** A credential that is held: what a kind presents, and what has to be redacted for it. */
export interface Lease {
  readonly credential: LeasedCredential
  readonly secrets: readonly Secret[]
  readonly fingerprint: string
}

/** The way to one credential; it is read when first asked for and then held in memory. */
export interface Leasing {
  /**
   * Reads the credential, or gives the lease that is held. Callers at the same time share one reading;
   * a failure is not remembered.
   *
   * @throws Refusal credential_unavailable
   */
  get(): Promise<Lease>
  /** Lets go of the lease; the next call reads again. */
  drop(): void
}

/** Makes the way to one credential of the configuration, without reading it yet. */
export function createLease(options: {
  readonly name: string
  readonly credential: Credential
  readonly places: Places
  readonly fingerprintKey: Uint8Array
}): Leasing {
  let held: Promise<Lease> | null = null
  return {
    get() {
      if (held !== null) return held
      const reading = lease(options)
      held = reading
      reading.catch(() => {
        if (held === reading) held = null
      })
      return reading
    },
    drop() {
      held = null
    },
  }
}

async function lease(options: Parameters<typeof createLease>[0]): Promise<Lease> {
  const { name, credential, places, fingerprintKey } = options
  switch (credential.type) {
    case 'bearer': {
      const token = await readSource(credential.token, places)
      const problem = tokenProblem(token)
      if (problem !== null) throw new Refusal('credential_unavailable', `the value of ${name} ${problem}`)
      const leased = leaseBearer(name, credential, token)
      return { credential: leased, secrets: [leased.token], fingerprint: fingerprintOf(fingerprintKey, token) }
    }
    default:
      return credential.type satisfies never
  }
}

/** Says why a value cannot be held as a token; null when it can. */
export function tokenProblem(token: string): string | null {
  if (token.length < minimumSecretLength) {
    return `is shorter than ${minimumSecretLength} characters, too short to be told from other text and redacted`
  }
  return bearerProblem(token)
}
