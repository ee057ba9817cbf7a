import { needsColumns, needsWhere, noColumn, noStar, noWrite } from '../denials.ts'
import type { Scope, WriteAction } from '../scope.ts'
import { orderBy } from './calls.ts'
import { expression } from './expressions.ts'
import { type Frame, frameWithin, sameName } from './frame.ts'
import { count } from './limit.ts'
import { identifier, isPlain, objectName, spelled } from './names.ts'
import { query, selectItem, values } from './queries.ts'
import type { Relation } from './relations.ts'
import { fields, list, notUnderstood, type Tree, variant } from './tree.ts'
import type { Work } from './work.ts'

/** Writes INSERT: of the columns that are listed, into one table. */
export function insert(node: unknown, outer: Frame, given: Work, scope: Scope): string {
  const { table, columns, source, returning } = fields(node, 'into', 'table', 'columns', 'source', 'returning')
  const [kind, name] = variant(table)
  if (kind !== 'TableName') throw notUnderstood('such a target')
  const { relation, work, frame } = target(objectName(name), null, 'insert', outer, given, scope)
  work.replaced.set(name, relation.nameTree)
  const names = list(columns).map(column => ownColumn(objectName(column), relation))
  if (names.length === 0) throw needsColumns(relation.columns ?? [])
  if (source === undefined || source === null) throw notUnderstood('INSERT without VALUES or SELECT')
  const text = sourceOf(source, frame, outer, work)
  return `INSERT INTO ${relation.name} (${names.map(spelled).join(', ')}) ${text}${returningOf(returning, relation, frame, work)}`
}

/** Only VALUES can name columns of the target. */
function sourceOf(node: unknown, frame: Frame, outer: Frame, work: Work): string {
  const [kind, body] = variant((node as Tree)['body'])
  if (kind !== 'Values') return query(node, outer, work)
  fields(node, 'body')
  return values(body, frame, work, valueOrDefault)
}

/** Writes UPDATE of one table, with WHERE. */
export function update(node: unknown, outer: Frame, given: Work, scope: Scope): string {
  const known = ['table', 'assignments', 'selection', 'order_by', 'limit'] as const
  const { table, assignments, selection, order_by: order, limit } = fields(node, ...known)
  const { relation, work, frame, text } = writtenTable(table, 'update', outer, given, scope)
  const sets = list(assignments).map(assignment => {
    const { target: column, value } = fields(assignment, 'target', 'value')
    const [kind, name] = variant(column)
    if (kind !== 'ColumnName') throw notUnderstood('such a SET')
    const own = ownColumn(unqualified(objectName(name), frame), relation)
    work.replaced.set(name, [{ Identifier: { value: own } }])
    return `${spelled(own)} = ${valueOrDefault(value, frame, work)}`
  })
  return `UPDATE ${text} SET ${sets.join(', ')}${whereAndLimit('update', { selection, order, limit }, frame, work)}`
}

/** Writes DELETE from one table, with WHERE. */
export function remove(node: unknown, outer: Frame, given: Work, scope: Scope): string {
  const known = ['from', 'selection', 'order_by', 'limit', 'returning'] as const
  const { from, selection, order_by: order, limit, returning } = fields(node, ...known)
  const [kind, tables] = variant(from)
  const [table, more] = list(tables)
  if (kind !== 'WithFromKeyword' || more !== undefined) throw notUnderstood('DELETE from several tables')
  const { relation, work, frame, text } = writtenTable(table, 'delete', outer, given, scope)
  const rest = whereAndLimit('delete', { selection, order, limit }, frame, work)
  return `DELETE FROM ${text}${rest}${returningOf(returning, relation, frame, work)}`
}

interface Opened {
  readonly relation: Relation
  readonly work: Work
  readonly frame: Frame
}

/** Opens a table for writing: from here on, nothing in the statement may name what is hidden of it. */
function target(
  name: readonly string[],
  alias: string | null,
  action: WriteAction,
  outer: Frame,
  given: Work,
  scope: Scope,
): Opened {
  const relation = given.relations?.find(name)
  if (relation === undefined) throw notUnderstood('a table')
  const { label, writes, rows } = relation.table
  if (scope.access !== 'write' || !writes.has(action) || rows !== null) throw noWrite(action, label, writes)
  given.touches.add('write', label)
  if (action !== 'insert') given.touches.add('read', label)
  const as = alias ?? relation.table.name
  const frame = frameWithin(outer)
  frame.sources.push({ alias: as, columns: relation.columns })
  const hidden = relation.columns === null ? null : { alias: as, columns: relation.columns }
  return { relation, frame, work: { ...given, target: hidden } }
}

function writtenTable(
  node: unknown,
  action: WriteAction,
  outer: Frame,
  given: Work,
  scope: Scope,
): Opened & { readonly text: string } {
  const { relation: factor } = fields(node, 'relation')
  const [kind, body] = variant(factor)
  if (kind !== 'Table') throw notUnderstood('such a target')
  const { name, alias } = fields(body, 'name', 'alias')
  const as = alias === undefined || alias === null ? null : identifier(fields(alias, 'explicit', 'name')['name'])
  const opened = target(objectName(name), as, action, outer, given, scope)
  given.replaced.set(name, opened.relation.nameTree)
  return { ...opened, text: as === null ? opened.relation.name : `${opened.relation.name} AS ${spelled(as)}` }
}

function ownColumn(name: readonly string[], { columns, table }: Relation): string {
  const [column] = name
  if (column === undefined || name.length !== 1) throw notUnderstood('a column with its table in front there')
  const allowed = columns === null ? column : columns.find(known => sameName(known, column))
  if (allowed === undefined) throw noColumn(column, table.label, columns ?? [])
  return allowed
}

/** `SET t.a = 1` names the only table that there is to name. */
function unqualified(name: readonly string[], { sources }: Frame): readonly string[] {
  const [qualifier = '', column] = name
  if (column === undefined || name.length !== 2) return name
  return sources.some(({ alias }) => alias === qualifier) ? [column] : name
}

/** The word DEFAULT stands only as a whole value. */
function valueOrDefault(node: unknown, frame: Frame, work: Work): string {
  const [kind, body] = variant(node)
  if (kind === 'Identifier' && isPlain(body) && identifier(body).toLowerCase() === 'default') return 'DEFAULT'
  return expression(node, frame, work)
}

interface Behind {
  readonly selection: unknown
  readonly order: unknown
  readonly limit: unknown
}

function whereAndLimit(
  action: 'update' | 'delete',
  { selection, order, limit }: Behind,
  frame: Frame,
  work: Work,
): string {
  if (selection === undefined || selection === null) throw needsWhere(action)
  const sorted = orderBy(order, frame, work, expression)
  const limited = limit === undefined || limit === null ? '' : ` LIMIT ${count(limit, work)}`
  return ` WHERE ${expression(selection, frame, work)}${sorted === '' ? '' : ` ${sorted}`}${limited}`
}

function returningOf(node: unknown, { columns, table }: Relation, frame: Frame, work: Work): string {
  if (node === undefined || node === null) return ''
  work.touches.add('read', table.label)
  const items = list(node).map(item => {
    const [kind] = variant(item)
    if (kind.endsWith('Wildcard') && columns !== null) throw noStar(columns)
    return selectItem(item, frame, work)
  })
  return ` RETURNING ${items.join(', ')}`
}
