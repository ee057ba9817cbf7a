import { invalidInput } from '../../../src/refusal.ts'
import { noSource, onlyQueriesWithin } from '../denials.ts'
import { orderBy, windowSpec } from './calls.ts'
import { expression } from './expressions.ts'
import { couldBeSame, type Cte, type Frame, frameWithin, sameName } from './frame.ts'
import { from } from './from.ts'
import { limitOf } from './limit.ts'
import { columnNames, identifier, isName, objectName, spelled } from './names.ts'
import { rollup } from './parser.ts'
import { resultColumns } from './result-columns.ts'
import { fields, list, notUnderstood, type Tree, variant } from './tree.ts'
import type { Work } from './work.ts'

/** What a query gives: its text, and the names of its columns, null when not known. */
interface Written {
  readonly text: string
  readonly columns: readonly string[] | null
}

/** Writes a query that is read, without parentheses around it. */
export function query(node: unknown, outer: Frame | null, work: Work): string {
  return written(node, outer, work).text
}

function written(node: unknown, outer: Frame | null, work: Work): Written {
  const {
    with: ctes,
    body,
    order_by: order,
    limit_clause: limit,
  } = fields(node, 'with', 'body', 'order_by', 'limit_clause')
  const around = frameWithin(outer)
  const head = ctes === undefined || ctes === null ? null : withClause(ctes, around, work)
  const place = head === null ? around : { ...around, ctes: head.ctes }
  const { text, columns, frame } = setExpression(body, place, work)
  const parts = [head?.text ?? '', text, orderOf(order, frame, work), limitOf(limit, work)]
  return { text: parts.filter(part => part !== '').join(' '), columns }
}

const maxCtes = 200

/** Writes WITH, and gives the frame's names with those it adds. What is not surely one of them is a table. */
export function withClause(
  node: unknown,
  around: Frame,
  work: Work,
): { readonly text: string; readonly ctes: ReadonlyMap<string, Cte> } {
  const { recursive, cte_tables: tables } = fields(node, 'recursive', 'cte_tables')
  const ctes = new Map(around.ctes)
  const own: string[] = []
  const texts = list(tables).map(table => {
    const { alias, query: body } = fields(table, 'alias', 'query')
    const { name: nameNode, columns } = fields(alias, 'name', 'columns')
    const name = identifier(nameNode)
    // Each is compared with, and sees, all before it.
    if (work.counts.ctes === maxCtes) throw invalidInput(`sql: more than ${maxCtes} names in WITH`)
    if (own.some(other => couldBeSame(other, name))) throw notUnderstood('the same name twice in WITH')
    own.push(name)
    const names = columnNames(columns)
    const cte: Cte = { name: `keyhold cte ${++work.counts.ctes}`, columns: names.length === 0 ? null : names }
    work.replaced.set(nameNode, { value: cte.name })
    // Only with RECURSIVE does a name exist within its own definition; one that comes later exists in MariaDB alone.
    const before = new Map(ctes)
    if (recursive === true) before.set(name, cte)
    const inner = written(body, { ...around, ctes: before }, work)
    cte.columns ??= inner.columns
    ctes.set(name, cte)
    const nameList = names.length === 0 ? '' : ` (${names.map(spelled).join(', ')})`
    return `${spelled(cte.name)}${nameList} AS (${inner.text})`
  })
  return { text: `WITH ${recursive === true ? 'RECURSIVE ' : ''}${texts.join(', ')}`, ctes }
}

function orderOf(node: unknown, frame: Frame, work: Work): string {
  if (node === undefined || node === null) return ''
  const [kind, parts] = variant(fields(node, 'kind')['kind'])
  if (kind !== 'Expressions') throw notUnderstood('such an ORDER BY')
  return orderBy(parts, frame, work, expression)
}

interface Placed extends Written {
  /** Where the ORDER BY behind it looks names up. */
  readonly frame: Frame
}

const operators: Readonly<Record<string, string>> = { Union: 'UNION', Except: 'EXCEPT', Intersect: 'INTERSECT' }
const quantifiers: Readonly<Record<string, string>> = { None: '', All: ' ALL', Distinct: ' DISTINCT' }

function setExpression(node: unknown, around: Frame, work: Work): Placed {
  const [kind, body] = variant(node)
  switch (kind) {
    case 'Select':
      return select(body, around, work)
    case 'Query': {
      const { text, columns } = written(body, around, work)
      return { text: `(${text})`, columns, frame: resultFrame(columns, around) }
    }
    case 'SetOperation': {
      const { left, op, set_quantifier: quantifier, right } = fields(body, 'left', 'op', 'set_quantifier', 'right')
      const [word, all] = [operators[String(op)], quantifiers[String(quantifier)]]
      if (word === undefined || all === undefined) throw notUnderstood('such a set operation')
      const first = setExpression(left, around, work)
      const second = setExpression(right, around, work)
      return {
        text: `${first.text} ${word}${all} ${second.text}`,
        columns: first.columns,
        frame: resultFrame(null, around),
      }
    }
    case 'Values':
      return { text: values(body, around, work, expression), columns: null, frame: resultFrame(null, around) }
    default:
      throw onlyQueriesWithin()
  }
}

