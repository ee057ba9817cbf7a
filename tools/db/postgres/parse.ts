import { hasSqlDetails, loadModule, parseSync } from 'libpg-query'
import { invalidInput } from '../../../src/refusal.ts'
import { refuseDeepText, tooDeep } from './nesting.ts'
import type { Node } from './tree.ts'

/** Loads the grammar of PostgreSQL itself; once, before anything is parsed. */
export async function loadGrammar(): Promise<void> {
  await loadModule()
}

/**
 * Parses a text that must be exactly one statement.
 *
 * @throws Refusal `invalid_input`
 */
export function parseStatement(sql: string): Node {
  refuseDeepText(sql)
  return parseMade(sql)
}

/** Parses a text that was made from a tree, whose depth is known. */
export function parseMade(sql: string): Node {
  const { stmts } = parsed(sql)
  const [first] = stmts ?? []
  if (first?.stmt === undefined) throw invalidInput('sql: holds no statement')
  if (stmts?.length !== 1) throw invalidInput('sql: holds more than one statement')
  return first.stmt as unknown as Node
}

function parsed(sql: string): ReturnType<typeof parseSync> {
  try {
    return parseSync(sql)
  } catch (error) {
    if (!hasSqlDetails(error)) throw tooDeep()
    if (/memory exhausted/.test(error.message)) throw tooDeep()
    const at = (error.sqlDetails?.cursorPosition ?? 0) + 1
    const hint = /[?:]/.test([...sql][at - 1] ?? '') || /[=(,]\s*\?/.test(sql) ? '; a value is written as $1' : ''
    throw invalidInput(`sql: is not valid PostgreSQL, at character ${at}${hint}`)
  }
}
