import type { Print } from './print.ts'
import { clause, commas, joined, known, operatorSign, orderList, qualifiedName, typeNameText } from './print-parts.ts'
import { windowText } from './print-window.ts'
import { quoteName, quoteText } from './quote.ts'
import { type Fields, list, names, open, openAs, text } from './tree.ts'

/** Writes an expression; it needs no parentheses wherever it is put. */
export function printExpression(print: Print, node: unknown): string {
  const [kind, fields] = open(node)
  const write = kinds.get(kind)
  if (write === undefined) throw new Error(`cannot write ${kind}`)
  return write(print, fields)
}

const kinds = new Map<string, (print: Print, fields: Fields) => string>([
  ['A_Const', (_print, fields) => constantText(fields)],
  ['ColumnRef', (_print, fields) => list(fields.fields).map(partText).join('.')],
  ['ParamRef', (_print, fields) => `$${fields.number as number}`],
  ['FuncCall', callText],
  ['A_Expr', operationText],
  ['BoolExpr', booleanText],
  ['NullTest', (print, fields) => `(${print.expression(fields.arg)} ${known(nullTests, fields.nulltesttype)})`],
  ['BooleanTest', (print, fields) => `(${print.expression(fields.arg)} ${known(booleanTests, fields.booltesttype)})`],
  ['SubLink', subqueryText],
  ['CaseExpr', caseText],
  ['CoalesceExpr', (print, fields) => `COALESCE(${commas(print, fields.args)})`],
  ['MinMaxExpr', (print, fields) => `${known(extremes, fields.op)}(${commas(print, fields.args)})`],
  ['GroupingFunc', (print, fields) => `GROUPING(${commas(print, fields.args)})`],
  ['RowExpr', rowText],
  ['A_ArrayExpr', (print, fields) => `ARRAY[${commas(print, fields.elements)}]`],
  [
    'TypeCast',
    (print, { arg, typeName }) => `CAST(${print.expression(arg)} AS ${typeNameText(print, typeName as Fields)})`,
  ],
  ['CollateClause', (print, fields) => `(${print.expression(fields.arg)} COLLATE ${qualifiedName(fields.collname)})`],
  ['NamedArgExpr', (print, fields) => `${quoteName(text(fields.name))} => ${print.expression(fields.arg)}`],
  ['A_Indirection', selectionText],
  ['SQLValueFunction', (_print, fields) => valueFunctionText(fields)],
  ['SetToDefault', () => 'DEFAULT'],
])

const nullTests = { IS_NULL: 'IS NULL', IS_NOT_NULL: 'IS NOT NULL' }
const extremes = { IS_GREATEST: 'GREATEST', IS_LEAST: 'LEAST' }
const booleanTests = {
  IS_TRUE: 'IS TRUE',
  IS_NOT_TRUE: 'IS NOT TRUE',
  IS_FALSE: 'IS FALSE',
  IS_NOT_FALSE: 'IS NOT FALSE',
  IS_UNKNOWN: 'IS UNKNOWN',
  IS_NOT_UNKNOWN: 'IS NOT UNKNOWN',
}

/** Writes a name, or `*`. */
function partText(node: unknown): string {
  const [kind, fields] = open(node)
  return kind === 'A_Star' ? '*' : quoteName(text(fields.sval))
}

function constantText(fields: Fields): string {
  if (fields.isnull === true) return 'NULL'
  const [kind] = Object.keys(fields).filter(name => name !== 'location')
  const value = (fields[kind as string] as Fields)[kind as string]
  switch (kind) {
    case 'ival':
      return signed(`${(value ?? 0) as number}`)
    case 'fval':
      return signed(text(value))
    case 'boolval':
      return value === true ? 'TRUE' : 'FALSE'
    case 'sval':
      return quoteText(text(value))
    case 'bsval':
      return `${text(value)[0]}${quoteText(text(value).slice(1))}`
    default:
      throw new Error('cannot write this constant')
  }
}

function signed(digits: string): string {
  return digits.startsWith('-') ? `(${digits})` : digits
}

function callText(print: Print, fields: Fields): string {
  const args = list(fields.args).map(print.expression)
  if (fields.func_variadic === true) args.push(`VARIADIC ${args.pop() as string}`)
  const distinct = fields.agg_distinct === true ? 'DISTINCT' : ''
  const isWithin = fields.agg_within_group === true
  const order = clause('ORDER BY', orderList(print, fields.agg_order))
  const content = joined(distinct, fields.agg_star === true ? '*' : args.join(', '), isWithin ? '' : order)
  return joined(
    `${qualifiedName(fields.funcname)}(${content})`,
    isWithin ? `WITHIN GROUP (${order})` : '',
    fields.agg_filter === undefined ? '' : `FILTER (WHERE ${print.expression(fields.agg_filter)})`,
    fields.over === undefined ? '' : `OVER ${windowText(print, fields.over as Fields)}`,
  )
}

