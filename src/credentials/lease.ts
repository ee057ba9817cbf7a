import { setTimeout as delay } from 'node:timers/promises'
import { Refusal } from '../refusal.ts'
import { Borrowed } from './borrowed.ts'
import { type Lease, type LeaseOptions, lend, type Lent } from './lend.ts'
import { distinctSecrets, sameSecrets } from './same-secrets.ts'

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

/** A token is renewed this long before it expires, or half of its life, if that is shorter. */
const renewalMs = 300_000

/** What was extended by less than this is about to reach the end that its source has set for good. */
const minimumRenewalMs = 5_000

/** What ends sooner than this is not presented any more. */
const usableMs = 1_000

/** How long a call waits for a renewal while what is held can still be used. */
const patienceWithRenewalMs = 500

/** When a renewal that failed is tried again, if what is held can be used that long. */
const retryMs = 10_000

/** How many earlier leases are remembered, so that an answer that comes late, or from a cache, shows nothing of them. */
const remembered = 3

/**
 * A token that was made less than this ago is not let go of: whoever can bring about a 401 could otherwise have one made for
 * each call, all of them valid for an hour. Nor is a value that was read again after a 401 and is still the same.
 */
const keptMs = 10_000

/** How many of those that are still valid are remembered, the newest first. */
const rememberedTokens = 60

interface Held extends Lent {
  /** When it was read. A clock that shows less by now was set back, and what it says of the end is not to be counted on. */
  readonly since: number
  renewAt: number
  readonly keepUntil: number
}

/** Makes the way to one credential of the configuration, without reading it yet. */
export function createLease(options: LeaseOptions): Leasing {
  const { clock } = options
  const borrowed = new Borrowed()
  let held: Held | null = null
  let reading: Promise<Held> | null = null
  /** What the target did not accept, until something is read in its place. */
  let refused: Lease | null = null
  let earlier: readonly Lease[] = []
  const pending = new Set<Promise<unknown>>()
  let hasEnded = false

  return {
    async get() {
      if (hasEnded) throw new Refusal('credential_unavailable', 'the worker is ending')
      const now = clock()
      if (held !== null && now >= held.since && now < held.renewAt) return held.lease
      const current = held
      const renewal = read(current)
      if (current === null || !isUsable(current.lease)) return (await renewal).lease
      // A source that is slow, or down for a while, does not matter as long as what it gave can be used.
      const renewed = renewal.catch(() => current)
      const late = delay(patienceWithRenewalMs, current, { ref: false })
      return (await Promise.race([renewed, late])).lease
    },
    drop(why) {
      const now = clock()
      if (why === 'refused' && held !== null && now >= held.since && now < held.keepUntil) return
      if (held !== null) borrowed.giveBackLater(held.sourceLeases)
      refused = why === 'refused' ? (held?.lease ?? null) : null
      held = null
      reading = null
    },
    async end() {
      hasEnded = true
      await borrowed.giveBackAll()
      // What arrives only now is given back too.
      await Promise.allSettled(pending)
      await borrowed.giveBackAll()
    },
  }

  /** Reads anew or renews; one at a time, whoever asks. */
  function read(before: Held | null): Promise<Held> {
    if (reading !== null) return reading
    const mine = next(before)
    reading = mine
    pending.add(mine)
    mine.finally(() => pending.delete(mine)).catch(() => {})
    mine.then(
      result => {
        if (reading !== mine) return borrowed.giveBackLater(result.sourceLeases) // was let go of meanwhile
        held = result
        reading = null
      },
      () => {
        if (reading === mine) reading = null
        if (before !== null && before === held) before.renewAt = Math.min(clock() + retryMs, lastUse(before.lease))
      },
    )
    return mine
  }

  async function next(before: Held | null): Promise<Held> {
    const expiresAt = before === null ? null : await extended(before)
    if (before !== null && expiresAt !== null) return holding({ ...before, lease: { ...before.lease, expiresAt } })
    const lent = await lend(options)
    borrowed.add(lent.sourceLeases)
    if (before !== null) borrowed.giveBackLater(before.sourceLeases)
    return holding({ ...lent, lease: withEarlier(lent.lease) })
  }

  /** Has the sources extend what they have made; gives the new end, or null when that is of no use or not possible. */
  async function extended({ extendable, sourceLeases }: Held): Promise<number | null> {
    if (!extendable) return null
    const ends = await Promise.all(sourceLeases.map(each => each.renew())).catch(() => null)
    return ends !== null && Math.min(...ends) > clock() + minimumRenewalMs ? Math.min(...ends) : null
  }

  function holding(lent: Lent): Held {
    const { expiresAt } = lent.lease
    const since = clock()
    // Where a source has no other value than the one that was refused, asking it for every call is of no use.
    const isSame = refused !== null && sameSecrets(refused, lent.lease)
    refused = null
    if (expiresAt === null) {
      return { ...lent, since, renewAt: Number.POSITIVE_INFINITY, keepUntil: isSame ? since + keptMs : 0 }
    }
    const leftMs = expiresAt - since
    return {
      ...lent,
      since,
      renewAt: expiresAt - Math.min(renewalMs, leftMs / 2),
      keepUntil: since + Math.min(keptMs, leftMs / 2),
    }
  }

  function withEarlier(lease: Lease): Lease {
    const now = clock()
    const valid = earlier.filter(({ expiresAt }) => expiresAt !== null && expiresAt > now).slice(0, rememberedTokens)
    const secrets = [...earlier.slice(0, remembered), ...valid].flatMap(each => each.secrets)
    earlier = [lease, ...earlier.slice(0, rememberedTokens)]
    return { ...lease, secrets: distinctSecrets([...lease.secrets, ...secrets]) }
  }

  function isUsable(lease: Lease): boolean {
    return lastUse(lease) > clock()
  }

  /** Until when a lease can be presented. */
  function lastUse({ expiresAt }: Lease): number {
    return (expiresAt ?? Number.POSITIVE_INFINITY) - usableMs
  }
}
