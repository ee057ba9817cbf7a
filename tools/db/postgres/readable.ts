import type { Table } from '../scope.ts'
import { type Fields, nameNode, type Node } from './tree.ts'

/** How a table was written where it is read. */
interface Written {
  readonly alias: Fields | undefined
  /** ONLY: without the tables that inherit from it. */
  readonly only: boolean
  /** TABLESAMPLE, which has to be at the table itself. */
  readonly sampled?: Fields | undefined
  /** What `rows` of the table says; undefined for all. */
  readonly filter: Node | undefined
}

/** Makes what an agent may see of a table: the table, or where not all of it is allowed, a subquery of the rest. */
export function readable(table: Table, { alias, only, sampled, filter }: Written): Node {
  const isWhole = table.columns === null && table.rows === null && filter === undefined
  const range = tableNode(table, only, isWhole ? alias : undefined)
  const from =
    sampled === undefined ? { RangeVar: range } : { RangeTableSample: { ...sampled, relation: { RangeVar: range } } }
  if (isWhole) return from
  if (filter === undefined && table.rows !== null) throw new Error(`${table.label}: rows was not compiled`)
  const selected = (condition: Node | undefined): Fields => ({
    targetList: columnsOf(table).map(fields => ({ ResTarget: { val: { ColumnRef: { fields } } } })),
    fromClause: [from],
    ...(condition === undefined ? {} : { whereClause: condition }),
    limitOption: 'LIMIT_OPTION_DEFAULT',
    op: 'SETOP_NONE',
  })
  const subquery = { SelectStmt: filter === undefined ? selected(undefined) : fenced(selected, filter) }
  return { RangeSubselect: { subquery, alias: alias ?? { aliasname: table.name } } }
}

/** Makes the name of a table, with its schema. */
export function tableNode({ schema, name }: Table, only: boolean, alias: Fields | undefined): Fields {
  return {
    schemaname: schema,
    relname: name,
    ...(only ? {} : { inh: true }),
    relpersistence: 'p',
    ...(alias === undefined ? {} : { alias }),
  }
}

/** Qualified, since the name of a column that is not there would be looked for in the queries around this one. */
function columnsOf({ name, columns }: Table): Node[][] {
  if (columns === null) return [[nameNode(name), { A_Star: {} }]]
  return columns.map(column => [nameNode(name), nameNode(column)])
}

/**
 * OFFSET keeps the planner from moving a condition of the agent's to before the filter, where `1 / (id - 7)` would tell by
 * its error that there is a hidden row 7. UNION with nothing keeps it from trying such a condition on its statistics, which
 * hold values of hidden rows: `name LIKE 'An%\'` fails while it is planned, if there is a name that begins so.
 */
function fenced(selected: (condition: Node) => Fields, filter: Node): Fields {
  return {
    op: 'SETOP_UNION',
    all: true,
    larg: selected(filter),
    rarg: selected({ A_Const: { boolval: {} } }),
    limitOffset: { A_Const: { ival: {} } },
    limitOption: 'LIMIT_OPTION_COUNT',
  }
}
