import { invalidInput } from '../../../src/refusal.ts'
import { OutOfScope } from '../judge.ts'
import { collation, operator, typeName } from './built-in.ts'
import { call } from './calls.ts'
import { reference } from './columns.ts'
import { type Fields, list, notAvailable, only, open, openAs, text } from './tree.ts'
import { deeper, expressions, optional, type Walk } from './walk.ts'

/** Judges an expression, in place. What is not listed here is refused, and so is every field that is not named. */
export function expression(walk: Walk, node: unknown): void {
  const [kind, fields] = open(node)
  const judge = kinds.get(kind)
  if (judge === undefined) throw notAvailable(kind)
  deeper(walk, () => judge(walk, fields))
}

const maxParameters = 1_000

/** Values of the moment; the others say who asks. */
const safeValues: ReadonlySet<unknown> = new Set([
  'SVFOP_CURRENT_DATE',
  'SVFOP_CURRENT_TIME',
  'SVFOP_CURRENT_TIME_N',
  'SVFOP_CURRENT_TIMESTAMP',
  'SVFOP_CURRENT_TIMESTAMP_N',
  'SVFOP_LOCALTIME',
  'SVFOP_LOCALTIME_N',
  'SVFOP_LOCALTIMESTAMP',
  'SVFOP_LOCALTIMESTAMP_N',
])

/** Operators of the grammar, whose name is a word of ours. */
const wordOperators: ReadonlySet<unknown> = new Set([
  'AEXPR_BETWEEN',
  'AEXPR_NOT_BETWEEN',
  'AEXPR_BETWEEN_SYM',
  'AEXPR_NOT_BETWEEN_SYM',
])

const operators: ReadonlySet<unknown> = new Set([
  ...wordOperators,
  'AEXPR_OP',
  'AEXPR_OP_ANY',
  'AEXPR_OP_ALL',
  'AEXPR_DISTINCT',
  'AEXPR_NOT_DISTINCT',
  'AEXPR_NULLIF',
  'AEXPR_IN',
  'AEXPR_LIKE',
  'AEXPR_ILIKE',
  'AEXPR_SIMILAR',
])

const subqueries: ReadonlySet<unknown> = new Set([
  'EXISTS_SUBLINK',
  'ALL_SUBLINK',
  'ANY_SUBLINK',
  'EXPR_SUBLINK',
  'ARRAY_SUBLINK',
])

const kinds = new Map<string, (walk: Walk, fields: Fields) => void>([
  ['A_Const', (_walk, fields) => constant(fields)],
  ['ColumnRef', reference],
  ['ParamRef', parameter],
  ['FuncCall', call],
  ['A_Expr', operation],
  [
    'BoolExpr',
    (walk, fields) => {
      only(fields, ['boolop', 'args'])
      expressions(walk, fields.args)
    },
  ],
  ['NullTest', (walk, fields) => test(walk, fields, 'nulltesttype')],
  ['BooleanTest', (walk, fields) => test(walk, fields, 'booltesttype')],
  ['SubLink', subquery],
  [
    'CaseExpr',
    (walk, fields) => {
      only(fields, ['arg', 'args', 'defresult'])
      walk.found.names.add('case')
      optional(walk, fields.arg)
      for (const item of list(fields.args)) {
        const when = openAs(item, 'CaseWhen')
        only(when, ['expr', 'result'])
        expressions(walk, [when.expr, when.result])
      }
      optional(walk, fields.defresult)
    },
  ],
  ['CoalesceExpr', (walk, fields) => listed(walk, fields, ['args'], 'coalesce')],
  [
    'MinMaxExpr',
    (walk, fields) => listed(walk, fields, ['args', 'op'], fields.op === 'IS_LEAST' ? 'least' : 'greatest'),
  ],
  ['GroupingFunc', (walk, fields) => listed(walk, fields, ['args'], 'grouping')],
  ['RowExpr', (walk, fields) => listed(walk, fields, ['args', 'row_format'], 'row')],
  [
    'A_ArrayExpr',
    (walk, fields) => {
      only(fields, ['elements'])
      walk.found.names.add('array')
      expressions(walk, fields.elements)
    },
  ],
  [
    'TypeCast',
    (walk, fields) => {
      only(fields, ['arg', 'typeName'])
      expressions(walk, [fields.arg])
      typeName(walk, fields.typeName as Fields)
    },
  ],
  [
    'CollateClause',
    (walk, fields) => {
      only(fields, ['arg', 'collname'])
      expressions(walk, [fields.arg])
      collation(fields)
    },
  ],
  [
    'NamedArgExpr',
    (walk, fields) => {
      only(fields, ['arg', 'name', 'argnumber'])
      if (fields.argnumber !== -1) throw notAvailable('argnumber')
      expressions(walk, [fields.arg])
    },
  ],
  ['A_Indirection', selection],
  [
    'SQLValueFunction',
    (walk, fields) => {
      only(fields, ['op', 'typmod'])
      const name = text(fields.op).replace('SVFOP_', '').toLowerCase().replace(/_n$/, '')
      if (!safeValues.has(fields.op)) throw new OutOfScope(`${name} is not available`)
      walk.found.names.add(name)
    },
  ],
])

