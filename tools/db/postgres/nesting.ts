import { scanSync } from 'libpg-query'
import { invalidInput } from '../../../src/refusal.ts'

/** How deep a tree may be. A long chain such as 1 + 1 + 1 counts: every operator is a level. */
export const maxDepth = 200

/**
 * The parser uses the stack for what is nested, and when that ends it is left damaged. The worst that was found is two
 * characters for one level, and 9,500 levels: a text that is shorter than this cannot get near.
 */
const harmlessLength = 6_000

/** How many tokens may stand in a row without a comma that begins something new. */
const maxRun = 3_000
const maxSetOperations = 500

/**
 * The scanner of the parser reads what looks like an operator again from each of its characters, as in `/*` 30,000 times,
 * which takes it many seconds.
 */
const longOperator = /[-~!@#^&|`?+*/%<>=]{201}/

const opening: ReadonlySet<string> = new Set(['(', '['])
const closing: ReadonlySet<string> = new Set([')', ']'])
const setOperation: ReadonlySet<string> = new Set(['union', 'except', 'intersect'])

/**
 * Refuses a text that could overwhelm the parser, before it is given to the parser. It is read by the parser's own
 * scanner, which does not nest, so strings and comments cannot hide anything. Every level of a tree takes a token; what
 * stands beside each other, after a comma, has the same level. Long lists therefore stay possible.
 *
 * @throws Refusal `invalid_input`
 */
export function refuseDeepText(sql: string): void {
  if (longOperator.test(sql)) throw invalidInput('sql: has more than 200 signs in a row')
  if (sql.length <= harmlessLength) return
  const outer: { run: number; longest: number }[] = []
  let level = { run: 0, longest: 0 }
  let setOperations = 0
  for (const { text } of tokensOf(sql)) {
    level.run += 1
    if (opening.has(text)) {
      outer.push(level)
      level = { run: 0, longest: 0 }
    } else if (closing.has(text)) {
      const inner = Math.max(level.run, level.longest)
      level = outer.pop() ?? { run: 0, longest: 0 }
      level.run += inner
    } else if (text === ',') {
      level.longest = Math.max(level.longest, level.run)
      level.run = 0
    } else if (setOperation.has(text.toLowerCase())) setOperations += 1
    // The lists that a set operation joins have commas of their own, yet every operation is a level.
    if (level.run > maxRun || outer.length > maxDepth || setOperations > maxSetOperations) throw tooDeep()
  }
}

function tokensOf(sql: string): ReturnType<typeof scanSync>['tokens'] {
  try {
    return scanSync(sql).tokens
  } catch {
    throw invalidInput('sql: is not valid PostgreSQL')
  }
}

/** The refusal of what is nested too deeply. */
export function tooDeep(): Error {
  return invalidInput('sql: is nested too deeply, or chains too many operators; write it more simply')
}
