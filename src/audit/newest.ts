import { livingOwners, type Offsets, type RecordedCall, readRecordsBackward, type StoredRecord } from './read.ts'

/** One entry of a listing: a call, or another event. */
export type Entry =
  | { readonly type: 'call'; readonly call: RecordedCall }
  | { readonly type: 'event'; readonly event: StoredRecord }

/** How many records before the first entry are searched for the beginnings of calls. */
const searchedRecords = 10_000

/**
 * The newest entries before the given ends, oldest first, found from the end of the log; and the beginnings met on
 * the way of calls without an end. Who will go on reading from there wants those even when the entries are complete.
 */
export function newestEntries(
  dir: string,
  count: number,
  ends: Offsets,
  wantsOpen: boolean,
): { readonly entries: readonly Entry[]; readonly open: Map<string, StoredRecord> } {
  const entries: Entry[] = []
  const open = new Map<string, StoredRecord>()
  /** Calls whose end was met and whose beginning was not, with the index of their entry, or -1 for one without. */
  const ended = new Map<string, number>()
  const isLiving = livingOwners(dir)
  let incomplete = 0
  let searched = 0
  for (const stored of readRecordsBackward(dir, ends)) {
    const room = entries.length < count
    if (!room && ((incomplete === 0 && !wantsOpen) || ++searched > searchedRecords)) break
    const call = String(stored.record.call)
    switch (stored.record.event) {
      case 'call.closed': {
        ended.set(call, room ? entries.length : -1)
        if (!room) break
        incomplete++
        entries.push({ type: 'call', call: { call, opened: null, closed: stored, state: 'closed' } })
        break
      }
      case 'call.opened': {
        const index = ended.get(call)
        const entry = index === undefined ? undefined : entries[index]
        if (index !== undefined && entry?.type === 'call') {
          entries[index] = { type: 'call', call: { ...entry.call, opened: stored } }
          incomplete--
        }
        if (ended.delete(call)) break
        open.set(call, stored)
        const state = isLiving(stored.chain) ? 'running' : 'unknown'
        if (room) entries.push({ type: 'call', call: { call, opened: stored, closed: null, state } })
        break
      }
      default:
        if (room) entries.push({ type: 'event', event: stored })
    }
  }
  return { entries: entries.reverse(), open }
}
