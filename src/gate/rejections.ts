/** For this long, repetitions of one rejection are counted instead of recorded one by one. */
const windowMs = 60_000

/** Records that something was turned away before it was a call, and how often. */
export type RecordRejection = (transport: string, reason: string, times: number) => void

/**
 * Keeps whoever is turned away from filling the disk: the first rejection for a reason is recorded at once,
 * the following ones of the next minute as one number. Reasons are sentences of ours, so there are few.
 */
export class Rejections {
  readonly #record: RecordRejection
  readonly #counts = new Map<string, { readonly transport: string; readonly reason: string; repeated: number }>()
  #timer: NodeJS.Timeout | null = null

  constructor(record: RecordRejection) {
    this.#record = record
  }

  /** Returns whether it was recorded now; otherwise it was counted. */
  add(transport: string, reason: string): boolean {
    const key = `${transport} ${reason}`
    const known = this.#counts.get(key)
    if (known !== undefined) {
      known.repeated++
      return false
    }
    this.#counts.set(key, { transport, reason, repeated: 0 })
    this.#timer ??= setTimeout(() => this.flush(), windowMs).unref()
    this.#record(transport, reason, 1)
    return true
  }

  /** Records what was only counted so far, and begins anew. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    const counted = [...this.#counts.values()]
    this.#counts.clear()
    for (const { transport, reason, repeated } of counted) if (repeated > 0) this.#record(transport, reason, repeated)
  }
}
