import { invalidInput } from '../../../src/refusal.ts'
import type { Token } from './lexer.ts'

/** Parentheses within parentheses; the parser itself gives up at 50. */
const maxNesting = 40

/** A parser in WebAssembly that runs out of stack, at about 700, never works again. */
const maxDepth = 300

const operators = new Set(
  (
    'and or xor not is like rlike regexp div mod between in collate escape case when then else binary interval member any some ' +
    // Of other systems, and known to the parser all the same.
    'all exists separator at overlaps ilike similar operator notnull isnull glob pivot unpivot match_recognize qualify array'
  ).split(' '),
)

/** They chain whole queries, whose own commas end nothing. */
const setOperators = new Set(['union', 'except', 'intersect', 'minus'])

/**
 * Refuses a statement whose tree could be too deep: a chain of operators is a level per operator, and what is in parentheses
 * hangs below all of the chain that it is in.
 *
 * @throws Refusal `invalid_input`
 */
export function refuseDeep(tokens: readonly Token[]): void {
  let level = { sets: 0, chain: 0, below: 0, deepest: 0 }
  const outer: (typeof level)[] = []
  const depthOf = ({ sets, chain, below, deepest }: typeof level) => Math.max(deepest, sets + chain + below)
  for (const { kind, text } of tokens) {
    if (kind === 'symbol' && text === '(') {
      outer.push(level)
      if (outer.length > maxNesting) throw invalidInput(`sql: nested deeper than ${maxNesting}`)
      level = { sets: 0, chain: 0, below: 0, deepest: 0 }
    } else if (kind === 'symbol' && text === ')') {
      const inner = depthOf(level) + 1
      const parent = outer.pop()
      if (parent === undefined) throw invalidInput('sql: a ) closes nothing')
      level = { ...parent, below: Math.max(parent.below, inner) }
    } else if (kind === 'symbol' && text === ',')
      level = { sets: level.sets, chain: 0, below: 0, deepest: depthOf(level) }
    else if (kind === 'word' && setOperators.has(text.toLowerCase())) level.sets++
    else if (kind === 'symbol' ? text !== '.' : kind === 'word' && operators.has(text.toLowerCase())) level.chain++
    if (depthOf(level) > maxDepth) throw invalidInput(`sql: more than ${maxDepth} operators in a row`)
  }
  if (outer.length > 0) throw invalidInput('sql: a ( is not closed')
}
