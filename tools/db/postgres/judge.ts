import { invalidInput } from '../../../src/refusal.ts'
import { noStatement } from '../denials.ts'
import type { Action, Judge, Judged } from '../judge.ts'
import { refuseOddText } from '../lexical.ts'
import type { Scope } from '../scope.ts'
import { functionsOf } from './calls.ts'
import { refuseUnknown } from './columns.ts'
import { expression } from './expressions.ts'
import { refuseCalls } from './notation.ts'
import { loadGrammar, parseMade, parseStatement } from './parse.ts'
import { printStatement } from './print.ts'
import { query } from './queries.ts'
import { relation } from './relations.ts'
import { filtersOf } from './rows.ts'
import { withSample } from './sample.ts'
import { tablesOf } from './tables.ts'
import { isSame, type Node, open } from './tree.ts'
import { type Found, nothingFound, type Walk } from './walk.ts'
import { write } from './writes.ts'

/**
 * Makes the judge of a scope. It reads statements with the grammar of PostgreSQL itself.
 *
 * @throws Error with a sentence for the admin
 */
export async function judgePostgres(scope: Scope): Promise<Judge> {
  await loadGrammar()
  const fixed = { tables: tablesOf(scope), functions: functionsOf(scope), filters: filtersOf(scope) }
  return sql => {
    refuseOddText(sql)
    const statement = parseStatement(sql)
    const found = nothingFound()
    const walk: Walk = { ...fixed, found, ctes: new Set(), target: null, visit: { expression, query, relation } }
    const action = judgeStatement(walk, statement, scope)
    refuseUnknown(found)
    refuseCalls(found)
    const sample = action === 'SELECT' ? null : withSample(statement, fixed.tables)
    const [text, sampled] = [printedSafely(statement), sample && printedSafely(sample)]
    return { action, text, sampled, touches: [...found.touches.values()], parameters: countOf(found) }
  }
}

function judgeStatement(walk: Walk, statement: Node, scope: Scope): Action {
  const [kind, fields] = open(statement)
  if (kind === 'SelectStmt') {
    query(walk, fields)
    return 'SELECT'
  }
  const action = scope.access === 'read' ? null : write(walk, kind, fields)
  if (action === null) throw noStatement(scope)
  return action
}

/** Writes the judged tree as a text, and reads that again: what the database understands has to be what was meant. */
function printedSafely(statement: Node): Judged['text'] {
  try {
    const text = printStatement(statement)
    if (isSame(statement, parseMade(text))) return text
  } catch {
    // Refused below, like a text that can be read but means something else.
  }
  throw invalidInput('sql: this statement cannot be rewritten safely; write it more simply')
}

function countOf({ parameters }: Found): number {
  const highest = Math.max(0, ...parameters)
  for (let number = 1; number <= highest; number += 1)
    if (!parameters.has(number)) throw invalidInput(`sql: $${number} is missing; number the parameters from $1 on`)
  return highest
}
