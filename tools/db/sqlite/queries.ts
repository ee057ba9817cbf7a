import type { OneSelect, ResultColumn, Select, SelectFrom, With } from 'sqlite3-parser'
import { expression, expressions } from './expressions.ts'
import { type Ctes, type Frame, frameWithin, type Names, refuseUnknownPart, type Source } from './frames.ts'
import { from } from './from.ts'
import { fold } from './names.ts'
import { notOffered, partsOf } from './nodes.ts'
import type { Work } from './work.ts'

/**
 * Judges a SELECT, and gives the names of its columns.
 *
 * @param around what it can see of the statement that it stands in
 */
export function select(node: Select, around: Frame | null, work: Work): Names {
  return work.deeper(() => selectHere(node, around, work), 8)
}

function selectHere(node: Select, around: Frame | null, work: Work): Names {
  partsOf(node)
  const outer = frameWithin(around, withClause(node.with, around?.ctes ?? new Map(), work))
  const [first, ...others] = [
    node.select,
    ...(node.compounds ?? []).map(compound => (partsOf(compound), compound.select)),
  ]
  const { names, frame } = oneSelect(first, outer, work)
  const arms = others.map(other => oneSelect(other, outer, work).frame)
  // Of several it can name a column of any.
  const whole = { ...frame, sources: [frame, ...arms].flatMap(arm => arm.sources), results: new Set(frame.results) }
  for (const result of arms.flatMap(arm => [...arm.results])) whole.results.add(result)
  expressions(node.orderBy, whole, work)
  if (node.limit !== undefined) expression(node.limit, outer, work)
  return names
}

/**
 * Judges a WITH and gives the tables that it makes, with those of the ones around it. SQLite lets all of one WITH see each
 * other, and none fall back to a table of the same name.
 */
export function withClause(node: With | undefined, around: Ctes, work: Work): Ctes {
  if (node === undefined) return around
  partsOf(node)
  const ctes = new Map(around)
  const here = new Set<string>()
  for (const cte of node.ctes) {
    partsOf(cte)
    for (const column of cte.columns ?? []) partsOf(column)
    const name = fold(cte.tblName.text)
    if (here.has(name)) throw notOffered('one name twice in a WITH')
    here.add(name)
    ctes.set(name, cte.columns === undefined ? null : new Set(cte.columns.map(({ colName }) => fold(colName.text))))
  }
  for (const cte of node.ctes) {
    const names = select(cte.select, frameWithin(null, ctes), work)
    if (cte.columns === undefined && names !== null) ctes.set(fold(cte.tblName.text), new Set(names))
  }
  return ctes
}

function oneSelect(node: OneSelect, outer: Frame, work: Work): { readonly names: Names; readonly frame: Frame } {
  const frame = frameWithin(outer)
  const parts = partsOf(node)
  if (node.type === 'SelectFrom') return { names: selectFrom(node, frame, work), frame }
  expressions(parts, frame, work)
  const names = (node.values[0]?.values ?? []).map((_value, index) => `column${index + 1}`)
  for (const name of names) frame.results.add(name)
  return { names, frame }
}

function selectFrom(node: SelectFrom, frame: Frame, work: Work): Names {
  if (node.from !== undefined) from(node.from, frame, work)
  for (const column of node.columns) resultColumn(column, frame, work)
  // From here on, the names that it gives can be meant as well.
  for (const column of node.columns) {
    if (column.type === 'ExprResultColumn' && column.alias !== undefined)
      frame.results.add(fold(column.alias.name.text))
  }
  if (node.whereClause !== undefined) expression(node.whereClause, frame, work)
  expressions(node.groupBy, frame, work)
  if (node.having !== undefined) expression(node.having, frame, work)
  expressions(node.windowClause, frame, work)
  const names = node.columns.map(column => resultNames(column, frame))
  if (names.some(some => some === null)) return null
  const all = names.flatMap(some => some ?? [])
  return new Set(all).size === all.length ? all : null
}

/** Judges one column of a result; a star gives what the FROM has, which is only what is allowed. */
export function resultColumn(node: ResultColumn, frame: Frame, work: Work): void {
  partsOf(node)
  if (node.type === 'ExprResultColumn') {
    expression(node.expr, frame, work)
    if (node.alias === undefined) work.edits.computed(node)
    return
  }
  if (work.relations === null) throw notOffered('*')
  if (node.type === 'TableStarResultColumn' && !frame.sources.some(({ alias }) => alias === fold(node.table.text)))
    refuseUnknownPart(node.table.text, '*', frameWithin(null), null)
}

function resultNames(node: ResultColumn, { sources }: Frame): Names {
  if (node.type === 'StarResultColumn') return columnsOf(sources)
  if (node.type === 'TableStarResultColumn')
    return columnsOf(sources.filter(({ alias }) => alias === fold(node.table.text)))
  if (node.alias !== undefined) return [fold(node.alias.name.text)]
  if (node.expr.type === 'Id') return [fold(node.expr.name)]
  return node.expr.type === 'QualifiedExpr' ? [fold(node.expr.column.text)] : null
}

/** Of a join by name, SQLite gives a column that both sides have only once. */
function columnsOf(sources: readonly Source[]): Names {
  if (sources.some(({ columns }) => columns === null)) return null
  return [...new Set(sources.flatMap(({ columns }) => [...(columns ?? [])]))]
}
