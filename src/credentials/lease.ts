import type { LeasedCredential, NeededRights } from '../kind.ts'
import type { Secret } from '../secret.ts'
import type { Credential } from './credential.ts'
import { describeRights, fetchGithubToken } from './github-token.ts'
import type { Places } from './places.ts'
import { patienceMs, readCredential } from './read.ts'
import { distinctSecrets } from './same-secrets.ts'

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

/** The way to one credential; it is read when first asked for and then held in memory. */
export interface Leasing {
  /**
   * Reads the credential, or gives the lease that is held and not about to expire. Callers at the same time
   * share one reading; a failure is not remembered.
   *
   * @throws Refusal credential_unavailable
   */
  get(): Promise<Lease>
  /** Lets go of the lease; the next call reads again. */
  drop(): void
}

/** What leases are made of. */
export interface LeaseOptions {
  readonly name: string
  readonly credential: Credential
  readonly places: Places
  readonly fingerprintKey: Uint8Array
  /** What the tool's scope needs, for credentials that can be limited to it. */
  readonly rights: NeededRights
  readonly clock: () => number
  /** How long a source, and then a token endpoint, may take; 10 seconds unless said otherwise. */
  readonly timeoutMs?: number
}

/** A token is renewed this long before it expires, or half of its life, if that is shorter. */
const renewalMs = 300_000

/** How many earlier leases are remembered, so that an answer that comes late, or from a cache, shows nothing of them. */
const remembered = 3

/**
 * A token that was made less than this ago is not let go of: whoever can bring about a 401 could otherwise have one made for
 * each call, all of them valid for an hour.
 */
const keptMs = 10_000

/** How many of those that are still valid are remembered, the newest first. */
const rememberedTokens = 60

/** Makes the way to one credential of the configuration, without reading it yet. */
export function createLease(options: LeaseOptions): Leasing {
  let held: { readonly lease: Promise<Lease>; renewAt: number; keepUntil: number } | null = null
  let earlier: readonly Lease[] = []
  return {
    get() {
      if (held !== null && options.clock() < held.renewAt) return held.lease
      const mine = { lease: begin(), renewAt: Number.POSITIVE_INFINITY, keepUntil: 0 }
      held = mine
      mine.lease.then(
        ({ expiresAt }) => {
          if (expiresAt === null) return
          const leftMs = expiresAt - options.clock()
          mine.renewAt = expiresAt - Math.min(renewalMs, leftMs / 2)
          mine.keepUntil = options.clock() + Math.min(keptMs, leftMs / 2)
        },
        () => {
          if (held === mine) held = null
        },
      )
      return mine.lease
    },
    drop() {
      if (held !== null && options.clock() < held.keepUntil) return
      held = null
    },
  }

  async function begin(): Promise<Lease> {
    const lease = await lend(options)
    const now = options.clock()
    const valid = earlier.filter(({ expiresAt }) => expiresAt !== null && expiresAt > now).slice(0, rememberedTokens)
    const secrets = [...earlier.slice(0, remembered), ...valid].flatMap(each => each.secrets)
    earlier = [lease, ...earlier.slice(0, rememberedTokens)]
    return { ...lease, secrets: distinctSecrets([...lease.secrets, ...secrets]) }
  }
}

async function lend(options: LeaseOptions): Promise<Lease> {
  const { name, credential, rights, clock } = options
  const read = await readCredential(options)
  if (read.type === 'ready') {
    const { credential: presented, secrets, fingerprint } = read
    return { credential: presented, secrets, fingerprint, expiresAt: null, asked: null }
  }
  if (credential.type !== 'github_app') throw new TypeError('only the key of a GitHub App is exchanged')
  const { key, secrets, fingerprint } = read
  const timeoutMs = options.timeoutMs ?? patienceMs
  const { token, statement, expiresAt } = await fetchGithubToken({ name, credential, key, rights, clock, timeoutMs })
  return {
    credential: { type: 'bearer', scheme: 'Bearer', token },
    secrets: [token, statement, ...secrets],
    fingerprint,
    expiresAt,
    asked: describeRights(rights),
  }
}
