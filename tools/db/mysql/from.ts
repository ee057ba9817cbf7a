import { invalidInput } from '../../../src/refusal.ts'
import { expression } from './expressions.ts'
import { type Frame, sameName } from './frame.ts'
import { columnNames, identifier, isPlain, objectName, spelled } from './names.ts'
import { fields, list, notUnderstood, type Tree, variant } from './tree.ts'
import type { Work } from './work.ts'

/** Writes a query, and tells the names of its columns. */
type WriteQuery = (
  node: unknown,
  outer: Frame,
  work: Work,
) => { readonly text: string; readonly columns: readonly string[] | null }

const joins: Readonly<Record<string, string>> = {
  Join: 'JOIN',
  Inner: 'INNER JOIN',
  Left: 'LEFT JOIN',
  LeftOuter: 'LEFT OUTER JOIN',
  Right: 'RIGHT JOIN',
  RightOuter: 'RIGHT OUTER JOIN',
  CrossJoin: 'CROSS JOIN',
  StraightJoin: 'STRAIGHT_JOIN',
}

/** Writes what stands behind FROM, and puts its names into the frame; an empty text where there is nothing. */
export function from(node: unknown, frame: Frame, work: Work, query: WriteQuery): string {
  // A condition may name what only comes later: names are collected first, conditions written after.
  const parts = list(node).map(item => tableWithJoins(item, frame, work, query))
  return parts.map(write => write()).join(', ')
}

function tableWithJoins(node: unknown, frame: Frame, work: Work, query: WriteQuery): () => string {
  const { relation, joins: more } = fields(node, 'relation', 'joins')
  const first = factor(relation, frame, work, query)
  const rest = list(more).map(join => {
    const { relation: joined, join_operator: operator } = fields(join, 'relation', 'join_operator')
    const [kind, constraint] = variant(operator)
    const word = Object.hasOwn(joins, kind) ? joins[kind] : undefined
    if (word === undefined) throw notUnderstood('such a join')
    const right = factor(joined, frame, work, query)
    return () => {
      const [natural, condition] = constraintOf(constraint, frame, work)
      return ` ${natural}${word} ${right()}${condition}`
    }
  })
  return () => `${first()}${rest.map(write => write()).join('')}`
}

function constraintOf(node: unknown, frame: Frame, work: Work): readonly [string, string] {
  const [kind, body] = variant(node)
  switch (kind) {
    case 'None':
      return ['', '']
    case 'Natural':
      return ['NATURAL ', '']
    case 'On':
      return ['', ` ON ${expression(body, frame, work)}`]
    case 'Using': {
      const columns = list(body).map(name => {
        const [column, more] = objectName(name)
        if (column === undefined || more !== undefined) throw notUnderstood('such a USING')
        return spelled(column)
      })
      return ['', ` USING (${columns.join(', ')})`]
    }
    default:
      throw notUnderstood('such a join')
  }
}

function factor(node: unknown, frame: Frame, work: Work, query: WriteQuery): () => string {
  const [kind, body] = variant(node)
  switch (kind) {
    case 'Table': {
      const { name, alias } = fields(body, 'name', 'alias')
      const text = table(node, name, aliasOf(alias), frame, work)
      return () => text
    }
    case 'Derived': {
      const { lateral, subquery, alias } = fields(body, 'lateral', 'subquery', 'alias')
      const named = aliasOf(alias)
      if (named === null) throw notUnderstood('a subquery in FROM without a name')
      // Without LATERAL it sees nothing of the FROM that it is in.
      const { text, columns } = query(
        subquery,
        lateral === true ? frame : { ...frame, sources: [], aliases: new Set() },
        work,
      )
      addSource(frame, named.name, named.columns ?? columns)
      const nameList = named.columns === null ? '' : ` (${named.columns.map(spelled).join(', ')})`
      return () => `${lateral === true ? 'LATERAL ' : ''}(${text}) AS ${spelled(named.name)}${nameList}`
    }
    case 'NestedJoin': {
      const { table_with_joins: inner } = fields(body, 'table_with_joins')
      const write = tableWithJoins(inner, frame, work, query)
      return () => `(${write()})`
    }
    default:
      throw notUnderstood('such a thing in FROM')
  }
}

interface Alias {
  readonly name: string
  readonly columns: readonly string[] | null
}

function aliasOf(node: unknown): Alias | null {
  if (node === undefined || node === null) return null
  const { name, columns } = fields(node, 'explicit', 'name', 'columns')
  const names = columnNames(columns)
  return { name: identifier(name), columns: names.length === 0 ? null : names }
}

function table(factorNode: unknown, node: unknown, alias: Alias | null, frame: Frame, work: Work): string {
  if (alias !== null && alias.columns !== null) throw notUnderstood('a table with a list of columns')
  const name = objectName(node)
  const [first = ''] = name
  const cte = name.length === 1 ? frame.ctes.get(first) : undefined
  const as = alias?.name ?? name.at(-1) ?? first
  if (cte !== undefined) {
    addSource(frame, as, cte.columns)
    work.replaced.set(factorNode, work.relations?.cteTree(cte.name, as))
    return `${spelled(cte.name)} AS ${spelled(as)}`
  }
  if (
    name.length === 1 &&
    alias === null &&
    first.toLowerCase() === 'dual' &&
    isPlain((list(node)[0] as Tree)['Identifier'])
  )
    return 'DUAL'
  const relation = work.relations?.find(name)
  if (relation === undefined) throw notUnderstood('a table')
  work.touches.add('read', relation.table.label)
  if (relation.columns !== null || relation.table.rows !== null) work.counts.narrowed += 1
  addSource(frame, as, relation.columns)
  work.replaced.set(factorNode, relation.tree(as))
  return relation.read(as)
}

/** The servers themselves join no more. */
const maxSources = 61

function addSource(frame: Frame, alias: string, columns: readonly string[] | null): void {
  if (frame.sources.some(source => sameName(source.alias, alias)))
    throw invalidInput(`sql: ${alias} is twice in one FROM; give each an alias of its own`)
  if (frame.sources.length === maxSources) throw invalidInput(`sql: more than ${maxSources} tables in one FROM`)
  frame.sources.push({ alias, columns })
}
