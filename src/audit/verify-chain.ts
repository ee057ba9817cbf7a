import { hash, type KeyObject } from 'node:crypto'
import { closeSync, fstatSync, openSync } from 'node:fs'
import { type AuditProblem, ChainCheck, type ProblemKind, records } from './chain-check.ts'
import { maxLineBytes, readLines } from './lines.ts'
import { hasLivingOwner } from './lock.ts'
import { chainPaths } from './names.ts'
import { type AuditRecord, beginning, type Link, parseRecord, recordVersion } from './record.ts'
import { type FoundHead, readHead } from './seal.ts'

/** Where one line says another chain stood. */
export interface Witness {
  readonly link: Link
  readonly chain: string
  readonly line: number
}

/** What was found in one chain. */
export interface ChainReport {
  readonly chain: string
  readonly records: number
  /** Whether a process is writing to it. */
  readonly living: boolean
  /** What is worth knowing and wrong with nothing. */
  readonly notes: readonly string[]
}

/** More problems than these of one chain are counted, not kept. */
const keptProblems = 1000

/** Reads one chain from its first line to its last. Works beside the process that writes it. */
export function verifyChain(
  dir: string,
  chain: string,
  key: KeyObject | null,
  problems: AuditProblem[],
  witnessed: (witness: Witness) => void,
): ChainReport {
  const paths = chainPaths(dir, chain)
  const notes: string[] = []
  let reported = 0
  const report = (line: number | null, kind: ProblemKind, message: string) => {
    if (++reported <= keptProblems) problems.push({ chain, line, kind, message })
  }
  const fd = openSync(paths.log, 'r')
  try {
    // The head before the size may be behind the file but not ahead of it; the one after may be ahead but not behind.
    const before = readHead(paths.head, chain, key)
    const { size } = fstatSync(fd)
    const after = readHead(paths.head, chain, key)
    const check = new ChainCheck(report)
    let number = 0
    let headHash: string | null = before.head?.seq === 0 ? beginning.hash : null
    const lines = readLines(fd, 0, size)
    let step = lines.next()
    for (; !step.done; step = lines.next()) {
      number++
      const record = parseRecord(step.value.toString())
      const line = {
        number,
        seq: record?.seq ?? null,
        prev: record?.prev ?? '',
        hash: hash('sha256', step.value, 'hex'),
      }
      if (line.seq !== null && line.seq === before.head?.seq) headHash ??= line.hash
      check.add(line)
      if (record !== null) noteRecord(record, number, chain, notes, report, witnessed)
    }
    check.end()
    checkHead(before, after, headHash, check.last, number, report)
    const living = hasLivingOwner(paths.lock)
    if (step.value > maxLineBytes) report(number + 1, 'not_a_record', `${step.value} bytes without an end of line`)
    else if (step.value > 0 && !living)
      notes.push(`an incomplete last line (${step.value} bytes) was never acknowledged`)
    if (reported > keptProblems) notes.push(`${reported - keptProblems} further problems are not listed`)
    return { chain, records: number, living, notes }
  } finally {
    closeSync(fd)
  }
}

function noteRecord(
  record: AuditRecord,
  line: number,
  chain: string,
  notes: string[],
  report: (line: number, kind: ProblemKind, message: string) => void,
  witnessed: (witness: Witness) => void,
): void {
  if (record.v !== recordVersion)
    report(line, 'not_a_record', `record version ${record.v} is not known to this Keyhold`)
  if (record.event === 'audit.repaired' && notes.length < keptProblems) {
    const { bytes, sha256 } = (record.cut ?? {}) as { bytes?: unknown; sha256?: unknown }
    notes.push(
      `line ${line}: an incomplete line of ${Number(bytes)} bytes (SHA-256 ${String(sha256)}) was cut off after a crash`,
    )
  }
  if (record.event !== 'chain.started' && record.event !== 'chain.continued') return
  for (const link of Array.isArray(record.links) ? record.links : []) {
    if (isLink(link)) witnessed({ link, chain, line })
  }
}

function checkHead(
  before: FoundHead,
  after: FoundHead,
  headHash: string | null,
  last: number,
  lines: number,
  report: (line: number | null, kind: ProblemKind, message: string) => void,
): void {
  if (before.head === null) {
    report(null, 'bad_head', `its head is ${before.state}, so lines cut off at the end would not be seen`)
    return
  }
  const { seq, hash: sealed } = before.head
  if (before.state === 'broken')
    report(null, 'bad_head', 'the seal of its head is broken: not written by this installation')
  if (seq > last)
    report(lines + 1, 'cut', `${records(last + 1, seq)} missing: the chain was written up to record ${seq}`)
  else if (headHash !== null && headHash !== sealed)
    report(seq, 'changed', 'its hash is not the one in the head: it, or all from some line on, was written anew')
  const reached = after.head?.seq ?? seq
  // One line more is what a crash between the two writes leaves.
  if (last > reached + 1)
    report(
      reached + 1,
      'unsealed',
      `${records(reached + 1, last)} beyond the end that the head accounts for, record ${reached}`,
    )
}

function isLink(value: unknown): value is Link {
  if (typeof value !== 'object' || value === null) return false
  const { chain, seq, hash: linked } = value as Record<string, unknown>
  return typeof chain === 'string' && Number.isSafeInteger(seq) && typeof linked === 'string'
}
