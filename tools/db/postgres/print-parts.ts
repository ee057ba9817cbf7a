import type { Print } from './print.ts'
import { quoteName } from './quote.ts'
import { type Fields, list, names, open, openAs, text } from './tree.ts'

/** Writes parts one after the other, without those that are not there. */
export function joined(...parts: readonly (string | undefined)[]): string {
  return parts.filter(part => part !== undefined && part !== '').join(' ')
}

/** Writes each expression of a list. */
export function commas(print: Print, nodes: unknown): string {
  return list(nodes).map(print.expression).join(', ')
}

/** Writes a list of names, quoted. */
export function nameList(nodes: unknown): string {
  return (names(nodes) as readonly string[]).map(quoteName).join(', ')
}

/** Writes a name with its schema. */
export function qualifiedName(nodes: unknown): string {
  return (names(nodes) as readonly string[]).map(quoteName).join('.')
}

/** Writes an operator as it is put between its operands. */
export function operatorSign(nodes: unknown): string {
  const [first, second] = names(nodes) as readonly string[]
  return second === undefined ? (first as string) : `OPERATOR(${quoteName(first as string)}.${second})`
}

/** Writes a clause if there is anything in it. */
export function clause(keyword: string, content: string | undefined): string {
  return content === undefined || content === '' ? '' : `${keyword} ${content}`
}

/** Writes the name of a type. */
export function typeNameText(print: Print, fields: Fields): string {
  const typmods = list(fields.typmods)
  const bounds = list(fields.arrayBounds).map(bound => {
    const size = (openAs(bound, 'Integer').ival ?? 0) as number
    return size === -1 ? '[]' : `[${size}]`
  })
  return `${qualifiedName(fields.names)}${typmods.length === 0 ? '' : `(${commas(print, typmods)})`}${bounds.join('')}`
}

const directions = { SORTBY_DEFAULT: '', SORTBY_ASC: 'ASC', SORTBY_DESC: 'DESC', SORTBY_USING: 'USING' }
const nullsAt = { SORTBY_NULLS_DEFAULT: '', SORTBY_NULLS_FIRST: 'NULLS FIRST', SORTBY_NULLS_LAST: 'NULLS LAST' }

/** Writes what stands after ORDER BY. */
export function orderList(print: Print, nodes: unknown): string {
  return list(nodes)
    .map(item => {
      const { node, sortby_dir: direction, sortby_nulls: nulls, useOp } = openAs(item, 'SortBy')
      const using = useOp === undefined ? '' : operatorSign(useOp)
      return joined(print.expression(node), known(directions, direction), using, known(nullsAt, nulls))
    })
    .join(', ')
}

/** Writes a word that stands for a value of the tree; one that is not listed cannot be written. */
export function known(words: Readonly<Record<string, string>>, value: unknown): string {
  const word = words[value as string]
  if (word === undefined) throw new Error(`no word for ${text(value)}`)
  return word
}

/** Writes an alias with its columns. */
export function aliasText(alias: unknown): string {
  if (alias === undefined) return ''
  const { aliasname, colnames } = alias as Fields
  const columns = colnames === undefined ? '' : ` (${nameList(colnames)})`
  return `AS ${quoteName(text(aliasname))}${columns}`
}

/** Writes results: of SELECT, or of RETURNING. */
export function resultList(print: Print, nodes: unknown): string {
  return list(nodes)
    .map(item => {
      const { name, val } = openAs(item, 'ResTarget')
      return joined(print.expression(val), name === undefined ? '' : `AS ${quoteName(text(name))}`)
    })
    .join(', ')
}

/** Writes the name of a table with its schema, and its alias. */
export function tableText(fields: Fields): string {
  const name = quoteName(text(fields.relname))
  const full = fields.schemaname === undefined ? name : `${quoteName(text(fields.schemaname))}.${name}`
  return joined(fields.inh === true ? '' : 'ONLY', full, aliasText(fields.alias))
}

/** Writes WITH. */
export function withText(print: Print, clauseFields: unknown): string {
  if (clauseFields === undefined) return ''
  const { ctes, recursive } = clauseFields as Fields
  const all = list(ctes).map(item => cteText(print, openAs(item, 'CommonTableExpr')))
  return joined('WITH', recursive === true ? 'RECURSIVE' : '', all.join(', '))
}

const materialized = {
  CTEMaterializeDefault: '',
  CTEMaterializeAlways: 'MATERIALIZED',
  CTEMaterializeNever: 'NOT MATERIALIZED',
}

function cteText(print: Print, cte: Fields): string {
  const columns = cte.aliascolnames === undefined ? '' : ` (${nameList(cte.aliascolnames)})`
  const body = `(${print.query(open(cte.ctequery)[1])})`
  const head = joined(`${quoteName(text(cte.ctename))}${columns}`, 'AS', known(materialized, cte.ctematerialized), body)
  return joined(head, searchText(cte.search_clause), cycleText(print, cte.cycle_clause))
}

function searchText(search: unknown): string {
  if (search === undefined) return ''
  const { search_col_list: columns, search_breadth_first: isBreadth, search_seq_column: sequence } = search as Fields
  const order = isBreadth === true ? 'BREADTH' : 'DEPTH'
  return `SEARCH ${order} FIRST BY ${nameList(columns)} SET ${quoteName(text(sequence))}`
}

function cycleText(print: Print, cycle: unknown): string {
  if (cycle === undefined) return ''
  const fields = cycle as Fields
  const values = [fields.cycle_mark_value, fields.cycle_mark_default].map(print.expression).join(' DEFAULT ')
  const mark = `SET ${quoteName(text(fields.cycle_mark_column))} TO ${values}`
  return `CYCLE ${nameList(fields.cycle_col_list)} ${mark} USING ${quoteName(text(fields.cycle_path_column))}`
}
