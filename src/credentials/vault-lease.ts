import { Refusal } from '../refusal.ts'
import type { SourceLease } from './read-source.ts'
import type { VaultStore } from './stores.ts'
import { endOf, type VaultToken } from './vault-login.ts'
import { askVault, type VaultRequest } from './vault-request.ts'

/** A lease as Vault has made it. */
export interface MadeLease {
  readonly id: string
  /** How long it was made for. */
  readonly seconds: number
  readonly renewable: boolean
  /** When it was asked for, in milliseconds. */
  readonly since: number
}

/** What one login has made. */
export interface VaultLeases {
  /**
   * Takes charge of a lease that Vault has made, and finds out when it ends.
   *
   * @throws Refusal credential_unavailable when the reading that it was made for is over
   */
  add(made: MadeLease, signal: AbortSignal): Promise<{ readonly lease: SourceLease; readonly expiresAt: number | null }>
  /** Notes that somebody has it now and will give it back. */
  handOut(lease: SourceLease): void
  /** Gives back what nobody has; for when the reading is over. */
  tidyUp(): Promise<void>
}

/** Keeps the leases of one login, which end with its token. */
export function vaultLeases(
  store: VaultStore,
  login: VaultToken,
  { clock, timeoutMs }: { readonly clock: () => number; readonly timeoutMs: number },
): VaultLeases {
  const made = new Set<SourceLease>()
  const handedOut = new Set<SourceLease>()
  let { endsAt } = login
  let isOver = false

  return {
    async add({ id, seconds, renewable, since }, signal) {
      const lease: SourceLease = {
        async renew() {
          if (!renewable) throw unavailable('Vault has made a lease that cannot be renewed')
          const until = AbortSignal.timeout(timeoutMs)
          await renewToken(until)
          const now = clock()
          const body = { lease_id: id, increment: seconds }
          const { lease_duration } = await ask({ method: 'PUT', path: 'sys/leases/renew', body, signal: until })
          return withToken(now + (lease_duration ?? 0) * 1_000, await tokenEnd(until))
        },
        async revoke() {
          if (!made.delete(lease)) return
          const revoked = () => ask({ method: 'PUT', path: 'sys/leases/revoke', body: { lease_id: id } })
          // With a token ends what was made with it, and every token may end itself.
          const ended = login.own && made.size === 0 ? endToken().catch(revoked) : revoked()
          await ended.catch(() => {})
        },
      }
      made.add(lease)
      const end = seconds === 0 ? null : since + seconds * 1_000
      const tokenEndsAt = await tokenEnd(signal)
      if (isOver) {
        await lease.revoke()
        throw unavailable('Vault made a lease that nobody waits for any more')
      }
      return { lease, expiresAt: end === null ? tokenEndsAt : withToken(end, tokenEndsAt) }
    },
    handOut(lease) {
      handedOut.add(lease)
    },
    async tidyUp() {
      isOver = true
      const left = [...made].filter(lease => !handedOut.has(lease))
      for (const lease of left) await lease.revoke()
      if (login.own && handedOut.size === 0 && left.length === 0) await endToken().catch(() => {})
    },
  }

  async function renewToken(signal: AbortSignal): Promise<void> {
    if (!login.own || !login.renewable) return
    const now = clock()
    const { auth } = await ask({ method: 'POST', path: 'auth/token/renew-self', body: {}, signal })
    if (auth) endsAt = endOf(auth.lease_duration, now)
  }

  /** Null when it does not end, or does not say. One that was given to us is renewed by whoever gave it, if at all. */
  async function tokenEnd(signal: AbortSignal): Promise<number | null> {
    if (login.own) return endsAt
    const now = clock()
    const found = await ask({ method: 'GET', path: 'auth/token/lookup-self', signal }).catch(() => null)
    const seconds = found?.data?.['ttl']
    return typeof seconds === 'number' ? endOf(seconds, now) : null
  }

  function endToken() {
    return ask({ method: 'POST', path: 'auth/token/revoke-self', body: {} })
  }

  function ask(request: Pick<VaultRequest, 'method' | 'path' | 'body'> & { readonly signal?: AbortSignal }) {
    return askVault(store, { signal: AbortSignal.timeout(timeoutMs), ...request, token: login.token })
  }
}

/** What a token has made ends with it at the latest. */
function withToken(end: number, tokenEndsAt: number | null): number {
  return Math.min(end, tokenEndsAt ?? end)
}

function unavailable(detail: string): Refusal {
  return new Refusal('credential_unavailable', detail)
}
