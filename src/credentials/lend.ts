import type { LeasedCredential, NeededRights } from '../leased.ts'
import type { Secret } from '../secret.ts'
import { fingerprintOf } from './fingerprint.ts'
import { patienceMs, readCredential, type ReadInput } from './read.ts'
import type { SourceLease } from './read-source.ts'

/** A credential that is held: what a kind presents, and what has to be redacted for it. */
export interface Lease {
  readonly credential: LeasedCredential
  /** What is presented, what it was derived from, and what was presented shortly before: it may still be valid. */
  readonly secrets: readonly Secret[]
  /** Of the value that is stored, not of what was derived from it. */
  readonly fingerprint: string
  /** When it can no longer be used, in milliseconds; null when that is not known. */
  readonly expiresAt: number | null
  /** One line for the record: what a token that can be limited was asked for. Null where there is nothing to ask for. */
  readonly asked: string | null
}

/** A lease, with what sources have made for it. */
export interface Lent {
  readonly lease: Lease
  readonly sourceLeases: readonly SourceLease[]
  /** Whether it lasts as long as what sources have made, so that extending that extends it. */
  readonly extendable: boolean
}

/** What leases are made of; `timeoutMs` is also how long a token endpoint may take. */
export interface LeaseOptions extends ReadInput {
  /** What the tool's scope needs, for credentials that can be limited to it. */
  readonly rights: NeededRights
}

/**
 * Reads a credential and, where its values are not presented themselves, exchanges them for what is.
 *
 * @throws Refusal credential_unavailable
 */
export async function lend(options: LeaseOptions): Promise<Lent> {
  const { rights, places, clock, fingerprintKey } = options
  const { sourceLeases, ...read } = await readCredential(options)
  if (read.type === 'ready') {
    const { credential, secrets, fingerprint, expiresAt } = read
    const lease = { credential, secrets, fingerprint, expiresAt, asked: null }
    return { lease, sourceLeases, extendable: sourceLeases.length > 0 }
  }
  const timeoutMs = options.timeoutMs ?? patienceMs
  const fingerprint = (value: string) => fingerprintOf(fingerprintKey, value)
  try {
    const exchanged = await read.exchange({ rights, places, fingerprint, clock, timeoutMs })
    const lease = {
      credential: exchanged.credential,
      secrets: [...exchanged.secrets, ...read.secrets],
      fingerprint: exchanged.fingerprint ?? read.fingerprint,
      expiresAt: earliest(exchanged.expiresAt, read.expiresAt),
      asked: exchanged.asked,
    }
    return { lease, sourceLeases, extendable: false }
  } catch (error) {
    await Promise.all(sourceLeases.map(each => each.revoke()))
    throw error
  }
}

function earliest(left: number | null, right: number | null): number | null {
  if (left === null || right === null) return left ?? right
  return Math.min(left, right)
}
