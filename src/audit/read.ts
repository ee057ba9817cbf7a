import { closeSync, fstatSync, openSync } from 'node:fs'
import { endOfLastLine, readLines, readLinesBackward } from './lines.ts'
import { hasLivingOwner } from './lock.ts'
import { chainPaths, listChains } from './names.ts'
import { type AuditRecord, parseRecord } from './record.ts'

/** A record and where it stands. `text` is the line as it is in the file. */
export interface StoredRecord {
  readonly chain: string
  readonly text: string
  readonly record: AuditRecord
}

/** An attempted call, put together from its two records. */
export interface RecordedCall {
  readonly call: string
  /** Null when only the end is on record: the beginning was in a chain that is gone. */
  readonly opened: StoredRecord | null
  readonly closed: StoredRecord | null
  /** Without an end: `running` while the process that began it lives, `unknown` for good when it does not. */
  readonly state: 'closed' | 'running' | 'unknown'
}

/** How far into each chain a reading goes or went; a chain that is not in it is read from its beginning. */
export type Offsets = ReadonlyMap<string, number>

/** The ends of all whole lines at this moment. */
export function currentEnds(dir: string): Offsets {
  const ends = new Map<string, number>()
  for (const chain of listChains(dir)) {
    const fd = openSync(chainPaths(dir, chain).log, 'r')
    try {
      ends.set(chain, endOfLastLine(fd, fstatSync(fd).size))
    } finally {
      closeSync(fd)
    }
  }
  return ends
}

/**
 * Reads the records of all chains by time, oldest first; within a chain the order is the chain's. Holds one chunk per chain.
 * Lines that are no records are left out: finding those is verification's work.
 */
export function* readRecords(
  dir: string,
  from: Offsets = new Map(),
  to: Offsets = currentEnds(dir),
): Generator<StoredRecord> {
  const chains = [...to.keys()]
  yield* merged(
    chains.map(chain => recordsOf(dir, chain, fd => readLines(fd, from.get(chain) ?? 0, to.get(chain) ?? 0))),
    (a, b) => a < b,
  )
}

/** The same, newest first, without reading more than is asked for. */
export function* readRecordsBackward(dir: string, ends: Offsets = currentEnds(dir)): Generator<StoredRecord> {
  const chains = [...ends.keys()].reverse()
  yield* merged(
    chains.map(chain => recordsOf(dir, chain, fd => readLinesBackward(fd, ends.get(chain) ?? 0))),
    (a, b) => a > b,
  )
}

/** Puts calls together, each when its end is met; those without one come last. Holds only calls that have not ended. */
export function* readCalls(dir: string): Generator<RecordedCall> {
  const open = new Map<string, StoredRecord>()
  for (const stored of readRecords(dir)) {
    const { event, call } = stored.record
    if (typeof call !== 'string') continue
    if (event === 'call.opened') open.set(call, stored)
    if (event !== 'call.closed') continue
    yield { call, opened: open.get(call) ?? null, closed: stored, state: 'closed' }
    open.delete(call)
  }
  const isLiving = livingOwners(dir)
  for (const [call, opened] of open) {
    yield { call, opened, closed: null, state: isLiving(opened.chain) ? 'running' : 'unknown' }
  }
}

/** Asks for each chain once whether a process is writing to it. */
export function livingOwners(dir: string): (chain: string) => boolean {
  const known = new Map<string, boolean>()
  return chain => {
    const living = known.get(chain) ?? hasLivingOwner(chainPaths(dir, chain).lock)
    known.set(chain, living)
    return living
  }
}

function* recordsOf(dir: string, chain: string, lines: (fd: number) => Iterable<Buffer>): Generator<StoredRecord> {
  const fd = openSync(chainPaths(dir, chain).log, 'r')
  try {
    for (const line of lines(fd)) {
      const text = line.toString()
      const record = parseRecord(text)
      if (record !== null) yield { chain, text, record }
    }
  } finally {
    closeSync(fd)
  }
}

function* merged(
  sources: readonly Generator<StoredRecord>[],
  goesFirst: (time: string, other: string) => boolean,
): Generator<StoredRecord> {
  try {
    const heads = sources.map(source => source.next())
    for (;;) {
      let first: number | null = null
      let time = ''
      for (const [index, head] of heads.entries()) {
        if (head.done || (first !== null && !goesFirst(head.value.record.time, time))) continue
        first = index
        time = head.value.record.time
      }
      const source = first === null ? undefined : sources[first]
      const head = first === null ? undefined : heads[first]
      if (first === null || source === undefined || head === undefined || head.done) return
      yield head.value
      heads[first] = source.next()
    }
  } finally {
    for (const source of sources) source.return(undefined)
  }
}
