import type { Execution, Json, JsonObject } from '../../src/kind.ts'
import type { RowSet } from './row-set.ts'

/** One column of an answer. */
export interface Column {
  readonly name: string
  /** The engine's own name of its type, such as `int8`; empty when the engine does not know it. */
  readonly type: string
}

/** Why a statement has no result, in our words. */
export interface SqlError {
  /** SQLSTATE, or the engine's own number or name. */
  readonly code: string
  /** A fixed sentence. */
  readonly message: string
  /** A name in the agent's own statement that it is about. */
  readonly near?: string
}

/** What an agent gets back from a query or statement. */
export const outputSchema: JsonObject = {
  type: 'object',
  properties: {
    columns: {
      type: 'array',
      items: {
        type: 'object',
        properties: { name: { type: 'string' }, type: { type: 'string' } },
        required: ['name', 'type'],
        additionalProperties: false,
      },
    },
    rows: { type: 'array', items: { type: 'array' }, description: 'Values in the order of columns' },
    row_count: { type: 'integer', description: 'Rows in this answer; of a write without RETURNING, rows changed' },
    affected_rows: { type: 'integer', description: 'How many rows a write has changed, or with preview would change' },
    truncated: { type: 'boolean', description: 'Whether there are more rows, or values were cut' },
    hint: { type: 'string', description: 'How to ask for less' },
    preview: { type: 'boolean', description: 'Whether nothing was changed: this is what would be' },
    duration_ms: { type: 'number' },
    error: {
      type: 'object',
      properties: { code: { type: 'string' }, message: { type: 'string' }, near: { type: 'string' } },
      required: ['code', 'message'],
      additionalProperties: false,
    },
  },
  required: ['columns', 'rows', 'row_count', 'truncated', 'duration_ms'],
  additionalProperties: false,
}

/** What came of a statement that the engine carried out. */
export interface Outcome {
  readonly rows: RowSet
  /** Null for a statement that reads. */
  readonly affected: number | null
  readonly preview: boolean
  readonly durationMs: number
  readonly bytesOut: number
  readonly bytesIn: number
}

const moreInPreview = 'A preview shows some of the rows; affected_rows says how many there are.'

/** The answer to a statement that the engine carried out. */
export function executionOf({ rows, affected, preview, durationMs, bytesIn, bytesOut }: Outcome): Execution {
  const count = affected !== null && rows.columns.length === 0 ? affected : rows.values.length
  return {
    answer: {
      columns: rows.columns,
      rows: rows.values,
      row_count: count,
      affected_rows: affected ?? undefined,
      truncated: rows.truncated,
      hint: (preview && rows.isFull ? moreInPreview : rows.hint) ?? undefined,
      preview: preview || undefined,
      duration_ms: rounded(durationMs),
    },
    isError: false,
    rows: count,
    bytesIn,
    bytesOut,
  }
}

/** The answer to a statement that the engine refused, or that was undone. */
export function failureOf(error: SqlError, durationMs: number): Execution {
  const nothing: { columns: Json; rows: Json } = { columns: [], rows: [] }
  return {
    answer: { ...nothing, row_count: 0, truncated: false, duration_ms: rounded(durationMs), error },
    isError: true,
    bytesIn: 0,
    bytesOut: 0,
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 1_000) / 1_000
}
