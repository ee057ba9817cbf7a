import { noFunction } from '../denials.ts'
import { type Frame, sameName } from './frame.ts'
import { bareFunctions, safeFunctions, unitFunctions, units } from './functions.ts'
import { identifier, isPlain, objectName, spelled } from './names.ts'
import { fields, list, notUnderstood, type Tree, variant } from './tree.ts'
import { literal } from './literals.ts'
import type { Work } from './work.ts'

type Write = (node: unknown, frame: Frame, work: Work) => string

/** Writes the call of a function that is safe, or that the scope names. */
export function call(body: unknown, frame: Frame, work: Work, write: Write): string {
  const { name: nameNode, args, over } = fields(body, 'name', 'args', 'over')
  const name = functionName(nameNode, work)
  const behind = over === undefined || over === null ? '' : ` OVER ${overOf(over, frame, work, write)}`
  const [form, given] = variant(args)
  if (form === 'None') {
    if (!bareFunctions.has(name)) throw notUnderstood(`${name} without parentheses`)
    return `${name}${behind}`
  }
  if (form !== 'List') throw notUnderstood('a query as the argument of a function')
  const {
    duplicate_treatment: duplicates,
    args: parts,
    clauses,
  } = fields(given, 'duplicate_treatment', 'args', 'clauses')
  const written = list(parts).map((part, at) => {
    const [how, value] = variant(part)
    if (how !== 'Unnamed') throw notUnderstood('an argument with a name')
    const [what, expr] = variant(value)
    if (what === 'Wildcard' && name === 'count') return '*'
    if (what !== 'Expr') throw notUnderstood('* as an argument')
    return at === 0 && unitFunctions.has(name) ? unitArgument(expr) : write(expr, frame, work)
  })
  const distinct = duplicates === 'Distinct' ? 'DISTINCT ' : duplicates === 'All' ? 'ALL ' : ''
  const rest = list(clauses).map(clause => clauseOf(clause, frame, work, write))
  return `${name}(${distinct}${written.join(', ')}${rest.join('')})${behind}`
}

function functionName(node: unknown, { functions }: Work): string {
  const name = objectName(node)
  const [first = '', second] = name
  if (second === undefined) {
    const lower = first.toLowerCase()
    // Quoted, a name of the grammar is that of a stored function.
    const isWord = isPlain((list(node)[0] as Tree)['Identifier']) && /^[a-z][a-z0-9_]*$/.test(lower)
    if (isWord && (safeFunctions.has(lower) || functions.some(allowed => sameName(allowed, lower)))) return lower
  } else if (name.length === 2) {
    const allowed = functions.find(entry => {
      const dot = entry.indexOf('.')
      return dot > 0 && entry.slice(0, dot) === first && sameName(entry.slice(dot + 1), second)
    })
    if (allowed !== undefined) return `${spelled(first)}.${spelled(allowed.slice(first.length + 1))}`
  }
  throw noFunction(name.join('.'), functions)
}

/** Of TIMESTAMPADD(MONTH, ...) the parser takes the unit for a column. */
function unitArgument(node: unknown): string {
  const [kind, body] = variant(node)
  const unit = kind === 'Identifier' && isPlain(body) ? identifier(body).toLowerCase() : ''
  if (!units.has(unit)) throw notUnderstood('such a unit of time')
  return unit
}

/** The word for a unit of time. */
export function timeUnit(node: unknown): string {
  const [kind, details] = variant(node)
  if (!units.has(kind.toLowerCase()) || (details !== undefined && details !== null))
    throw notUnderstood('such a unit of time')
  return kind.toUpperCase()
}

function clauseOf(clause: unknown, frame: Frame, work: Work, write: Write): string {
  const [kind, body] = variant(clause)
  switch (kind) {
    case 'OrderBy':
      return ` ${orderBy(body, frame, work, write)}`
    case 'Separator':
      return ` SEPARATOR ${literal(body, work)}`
    case 'Limit':
      return ` LIMIT ${write(body, frame, work)}`
    default:
      throw notUnderstood('such an argument')
  }
}

/** Writes ORDER BY; an empty text where there is none. */
export function orderBy(node: unknown, frame: Frame, work: Work, write: Write): string {
  const parts = list(node).map(part => {
    const { expr, options } = fields(part, 'expr', 'options')
    const { asc } = fields(options, 'asc')
    // `false` says something here, unlike elsewhere.
    return `${write(expr, frame, work)}${asc === true ? ' ASC' : asc === false ? ' DESC' : ''}`
  })
  return parts.length === 0 ? '' : `ORDER BY ${parts.join(', ')}`
}

function overOf(node: unknown, frame: Frame, work: Work, write: Write): string {
  const [kind, body] = variant(node)
  if (kind === 'NamedWindow') return spelled(identifier(body))
  if (kind !== 'WindowSpec') throw notUnderstood('such a window')
  return windowSpec(body, frame, work, write)
}

/** Writes what is in a window's parentheses, with them. */
export function windowSpec(node: unknown, frame: Frame, work: Work, write: Write): string {
  const known = ['window_name', 'partition_by', 'order_by', 'window_frame'] as const
  const { window_name: name, partition_by: by, order_by: order, window_frame: rows } = fields(node, ...known)
  const partition = list(by).map(part => write(part, frame, work))
  const parts = [
    name === undefined || name === null ? '' : spelled(identifier(name)),
    partition.length === 0 ? '' : `PARTITION BY ${partition.join(', ')}`,
    orderBy(order, frame, work, write),
    rows === undefined || rows === null ? '' : windowFrame(rows, frame, work, write),
  ]
  return `(${parts.filter(part => part !== '').join(' ')})`
}

function windowFrame(node: unknown, frame: Frame, work: Work, write: Write): string {
  const { units: unit, start_bound: start, end_bound: end } = fields(node, 'units', 'start_bound', 'end_bound')
  if (unit !== 'Rows' && unit !== 'Range') throw notUnderstood('such a window')
  const bound = (part: unknown) => {
    const [kind, distance] = variant(part)
    if (kind === 'CurrentRow') return 'CURRENT ROW'
    if (kind !== 'Preceding' && kind !== 'Following') throw notUnderstood('such a window')
    const isUnbounded = distance === undefined || distance === null
    return `${isUnbounded ? 'UNBOUNDED' : write(distance, frame, work)} ${kind.toUpperCase()}`
  }
  const word = unit.toUpperCase()
  return end === undefined || end === null
    ? `${word} ${bound(start)}`
    : `${word} BETWEEN ${bound(start)} AND ${bound(end)}`
}
