import { OutOfScope } from '../judge.ts'
import { type Fields, list, names, notAvailable, only, open, openAs, text } from './tree.ts'
import { addRelation, deeper, expressions, optional, type Walk } from './walk.ts'
import { orders, windowDefinition } from './windows.ts'

const groupFields = ['groupClause', 'groupDistinct', 'havingClause', 'windowClause']
const setFields = ['op', 'all', 'larg', 'rarg', 'valuesLists', 'withClause']
const orderFields = ['sortClause', 'limitOffset', 'limitCount', 'limitOption']
const rowFields = ['distinctClause', 'targetList', 'fromClause', 'whereClause']
const selectFields = [...rowFields, ...groupFields, ...orderFields, ...setFields]

/** Judges SELECT, VALUES, and what UNION, INTERSECT and EXCEPT make of them, in place. */
export function query(walk: Walk, select: Fields): void {
  deeper(walk, () => judgeQuery(walk, select))
}

function judgeQuery(outer: Walk, select: Fields): void {
  // With INTO it makes a table, with FOR UPDATE it locks rows; neither is in the list.
  only(select, selectFields)
  const walk = select.withClause === undefined ? outer : withCtes(outer, select.withClause as Fields)
  if (select.op !== 'SETOP_NONE') {
    walk.visit.query(walk, select.larg as Fields)
    walk.visit.query(walk, select.rarg as Fields)
  }
  for (const row of list(select.valuesLists)) values(walk, row)
  const from = list(select.fromClause)
  for (const [index, item] of from.entries()) from[index] = walk.visit.relation(walk, item)
  for (const item of list(select.distinctClause)) if (open(item)[0] !== '') expressions(walk, [item])
  results(walk, select.targetList)
  optional(walk, select.whereClause)
  for (const item of list(select.groupClause)) group(walk, item)
  optional(walk, select.havingClause)
  for (const item of list(select.windowClause)) windowDefinition(walk, openAs(item, 'WindowDef'))
  orders(walk, select.sortClause)
  optional(walk, select.limitCount)
  optional(walk, select.limitOffset)
}

/** Judges a list of results: of SELECT, or of RETURNING. */
export function results(walk: Walk, clause: unknown): void {
  for (const item of list(clause)) {
    const result = openAs(item, 'ResTarget')
    only(result, ['name', 'val'])
    if (result.name !== undefined) walk.found.names.add(text(result.name))
    expressions(walk, [result.val])
  }
}

/** Judges one row of VALUES; within INSERT, DEFAULT may be among them. */
export function values(walk: Walk, row: unknown, inInsert = false): void {
  const { items, ...rest } = openAs(row, 'List')
  only(rest, [])
  for (const item of list(items)) if (!inInsert || open(item)[0] !== 'SetToDefault') expressions(walk, [item])
}

function group(walk: Walk, node: unknown): void {
  const [kind, fields] = open(node)
  if (kind !== 'GroupingSet') return expressions(walk, [node])
  only(fields, ['kind', 'content'])
  deeper(walk, () => {
    for (const item of list(fields.content)) group(walk, item)
  })
}

/**
 * Judges WITH, and gives the walk for what follows it. A name is a CTE only where the grammar surely makes it one: after
 * its definition, or with RECURSIVE in all of them. Everywhere else the same name is a table.
 */
export function withCtes(walk: Walk, clause: Fields): Walk {
  only(clause, ['ctes', 'recursive'])
  const ctes = list(clause.ctes).map(item => openAs(item, 'CommonTableExpr'))
  const isRecursive = clause.recursive === true
  const all = new Set(walk.ctes)
  if (isRecursive) for (const { ctename } of ctes) all.add(text(ctename))
  for (const cte of ctes) {
    const name = text(cte.ctename)
    // Were such a name ever not taken for the CTE's, it would be one of the catalogue's, which needs no schema.
    if (name.startsWith('pg_')) throw new OutOfScope('the name of a CTE cannot begin with pg_')
    // It is judged at once, so it sees the names that come before it, and none that are added later.
    commonTable({ ...walk, ctes: all }, cte)
    all.add(name)
    addRelation(walk, name, null)
  }
  return { ...walk, ctes: all }
}

function commonTable(walk: Walk, cte: Fields): void {
  only(cte, ['ctename', 'aliascolnames', 'ctematerialized', 'ctequery', 'search_clause', 'cycle_clause'])
  for (const name of names(cte.aliascolnames) ?? []) walk.found.names.add(name)
  const [kind, select] = open(cte.ctequery)
  if (kind !== 'SelectStmt') throw new OutOfScope('WITH may only hold queries that read')
  walk.visit.query(walk, select)
  if (cte.search_clause !== undefined) {
    const search = cte.search_clause as Fields
    only(search, ['search_col_list', 'search_breadth_first', 'search_seq_column'])
    walk.found.names.add(text(search.search_seq_column))
  }
  if (cte.cycle_clause === undefined) return
  const cycle = cte.cycle_clause as Fields
  const mark = ['cycle_mark_column', 'cycle_mark_value', 'cycle_mark_default']
  only(cycle, ['cycle_col_list', ...mark, 'cycle_path_column'])
  for (const value of [cycle.cycle_mark_value, cycle.cycle_mark_default]) {
    if (open(value)[0] !== 'A_Const') throw notAvailable('CYCLE')
    expressions(walk, [value])
  }
  walk.found.names.add(text(cycle.cycle_mark_column)).add(text(cycle.cycle_path_column))
}
