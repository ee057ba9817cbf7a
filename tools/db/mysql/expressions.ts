import { invalidInput } from '../../../src/refusal.ts'
import { call, timeUnit } from './calls.ts'
import { columnReference, type Frame } from './frame.ts'
import { identifier, objectName, characterSet } from './names.ts'
import { fields, list, notUnderstood, type Tree, variant } from './tree.ts'
import { castType, literal } from './literals.ts'
import type { Work } from './work.ts'

const binary: Readonly<Record<string, string>> = {
  Plus: '+',
  Minus: '-',
  Multiply: '*',
  Divide: '/',
  Modulo: '%',
  MyIntegerDivide: 'DIV',
  Gt: '>',
  Lt: '<',
  GtEq: '>=',
  LtEq: '<=',
  Eq: '=',
  NotEq: '<>',
  Spaceship: '<=>',
  And: 'AND',
  Or: 'OR',
  Xor: 'XOR',
  BitwiseOr: '|',
  BitwiseAnd: '&',
  BitwiseXor: '^',
  PGBitwiseShiftLeft: '<<',
  PGBitwiseShiftRight: '>>',
}

const unary: Readonly<Record<string, string>> = { Plus: '+', Minus: '-', Not: 'NOT', BitwiseNot: '~' }

const tests: Readonly<Record<string, string>> = {
  IsNull: 'IS NULL',
  IsNotNull: 'IS NOT NULL',
  IsTrue: 'IS TRUE',
  IsNotTrue: 'IS NOT TRUE',
  IsFalse: 'IS FALSE',
  IsNotFalse: 'IS NOT FALSE',
  IsUnknown: 'IS UNKNOWN',
  IsNotUnknown: 'IS NOT UNKNOWN',
}

/**
 * Writes an expression anew: the same tokens in the same order, so that a server reads it with its own precedence. A kind of
 * expression that has no case here is refused.
 */
export function expression(node: unknown, frame: Frame, work: Work): string {
  const [kind, body] = variant(node)
  const inner = (part: unknown) => expression(part, frame, work)
  const all = (parts: unknown) => list(parts).map(inner).join(', ')
  const test = tests[kind]
  if (test !== undefined) return `${inner(body)} ${test}`
  switch (kind) {
    case 'Identifier':
      return columnReference([identifier(body)], frame, work.target)
    case 'CompoundIdentifier':
      return columnReference(list(body).map(identifier), frame, work.target)
    case 'Value':
      return literal(body, work)
    case 'Nested':
      return `(${inner(body)})`
    case 'Tuple':
      return `(${all(body)})`
    case 'BinaryOp': {
      const { left, op, right } = fields(body, 'left', 'op', 'right')
      return `${inner(left)} ${operator(binary, op)} ${inner(right)}`
    }
    case 'UnaryOp': {
      const { op, expr } = fields(body, 'op', 'expr')
      return `${operator(unary, op)} ${inner(expr)}`
    }
    case 'Like': {
      const { expr, negated, pattern, escape_char: escape } = fields(body, 'expr', 'negated', 'pattern', 'escape_char')
      const behind = escape === undefined || escape === null ? '' : ` ESCAPE ${literal(escape, work)}`
      return `${inner(expr)}${not(negated)} LIKE ${inner(pattern)}${behind}`
    }
    case 'RLike': {
      const { expr, negated, pattern, regexp } = fields(body, 'expr', 'negated', 'pattern', 'regexp')
      return `${inner(expr)}${not(negated)} ${regexp === true ? 'REGEXP' : 'RLIKE'} ${inner(pattern)}`
    }
    case 'Between': {
      const { expr, negated, low, high } = fields(body, 'expr', 'negated', 'low', 'high')
      return `${inner(expr)}${not(negated)} BETWEEN ${inner(low)} AND ${inner(high)}`
    }
    case 'InList': {
      const { expr, list: values, negated } = fields(body, 'expr', 'list', 'negated')
      return `${inner(expr)}${not(negated)} IN (${all(values)})`
    }
    case 'InSubquery': {
      const { expr, subquery: query, negated } = fields(body, 'expr', 'subquery', 'negated')
      return `${inner(expr)}${not(negated)} IN ${subquery(query, frame, work)}`
    }
    case 'Exists': {
      const { subquery: query, negated } = fields(body, 'subquery', 'negated')
      return `${negated === true ? 'NOT ' : ''}EXISTS ${subquery(query, frame, work)}`
    }
    case 'Subquery':
      return subquery(body, frame, work)
    case 'AnyOp':
    case 'AllOp': {
      const { left, compare_op: op, right, is_some: isSome } = fields(body, 'left', 'compare_op', 'right', 'is_some')
      const [what, query] = variant(right)
      if (what !== 'Subquery') throw notUnderstood('ANY or ALL of something else than a query')
      const word = kind === 'AllOp' ? 'ALL' : isSome === true ? 'SOME' : 'ANY'
      return `${inner(left)} ${operator(binary, op)} ${word} ${subquery(query, frame, work)}`
    }
    case 'Case':
      return caseOf(fields(body, 'operand', 'conditions', 'else_result'), inner)
    case 'Cast': {
      const { kind: how, expr, data_type: type } = fields(body, 'kind', 'expr', 'data_type')
      if (how !== 'Cast') throw notUnderstood('such a cast')
      return `CAST(${inner(expr)} AS ${castType(type, work)})`
    }
    case 'Convert': {
      const { expr, data_type: type, charset } = fields(body, 'expr', 'data_type', 'charset')
      if (charset === undefined || charset === null) return `CONVERT(${inner(expr)}, ${castType(type, work)})`
      if (type !== undefined && type !== null) throw notUnderstood('such a conversion')
      return `CONVERT(${inner(expr)} USING ${characterSet(objectName(charset))})`
    }
    case 'Collate': {
      const { expr, collation } = fields(body, 'expr', 'collation')
      return `${inner(expr)} COLLATE ${characterSet(objectName(collation))}`
    }
    case 'TypedString': {
      const { data_type: type, value } = fields(body, 'data_type', 'value')
      const word = typedString(type)
      return `${word} ${literal(value, work)}`
    }
    case 'Interval': {
      const { value, leading_field: unit } = fields(body, 'value', 'leading_field')
      return `INTERVAL ${inner(value)} ${timeUnit(unit)}`
    }
    case 'Extract': {
      const { field, syntax, expr } = fields(body, 'field', 'syntax', 'expr')
      if (syntax !== 'From') throw notUnderstood('such an EXTRACT')
      return `EXTRACT(${timeUnit(field)} FROM ${inner(expr)})`
    }
    case 'Ceil':
    case 'Floor': {
      const { expr, field } = fields(body, 'expr', 'field')
      if ((field as Tree | undefined)?.['DateTimeField'] !== 'NoDateTime')
        throw notUnderstood(`such a ${kind.toUpperCase()}`)
      return `${kind.toUpperCase()}(${inner(expr)})`
    }
    case 'Position': {
      const { expr, in: where } = fields(body, 'expr', 'in')
      return `POSITION(${inner(expr)} IN ${inner(where)})`
    }
    case 'Substring':
      return substring(body, inner)
    case 'Trim': {
      const { expr, trim_where: where, trim_what: what } = fields(body, 'expr', 'trim_where', 'trim_what')
      if (where === undefined && what === undefined) return `TRIM(${inner(expr)})`
      const side =
        where === undefined ? '' : `${operator({ Both: 'BOTH', Leading: 'LEADING', Trailing: 'TRAILING' }, where)} `
      return `TRIM(${side}${what === undefined ? '' : inner(what)} FROM ${inner(expr)})`
    }
    case 'MatchAgainst': {
      const {
        columns,
        match_value: value,
        opt_search_modifier: modifier,
      } = fields(body, 'columns', 'match_value', 'opt_search_modifier')
      const names = list(columns).map(column => columnReference(objectName(column), frame, work.target))
      return `MATCH (${names.join(', ')}) AGAINST (${literal(value, work)}${searchModifier(modifier)})`
    }
    case 'MemberOf': {
      const { value, array } = fields(body, 'value', 'array')
      return `${inner(value)} MEMBER OF(${inner(array)})`
    }
    case 'Function':
      return call(body, frame, work, expression)
    default:
      throw notUnderstood(kind.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase())
  }
}

