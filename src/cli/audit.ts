import { join } from 'node:path'
import type { AuditProblem } from '../audit/chain-check.ts'
import { followRecords } from '../audit/follow.ts'
import { newestEntries } from '../audit/newest.ts'
import { escapeControls, printable } from '../audit/printable.ts'
import { currentEnds, type Offsets, type RecordedCall, readCalls, readRecordsBackward } from '../audit/read.ts'
import type { Outcome } from '../audit/record.ts'
import { callInFull, callRow, eventRow, Table } from '../audit/row.ts'
import { type AuditReport, verifyAudit } from '../audit/verify.ts'
import type { ChainReport } from '../audit/verify-chain.ts'

type Write = (text: string) => void

export interface TailOptions {
  readonly dir: string
  readonly lines: number
  readonly follow: boolean
  readonly json: boolean
  readonly write: Write
  readonly signal: AbortSignal
  readonly clock: () => number
}

/** `keyhold audit tail`: the newest calls and events, and with `follow` those to come. Returns the exit code. */
export async function auditTail(options: TailOptions): Promise<number> {
  return reading(options, () => {
    const ends = currentEnds(options.dir)
    return options.json ? tailRecords(options, ends) : tailRows(options, ends)
  })
}

export interface ShowOptions {
  readonly dir: string
  /** One call in full. Without it, the calls that all of the filters let through. */
  readonly call?: string
  readonly agent?: string
  /** A tool or an MCP tool. */
  readonly tool?: string
  /** Milliseconds since 1970. */
  readonly since?: number
  readonly outcome?: Outcome | 'running'
  readonly json: boolean
  readonly write: Write
  readonly clock: () => number
}

/** `keyhold audit show`: one call in full, or a list of calls. Returns the exit code: 1 when there is none. */
export async function auditShow(options: ShowOptions): Promise<number> {
  return reading(options, async () => {
    const found = writeCalls(
      readCallsThat(options.dir, call => matches(call, options)),
      options,
    )
    if (found === 0 && !options.json) options.write('no such call\n')
    return found === 0 ? 1 : 0
  })
}

export interface VerifyOptions {
  readonly dir: string
  /** Null when there is none at hand; the heads' seals are then not checked, and the output says so. */
  readonly sealKey: Buffer | null
  readonly json: boolean
  readonly write: Write
}

/** `keyhold audit verify`: one line per chain, one per problem, and the verdict. Returns the exit code: 0 when all is well. */
export async function auditVerify(options: VerifyOptions): Promise<number> {
  const { dir, sealKey, json, write } = options
  return reading(options, async () => {
    const report = await verifyAudit(dir, sealKey)
    const ok = report.problems.length === 0 && report.chains.length > 0
    write(json ? `${JSON.stringify({ ok, ...report })}\n` : reportText(dir, report))
    return ok ? 0 : 1
  })
}

function reportText(dir: string, report: AuditReport): string {
  return [
    ...report.chains.map(chain => chainLine(chain, report)),
    ...report.problems.map(problem => `${place(dir, problem)}: ${problem.kind}: ${printable(problem.message)}\n`),
    report.sealsChecked ? '' : 'note: the seals of the heads were not checked, for want of the key\n',
    `${verdict(dir, report)}\n`,
  ].join('')
}

function verdict(dir: string, { chains, problems, records }: AuditReport): string {
  const total = `${counted(chains.length, 'chain')}, ${counted(records, 'record')}`
  if (problems.length > 0) {
    const affected = new Set(problems.map(({ chain }) => chain)).size
    return `TAMPERED: ${counted(problems.length, 'problem')} in ${counted(affected, 'chain')}; ${total} read`
  }
  // An empty place is not a verified one: the whole log may have been removed.
  return chains.length === 0 ? `NOTHING TO VERIFY: no chain in ${printable(dir)}` : `OK: ${total}`
}

function chainLine({ chain, records, living, notes }: ChainReport, report: AuditReport): string {
  const wrong = report.problems.filter(problem => problem.chain === chain).length
  const state = wrong > 0 ? counted(wrong, 'problem') : living ? 'ok, being written' : 'ok'
  const line = `${printable(chain)}  ${counted(records, 'record').padStart(16)}  ${state}\n`
  return line + notes.map(note => `  note: ${printable(note)}\n`).join('')
}

