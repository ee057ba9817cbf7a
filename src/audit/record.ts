import type { Access, Json } from '../kind.ts'
import type { RefusalCode } from '../refusal.ts'

/** How an attempted call ended. `unknown`: it may or may not have taken effect. */
export type Outcome = 'ok' | 'refused' | 'failed' | 'unknown'

export const outcomes = ['ok', 'refused', 'failed', 'unknown'] as const satisfies readonly Outcome[]

/** What is known about an attempt before anything has happened. */
export interface OpenedFields {
  readonly call: string
  readonly agent: string | null
  readonly transport: string
  readonly trace?: string
  /** Absent when the name that was called belongs to no tool. */
  readonly tool?: string
  readonly kind?: string
  readonly mcp_tool: string
  readonly args_digest: string | null
  readonly bytes_in?: number
  readonly config: string
}

/** How an attempt ended. The call id is the attempt's own. */
export interface ClosedFields {
  readonly tool?: string
  readonly kind?: string
  readonly operation?: RecordedOperation
  readonly decision?: { readonly effect: 'allow' | 'ask' | 'deny'; readonly by: string | null; readonly reason: string }
  readonly approval?: { readonly by: string; readonly via: string; readonly at: string }
  readonly credential?: { readonly name: string; readonly fingerprint: string }
  readonly outcome: Outcome
  readonly code?: RefusalCode
  readonly status?: number
  readonly rows?: number
  /** How many requests followed the first, such as redirects and pages. */
  readonly further?: number
  /** True when the outcome is that of an earlier, equal call. */
  readonly replayed?: boolean
  readonly bytes_in?: number
  readonly bytes_out?: number
  /** Absent when the process died in the middle of the call. */
  readonly duration_ms?: number
  /** The reason in our own words, for the admin; redacted by whoever closes the attempt. */
  readonly detail?: string
}

/** The part of an operation that is kept. */
export interface RecordedOperation {
  readonly action: string
  readonly resource: string
  readonly access: Access
  readonly summary: string
}

/** Fields of a single event; the names that every line has are not available. */
export type EventFields = { readonly [key: string]: Json | undefined } & { readonly [key in keyof Envelope]?: never }

/** What every line begins with. */
export interface Envelope {
  readonly v: number
  readonly seq: number
  readonly prev: string
  readonly time: string
  readonly event: string
}

/** One parsed line. Only the envelope is certain: the file may have been edited by anybody. */
export type AuditRecord = Envelope & { readonly [key: string]: unknown }

/** A place in a chain: the number and the hash of one line. Hash of nothing: 64 zeros. */
export interface Position {
  readonly seq: number
  readonly hash: string
}

/** Where another chain stood when this line was written, so that removing or rewriting that file is found. */
export interface Link extends Position {
  readonly chain: string
}

export const recordVersion = 1
export const beginning: Position = { seq: 0, hash: '0'.repeat(64) }

/** Reads one line; null when it is not a record. */
export function parseRecord(text: string): AuditRecord | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null) return null
  const { v, seq, prev, time, event } = value as Record<string, unknown>
  const whole = typeof v === 'number' && Number.isSafeInteger(seq) && typeof prev === 'string'
  return whole && typeof time === 'string' && typeof event === 'string' ? (value as AuditRecord) : null
}
