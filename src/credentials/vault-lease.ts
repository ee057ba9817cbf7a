import { Refusal } from '../refusal.ts'
import type { SourceLease } from './read-source.ts'
import type { VaultStore } from './stores.ts'
import { endOf, type VaultToken } from './vault-login.ts'
import { askVault, type VaultRequest } from './vault-request.ts'

/** What one login has made. */
export interface VaultLeases {
  /**
   * Takes charge of a lease that Vault has made.
   *
   * @param seconds how long it was made for
   */
  add(leaseId: string, seconds: number, renewable: boolean): SourceLease
  /** Notes that somebody has it now and will give it back. */
  handOut(lease: SourceLease): void
  /** Gives back what nobody has. */
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
  let tokenEndsAt = login.endsAt

  return {
    add(leaseId, seconds, renewable) {
      const lease: SourceLease = {
        async renew() {
          if (!renewable) throw new Refusal('credential_unavailable', 'Vault has made a lease that cannot be renewed')
          const signal = AbortSignal.timeout(timeoutMs)
          await renewToken(signal)
          const now = clock()
          const body = { lease_id: leaseId, increment: seconds }
          const { lease_duration } = await ask({ method: 'PUT', path: 'sys/leases/renew', body, signal })
          return Math.min(now + (lease_duration ?? 0) * 1_000, tokenEndsAt ?? Number.POSITIVE_INFINITY)
        },
        async revoke() {
          if (!made.delete(lease)) return
          const revoked = () => ask({ method: 'PUT', path: 'sys/leases/revoke', body: { lease_id: leaseId } })
          // The token ends everything that was made with it, which every policy allows it.
          const ended = login.own && made.size === 0 ? endToken().catch(revoked) : revoked()
          await ended.catch(() => {})
        },
      }
      made.add(lease)
      return lease
    },
    handOut(lease) {
      handedOut.add(lease)
    },
    async tidyUp() {
      const left = [...made].filter(lease => !handedOut.has(lease))
      for (const lease of left) await lease.revoke()
      if (login.own && handedOut.size === 0 && left.length === 0) await endToken().catch(() => {})
    },
  }

  async function renewToken(signal: AbortSignal): Promise<void> {
    if (!login.own || !login.renewable) return
    const now = clock()
    const { auth } = await ask({ method: 'POST', path: 'auth/token/renew-self', body: {}, signal })
    if (auth) tokenEndsAt = endOf(auth.lease_duration, now)
  }

  function endToken() {
    return ask({ method: 'POST', path: 'auth/token/revoke-self', body: {} })
  }

  function ask(request: Pick<VaultRequest, 'method' | 'path' | 'body'> & { readonly signal?: AbortSignal }) {
    return askVault(store, { signal: AbortSignal.timeout(timeoutMs), ...request, token: login.token })
  }
}
