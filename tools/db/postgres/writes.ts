import { invalidInput } from '../../../src/refusal.ts'
import { needsColumns, needsWhere, noColumn, noWrite } from '../denials.ts'
import { type Action, OutOfScope } from '../judge.ts'
import type { Table, WriteAction } from '../scope.ts'
import { tableNode } from './readable.ts'
import { tableName } from './relations.ts'
import { query, results, values, withCtes } from './queries.ts'
import { type Fields, list, notAvailable, only, open, openAs, text } from './tree.ts'
import { addRelation, expressions, optional, type Target, touch, type Walk } from './walk.ts'

/** Judges INSERT, UPDATE and DELETE, in place; null for any other kind of statement. */
export function write(walk: Walk, kind: string, fields: Fields): Action | null {
  if (kind === 'InsertStmt') insert(walk, fields)
  else if (kind === 'UpdateStmt') update(walk, fields)
  else if (kind === 'DeleteStmt') remove(walk, fields)
  else return null
  return kind.replace('Stmt', '').toUpperCase() as Action
}

function insert(outer: Walk, fields: Fields): void {
  const clauses = ['onConflictClause', 'returningClause', 'withClause', 'override']
  only(fields, ['relation', 'cols', 'selectStmt', ...clauses])
  if (fields.override !== 'OVERRIDING_NOT_SET') throw new OutOfScope('OVERRIDING is not available')
  const walk = afterWith(outer, fields)
  const target = targetOf(walk, fields, 'insert')
  const columns = list(fields.cols).map(item => written(target, item))
  if (target.table.columns !== null && columns.length === 0 && fields.selectStmt !== undefined)
    throw needsColumns(target.table.columns)
  if (fields.selectStmt !== undefined) source(walk, openAs(fields.selectStmt, 'SelectStmt'))
  // The new row, and with ON CONFLICT the old one, can be seen only from here on.
  const inside = { ...walk, target }
  if (fields.onConflictClause !== undefined) conflict(inside, fields.onConflictClause as Fields, target)
  returning(inside, fields.returningClause, target)
}

function source(walk: Walk, select: Fields): void {
  const rows = list(select.valuesLists)
  const isPlain =
    rows.length > 0 && Object.keys(select).every(name => ['valuesLists', 'limitOption', 'op'].includes(name))
  if (!isPlain) return query(walk, select)
  for (const row of rows) values(walk, row, true)
}

function conflict(walk: Walk, clause: Fields, target: Target): void {
  only(clause, ['action', 'infer', 'targetList', 'whereClause'])
  touch(walk, 'read', target.table)
  if (clause.infer !== undefined) {
    const infer = clause.infer as Fields
    only(infer, ['indexElems', 'whereClause'])
    for (const item of list(infer.indexElems)) {
      const element = openAs(item, 'IndexElem')
      only(element, ['name', 'ordering', 'nulls_ordering'])
      if (element.ordering !== 'SORTBY_DEFAULT' || element.nulls_ordering !== 'SORTBY_NULLS_DEFAULT')
        throw notAvailable('ordering')
      allowedColumn(target, text(element.name))
    }
    optional(walk, infer.whereClause)
  }
  if (clause.action === 'ONCONFLICT_NOTHING') return
  if (clause.action !== 'ONCONFLICT_UPDATE') throw notAvailable(text(clause.action))
  mayWrite(target.table, 'update')
  assignments(walk, clause.targetList, target)
  optional(walk, clause.whereClause)
}

function update(outer: Walk, fields: Fields): void {
  only(fields, ['relation', 'targetList', 'whereClause', 'fromClause', 'returningClause', 'withClause'])
  changed(outer, fields, 'update', 'fromClause', (walk, target) => assignments(walk, fields.targetList, target))
}

function remove(outer: Walk, fields: Fields): void {
  only(fields, ['relation', 'whereClause', 'usingClause', 'returningClause', 'withClause'])
  changed(outer, fields, 'delete', 'usingClause', () => {})
}

/** Judges what UPDATE and DELETE have in common. Everything but WITH can see the row that is changed. */
function changed(
  outer: Walk,
  fields: Fields,
  action: 'update' | 'delete',
  from: 'fromClause' | 'usingClause',
  change: (walk: Walk, target: Target) => void,
): void {
  const before = afterWith(outer, fields)
  const target = targetOf(before, fields, action)
  if (fields.whereClause === undefined) throw needsWhere(action)
  touch(before, 'read', target.table)
  const walk = { ...before, target }
  const items = list(fields[from])
  for (const [index, item] of items.entries()) items[index] = walk.visit.relation(walk, item)
  change(walk, target)
  expressions(walk, [fields.whereClause])
  returning(walk, fields.returningClause, target)
}

function afterWith(walk: Walk, { withClause }: Fields): Walk {
  return withClause === undefined ? walk : withCtes(walk, withClause as Fields)
}

/** Finds the table that is written to and gives it its full name. It is never a CTE. */
function targetOf(walk: Walk, fields: Fields, action: WriteAction): Target {
  const range = fields.relation as Fields
  const table = walk.tables(...tableName(range))
  mayWrite(table, action)
  touch(walk, 'write', table)
  const alias = range.alias as Fields | undefined
  if (alias !== undefined) only(alias, ['aliasname'])
  const name = alias === undefined ? table.name : text(alias.aliasname)
  addRelation(walk, name, table.columns)
  for (const other of ['excluded', 'old', 'new']) addRelation(walk, other, table.columns)
  if (table.columns === null) walk.found.open = true
  fields.relation = tableNode(table, range.inh !== true, alias)
  return { table, called: new Set([name, 'excluded', 'old', 'new']) }
}

function mayWrite({ label, writes, rows }: Table, action: WriteAction): void {
  if (writes.has(action) && rows === null) return
  throw noWrite(action, label, writes)
}

function assignments(walk: Walk, clause: unknown, target: Target): void {
  for (const item of list(clause)) {
    written(target, item, true)
    const { val } = openAs(item, 'ResTarget')
    const [kind] = open(val)
    if (kind === 'MultiAssignRef') throw invalidInput('sql: set each column on its own, as in SET a = 1, b = 2')
    if (kind !== 'SetToDefault') expressions(walk, [val])
  }
}

/** Checks the name of a column that gets a value. */
function written(target: Target, item: unknown, hasValue = false): string {
  const column = openAs(item, 'ResTarget')
  only(column, hasValue ? ['name', 'val'] : ['name'])
  return allowedColumn(target, text(column.name))
}

function allowedColumn({ table: { columns, label } }: Target, name: string): string {
  if (columns !== null && !columns.includes(name)) throw noColumn(name, label, columns)
  return name
}

function returning(walk: Walk, clause: unknown, target: Target): void {
  if (clause === undefined) return
  only(clause as Fields, ['exprs'])
  touch(walk, 'read', target.table)
  results(walk, (clause as Fields).exprs)
}