function constant(fields: Fields): void {
  only(fields, ['ival', 'fval', 'boolval', 'sval', 'bsval', 'isnull'])
  if (fields.fval === undefined) return
  // Digits may be grouped as 1_000, or hexadecimal, for newer servers only; an older one reads an alias into it.
  const { fval } = fields.fval as { fval: string }
  if (!/^-?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?$/i.test(fval))
    throw invalidInput('sql: write numbers as 12, 1.5 or 1.5e10')
}

function parameter({ found }: Walk, fields: Fields): void {
  only(fields, ['number'])
  const number = (fields.number ?? 0) as number
  if (number < 1 || number > maxParameters) throw invalidInput(`sql: parameters are $1 to $${maxParameters}`)
  found.parameters.add(number)
}

function operation(walk: Walk, fields: Fields): void {
  only(fields, ['kind', 'name', 'lexpr', 'rexpr'])
  if (!operators.has(fields.kind)) throw notAvailable(text(fields.kind))
  if (!wordOperators.has(fields.kind)) operator(fields.name)
  optional(walk, fields.lexpr)
  const [kind, right] = open(fields.rexpr)
  if (fields.kind === 'AEXPR_NULLIF') walk.found.names.add('nullif')
  if (kind !== 'List') return expression(walk, fields.rexpr)
  only(right, ['items'])
  expressions(walk, right.items)
}

function test(walk: Walk, fields: Fields, type: string): void {
  only(fields, ['arg', type])
  expressions(walk, [fields.arg])
}

function listed(walk: Walk, fields: Fields, allowed: readonly string[], name: string): void {
  only(fields, allowed)
  walk.found.names.add(name)
  expressions(walk, fields.args)
}

function subquery(walk: Walk, fields: Fields): void {
  only(fields, ['subLinkType', 'testexpr', 'operName', 'subselect'])
  if (!subqueries.has(fields.subLinkType)) throw notAvailable(text(fields.subLinkType))
  if (fields.operName !== undefined) operator(fields.operName)
  walk.found.names.add('exists').add('array')
  optional(walk, fields.testexpr)
  walk.visit.query(walk, openAs(fields.subselect, 'SelectStmt'))
}

/** Judges `(row).field`, `list[1]` and `list[1:2]`. A row has been reduced to what is allowed where it was read. */
function selection(walk: Walk, fields: Fields): void {
  only(fields, ['arg', 'indirection'])
  expressions(walk, [fields.arg])
  for (const part of list(fields.indirection)) {
    const [kind, inner] = open(part)
    if (kind === 'A_Indices') {
      only(inner, ['is_slice', 'lidx', 'uidx'])
      optional(walk, inner.lidx)
      optional(walk, inner.uidx)
    } else if (kind === 'String') {
      walk.found.fields.push(text(inner.sval))
      walk.found.names.add(text(inner.sval))
    } else if (kind === 'A_Star') walk.found.open = true
    else throw notAvailable(kind)
  }
}
