import { hash, type KeyObject } from 'node:crypto'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { Tip } from './chain.ts'
import { endOfLastLine, maxLineBytes, readLinesBackward } from './lines.ts'
import { chainPaths } from './names.ts'
import { type AuditRecord, beginning, type Link, type Position, parseRecord } from './record.ts'
import { type Head, readHead } from './seal.ts'

/** The end of a chain whose owner is gone, as far as it matters for going on with it. */
export interface Tail {
  readonly tip: Tip
  /** A last line without its newline: its writing was interrupted, so nothing was done on the strength of it. */
  readonly torn: { readonly bytes: number; readonly sha256: string } | null
  /** The openings of calls that were never closed, oldest first. */
  readonly interrupted: readonly AuditRecord[]
}

/**
 * Reads the end of a chain, or says why nobody may go on with it. A chain that does not end where its head says stays
 * as it is: going on would seal what someone did to it. Reads backwards and only as far as there are open calls.
 */
export function readTail(dir: string, chain: string, sealKey: KeyObject): Tail | string {
  const paths = chainPaths(dir, chain)
  const { state, head } = readHead(paths.head, chain, sealKey)
  if (state !== 'sealed') return `its head is ${state}`
  const fd = openSync(paths.log, 'r')
  try {
    const { size } = fstatSync(fd)
    const end = endOfLastLine(fd, size)
    if (size - end > maxLineBytes) return 'its last line is too long to be a record'
    const tip = tipAt(head, readLinesBackward(fd, end), end)
    if (tip === null) return `it does not end where its head says, at record ${head.seq}`
    return {
      tip,
      torn: size > end ? { bytes: size - end, sha256: hashOfRange(fd, end, size) } : null,
      interrupted:
        tip.open === 0 && tip.seq === head.seq ? [] : interruptedCalls(head, tip, readLinesBackward(fd, end)),
    }
  } finally {
    closeSync(fd)
  }
}

/** Where a chain stands for the record of another chain; null when its last line is no record. */
export function readLink(dir: string, chain: string): Link | null {
  const fd = openSync(chainPaths(dir, chain).log, 'r')
  try {
    const end = endOfLastLine(fd, fstatSync(fd).size)
    const { value: last, done } = readLinesBackward(fd, end).next()
    if (done) return null
    const record = parseRecord(last.toString())
    return record === null ? null : { chain, ...positionOf(last, record) }
  } finally {
    closeSync(fd)
  }
}

/** The head may be one line behind: the owner can have died between the two writes. */
function tipAt(head: Head, lines: Iterator<Buffer>, size: number): Tip | null {
  const last = lines.next().value as Buffer | undefined
  if (last === undefined) return head.seq === 0 ? { ...beginning, open: 0, size } : null
  const record = parseRecord(last.toString())
  if (record === null) return null
  const position = positionOf(last, record)
  if (position.seq === head.seq && position.hash === head.hash) return { ...head, size }
  const before = lines.next().value as Buffer | undefined
  const follows =
    record.prev === head.hash && head.hash === (before === undefined ? beginning.hash : hash('sha256', before, 'hex'))
  return position.seq === head.seq + 1 && follows ? { ...position, open: head.open, size } : null
}

/**
 * Walks backwards until as many open calls are found as the head counts. Holds only the calls whose
 * opening it has not met yet, so its memory is bounded by how many calls ran at once.
 */
function interruptedCalls(head: Head, tip: Tip, lines: Iterator<Buffer>): AuditRecord[] {
  const found: AuditRecord[] = []
  let closedLast: unknown = null
  if (tip.seq > head.seq) {
    const last = parseRecord((lines.next().value as Buffer).toString())
    if (last?.event === 'call.opened') found.push(last)
    if (last?.event === 'call.closed') closedLast = last.call
  }
  const closed = new Set<unknown>()
  for (let missing = head.open; missing > 0; ) {
    const { value, done } = lines.next()
    if (done) break
    if (!value.includes('"event":"call.')) continue
    const record = parseRecord(value.toString())
    if (record?.event === 'call.closed') closed.add(record.call)
    if (record?.event !== 'call.opened' || closed.delete(record.call)) continue
    missing--
    if (record.call !== closedLast) found.push(record)
  }
  return found.reverse()
}

function positionOf(line: Buffer, record: AuditRecord): Position {
  return { seq: record.seq, hash: hash('sha256', line, 'hex') }
}

function hashOfRange(fd: number, from: number, to: number): string {
  const bytes = Buffer.alloc(to - from)
  return hash('sha256', bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, from)), 'hex')
}
