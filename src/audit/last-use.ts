import { existsSync } from 'node:fs'
import { readRecordsBackward } from './read.ts'

/** How many records are looked through, the newest first: a log of years is not read for a list. */
const maximumRecords = 100_000

/** Finds out when each credential was last used by a call or read for one, as RFC 3339. What the newest records do not show is left out. */
export function lastUses(dir: string, names: ReadonlySet<string>): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  if (!existsSync(dir)) return found
  let looked = 0
  for (const { record } of readRecordsBackward(dir)) {
    const name = nameIn(record)
    if (name !== null && names.has(name) && !found.has(name)) found.set(name, record.time)
    looked += 1
    if (looked >= maximumRecords || found.size === names.size) break
  }
  return found
}

function nameIn(record: { readonly event: string; readonly [key: string]: unknown }): string | null {
  const { credential } = record
  if (record.event === 'credential.leased') return typeof credential === 'string' ? credential : null
  if (record.event !== 'call.closed' || typeof credential !== 'object' || credential === null) return null
  return 'name' in credential && typeof credential.name === 'string' ? credential.name : null
}
