import { invalidInput } from '../../../src/refusal.ts'
import { noStatement } from '../denials.ts'
import type { Action, Judge, Judged } from '../judge.ts'
import type { Scope, Table } from '../scope.ts'
import { expression } from './expressions.ts'
import { type Frame, frameWithin } from './frame.ts'
import type { Token } from './lexer.ts'
import { mysqlParser, type Parser } from './parser.ts'
import { query, withClause } from './queries.ts'
import { Relations } from './relations.ts'
import { sameTree } from './same-tree.ts'
import { fields, list, notUnderstood, type Tree, variant } from './tree.ts'
import { Touches, type Work } from './work.ts'
import { insert, remove, update } from './writes.ts'

/**
 * Makes the judge of a scope at MySQL or MariaDB. The parser's grammar is not the servers', so nothing of the agent's text is
 * sent: what was understood is written anew, in words that have one meaning, and has to be understood as the same again.
 *
 * @throws Error for a filter of rows that cannot be enforced
 */
export async function judgeMysql(scope: Scope): Promise<Judge> {
  const parser = await mysqlParser()
  const relations = new Relations(scope, parser, table => rowsOf(table, scope, parser))
  return sql => {
    const { tree, tokens } = parser(sql)
    const work = newWork(relations, scope, query, answeringSelect(tree))
    const { action, text } = statement(tree, work, scope)
    refuseLost(tokens, work)
    if (!sameTree(tree, parser(text).tree, work.replaced)) throw invalidInput('sql: could be read in two ways')
    // MySQL has no RETURNING, and MariaDB none for UPDATE.
    return { action, text, sampled: null, touches: work.touches.all, parameters: work.counts.placeholders }
  }
}

function newWork(
  relations: Relations | null,
  scope: Scope,
  writeQuery: Work['query'],
  answering: unknown = null,
): Work {
  return {
    relations,
    functions: scope.functions,
    touches: new Touches(),
    target: null,
    counts: { strings: 0, numbers: 0, placeholders: 0, ctes: 0, narrowed: 0 },
    replaced: new Map(),
    answering,
    query: writeQuery,
  }
}

/** The SELECT that names the columns of the answer: in a set operation, the first. */
function answeringSelect(tree: unknown): unknown {
  const [kind, body] = variant(tree)
  let node = kind === 'Query' ? (body as Tree)['body'] : null
  while (typeof node === 'object' && node !== null && 'SetOperation' in node) node = (node.SetOperation as Tree)['left']
  return typeof node === 'object' && node !== null && 'Select' in node ? node.Select : null
}

function statement(tree: unknown, work: Work, scope: Scope): Pick<Judged, 'action' | 'text'> {
  const [kind, body] = variant(tree)
  const place = frameWithin(null)
  if (kind !== 'Query') return writing(kind, body, place, work, scope)
  const [inner, written] = variant(fields(body, 'with', 'body', 'order_by', 'limit_clause')['body'])
  if (inner !== 'Insert' && inner !== 'Update' && inner !== 'Delete')
    return { action: 'SELECT', text: query(body, null, work) }
  const { with: ctes } = fields(body, 'with', 'body')
  if (ctes === undefined || ctes === null) throw notUnderstood('such a statement')
  const head = withClause(ctes, place, work)
  const [, content] = variant(written)
  const rest = writing(inner, content, { ...place, ctes: head.ctes }, work, scope)
  return { action: rest.action, text: `${head.text} ${rest.text}` }
}

function writing(kind: string, body: unknown, place: Frame, work: Work, scope: Scope): Pick<Judged, 'action' | 'text'> {
  const kinds: Readonly<Record<string, readonly [Action, typeof insert]>> = {
    Insert: ['INSERT', insert],
    Update: ['UPDATE', update],
    Delete: ['DELETE', remove],
  }
  const found = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined
  if (found === undefined || scope.access === 'read') throw noStatement(scope)
  const [action, write] = found
  return { action, text: write(body, place, work, scope) }
}

/** Everything that carries a value came through: the parser has left out none, and made none of two. */
function refuseLost(tokens: readonly Token[], { counts }: Work): void {
  const count = (kind: Token['kind'], text?: string) =>
    tokens.filter(token => token.kind === kind && (text === undefined || token.text === text)).length
  const isSame =
    count('string') === counts.strings &&
    count('number') === counts.numbers &&
    count('symbol', '?') === counts.placeholders
  if (!isSame) throw invalidInput('sql: a value stands where none is offered; names are written plain or in backticks')
}

/** Writes the filter of a table anew: an expression over its own columns, and nothing else. */
function rowsOf(table: Table, scope: Scope, parser: Parser): string | null {
  if (table.rows === null) return null
  try {
    const { tree } = parser(`SELECT 1 FROM keyhold WHERE ${table.rows}`)
    const [kind, body] = variant(tree)
    const [what, select] = variant(fields(body, 'body')['body'])
    const { selection } = fields(select, 'projection', 'from', 'selection', 'group_by')
    if (kind !== 'Query' || what !== 'Select' || selection === undefined) throw notUnderstood('such a filter')
    refuseGroups(select)
    const frame = frameWithin(null)
    frame.sources.push({ alias: table.name, columns: null })
    return expression(selection, frame, newWork(null, scope, null))
  } catch (error) {
    throw new Error(`${table.label}: rows: ${(error as Error).message}`, { cause: error })
  }
}

function refuseGroups(select: unknown): void {
  const [, groups] = variant((select as Tree)['group_by'])
  if (list(groups).some(part => list(part).length > 0)) throw notUnderstood('GROUP BY in a filter')
}
