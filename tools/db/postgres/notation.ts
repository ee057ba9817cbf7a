import { OutOfScope } from '../judge.ts'
import { safeFunctions } from './functions.ts'
import { type Fields, list, names, open, openAs, text } from './tree.ts'
import type { Found } from './walk.ts'

/*
 * To PostgreSQL `x.name` and `(x).name` are two more ways to write `name(x)`: where x has no such column, any built-in
 * function with one argument is called. `('SELECT ...'::text).ts_stat` runs SQL, `(60.0::float8).pg_sleep` sleeps.
 */

/** Fields that the database names by itself; no built-in function is called so. */
const givenFields = /^(?:key|value|ordinality|f\d+|column\d+)$/

/** Functions in FROM whose one column is called like their alias. */
const calledLikeAlias: ReadonlySet<string> = new Set(
  `generate_series generate_subscripts unnest regexp_split_to_table string_to_table regexp_matches json_object_keys
   jsonb_object_keys jsonb_path_query`.split(/\s+/),
)

/** Records by what name functions in FROM are called, and which columns they surely have. */
export function addCalled({ calls }: Found, fields: Fields, called: readonly string[]): void {
  const { aliasname, colnames } = (fields.alias ?? {}) as Fields
  const columns = new Set(names(colnames) ?? [])
  const definitions = list(fields.functions).flatMap(item => list(open(list(openAs(item, 'List').items)[1])[1].items))
  for (const each of [...list(fields.coldeflist), ...definitions]) columns.add(text(openAs(each, 'ColumnDef').colname))
  const alias = aliasname === undefined ? null : text(aliasname)
  const isLikeAlias = colnames === undefined && called.length === 1 && calledLikeAlias.has(called[0] as string)
  if (alias !== null && isLikeAlias) columns.add(alias)
  for (const name of alias === null ? called : [alias]) {
    const known = calls.get(name)
    calls.set(name, known === undefined ? columns : new Set([...known].filter(column => columns.has(column))))
  }
}

/**
 * Denies what could be the call of a function that is written like a column. A row of a table or of a query can only be
 * given to functions that take any row; what a function in FROM gives can be a single value, and so can anything in
 * parentheses: there, a name has to be one that is surely a column, or a function that may be called.
 */
export function refuseCalls({ references, fields, calls, relations }: Found): void {
  const listed = new Set([...relations.values()].flatMap(each => each.flatMap(columns => columns ?? [])))
  const isSafe = (name: string) => listed.has(name) || givenFields.test(name) || safeFunctions.has(name)
  for (const name of fields) {
    if (!isSafe(name)) throw notSurely(`(...).${name}`, `SELECT x.${name} FROM (SELECT (...).*) x`)
  }
  for (const { relation, name } of references) {
    if (relation === null || name === '*' || isSafe(name)) continue
    const declared = calls.get(relation)
    if (declared?.has(name) ?? !name.startsWith('pg_')) continue
    throw notSurely(`${relation}.${name}`, declared === undefined ? name : `${relation}(${name}) in FROM`)
  }
}

function notSurely(written: string, instead: string): OutOfScope {
  return new OutOfScope(`${written.slice(0, 130)}: could be a call of a function; write ${instead.slice(0, 130)}`)
}
