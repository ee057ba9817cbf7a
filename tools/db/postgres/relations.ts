import { invalidInput } from '../../../src/refusal.ts'
import { OutOfScope } from '../judge.ts'
import type { Table } from '../scope.ts'
import { collation, typeName } from './built-in.ts'
import { oneColumnFunctions } from './functions.ts'
import { addCalled } from './notation.ts'
import { readable } from './readable.ts'
import { type Fields, list, type Node, names, notAvailable, only, open, openAs, positions, text } from './tree.ts'
import { addRelation, deeper, expressions, touch, type Walk } from './walk.ts'

/** How many tables one statement may read; each counts wherever it stands. */
const maxReads = 100

/** Judges what stands in FROM, and gives what takes its place: a table becomes what an agent may see of it. */
export function relation(walk: Walk, node: unknown): Node {
  const [kind, fields] = open(node)
  const judge = kinds.get(kind)
  if (judge === undefined) throw notAvailable(kind)
  let made = node as Node
  deeper(walk, () => {
    made = judge(walk, fields, node as Node)
  })
  return made
}

const kinds = new Map<string, (walk: Walk, fields: Fields, node: Node) => Node>([
  ['RangeVar', (walk, fields, node) => tableOrCte(walk, fields, node)],
  ['RangeTableSample', sample],
  ['RangeSubselect', subselect],
  ['RangeFunction', rangeFunction],
  ['JoinExpr', join],
])

/** Reads the names that an alias gives, and notes them. */
function aliasOf(walk: Walk, alias: unknown): { readonly name: string | null; readonly renames: boolean } {
  if (alias === undefined) return { name: null, renames: false }
  const fields = alias as Fields
  only(fields, ['aliasname', 'colnames'])
  const columns = names(fields.colnames) ?? []
  for (const name of [text(fields.aliasname), ...columns]) walk.found.names.add(name)
  return { name: text(fields.aliasname), renames: columns.length > 0 }
}

/** Takes the name of a table apart. */
export function tableName(fields: Fields): readonly [schema: string | null, name: string] {
  only(fields, ['schemaname', 'relname', 'inh', 'relpersistence', 'alias'])
  if (fields.relpersistence !== 'p') throw notAvailable('relpersistence')
  return [(fields.schemaname as string | undefined) ?? null, text(fields.relname)]
}

function tableOrCte(walk: Walk, fields: Fields, node: Node): Node {
  const [schema, name] = tableName(fields)
  const alias = aliasOf(walk, fields.alias)
  if (schema === null && walk.ctes.has(name)) {
    if (fields.inh !== true) throw new OutOfScope(`ONLY is for tables, and ${name} is none`)
    addRelation(walk, alias.name ?? name, null)
    return node
  }
  return readTable(walk, walk.tables(schema, name), fields, alias)
}

function readTable(
  walk: Walk,
  table: Table,
  fields: Fields,
  alias: ReturnType<typeof aliasOf>,
  sampled?: Fields,
): Node {
  touch(walk, 'read', table)
  walk.found.reads += 1
  // A few letters become a list of columns each time, which is more to read and to plan than a statement is allowed to be.
  if (walk.found.reads > maxReads) throw invalidInput(`sql: reads more than ${maxReads} tables`)
  // New names for columns hide the listed ones.
  addRelation(walk, alias.name ?? table.name, alias.renames ? null : table.columns)
  if (table.columns === null) walk.found.open = true
  const written = { alias: fields.alias as Fields | undefined, only: fields.inh !== true, sampled }
  return readable(table, { ...written, filter: walk.filters.get(table) })
}

function sample(walk: Walk, fields: Fields): Node {
  only(fields, ['relation', 'method', 'args', 'repeatable'])
  const method = (names(fields.method) ?? []).join('.')
  if (method !== 'bernoulli' && method !== 'system') throw new OutOfScope(`TABLESAMPLE ${method} is not available`)
  for (const value of [...list(fields.args), ...(fields.repeatable === undefined ? [] : [fields.repeatable])]) {
    const [kind] = open(value)
    if (kind !== 'A_Const' && kind !== 'ParamRef') throw notAvailable(kind)
    expressions(walk, [value])
  }
  const range = openAs(fields.relation, 'RangeVar')
  const [schema, name] = tableName(range)
  const alias = aliasOf(walk, range.alias)
  if (schema === null && walk.ctes.has(name)) throw new OutOfScope(`TABLESAMPLE is for tables, and ${name} is none`)
  return readTable(walk, walk.tables(schema, name), range, alias, fields)
}

