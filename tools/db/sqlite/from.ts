import type { AstNode, FromClause, SelectTable, TableCallSelectTable, TableSelectTable } from 'sqlite3-parser'
import { invalidInput } from '../../../src/refusal.ts'
import { noFunction } from '../denials.ts'
import { expressions } from './expressions.ts'
import { type Frame, frameWithin } from './frames.ts'
import { tableFunctions } from './functions.ts'
import { fold } from './names.ts'
import { notOffered, partsOf } from './nodes.ts'
import type { Work } from './work.ts'

/** SQLite itself joins 64; parentheses with an alias count here too. */
const maxSources = 128

/** Judges what stands behind FROM, and puts its names into the frame. */
export function from(node: FromClause, frame: Frame, work: Work): void {
  const later: AstNode[] = []
  clause(node, frame, work, later)
  // A condition or an argument may name what only comes after it: names are collected first.
  expressions(later, frame, work)
}

/** @param later collects what is judged when all names are known */
function clause(node: FromClause, frame: Frame, work: Work, later: AstNode[]): void {
  partsOf(node)
  if (node.select !== undefined) table(node.select, frame, work, later)
  for (const join of node.joins ?? []) {
    partsOf(join)
    partsOf(join.operator)
    table(join.table, frame, work, later)
    if (join.constraint === undefined) continue
    partsOf(join.constraint)
    // What USING names is looked for in what stands in the FROM, which has allowed columns only.
    if (join.constraint.type === 'OnJoinConstraint') later.push(join.constraint.expr)
  }
}

function table(node: SelectTable, frame: Frame, work: Work, later: AstNode[]): void {
  if (frame.sources.length >= maxSources) throw invalidInput(`sql: more than ${maxSources} tables in one FROM`)
  const parts = partsOf(node)
  const alias = node.alias === undefined ? null : fold(node.alias.name.text)
  switch (node.type) {
    case 'TableSelectTable':
      partsOf(node.tblName)
      return named(node, frame, work)
    case 'TableCallSelectTable':
      later.push(...parts.filter(part => part !== node.tblName))
      return called(node, alias, frame)
    case 'SelectSelectTable': {
      // It sees nothing of the FROM that it is in, but what is around that.
      if (work.query === null) throw notOffered('a subquery there')
      const names = work.query(node.select, frameWithin(frame.parent, frame.ctes), work)
      frame.sources.push({ alias, columns: names && new Set(names) })
      return
    }
    case 'SubSelectTable': {
      const before = frame.sources.length
      work.deeper(() => clause(node.from, frame, work, later), 4)
      if (alias === null) return
      const inner = frame.sources.slice(before).map(({ columns }) => columns)
      const isKnown = inner.every(columns => columns !== null)
      frame.sources.push({ alias, columns: isKnown ? new Set(inner.flatMap(columns => [...columns])) : null })
      return
    }
  }
}

function named(node: TableSelectTable, frame: Frame, work: Work): void {
  const { dbName, objName } = node.tblName
  if (node.tblName.alias !== undefined) throw notOffered('an alias there')
  const alias = node.alias?.name ?? objName
  const name = fold(objName.text)
  if (dbName === undefined && frame.ctes.has(name)) {
    frame.sources.push({ alias: fold(alias.text), columns: frame.ctes.get(name) ?? null })
    return
  }
  if (work.relations === null) throw notOffered('a table')
  const relation = work.relations.find(node.tblName)
  work.touch('read', relation)
  frame.sources.push({ alias: fold(alias.text), columns: relation.columns })
  const last = node.alias?.name ?? node.tblName
  work.edits.replace(node.tblName, last, relation.read(alias.text), node, relation.readTree(alias.text))
}

function called({ tblName }: TableCallSelectTable, alias: string | null, frame: Frame): void {
  partsOf(tblName)
  const name = fold(tblName.objName.text)
  const columns = tableFunctions.get(name)
  if (tblName.dbName !== undefined || tblName.alias !== undefined || columns === undefined)
    throw noFunction(tblName.objName.text, tableFunctions.keys())
  frame.sources.push({ alias: alias ?? name, columns })
}

/** Whether tables are joined by the names of their columns. */
export function joinsByName(node: FromClause): boolean {
  const inner = [node.select, ...(node.joins ?? []).map(join => join.table)]
  const isHere = (node.joins ?? []).some(({ operator, constraint }) => {
    const isNatural = operator.type === 'TypedJoinJoinOperator' && ((operator.joinType ?? 0) & 4) !== 0
    return isNatural || constraint?.type === 'UsingJoinConstraint'
  })
  return isHere || inner.some(one => one?.type === 'SubSelectTable' && joinsByName(one.from))
}
