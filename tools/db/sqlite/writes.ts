import type { DeleteStmt, InsertStmt, Name, ResultColumn, SetAssignment, UpdateStmt, Upsert } from 'sqlite3-parser'
import { needsColumns, needsWhere, noColumn, noStar, noWrite } from '../denials.ts'
import type { Scope, WriteAction } from '../scope.ts'
import { expression, expressions } from './expressions.ts'
import { type Ctes, type Frame, frameWithin, type Target } from './frames.ts'
import { from, joinsByName } from './from.ts'
import { fold } from './names.ts'
import { notOffered, partsOf } from './nodes.ts'
import { resultColumn, select, withClause } from './queries.ts'
import type { Relation } from './relations.ts'
import type { Work } from './work.ts'

/** Judges an INSERT. */
export function insert(node: InsertStmt, scope: Scope, work: Work): void {
  const { orConflict, body } = node
  // The others remove rows, keep what came before an error, or end the transaction.
  if (orConflict !== undefined && orConflict !== 'Ignore' && orConflict !== 'Abort')
    throw notOffered(`OR ${orConflict}`)
  const { relation, target, frame } = targetOf(node, 'insert', scope, work)
  partsOf(body)
  if (node.columns === undefined && relation.columns !== null) throw needsColumns(relation.table.columns ?? [])
  refuseColumns(node.columns ?? [], relation)
  const ctes = withClause(node.with, new Map(), work)
  if (body.type === 'SelectInsertBody') {
    select(body.select, frameWithin(null, ctes), work)
    work.aiming(target, () => upsert(body.upsert, relation, frame, work))
  }
  work.aiming(target, () => returning(node.returning, relation, frame, work))
}

/** Judges an UPDATE. */
export function update(node: UpdateStmt, scope: Scope, work: Work): void {
  if (node.whereClause === undefined) throw needsWhere('update')
  const { relation, target, frame } = targetOf(node, 'update', scope, work)
  work.touch('read', relation)
  work.aiming(target, () => {
    const within = { ...frame, sources: [...frame.sources], ctes: withClause(node.with, new Map(), work) }
    if (node.from !== undefined) {
      from(node.from, within, work)
      // Their names are looked for in the target as well, where no subquery hides any.
      if (target !== null && joinsByName(node.from)) throw notOffered('NATURAL or USING in an UPDATE; use ON')
    }
    assignments(node.sets, relation, within, work)
    if (node.whereClause !== undefined) expression(node.whereClause, within, work)
    returning(node.returning, relation, frame, work)
  })
}

/** Judges a DELETE. */
export function remove(node: DeleteStmt, scope: Scope, work: Work): void {
  const { whereClause } = node
  if (whereClause === undefined) throw needsWhere('delete')
  const { relation, target, frame } = targetOf(node, 'delete', scope, work)
  work.touch('read', relation)
  work.aiming(target, () => {
    const ctes: Ctes = withClause(node.with, new Map(), work)
    expression(whereClause, { ...frame, ctes }, work)
    returning(node.returning, relation, frame, work)
  })
}

interface Aim {
  readonly relation: Relation
  /** Null when every column of it is allowed. */
  readonly target: Target | null
  /** Without any WITH: RETURNING and UPSERT are no part of what those are for. */
  readonly frame: Frame
}

function targetOf(node: InsertStmt | UpdateStmt | DeleteStmt, action: WriteAction, scope: Scope, work: Work): Aim {
  partsOf(node)
  const { tblName } = node
  partsOf(tblName)
  if (work.relations === null) throw notOffered('a write')
  const relation = work.relations.find(tblName)
  const { label, writes, rows } = relation.table
  if (scope.access !== 'write' || !writes.has(action) || rows !== null) throw noWrite(action, label, writes)
  work.touch('write', relation)
  const alias = tblName.alias?.text ?? null
  work.edits.replace(tblName, tblName, relation.written(alias), tblName, relation.nameTree(alias))
  const names = new Set([relation.table.name, alias ?? relation.table.name, 'excluded', 'new', 'old'].map(fold))
  const frame = frameWithin(null)
  for (const name of names) frame.sources.push({ alias: name, columns: relation.columns })
  return { relation, target: relation.columns && { names, columns: relation.columns }, frame }
}

function assignments(sets: readonly SetAssignment[], relation: Relation, frame: Frame, work: Work): void {
  for (const set of sets) {
    refuseColumns(set.colNames, relation)
    expressions(partsOf(set), frame, work)
  }
}

function refuseColumns(names: readonly Name[], { columns, table }: Relation): void {
  const unknown = names.find(({ text }) => columns !== null && !columns.has(fold(text)))
  if (unknown === undefined) return
  throw noColumn(unknown.text, table.label, table.columns ?? [])
}

function upsert(node: Upsert | undefined, relation: Relation, frame: Frame, work: Work): void {
  if (node === undefined) return
  partsOf(node)
  if (node.index !== undefined) expressions(partsOf(node.index), frame, work)
  const { doClause } = node
  partsOf(doClause)
  if (doClause.type === 'SetUpsertDo') {
    const { label, writes } = relation.table
    if (!writes.has('update')) throw noWrite('update', label, writes)
    work.touch('read', relation)
    assignments(doClause.sets, relation, frame, work)
    if (doClause.whereClause !== undefined) expression(doClause.whereClause, frame, work)
  }
  work.deeper(() => upsert(node.next, relation, frame, work))
}

/** SQLite carries RETURNING out as a trigger of its own, with other rules for names: no table but the target is for it. */
function returning(nodes: readonly ResultColumn[] | undefined, relation: Relation, frame: Frame, work: Work): void {
  if (nodes === undefined) return
  work.touch('read', relation)
  for (const node of nodes) {
    if (node.type !== 'ExprResultColumn' && relation.columns !== null) throw noStar(relation.table.columns ?? [])
    work.withoutQueries(() => resultColumn(node, frame, work))
  }
}
