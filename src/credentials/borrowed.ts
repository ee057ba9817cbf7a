import type { SourceLease } from './read-source.ts'

/** How long a call that is under way may still need what was replaced, before it is given back. */
const revokeAfterMs = 60_000

/** What sources have made for us and have not been given back yet. */
export class Borrowed {
  readonly #open = new Set<SourceLease>()
  readonly #revoking = new Set<Promise<void>>()

  add(leases: readonly SourceLease[]): void {
    for (const lease of leases) this.#open.add(lease)
  }

  /** Gives back what was replaced, when no call can be using it any more. */
  giveBackLater(leases: readonly SourceLease[]): void {
    for (const lease of leases) setTimeout(() => this.#giveBack(lease), revokeAfterMs).unref()
  }

  /** Gives everything back now, and waits for that. */
  async giveBackAll(): Promise<void> {
    for (const lease of this.#open) this.#giveBack(lease)
    await Promise.all(this.#revoking)
  }

  #giveBack(lease: SourceLease): void {
    if (!this.#open.delete(lease)) return
    const revoking = lease.revoke().finally(() => this.#revoking.delete(revoking))
    this.#revoking.add(revoking)
  }
}
