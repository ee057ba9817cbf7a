import { escapeControls } from './printable.ts'
import { type ClosedFields, type EventFields, type OpenedFields, type Position, recordVersion } from './record.ts'

/** Above this a line is built again with its long strings clipped: an agent chooses the name it calls and may send megabytes. */
const longLineChars = 65_536
const longStringChars = 4_096

/** The line that opens an attempt. The order of the keys is fixed. */
export function openedLine(after: Position, timeMs: number, fields: OpenedFields): string {
  return encode({
    v: recordVersion,
    seq: after.seq + 1,
    prev: after.hash,
    time: new Date(timeMs).toISOString(),
    event: 'call.opened',
    call: fields.call,
    agent: fields.agent,
    transport: fields.transport,
    trace: fields.trace,
    tool: fields.tool,
    kind: fields.kind,
    mcp_tool: fields.mcp_tool,
    args_digest: fields.args_digest,
    bytes_in: fields.bytes_in,
    config: fields.config,
  })
}

/** The line that closes an attempt. */
export function closedLine(after: Position, timeMs: number, call: string, fields: ClosedFields): string {
  const { operation } = fields
  return encode({
    v: recordVersion,
    seq: after.seq + 1,
    prev: after.hash,
    time: new Date(timeMs).toISOString(),
    event: 'call.closed',
    call,
    tool: fields.tool,
    kind: fields.kind,
    // Picked one by one: what a kind adds to its operation for its own use does not get into the record.
    operation: operation && {
      action: operation.action,
      resource: operation.resource,
      access: operation.access,
      summary: operation.summary,
    },
    decision: fields.decision,
    approval: fields.approval,
    credential: fields.credential,
    outcome: fields.outcome,
    code: fields.code,
    status: fields.status,
    rows: fields.rows,
    further: fields.further,
    replayed: fields.replayed,
    bytes_in: fields.bytes_in,
    bytes_out: fields.bytes_out,
    duration_ms: fields.duration_ms,
    detail: fields.detail,
  })
}

/** The line of a single event. */
export function eventLine(after: Position, timeMs: number, event: string, fields: EventFields): string {
  return encode({
    v: recordVersion,
    seq: after.seq + 1,
    prev: after.hash,
    time: new Date(timeMs).toISOString(),
    event,
    ...fields,
  })
}

function encode(record: object): string {
  const line = JSON.stringify(record)
  // JSON leaves C1 controls and bidirectional overrides as they are; escaped, even `cat` of the file is safe.
  return escapeControls(line.length > longLineChars ? JSON.stringify(record, clipped) : line)
}

function clipped(_key: string, value: unknown): unknown {
  if (typeof value !== 'string' || value.length <= longStringChars) return value
  return `${value.slice(0, longStringChars)}... (${value.length - longStringChars} more characters)`
}
