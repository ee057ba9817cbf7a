import { setTimeout } from 'node:timers/promises'
import { currentEnds, type Offsets, readRecords, type StoredRecord } from './read.ts'

const pollMs = 250

/** Reads what is written after the given ends, in every chain and in those that begin meanwhile, until aborted. */
export async function* followRecords(dir: string, ends: Offsets, signal: AbortSignal): AsyncGenerator<StoredRecord> {
  let from = ends
  while (!signal.aborted) {
    const to = currentEnds(dir)
    yield* readRecords(dir, from, to)
    from = to
    // Polled: file watching reports nothing on network file systems and in some containers.
    await setTimeout(pollMs, undefined, { signal }).catch(() => {})
  }
}