function place(dir: string, { chain, line }: AuditProblem): string {
  const file = printable(join(dir, chain))
  return line === null ? file : `${file}:${line}`
}

function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`
}

async function tailRecords({ dir, lines, follow, write, signal }: TailOptions, ends: Offsets): Promise<number> {
  const newest: string[] = []
  for (const { text } of lines > 0 ? readRecordsBackward(dir, ends) : []) {
    if (newest.push(`${escapeControls(text)}\n`) >= lines) break
  }
  for (const text of newest.reverse()) write(text)
  if (!follow) return 0
  for await (const { text } of followRecords(dir, ends, signal)) write(`${escapeControls(text)}\n`)
  return 0
}

async function tailRows({ dir, lines, follow, write, signal, clock }: TailOptions, ends: Offsets): Promise<number> {
  const { entries, open } = newestEntries(dir, lines, ends, follow)
  const rows = entries.map(entry =>
    entry.type === 'call' ? callRow(entry.call, clock()) : eventRow(entry.event.record),
  )
  const table = new Table(rows)
  write(table.header)
  for (const row of rows) write(table.line(row))
  if (!follow) return 0
  for await (const stored of followRecords(dir, ends, signal)) {
    const { event } = stored.record
    const call = String(stored.record.call)
    const opened = open.get(call) ?? null
    if (event === 'call.opened') open.set(call, stored)
    else if (event !== 'call.closed') write(table.line(eventRow(stored.record)))
    else {
      open.delete(call)
      write(table.line(callRow({ call, opened, closed: stored, state: 'closed' }, clock())))
    }
  }
  return 0
}

function* readCallsThat(dir: string, wanted: (call: RecordedCall) => boolean): Generator<RecordedCall> {
  for (const call of readCalls(dir)) if (wanted(call)) yield call
}

function matches(recorded: RecordedCall, { call, agent, tool, since, outcome }: ShowOptions): boolean {
  if (call !== undefined && recorded.call !== call) return false
  const opened = recorded.opened?.record
  const closed = recorded.closed?.record
  if (agent !== undefined && opened?.agent !== agent) return false
  if (tool !== undefined && ![opened?.tool, opened?.mcp_tool, closed?.tool].includes(tool)) return false
  if (since !== undefined && !(Date.parse(String((opened ?? closed)?.time)) >= since)) return false
  return outcome === undefined || (closed?.outcome ?? recorded.state) === outcome
}

function jsonOf({ opened, closed }: RecordedCall): string {
  return [opened, closed].map(stored => (stored === null ? '' : `${escapeControls(stored.text)}\n`)).join('')
}

/** Rows by which the columns of a long list are measured, so that it can be written while it is read. */
const sampleRows = 200

/** Writes calls as they are found; returns how many there were. */
function writeCalls(calls: Generator<RecordedCall>, { call, json, write, clock }: ShowOptions): number {
  let count = 0
  const each = (text: (found: RecordedCall) => string) => {
    for (const found of calls) {
      count++
      write(text(found))
    }
  }
  if (json) each(jsonOf)
  else if (call !== undefined) each(callInFull)
  else {
    const sample = [...firstOf(calls, sampleRows)].map(found => callRow(found, clock()))
    if (sample.length === 0) return 0
    const table = new Table(sample)
    write(table.header + sample.map(row => table.line(row)).join(''))
    count = sample.length
    each(found => table.line(callRow(found, clock())))
  }
  return count
}

function* firstOf<T>(items: Generator<T>, count: number): Generator<T> {
  for (let taken = 0; taken < count; taken++) {
    const { value, done } = items.next()
    if (done) return
    yield value
  }
}

/** Turns a log that cannot be read, or no longer, into an answer. */
async function reading(
  { dir, json, write }: { readonly dir: string; readonly json: boolean; readonly write: Write },
  work: () => Promise<number>,
): Promise<number> {
  try {
    return await work()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const text = `cannot read the audit log ${printable(dir)}: ${printable(reason)}`
    write(`${json ? JSON.stringify({ ok: false, error: text }) : text}\n`)
    return 1
  }
}
