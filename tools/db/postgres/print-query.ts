import type { Print } from './print.ts'
import {
  aliasText,
  clause,
  commas,
  joined,
  known,
  nameList,
  orderList,
  qualifiedName,
  resultList,
  tableText,
  typeNameText,
  withText,
} from './print-parts.ts'
import { windowBody } from './print-window.ts'
import { quoteName } from './quote.ts'
import { type Fields, list, open, openAs, text } from './tree.ts'

/** Writes a query, without parentheses around it. */
export function printQuery(print: Print, select: Fields): string {
  return joined(
    withText(print, select.withClause),
    select.op === 'SETOP_NONE' ? simpleQuery(print, select) : setOperation(print, select),
    clause('ORDER BY', orderList(print, select.sortClause)),
    limitText(print, select),
    select.limitOffset === undefined ? '' : `OFFSET ${print.expression(select.limitOffset)}`,
  )
}

const setOperations = { SETOP_UNION: 'UNION', SETOP_INTERSECT: 'INTERSECT', SETOP_EXCEPT: 'EXCEPT' }

function setOperation(print: Print, { op, all, larg, rarg }: Fields): string {
  const sides = [larg, rarg].map(side => `(${print.query(side as Fields)})`)
  return sides.join(` ${known(setOperations, op)}${all === true ? ' ALL' : ''} `)
}

function simpleQuery(print: Print, select: Fields): string {
  if (select.valuesLists !== undefined) return valuesText(print, select.valuesLists)
  const windows = list(select.windowClause).map(item => {
    const window = openAs(item, 'WindowDef')
    return `${quoteName(text(window.name))} AS ${windowBody(print, window)}`
  })
  return joined(
    'SELECT',
    distinctText(print, select.distinctClause),
    resultList(print, select.targetList),
    clause('FROM', fromList(print, select.fromClause)),
    select.whereClause === undefined ? '' : `WHERE ${print.expression(select.whereClause)}`,
    groupText(print, select),
    select.havingClause === undefined ? '' : `HAVING ${print.expression(select.havingClause)}`,
    clause('WINDOW', windows.join(', ')),
  )
}

/** Writes VALUES. */
function valuesText(print: Print, rows: unknown): string {
  return `VALUES ${list(rows)
    .map(row => `(${commas(print, openAs(row, 'List').items)})`)
    .join(', ')}`
}

function distinctText(print: Print, items: unknown): string {
  const [first] = list(items)
  if (first === undefined) return ''
  return open(first)[0] === '' ? 'DISTINCT' : `DISTINCT ON (${commas(print, items)})`
}

function limitText(print: Print, { limitCount, limitOption }: Fields): string {
  if (limitCount === undefined) return ''
  const count = print.expression(limitCount)
  return limitOption === 'LIMIT_OPTION_WITH_TIES' ? `FETCH FIRST (${count}) ROWS WITH TIES` : `LIMIT ${count}`
}

function groupText(print: Print, { groupClause, groupDistinct }: Fields): string {
  if (groupClause === undefined) return ''
  return joined('GROUP BY', groupDistinct === true ? 'DISTINCT' : '', groupList(print, groupClause))
}

const groupings = { GROUPING_SET_ROLLUP: 'ROLLUP', GROUPING_SET_CUBE: 'CUBE', GROUPING_SET_SETS: 'GROUPING SETS' }

function groupList(print: Print, items: unknown): string {
  return list(items)
    .map(item => {
      const [kind, fields] = open(item)
      if (kind !== 'GroupingSet') return print.expression(item)
      if (fields.kind === 'GROUPING_SET_EMPTY') return '()'
      return `${known(groupings, fields.kind)} (${groupList(print, fields.content)})`
    })
    .join(', ')
}

/** Writes what stands in FROM. */
export function fromList(print: Print, items: unknown): string {
  return list(items)
    .map(item => relationText(print, item))
    .join(', ')
}

function relationText(print: Print, node: unknown): string {
  const [kind, fields] = open(node)
  const lateral = fields.lateral === true ? 'LATERAL' : ''
  switch (kind) {
    case 'RangeVar':
      return tableText(fields)
    case 'RangeSubselect':
      return joined(lateral, `(${print.query(openAs(fields.subquery, 'SelectStmt'))})`, aliasText(fields.alias))
    case 'RangeTableSample':
      return sampleText(print, fields)
    case 'RangeFunction':
      return joined(lateral, functionText(print, fields))
    case 'JoinExpr':
      return joinText(print, fields)
    default:
      throw new Error(`cannot write ${kind}`)
  }
}

function sampleText(print: Print, { relation, method, args, repeatable }: Fields): string {
  const table = tableText(openAs(relation, 'RangeVar'))
  const repeat = repeatable === undefined ? '' : `REPEATABLE (${print.expression(repeatable)})`
  return joined(table, 'TABLESAMPLE', `${qualifiedName(method)} (${commas(print, args)})`, repeat)
}

function functionText(print: Print, fields: Fields): string {
  const calls = list(fields.functions).map(item => {
    const [call, columns] = list(openAs(item, 'List').items)
    const [kind, defined] = open(columns)
    return joined(print.expression(call), kind === '' ? '' : `AS (${columnDefinitions(print, defined.items)})`)
  })
  const source = fields.is_rowsfrom === true ? `ROWS FROM (${calls.join(', ')})` : (calls[0] as string)
  const ordinality = fields.ordinality === true ? 'WITH ORDINALITY' : ''
  const alias = aliasText(fields.alias)
  if (fields.coldeflist === undefined) return joined(source, ordinality, alias)
  return joined(source, ordinality, alias === '' ? 'AS' : alias, `(${columnDefinitions(print, fields.coldeflist)})`)
}

function columnDefinitions(print: Print, definitions: unknown): string {
  return list(definitions)
    .map(item => {
      const { colname, typeName, collClause } = openAs(item, 'ColumnDef')
      const collation = collClause === undefined ? '' : `COLLATE ${qualifiedName((collClause as Fields).collname)}`
      return joined(quoteName(text(colname)), typeNameText(print, typeName as Fields), collation)
    })
    .join(', ')
}

const joinWords = { JOIN_INNER: 'JOIN', JOIN_LEFT: 'LEFT JOIN', JOIN_FULL: 'FULL JOIN', JOIN_RIGHT: 'RIGHT JOIN' }

/** Always in parentheses, which also take the alias of the join. */
function joinText(print: Print, fields: Fields): string {
  const [left, right] = [relationText(print, fields.larg), relationText(print, fields.rarg)]
  const word = known(joinWords, fields.jointype)
  const condition =
    fields.usingClause !== undefined
      ? joined(`USING (${nameList(fields.usingClause)})`, aliasText(fields.join_using_alias))
      : fields.quals === undefined
        ? ''
        : `ON ${print.expression(fields.quals)}`
  const isCross = condition === '' && fields.isNatural !== true
  const between = isCross ? 'CROSS JOIN' : joined(fields.isNatural === true ? 'NATURAL' : '', word)
  return joined(`(${joined(left, between, right, condition)})`, aliasText(fields.alias))
}
