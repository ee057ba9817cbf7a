import { invalidInput } from '../../../src/refusal.ts'
import { noStatement } from '../denials.ts'
import type { Action, Judge } from '../judge.ts'
import type { Scope, Table } from '../scope.ts'
import type { Stmt } from 'sqlite3-parser'
import { expression } from './expressions.ts'
import { frameWithin } from './frames.ts'
import { fold } from './names.ts'
import { notOffered, partsOf } from './nodes.ts'
import { parsed } from './parsed.ts'
import { select } from './queries.ts'
import { Relations } from './relations.ts'
import { sampleOf } from './sample.ts'
import { Work } from './work.ts'
import { insert, remove, update } from './writes.ts'

/**
 * Makes the judge of a scope at SQLite. What is sent is made of the tokens of the statement, without its comments and with
 * the allowed part of each table in place of its name, and has to be understood as what was judged.
 *
 * @throws Error for a scope that cannot be enforced
 */
export async function judgeSqlite(scope: Scope): Promise<Judge> {
  const relations = new Relations(scope, table => rowsOf(table, scope))
  return sql => {
    const { root, pieces, parameters } = parsed(sql)
    const work = new Work(relations, scope.functions, select)
    const action = statement(root, scope, work)
    const made = work.edits.made(pieces)
    const text = meant(work, root, made)
    const sample = sampleOf(root, relations)
    const sampled = sample && meant(work, sample.tree, `${made} ${sample.text}`)
    return { action, text, sampled, touches: work.touches, parameters }
  }
}

/** Gives a text that was made, when it is read as what was meant. */
function meant(work: Work, tree: unknown, text: string): string {
  if (work.edits.isMeant(tree, parsed(text).root)) return text
  throw invalidInput('sql: could be read in two ways')
}

function statement(root: Stmt, scope: Scope, work: Work): Action {
  if (scope.access === 'read' && root.type !== 'SelectStmt') throw noStatement(scope)
  switch (root.type) {
    case 'SelectStmt':
      partsOf(root)
      select(root.body, null, work)
      return 'SELECT'
    case 'InsertStmt':
      insert(root, scope, work)
      return 'INSERT'
    case 'UpdateStmt':
      update(root, scope, work)
      return 'UPDATE'
    case 'DeleteStmt':
      remove(root, scope, work)
      return 'DELETE'
    default:
      throw noStatement(scope)
  }
}

/** Writes the condition of a table anew: an expression over its own columns, and nothing else. */
function rowsOf(table: Table, scope: Scope): string | null {
  if (table.rows === null) return null
  try {
    const start = 'SELECT 1 WHERE '
    const { root, pieces } = parsed(`${start}${table.rows}`)
    const body = root.type === 'SelectStmt' ? root.body.select : null
    if (root.type !== 'SelectStmt' || body?.type !== 'SelectFrom' || body.whereClause === undefined)
      throw notOffered('such a condition')
    const { select: _select, type: _type, span: _span, ...around } = root.body
    const { columns, whereClause, type: _kind, span: _place, ...beside } = body
    if (columns.length !== 1 || [...Object.values(around), ...Object.values(beside)].some(part => part !== undefined))
      throw notOffered('such a condition')
    const work = new Work(null, scope.functions, null)
    const frame = frameWithin(null)
    frame.sources.push({ alias: fold(table.name), columns: null })
    expression(whereClause, frame, work)
    return work.edits.made(pieces.filter(piece => piece.start >= start.length))
  } catch (error) {
    throw new Error(`${table.label}: rows: ${(error as Error).message}`, { cause: error })
  }
}