const likes = { AEXPR_LIKE: 'LIKE', AEXPR_ILIKE: 'ILIKE', AEXPR_SIMILAR: 'SIMILAR TO' }
const betweens: Readonly<Record<string, string>> = {
  AEXPR_BETWEEN: 'BETWEEN',
  AEXPR_NOT_BETWEEN: 'NOT BETWEEN',
  AEXPR_BETWEEN_SYM: 'BETWEEN SYMMETRIC',
  AEXPR_NOT_BETWEEN_SYM: 'NOT BETWEEN SYMMETRIC',
}

function operationText(print: Print, { kind, name, lexpr, rexpr }: Fields): string {
  const left = lexpr === undefined ? '' : print.expression(lexpr)
  const items = open(rexpr)[0] === 'List' ? list(openAs(rexpr, 'List').items) : []
  const right = () => print.expression(rexpr)
  switch (kind) {
    case 'AEXPR_OP':
      return `(${joined(left, operatorSign(name), right())})`
    case 'AEXPR_OP_ANY':
      return `(${left} ${operatorSign(name)} ANY (${right()}))`
    case 'AEXPR_OP_ALL':
      return `(${left} ${operatorSign(name)} ALL (${right()}))`
    case 'AEXPR_DISTINCT':
      return `(${left} IS DISTINCT FROM ${right()})`
    case 'AEXPR_NOT_DISTINCT':
      return `(${left} IS NOT DISTINCT FROM ${right()})`
    case 'AEXPR_NULLIF':
      return `NULLIF(${left}, ${right()})`
    case 'AEXPR_IN':
      return `(${left} ${operatorSign(name) === '<>' ? 'NOT IN' : 'IN'} (${commas(print, items)}))`
    case 'AEXPR_LIKE':
    case 'AEXPR_ILIKE':
    case 'AEXPR_SIMILAR': {
      const isNegated = operatorSign(name).startsWith('!')
      const pattern = kind === 'AEXPR_SIMILAR' ? similarText(print, rexpr) : right()
      return `(${joined(left, isNegated ? 'NOT' : '', likes[kind], pattern)})`
    }
    default:
      return `(${left} ${known(betweens, kind)} ${items.map(print.expression).join(' AND ')})`
  }
}

/** Writes the pattern of SIMILAR TO, around which the parser puts a call. */
function similarText(print: Print, node: unknown): string {
  const call = openAs(node, 'FuncCall')
  if (names(call.funcname)?.at(-1) !== 'similar_to_escape') throw new Error('not a pattern')
  return list(call.args).map(print.expression).join(' ESCAPE ')
}

function booleanText(print: Print, { boolop, args }: Fields): string {
  const each = list(args).map(print.expression)
  if (boolop === 'NOT_EXPR') return `(NOT ${each[0] as string})`
  return `(${each.join(` ${known({ AND_EXPR: 'AND', OR_EXPR: 'OR' }, boolop)} `)})`
}

function subqueryText(print: Print, { subLinkType, testexpr, operName, subselect }: Fields): string {
  const query = `(${print.query(openAs(subselect, 'SelectStmt'))})`
  switch (subLinkType) {
    case 'EXISTS_SUBLINK':
      return `EXISTS ${query}`
    case 'ARRAY_SUBLINK':
      return `ARRAY${query}`
    case 'EXPR_SUBLINK':
      return query
    default: {
      const quantifier = known({ ANY_SUBLINK: 'ANY', ALL_SUBLINK: 'ALL' }, subLinkType)
      const test = operName === undefined ? 'IN' : `${operatorSign(operName)} ${quantifier}`
      return `(${print.expression(testexpr)} ${test} ${query})`
    }
  }
}

function caseText(print: Print, { arg, args, defresult }: Fields): string {
  const whens = list(args).map(item => {
    const { expr, result } = openAs(item, 'CaseWhen')
    return `WHEN ${print.expression(expr)} THEN ${print.expression(result)}`
  })
  const before = arg === undefined ? '' : print.expression(arg)
  return joined('CASE', before, ...whens, defresult === undefined ? '' : `ELSE ${print.expression(defresult)}`, 'END')
}

function rowText(print: Print, { args, row_format: format }: Fields): string {
  return `${format === 'COERCE_EXPLICIT_CALL' ? 'ROW' : ''}(${commas(print, args)})`
}

function selectionText(print: Print, { arg, indirection }: Fields): string {
  const parts = list(indirection).map(part => {
    const [kind, { is_slice: isSlice, lidx, uidx }] = open(part)
    if (kind !== 'A_Indices') return `.${partText(part)}`
    const [lower, upper] = [lidx, uidx].map(each => (each === undefined ? '' : print.expression(each)))
    return isSlice === true ? `[${lower}:${upper}]` : `[${upper}]`
  })
  return `(${print.expression(arg)})${parts.join('')}`
}

function valueFunctionText({ op, typmod }: Fields): string {
  const name = text(op).replace('SVFOP_', '').replace(/_N$/, '')
  return text(op).endsWith('_N') ? `${name}(${(typmod ?? 0) as number})` : name
}
