import type { LeasedCredential, NeededRights } from '../kind.ts'
import type { Secret } from '../secret.ts'
import { fingerprintOf } from './fingerprint.ts'
import { patienceMs, readCredential, type ReadInput } from './read.ts'
import type { SourceLease } from './read-source.ts'
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
  /**
   * Lets go of the lease; the next call reads again.
   *
   * @param why `refused`: the target did not accept it; `changed`: an admin has put another value in its place
   */
  drop(why: 'refused' | 'changed'): void
  /** Gives everything back that sources have made for it; nothing can be read after that. */
  end(): Promise<void>
}

/** What leases are made of; `timeoutMs` is also how long a token endpoint may take. */
export interface LeaseOptions extends ReadInput {
  /** What the tool's scope needs, for credentials that can be limited to it. */
  readonly rights: NeededRights
}

/** A token is renewed this long before it expires, or half of its life, if that is shorter. */
const renewalMs = 300_000

/** What was extended by less than this is about to reach the end that its source has set for good. */
const minimumRenewalMs = 5_000

/** What ends sooner than this is not presented any more. */
const usableMs = 1_000

/** How many earlier leases are remembered, so that an answer that comes late, or from a cache, shows nothing of them. */
const remembered = 3

/**
 * A token that was made less than this ago is not let go of: whoever can bring about a 401 could otherwise have one made for
 * each call, all of them valid for an hour.
 */
const keptMs = 10_000

/** How many of those that are still valid are remembered, the newest first. */
const rememberedTokens = 60

/** What sources have made for a lease, to be extended or given back. */
interface Renewable {
  readonly sourceLeases: readonly SourceLease[]
}

/** How long a call that is under way may still need what was replaced, before it is given back. */
const revokeAfterMs = 60_000

/** Makes the way to one credential of the configuration, without reading it yet. */
export function createLease(options: LeaseOptions): Leasing {
  let held: { readonly lease: Promise<Lease & Renewable>; renewAt: number; keepUntil: number } | null = null
  let earlier: readonly Lease[] = []
  /** What sources have made and have not been given back. */
  const borrowed = new Set<SourceLease>()
  return {
    get() {
      if (held !== null && options.clock() < held.renewAt) return held.lease
      const mine = { lease: next(held?.lease ?? null), renewAt: Number.POSITIVE_INFINITY, keepUntil: 0 }
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
    drop(why) {
      if (why === 'refused' && held !== null && options.clock() < held.keepUntil) return
      const { lease } = held ?? {}
      held = null
      void lease?.then(giveBackLater, () => {})
    },
    async end() {
      await Promise.all([...borrowed].map(giveBack))
    },
  }

  /** Extends what is held, if that is possible; else it is read anew. */
  async function next(before: Promise<Lease & Renewable> | null): Promise<Lease & Renewable> {
    const lease = await before?.catch(() => null)
    if (!lease) return begin()
    const expiresAt = await extended(lease)
    if (expiresAt !== null) return { ...lease, expiresAt }
    try {
      const renewed = await begin()
      giveBackLater(lease)
      return renewed
    } catch (error) {
      // A source that is down for a while does not matter as long as what it gave can be used.
      if (lease.expiresAt !== null && lease.expiresAt > options.clock() + usableMs) return lease
      throw error
    }
  }

  /** Has the sources extend what they have made; gives the new end, or null when that is not worth it or not possible. */
  async function extended({ sourceLeases }: Renewable): Promise<number | null> {
    if (sourceLeases.length === 0) return null
    const ends = await Promise.all(sourceLeases.map(each => each.renew())).catch(() => null)
    return ends !== null && Math.min(...ends) > options.clock() + minimumRenewalMs ? Math.min(...ends) : null
  }

  function giveBackLater({ sourceLeases }: Renewable): void {
    for (const lease of sourceLeases) setTimeout(() => void giveBack(lease), revokeAfterMs).unref()
  }

  async function giveBack(lease: SourceLease): Promise<void> {
    if (borrowed.delete(lease)) await lease.revoke()
  }

  async function begin(): Promise<Lease & Renewable> {
    const lease = await lend(options)
    for (const each of lease.sourceLeases) borrowed.add(each)
    const now = options.clock()
    const valid = earlier.filter(({ expiresAt }) => expiresAt !== null && expiresAt > now).slice(0, rememberedTokens)
    const secrets = [...earlier.slice(0, remembered), ...valid].flatMap(each => each.secrets)
    earlier = [lease, ...earlier.slice(0, rememberedTokens)]
    return { ...lease, secrets: distinctSecrets([...lease.secrets, ...secrets]) }
  }
}

async function lend(options: LeaseOptions): Promise<Lease & Renewable> {
  const { rights, places, clock, fingerprintKey } = options
  const { sourceLeases, ...read } = await readCredential(options)
  if (read.type === 'ready') {
    const { credential, secrets, fingerprint, expiresAt } = read
    return { credential, secrets, fingerprint, expiresAt, asked: null, sourceLeases }
  }
  const timeoutMs = options.timeoutMs ?? patienceMs
  const fingerprint = (value: string) => fingerprintOf(fingerprintKey, value)
  const exchanged = await read.exchange({ rights, places, fingerprint, clock, timeoutMs })
  return {
    credential: exchanged.credential,
    secrets: [...exchanged.secrets, ...read.secrets],
    fingerprint: exchanged.fingerprint ?? read.fingerprint,
    expiresAt: earliest(exchanged.expiresAt, read.expiresAt),
    asked: exchanged.asked,
    sourceLeases,
  }
}

function earliest(left: number | null, right: number | null): number | null {
  if (left === null || right === null) return left ?? right
  return Math.min(left, right)
}
