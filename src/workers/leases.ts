import type { Leasing } from '../credentials/lease.ts'
import type { Lease } from '../credentials/lend.ts'
import { distinctSecrets, sameSecrets, withBareForms } from '../credentials/same-secrets.ts'
import type { LeasedCredential } from '../leased.ts'
import type { Secret } from '../secret.ts'

/** The credentials of one tool as its worker holds them. */
export interface Held {
  /** The tool's own; null when it has none. */
  readonly credential: LeasedCredential | null
  readonly fingerprint: string | null
  readonly others: Readonly<Record<string, LeasedCredential>>
  /** Another number when some secret is another one than before. */
  readonly generation: number
}

/** Holds the credentials of one tool together. */
export interface Leases {
  /**
   * Gives what is held, reading what is not. As long as nothing was read again it is the same object.
   *
   * @throws Refusal credential_unavailable
   */
  get(): Promise<Held>
  /** What was read last; null before anything was. */
  newest(): Held | null
  /** Lets go of everything; the next call reads again. */
  drop(why: Parameters<Leasing['drop']>[0]): void
  /** Gives back what sources have made for us. */
  end(): Promise<void>
}

/** How many readings are still redacted after newer ones; a call that uses what an older one gave may still be under way. */
const rememberedReadings = 4

/** Hears of what is read. */
export interface LeaseEvents {
  /** A lease was made, for the record. */
  leased(role: string | null, lease: Lease): void
  /** These are to be redacted from now on; called before they are held. */
  redact(secrets: readonly Secret[]): void
}

/**
 * Puts the leases of a tool together.
 *
 * @param own the tool's own; null when it has none
 * @param others those beside it, by role
 */
export function createLeases(
  own: Leasing | null,
  others: Readonly<Record<string, Leasing>>,
  events: LeaseEvents,
): Leases {
  const roles: readonly (readonly [string | null, Leasing])[] = [
    ...(own === null ? [] : [[null, own] as const]),
    ...Object.entries(others),
  ]
  let current: Current | null = null
  /** What the latest readings gave, the newest first: one that was slow can end after another that was begun later. */
  let arrived: readonly (readonly Secret[])[] = []

  return {
    async get() {
      const leases = await Promise.all(roles.map(([, leasing]) => leasing.get()))
      if (current !== null && leases.every((lease, index) => lease === current?.leases[index])) return current.held
      arrived = [leases.flatMap(({ secrets }) => secrets), ...arrived].slice(0, rememberedReadings)
      events.redact(distinctSecrets(withBareForms(arrived.flat())))
      const before = current?.leases ?? []
      for (const [index, lease] of leases.entries())
        if (lease !== before[index]) events.leased(roles[index]?.[0] ?? null, lease)
      const unchanged = before.every((lease, index) => sameSecrets(lease, leases[index] ?? lease))
      const held = current !== null && unchanged ? current.held : hold(leases, current)
      current = { leases, held }
      return held
    },
    newest: () => current?.held ?? null,
    drop(why) {
      for (const [, leasing] of roles) leasing.drop(why)
    },
    async end() {
      await Promise.all(roles.map(([, leasing]) => leasing.end()))
    },
  }

  function hold(leases: readonly Lease[], before: Current | null): Held {
    const [first] = own === null ? [] : leases
    return {
      generation: (before?.held.generation ?? 0) + 1,
      credential: first?.credential ?? null,
      fingerprint: first?.fingerprint ?? null,
      others: before !== null && sameOthers(leases, before.leases) ? before.held.others : othersOf(leases),
    }
  }

  /** Connections are made with these; a renewed token of the tool's own must not close them. */
  function sameOthers(leases: readonly Lease[], before: readonly Lease[]): boolean {
    return leases.every((lease, index) => roles[index]?.[0] === null || sameSecrets(lease, before[index] ?? lease))
  }

  function othersOf(leases: readonly Lease[]): Held['others'] {
    return Object.fromEntries(
      roles.flatMap(([role], index) => {
        const lease = leases[index]
        return role === null || lease === undefined ? [] : [[role, lease.credential]]
      }),
    )
  }
}

interface Current {
  readonly leases: readonly Lease[]
  readonly held: Held
}
