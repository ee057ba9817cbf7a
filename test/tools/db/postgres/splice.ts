import { parseSync } from 'libpg-query'
import { printStatement } from '../../../../tools/db/postgres/print.ts'
import type { Node } from '../../../../tools/db/postgres/tree.ts'

type Branch = Record<string, unknown>

/** A place in a tree where another part of the same class could stand. */
interface Slot {
  readonly parent: Branch
  readonly key: string
}

const relations = ['RangeVar', 'RangeSubselect', 'RangeFunction', 'JoinExpr', 'RangeTableSample']
const expressions =
  'A_Const ColumnRef FuncCall A_Expr BoolExpr SubLink CaseExpr TypeCast ' +
  'A_Indirection RowExpr A_ArrayExpr ParamRef CoalesceExpr NullTest CollateClause SQLValueFunction'
const classes = new Map([
  ...relations.map(kind => [kind, 'relation'] as const),
  ...expressions.split(' ').map(kind => [kind, 'expression'] as const),
  ['SelectStmt', 'query'] as const,
])

/**
 * Makes new statements out of known ones: parts of one stand where another had parts of the same class, so that most of
 * what it gives is valid SQL. The same seed gives the same statements; null is for a tree that cannot be written.
 */
export function splicer(seed: number, statements: readonly string[]): () => string | null {
  const random = generator(seed)
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  const trees = statements.flatMap(treesOf)
  const parts = new Map<string, unknown[]>()
  for (const tree of trees)
    for (const [kind, slots] of slotsIn({ tree }))
      parts.set(kind, [...(parts.get(kind) ?? []), ...slots.map(({ parent, key }) => parent[key])])
  return () => {
    const root = { tree: structuredClone(pick(trees)) }
    for (let left = 1 + Math.floor(random() * 3); left > 0; left -= 1) {
      const places = [...slotsIn(root)]
      if (places.length === 0) return null
      const [kind, slots] = pick(places)
      const { parent, key } = pick(slots)
      parent[key] = structuredClone(pick(parts.get(kind) as unknown[]))
    }
    try {
      return printStatement(root.tree)
    } catch {
      return null
    }
  }
}

function treesOf(sql: string): Node[] {
  try {
    const { stmts } = parseSync(sql)
    return stmts?.length === 1 ? [stmts[0]?.stmt as unknown as Node] : []
  } catch {
    return []
  }
}

function slotsIn(branch: Branch, found = new Map<string, Slot[]>()): Map<string, Slot[]> {
  for (const [key, value] of Object.entries(branch)) {
    if (typeof value !== 'object' || value === null) continue
    const kinds = Array.isArray(value) ? [] : Object.keys(value)
    const kind = kinds.length === 1 ? classes.get(kinds[0] as string) : undefined
    if (kind !== undefined) found.set(kind, [...(found.get(kind) ?? []), { parent: branch, key }])
    slotsIn(value as Branch, found)
  }
  return found
}

/** mulberry32: small, and the same everywhere. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
