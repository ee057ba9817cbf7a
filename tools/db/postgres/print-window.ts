import type { Print } from './print.ts'
import { clause, commas, joined, orderList } from './print-parts.ts'
import { quoteName } from './quote.ts'
import { type Fields, text } from './tree.ts'

/** The bits of a frame, as in PostgreSQL's parsenodes.h. */
const bit = {
  nonDefault: 0x1,
  range: 0x2,
  rows: 0x4,
  groups: 0x8,
  between: 0x10,
  startUnboundedPreceding: 0x20,
  endUnboundedPreceding: 0x40,
  startUnboundedFollowing: 0x80,
  endUnboundedFollowing: 0x1_00,
  startCurrentRow: 0x2_00,
  endCurrentRow: 0x4_00,
  startOffsetPreceding: 0x8_00,
  endOffsetPreceding: 0x10_00,
  startOffsetFollowing: 0x20_00,
  endOffsetFollowing: 0x40_00,
  excludeCurrentRow: 0x80_00,
  excludeGroup: 0x1_00_00,
  excludeTies: 0x2_00_00,
} as const

/** Writes what stands after OVER. */
export function windowText(print: Print, fields: Fields): string {
  return fields.name === undefined ? windowBody(print, fields) : quoteName(text(fields.name))
}

/** Writes a window with its parentheses. */
export function windowBody(print: Print, fields: Fields): string {
  const parts = [
    fields.refname === undefined ? '' : quoteName(text(fields.refname)),
    clause('PARTITION BY', commas(print, fields.partitionClause)),
    clause('ORDER BY', orderList(print, fields.orderClause)),
    frameText(print, fields),
  ]
  return `(${joined(...parts)})`
}

function frameText(print: Print, { frameOptions, startOffset, endOffset }: Fields): string {
  const options = (frameOptions ?? 0) as number
  const has = (name: keyof typeof bit) => (options & bit[name]) !== 0
  if (!has('nonDefault')) return ''
  const offset = (node: unknown) => (node === undefined ? '' : print.expression(node))
  const start = has('startUnboundedPreceding')
    ? 'UNBOUNDED PRECEDING'
    : has('startUnboundedFollowing')
      ? 'UNBOUNDED FOLLOWING'
      : has('startCurrentRow')
        ? 'CURRENT ROW'
        : `${offset(startOffset)} ${has('startOffsetPreceding') ? 'PRECEDING' : 'FOLLOWING'}`
  const end = has('endUnboundedPreceding')
    ? 'UNBOUNDED PRECEDING'
    : has('endUnboundedFollowing')
      ? 'UNBOUNDED FOLLOWING'
      : has('endCurrentRow')
        ? 'CURRENT ROW'
        : `${offset(endOffset)} ${has('endOffsetPreceding') ? 'PRECEDING' : 'FOLLOWING'}`
  const unit = has('range') ? 'RANGE' : has('rows') ? 'ROWS' : 'GROUPS'
  const exclude = has('excludeCurrentRow')
    ? 'EXCLUDE CURRENT ROW'
    : has('excludeGroup')
      ? 'EXCLUDE GROUP'
      : has('excludeTies')
        ? 'EXCLUDE TIES'
        : ''
  return joined(unit, has('between') ? `BETWEEN ${start} AND ${end}` : start, exclude)
}
