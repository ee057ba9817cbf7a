import { Refusal } from '../refusal.ts'

/** How many calls may wait for each one that may run. */
const waitingPerSlot = 16

interface Waiting {
  readonly start: () => void
  readonly refuse: (refusal: Refusal) => void
}

/** At most `size` calls at once; the next ones wait their turn, first come first served. */
export class Slots {
  readonly #size: number
  readonly #waiting: Waiting[] = []
  #used = 0

  constructor(size: number) {
    this.#size = size
  }

  /**
   * Waits for a slot and takes it; call `release` once for each.
   *
   * @throws Refusal `busy` when too many wait already, or none came free before the deadline; `cancelled`
   */
  async acquire(options: { readonly timeoutMs: number; readonly signal: AbortSignal }): Promise<void> {
    if (options.signal.aborted) throw new Refusal('cancelled', 'cancelled before it began')
    if (this.#used < this.#size) {
      this.#used++
      return
    }
    if (this.#waiting.length >= this.#size * waitingPerSlot) throw new Refusal('busy', 'the queue of this tool is full')
    await new Promise<void>((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer)
        options.signal.removeEventListener('abort', onAbort)
        const index = this.#waiting.indexOf(entry)
        if (index !== -1) this.#waiting.splice(index, 1)
      }
      const entry: Waiting = {
        start: () => {
          leave()
          resolve()
        },
        refuse: refusal => {
          leave()
          reject(refusal)
        },
      }
      const onAbort = () => entry.refuse(new Refusal('cancelled', 'cancelled while waiting'))
      const timer = setTimeout(
        () => entry.refuse(new Refusal('busy', 'no slot came free before the deadline')),
        options.timeoutMs,
      )
      options.signal.addEventListener('abort', onAbort, { once: true })
      this.#waiting.push(entry)
    })
  }

  /** Hands the slot to the one who waits longest, or frees it. */
  release(): void {
    const next = this.#waiting[0]
    if (next === undefined) this.#used--
    else next.start()
  }
}