function subselect(walk: Walk, fields: Fields, node: Node): Node {
  only(fields, ['lateral', 'subquery', 'alias'])
  const alias = aliasOf(walk, fields.alias)
  if (alias.name !== null) addRelation(walk, alias.name, null)
  walk.visit.query(walk, openAs(fields.subquery, 'SelectStmt'))
  return node
}

/** Judges functions in FROM: `f(x)`, `ROWS FROM (f(x), g(y))`, each perhaps with the columns it gives. */
function rangeFunction(walk: Walk, fields: Fields, node: Node): Node {
  only(fields, ['lateral', 'ordinality', 'is_rowsfrom', 'functions', 'alias', 'coldeflist'])
  const alias = aliasOf(walk, fields.alias)
  if (alias.name !== null) addRelation(walk, alias.name, null)
  unnestEach(fields)
  const called: string[] = []
  for (const item of list(fields.functions)) {
    const [call, columns] = list(openAs(item, 'List').items)
    const { funcname } = openAs(call, 'FuncCall')
    expressions(walk, [call])
    const name = names(funcname)?.at(-1) ?? ''
    called.push(name)
    addRelation(walk, name, null)
    if (!oneColumnFunctions.has(name)) walk.found.open = true
    const [kind, defined] = open(columns)
    if (kind !== '') columnDefinitions(walk, kind === 'List' ? defined.items : notAvailable(kind))
  }
  columnDefinitions(walk, fields.coldeflist)
  addCalled(walk.found, fields, called)
  return node
}

/**
 * Makes `unnest(a, b)` to `ROWS FROM (unnest(a), unnest(b))`. There is no such function; the database does the same, but
 * only where the name has no schema.
 */
function unnestEach(fields: Fields): void {
  const items = list(fields.functions)
  const split = items.flatMap(item => {
    const [call, ...rest] = list(openAs(item, 'List').items)
    const { funcname, args, funcformat, ...others } = openAs(call, 'FuncCall')
    const name = names(funcname)
    const isPlain = name?.length === 1 && name[0] === 'unnest' && Object.keys(others).every(key => positions.has(key))
    if (!isPlain || list(args).length < 2) return [item]
    if (list(args).length > maxReads) throw invalidInput(`sql: unnest takes at most ${maxReads} lists`)
    return list(args).map(each => {
      return { List: { items: [{ FuncCall: { funcname: [...list(funcname)], args: [each], funcformat } }, ...rest] } }
    })
  })
  if (split.length === items.length) return
  fields.functions = split
  fields.is_rowsfrom = true
}

function columnDefinitions(walk: Walk, definitions: unknown): void {
  for (const item of list(definitions)) {
    const column = openAs(item, 'ColumnDef')
    only(column, ['colname', 'typeName', 'is_local', 'collClause'])
    walk.found.names.add(text(column.colname))
    typeName(walk, column.typeName as Fields)
    if (column.collClause === undefined) continue
    only(column.collClause as Fields, ['collname'])
    collation(column.collClause as Fields)
  }
}

const joinTypes: ReadonlySet<unknown> = new Set(['JOIN_INNER', 'JOIN_LEFT', 'JOIN_FULL', 'JOIN_RIGHT'])

function join(walk: Walk, fields: Fields, node: Node): Node {
  only(fields, ['jointype', 'isNatural', 'larg', 'rarg', 'usingClause', 'join_using_alias', 'quals', 'alias'])
  if (!joinTypes.has(fields.jointype)) throw notAvailable(text(fields.jointype))
  const alias = aliasOf(walk, fields.alias)
  if (alias.name !== null) addRelation(walk, alias.name, null)
  const using = aliasOf(walk, fields.join_using_alias)
  if (using.name !== null) addRelation(walk, using.name, null)
  fields.larg = walk.visit.relation(walk, fields.larg)
  fields.rarg = walk.visit.relation(walk, fields.rarg)
  for (const name of names(fields.usingClause) ?? []) walk.found.references.push({ relation: null, name })
  if (fields.quals !== undefined) expressions(walk, [fields.quals])
  return node
}
