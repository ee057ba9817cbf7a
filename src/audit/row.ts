import { printable } from './printable.ts'
import type { RecordedCall } from './read.ts'
import type { AuditRecord } from './record.ts'

/** One line of a listing, before it is laid out. Every cell is safe to print. */
export interface Row {
  readonly time: string
  readonly agent: string
  readonly tool: string
  readonly operation: string
  readonly outcome: string
  readonly code: string
  readonly ms: string
}

const columns = [
  'time',
  'agent',
  'tool',
  'operation',
  'outcome',
  'code',
  'ms',
] as const satisfies readonly (keyof Row)[]

const titles: Row = {
  time: 'TIME (UTC)',
  agent: 'AGENT',
  tool: 'MCP TOOL',
  operation: 'OPERATION',
  outcome: 'OUTCOME',
  code: 'CODE',
  ms: 'MS',
}

/** The least and the most characters of a column; what is longer is shortened, `show CALLID` has it in full. */
const widths: Readonly<Record<keyof Row, readonly [number, number]>> = {
  time: [23, 23],
  agent: [7, 20],
  tool: [16, 32],
  operation: [24, 56],
  outcome: [7, 7],
  code: [4, 22],
  ms: [5, 9],
}

/** The line of a call: at its end, or at its beginning when it has none. */
export function callRow(call: RecordedCall, nowMs: number): Row {
  const opened = call.opened?.record
  const closed = call.closed?.record
  const operation = closed?.operation as Record<string, unknown> | undefined
  const running = call.state === 'running' ? nowMs - Date.parse(String(opened?.time)) : undefined
  return {
    time: instant(closed ?? opened),
    agent: cell(opened?.agent),
    tool: cell(opened?.mcp_tool ?? closed?.tool),
    operation: cell(operation?.summary),
    outcome: closed === undefined ? call.state : cell(closed.outcome),
    code: closed === undefined ? '' : cell(closed.code, ''),
    ms: milliseconds(closed === undefined ? running : closed.duration_ms),
  }
}

/** The line of any other event: its name and its plain fields. */
export function eventRow(record: AuditRecord): Row {
  const fields = Object.entries(record)
    .filter(([key, value]) => !envelope.has(key) && typeof value !== 'object')
    .map(([key, value]) => ` ${key}=${String(value)}`)
  const operation = cell(record.event + fields.join(''))
  return { time: instant(record), agent: '', tool: '', operation, outcome: '', code: '', ms: '' }
}

const envelope: ReadonlySet<string> = new Set(['v', 'seq', 'prev', 'time', 'event'])

/** Lays rows out in columns as wide as the first rows need; a later, longer cell moves its own row only. */
export class Table {
  readonly #widths: ReadonlyMap<keyof Row, number>

  constructor(sample: readonly Row[]) {
    const widest = (column: keyof Row) =>
      Math.max(...[titles, ...sample].map(row => [...row[column]].length), widths[column][0])
    this.#widths = new Map(columns.map(column => [column, Math.min(widest(column), widths[column][1])]))
  }

  get header(): string {
    return this.line(titles)
  }

  line(row: Row): string {
    const cells = columns.map(column => {
      const width = this.#widths.get(column) ?? 0
      const text = fitted(row[column], widths[column][1])
      return column === 'ms' ? text.padStart(width) : text + ' '.repeat(Math.max(0, width - [...text].length))
    })
    return `${cells.join('  ').trimEnd()}\n`
  }
}

/** Every field of a call's two records, one a line, nested ones by their path. */
export function callInFull(call: RecordedCall): string {
  const fields = new Map<string, string>([['call', call.call]])
  if (call.closed === null) fields.set('outcome', call.state)
  for (const [label, stored] of [
    ['opened', call.opened],
    ['closed', call.closed],
  ] as const) {
    if (stored === null) continue
    fields.set(label, `${stored.record.time}  (${stored.chain}, record ${stored.record.seq})`)
    for (const [key, value] of Object.entries(stored.record)) {
      if (!envelope.has(key) && key !== 'call') flatten(key, value, fields)
    }
  }
  const width = Math.max(...[...fields.keys()].map(key => printable(key).length))
  return [...fields].map(([key, value]) => `${printable(key).padEnd(width)}  ${printable(value)}\n`).join('')
}

function flatten(path: string, value: unknown, into: Map<string, string>): void {
  if (typeof value !== 'object' || value === null) into.set(path, value === null ? '-' : textOf(value))
  else for (const [key, inner] of Object.entries(value)) flatten(`${path}.${key}`, inner, into)
}

function fitted(text: string, width: number): string {
  const characters = [...text]
  return characters.length <= width ? text : `${characters.slice(0, width - 1).join('')}…`
}

function cell(value: unknown, absent = '-'): string {
  return value === undefined || value === null ? absent : printable(textOf(value))
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}

function instant(record: AuditRecord | undefined): string {
  return record === undefined ? '-' : printable(record.time.replace('T', ' ').replace(/Z$/, ''))
}

function milliseconds(value: unknown): string {
  if (typeof value !== 'number' || !Number.isFinite(value)) return ''
  return value < 10 ? String(Math.round(value * 10) / 10) : String(Math.round(value))
}
