import { literal } from './literals.ts'
import { fields, notUnderstood, variant } from './tree.ts'
import type { Work } from './work.ts'

/** Writes LIMIT with its OFFSET; an empty text where there is none. */
export function limitOf(node: unknown, work: Work): string {
  if (node === undefined || node === null) return ''
  const [kind, body] = variant(node)
  if (kind === 'OffsetCommaLimit') {
    const { offset, limit } = fields(body, 'offset', 'limit')
    return `LIMIT ${count(offset, work)}, ${count(limit, work)}`
  }
  const { limit, offset } = fields(body, 'limit', 'offset')
  if (kind !== 'LimitOffset' || limit === undefined || limit === null) throw notUnderstood('OFFSET without LIMIT')
  if (offset === undefined || offset === null) return `LIMIT ${count(limit, work)}`
  const { value, rows } = fields(offset, 'value', 'rows')
  if (rows !== 'None') throw notUnderstood('OFFSET with ROWS')
  return `LIMIT ${count(limit, work)} OFFSET ${count(value, work)}`
}

/** A number or placeholder. */
export function count(node: unknown, work: Work): string {
  const [kind, body] = variant(node)
  const text = kind === 'Value' ? literal(body, work) : ''
  if (!/^(?:\d+|\?)$/.test(text)) throw notUnderstood('a LIMIT that is no number')
  return text
}