/** Writes a query within an expression. */
function subquery(node: unknown, frame: Frame, work: Work): string {
  if (work.query === null) throw invalidInput('a filter of rows has no subqueries')
  return `(${work.query(node, frame, work)})`
}

function not(negated: unknown): string {
  return negated === true ? ' NOT' : ''
}

function operator(known: Readonly<Record<string, string>>, op: unknown): string {
  const word = typeof op === 'string' && Object.hasOwn(known, op) ? known[op] : undefined
  if (word === undefined) throw notUnderstood('an operator in it')
  return word
}

function typedString(type: unknown): string {
  const [name] = variant(type)
  return operator({ Date: 'DATE', Time: 'TIME', Timestamp: 'TIMESTAMP' }, name)
}

function searchModifier(modifier: unknown): string {
  if (modifier === undefined || modifier === null) return ''
  const known = {
    InBooleanMode: ' IN BOOLEAN MODE',
    InNaturalLanguageMode: ' IN NATURAL LANGUAGE MODE',
    InNaturalLanguageModeWithQueryExpansion: ' IN NATURAL LANGUAGE MODE WITH QUERY EXPANSION',
    WithQueryExpansion: ' WITH QUERY EXPANSION',
  }
  return operator(known, modifier)
}

function caseOf({ operand, conditions, else_result: otherwise }: Tree, inner: (node: unknown) => string): string {
  const head = operand === undefined || operand === null ? '' : ` ${inner(operand)}`
  const whens = list(conditions).map(when => {
    const { condition, result } = fields(when, 'condition', 'result')
    return ` WHEN ${inner(condition)} THEN ${inner(result)}`
  })
  const last = otherwise === undefined || otherwise === null ? '' : ` ELSE ${inner(otherwise)}`
  return `CASE${head}${whens.join('')}${last} END`
}

function substring(body: unknown, inner: (node: unknown) => string): string {
  const known = ['expr', 'substring_from', 'substring_for', 'special', 'shorthand'] as const
  const { expr, substring_from: from, substring_for: length, special, shorthand } = fields(body, ...known)
  if (from === undefined || from === null) throw notUnderstood('such a SUBSTRING')
  const [fromWord, forWord] = special === true ? [', ', ', '] : [' FROM ', ' FOR ']
  const end = length === undefined || length === null ? '' : `${forWord}${inner(length)}`
  return `${shorthand === true ? 'SUBSTR' : 'SUBSTRING'}(${inner(expr)}${fromWord}${inner(from)}${end})`
}
