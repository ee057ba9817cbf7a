import type { Table } from '../scope.ts'
import { lex } from './lexer.ts'

/** Words of an expression that are no columns. */
const keywords: ReadonlySet<string> = new Set(
  `all and any as asc between binary both by case char collate convert current_date current_time current_timestamp date decimal
  desc distinct div else end escape exists false for from from_days in interval is json leading like localtime localtimestamp
  member mod not null of or over regexp rlike select separator signed some sounds then time timestamp trailing true unknown
  unsigned using utc_date utc_time utc_timestamp when where with xor`.split(/\s+/),
)

/** They are units after INTERVAL only. */
const units: ReadonlySet<string> = new Set(
  'microsecond second minute hour day week month quarter year day_hour day_minute day_second hour_minute hour_second minute_second year_month'.split(
    ' ',
  ),
)

/**
 * Names the columns that the filter of a table's rows reads beside those that are allowed: the role needs them, and no agent
 * gets to see them. What this is used for is advice, never a decision about what an agent may read.
 */
export function filterColumns({ columns, rows }: Table): readonly string[] {
  if (columns === null || rows === null) return []
  const known = new Set(columns.map(column => column.toLowerCase()))
  const tokens = lex(rows)
  const hasInterval = tokens.some(({ kind, text }) => kind === 'word' && text.toLowerCase() === 'interval')
  const found = new Map<string, string>()
  for (const [index, { kind, text }] of tokens.entries()) {
    const next = tokens[index + 1]
    const isPart = next?.kind === 'symbol' && (next.text === '(' || next.text === '.')
    const folded = text.toLowerCase()
    const isWord = kind === 'word' && !keywords.has(folded) && !(hasInterval && units.has(folded))
    if (!isPart && (kind === 'quoted' || isWord) && !known.has(folded)) found.set(folded, text)
  }
  return [...found.values()]
}
