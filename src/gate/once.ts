import { unlessAborted } from '../process/unless-aborted.ts'
import { invalidInput, Refusal, type RefusalCode } from '../refusal.ts'
import type { WorkerResult } from '../workers/protocol.ts'

/** A call that must run once. */
export interface OnceCall {
  /** Whose it is: an agent and an MCP tool. */
  readonly owner: string
  /** The key that the agent gave; without one, the digest of the arguments. */
  readonly key: string
  readonly args: string
  readonly windowMs: number
}

interface Entry {
  readonly args: string
  /** Goes to the target, so that it too can tell a second attempt from a second wish. */
  readonly onceKey: string
  readonly until: number
  running: Promise<WorkerResult> | null
  /** As JSON: parsed, small values would take many times the room that was counted. */
  outcome: string | null
}

/** The most calls that are remembered for one owner, and the most characters of outcomes, each and together. */
const maxEntries = 1_000
const maxOutcome = 262_144
const maxTotal = 33_554_432

/** After these nothing was sent, so there is nothing to remember. */
const nothingSent: ReadonlySet<RefusalCode> = new Set([
  'target_unreachable',
  'credential_unavailable',
  'busy',
  'invalid_input',
])

/**
 * Remembers the outcomes of calls that must run once. A call that is made again within its window gets the stored
 * outcome; while the first is running, it waits for that. After a failure, or when nothing is known, it is attempted
 * again under the same key, by which the target can tell.
 */
export class OnceBook {
  readonly #owners = new Map<string, Map<string, Entry>>()
  readonly #clock: () => number
  readonly #nextKey: () => string
  #total = 0

  constructor(clock: () => number, nextKey: () => string) {
    this.#clock = clock
    this.#nextKey = nextKey
  }

  /**
   * Runs a call, or gives what an equal one gave.
   *
   * @param signal ends the wait for an equal call
   * @param work carries the call out under the key that it is given
   * @throws Refusal `invalid_input` when the key was used for other arguments; `busy` when an equal call does not end, or
   *   no more can be remembered; what the work throws
   */
  async run(
    call: OnceCall,
    signal: AbortSignal,
    work: (onceKey: string) => Promise<WorkerResult>,
  ): Promise<WorkerResult & { readonly replayed?: boolean }> {
    const calls = this.#callsOf(call.owner)
    const entry = this.#entryOf(calls, call)
    if (entry.args !== call.args) throw invalidInput('idempotency_key: was used for other arguments; give a new one')
    // Whoever comes second waits, however often the one before failed, and is then the next to try.
    while (entry.running !== null) await settled(entry.running, signal)
    if (entry.outcome !== null) return { ...(JSON.parse(entry.outcome) as WorkerResult), replayed: true }
    entry.running = work(entry.onceKey)
    try {
      const result = await entry.running
      if (!result.isError && calls.get(call.key) === entry) this.#keep(entry, result)
      return result
    } catch (error) {
      const isNothing = error instanceof Refusal && nothingSent.has(error.code)
      if (isNothing && calls.get(call.key) === entry) calls.delete(call.key)
      throw error
    } finally {
      entry.running = null
    }
  }

  #callsOf(owner: string): Map<string, Entry> {
    const found = this.#owners.get(owner)
    if (found !== undefined) return found
    const calls = new Map<string, Entry>()
    this.#owners.set(owner, calls)
    return calls
  }

  #entryOf(calls: Map<string, Entry>, { key, args, windowMs }: OnceCall): Entry {
    const now = this.#clock()
    const found = calls.get(key)
    if (found !== undefined && (found.until > now || found.running !== null)) return found
    if (calls.size >= maxEntries) this.#sweep(calls, now)
    if (calls.size >= maxEntries) throw new Refusal('busy', 'no more calls of this agent can be remembered')
    if (found !== undefined) this.#forget(calls, key, found)
    const entry: Entry = { args, onceKey: this.#nextKey(), until: now + windowMs, running: null, outcome: null }
    calls.set(key, entry)
    return entry
  }

  /** What is too large is not kept: the call is then made again, under the same key. */
  #keep(entry: Entry, result: WorkerResult): void {
    const outcome = JSON.stringify(result)
    if (outcome.length > maxOutcome) return
    if (this.#total + outcome.length > maxTotal) {
      const now = this.#clock()
      for (const calls of this.#owners.values()) this.#sweep(calls, now)
    }
    if (this.#total + outcome.length > maxTotal) return
    this.#total += outcome.length
    entry.outcome = outcome
  }

  #sweep(calls: Map<string, Entry>, now: number): void {
    for (const [key, entry] of calls) if (entry.until <= now && entry.running === null) this.#forget(calls, key, entry)
  }

  #forget(calls: Map<string, Entry>, key: string, entry: Entry): void {
    calls.delete(key)
    this.#total -= entry.outcome?.length ?? 0
  }
}

/** Waits until a call has ended, however it ended, or until whoever waits gives up. */
function settled(running: Promise<unknown>, signal: AbortSignal): Promise<unknown> {
  const ended = running.catch(() => {})
  return unlessAborted(ended, signal).catch(() => {
    throw new Refusal('busy', 'an equal call has not ended in time')
  })
}
