import { unlessAborted } from '../process/unless-aborted.ts'
import { invalidInput, Refusal } from '../refusal.ts'
import type { WorkerResult } from '../workers/protocol.ts'

/** A call that must run once, by name: who called what with which key, and the digest of its arguments. */
export interface OnceCall {
  readonly name: string
  readonly args: string
  readonly windowMs: number
}

interface Entry {
  readonly args: string
  /** Goes to the target, so that it too can tell a second attempt from a second wish. */
  readonly onceKey: string
  readonly until: number
  running: Promise<WorkerResult> | null
  outcome: WorkerResult | null
}

/** The most calls that are remembered, and the most bytes of outcomes. */
const maxEntries = 10_000
const maxOutcomeBytes = 262_144
const maxTotalBytes = 33_554_432

/**
 * Remembers the outcomes of calls that must run once. A call that is made again within its window gets the stored
 * outcome; while the first is running, it waits for that. After a failure, or when nothing is known, it is attempted
 * again under the same key, by which the target can tell.
 */
export class OnceBook {
  readonly #entries = new Map<string, Entry>()
  readonly #clock: () => number
  readonly #nextKey: () => string
  #bytes = 0

  constructor(clock: () => number, nextKey: () => string) {
    this.#clock = clock
    this.#nextKey = nextKey
  }

  /**
   * Runs a call, or gives what an equal one gave.
   *
   * @param work carries the call out under the key that it is given
   * @throws Refusal `invalid_input` when the key was used for other arguments; `busy` when no more can be remembered
   */
  async run(
    call: OnceCall,
    signal: AbortSignal,
    work: (onceKey: string) => Promise<WorkerResult>,
  ): Promise<WorkerResult & { readonly replayed?: boolean }> {
    const entry = this.#entryOf(call)
    if (entry.args !== call.args) throw invalidInput('idempotency_key: was used for other arguments; give a new one')
    // Whoever comes second waits, however often the one before failed, and is then the next to try.
    while (entry.running !== null) await settled(entry.running, signal)
    if (entry.outcome !== null) return { ...entry.outcome, replayed: true }
    entry.running = work(entry.onceKey)
    try {
      const result = await entry.running
      if (!result.isError) this.#keep(entry, result)
      return result
    } finally {
      entry.running = null
    }
  }

  #entryOf({ name, args, windowMs }: OnceCall): Entry {
    const now = this.#clock()
    const found = this.#entries.get(name)
    if (found !== undefined && (found.until > now || found.running !== null)) return found
    if (this.#entries.size >= maxEntries) this.#sweep(now)
    if (this.#entries.size >= maxEntries) throw new Refusal('busy', 'no more calls can be remembered')
    if (found !== undefined) this.#forget(name, found)
    const entry: Entry = { args, onceKey: this.#nextKey(), until: now + windowMs, running: null, outcome: null }
    this.#entries.set(name, entry)
    return entry
  }

  /** What is too large is not kept: the call is then made again, under the same key. */
  #keep(entry: Entry, outcome: WorkerResult): void {
    if (outcome.bytesIn > maxOutcomeBytes) return
    if (this.#bytes + outcome.bytesIn > maxTotalBytes) this.#sweep(this.#clock())
    if (this.#bytes + outcome.bytesIn > maxTotalBytes) return
    this.#bytes += outcome.bytesIn
    entry.outcome = outcome
  }

  #sweep(now: number): void {
    for (const [name, entry] of this.#entries)
      if (entry.until <= now && entry.running === null) this.#forget(name, entry)
  }

  #forget(name: string, entry: Entry): void {
    this.#entries.delete(name)
    this.#bytes -= entry.outcome?.bytesIn ?? 0
  }
}

/** Waits until a call has ended, however it ended, or until whoever waits gives up. */
function settled(running: Promise<unknown>, signal: AbortSignal): Promise<unknown> {
  const ended = running.catch(() => {})
  return unlessAborted(ended, signal).catch(() => {
    throw new Refusal('cancelled', 'the caller cancelled')
  })
}
