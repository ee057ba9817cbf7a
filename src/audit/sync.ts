/** When what was written is forced to the disk. Records that wait together share one sync. */
export class SyncSchedule {
  readonly #sync: () => Promise<void>
  readonly #delayMs: number
  #running: Promise<unknown> = Promise.resolve()
  #next: Promise<void> | null = null
  #timer: NodeJS.Timeout | null = null

  constructor(sync: () => Promise<void>, delayMs: number) {
    this.#sync = sync
    this.#delayMs = delayMs
  }

  /** Resolves after a sync that begins after this call, so that it covers all that is written by now. */
  now(): Promise<void> {
    if (this.#next === null) {
      this.#next = this.#running.then(() => {
        this.#next = null
        return this.#sync()
      })
      // Also keeps a failure that nobody waits for from ending the process; it has been reported where it happened.
      this.#running = this.#next.catch(() => {})
    }
    return this.#next
  }

  /** Makes a sync begin within the delay. Does not keep the process alive for it. */
  soon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null
      void this.now()
    }, this.#delayMs).unref()
  }

  /** Cancels what is planned and waits for what is running, so that the files can be closed. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    await this.#running
  }
}