/** Writes VALUES with its rows. */
export function values(node: unknown, frame: Frame, work: Work, write: typeof expression): string {
  const { explicit_row: isExplicit, rows } = fields(node, 'explicit_row', 'rows')
  const texts = list(rows).map(row => {
    const { content } = fields(row, 'content')
    return `${isExplicit === true ? 'ROW' : ''}(${list(content)
      .map(value => write(value, frame, work))
      .join(', ')})`
  })
  return `VALUES ${texts.join(', ')}`
}

function resultFrame(columns: readonly string[] | null, around: Frame): Frame {
  return { ...frameWithin(around), sources: [{ alias: '', columns }] }
}

function select(node: unknown, around: Frame, work: Work): Placed {
  const known = [
    'distinct',
    'projection',
    'from',
    'selection',
    'group_by',
    'having',
    'named_window',
    'window_before_qualify',
  ] as const
  const body = fields(node, ...known)
  const frame = frameWithin(around)
  const sources = from(body['from'], frame, work, written)
  const items = list(body['projection'])
  for (const item of items) {
    const [kind, content] = variant(item)
    if (kind === 'ExprWithAlias') frame.aliases.add(identifier((content as Tree)['alias']).toLowerCase())
  }
  const texts = items.map((item, index) => {
    const narrowed = work.counts.narrowed
    const text = selectItem(item, frame, work)
    // Called after its text, it would show the condition on rows that is in it now.
    if (work.counts.narrowed > narrowed) return named(item, text, `column ${index + 1}`, work)
    return node === work.answering ? named(item, text, text.replaceAll('`', ''), work) : text
  })
  const group = groupBy(body['group_by'], frame, work)
  const windows = list(body['named_window']).map(entry => namedWindow(entry, frame, work))
  const part = (word: string, condition: unknown) =>
    condition === undefined || condition === null ? '' : `${word} ${expression(condition, frame, work)}`
  const parts = [
    `SELECT${distinct(body['distinct'])} ${texts.join(', ')}`,
    sources === '' ? '' : `FROM ${sources}`,
    part('WHERE', body['selection']),
    group,
    part('HAVING', body['having']),
    windows.length === 0 ? '' : `WINDOW ${windows.join(', ')}`,
  ]
  return { text: parts.filter(text => text !== '').join(' '), columns: resultColumns(items, frame), frame }
}

function distinct(node: unknown): string {
  if (node === undefined || node === null) return ''
  if (node === 'Distinct') return ' DISTINCT'
  if (node === 'All') return ' ALL'
  throw notUnderstood('such a DISTINCT')
}

/** Without a name of its own, what is computed would be called after its text, with all the quotes that were put into it. */
function named(item: unknown, text: string, name: string, work: Work): string {
  const [kind, body] = variant(item)
  const isComputed = kind === 'UnnamedExpr' && !['Identifier', 'CompoundIdentifier'].includes(variant(body)[0])
  if (!isComputed || name === text || !isName(name)) return text
  work.replaced.set(item, { ExprWithAlias: { expr: body, alias: { value: name } } })
  return `${text} AS ${spelled(name)}`
}

/** Writes one item of a SELECT list or of RETURNING. */
export function selectItem(item: unknown, frame: Frame, work: Work): string {
  const [kind, body] = variant(item)
  switch (kind) {
    case 'UnnamedExpr':
      return expression(body, frame, work)
    case 'ExprWithAlias': {
      const { expr, alias } = fields(body, 'expr', 'alias')
      return `${expression(expr, frame, work)} AS ${spelled(identifier(alias))}`
    }
    case 'Wildcard':
      fields(body)
      if (frame.sources.length === 0) throw notUnderstood('* without a table')
      return '*'
    case 'QualifiedWildcard': {
      const [target, options] = list(body)
      fields(options)
      const [what, nameNode] = variant(target)
      const name = what === 'ObjectName' ? objectName(nameNode) : []
      const [alias] = name
      if (alias === undefined || name.length !== 1) throw notUnderstood('such a *; write table.*')
      if (!frame.sources.some(source => sameName(source.alias, alias))) throw noSource(alias)
      return `${spelled(alias)}.*`
    }
    default:
      throw notUnderstood('such an item of SELECT')
  }
}

function groupBy(node: unknown, frame: Frame, work: Work): string {
  const [kind, body] = variant(node)
  if (kind !== 'Expressions') throw notUnderstood('such a GROUP BY')
  const [parts, modifiers] = list(body).map(list)
  if (parts === undefined || modifiers === undefined || modifiers.length > 0) throw notUnderstood('such a GROUP BY')
  const isRollup = isRollupMark(parts.at(-1))
  const texts = (isRollup ? parts.slice(0, -1) : parts).map(part => expression(part, frame, work))
  if (texts.length === 0) return ''
  return `GROUP BY ${texts.join(', ')}${isRollup ? ' WITH ROLLUP' : ''}`
}

function isRollupMark(node: unknown): boolean {
  const name = ((node as Tree | undefined)?.['Function'] as Tree | undefined)?.['name']
  return name !== undefined && objectName(name).join('.') === rollup
}

function namedWindow(node: unknown, frame: Frame, work: Work): string {
  const [name, definition] = list(node)
  const [kind, body] = variant(definition)
  if (kind !== 'WindowSpec') throw notUnderstood('such a window')
  return `${spelled(identifier(name))} AS ${windowSpec(body, frame, work, expression)}`
}
