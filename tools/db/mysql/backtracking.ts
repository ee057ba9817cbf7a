import { invalidInput } from '../../../src/refusal.ts'
import { bareFunctions, safeFunctions } from './functions.ts'
import type { Token } from './lexer.ts'

/** A parser takes about 50 ms for this much; it shares a process with all that other agents do. */
const maxWork = 131_072

/** No more than this is read, at whatever cost for each. */
const maxTokens = 12_000

/** What it takes for a call at once, and for nothing else. Every other word may have a grammar of its own behind it. */
const calls = new Set([...safeFunctions].filter(name => name !== 'interval' && !bareFunctions.has(name)))

/** It reads what is in these parentheses three times. */
const thrice: ReadonlySet<string> = new Set(['position', 'exists'])

const units =
  /^(?:microsecond|second|minute|hour|day|week|month|quarter|year|[a-z]+_(?:microsecond|second|minute|hour|month))$/i

/**
 * Refuses a statement for which the parser could take forever. Where it finds no sense in what it has begun to read as one
 * thing, it reads it again as another: CAST( as a cast, then as a call, so that each level within another doubles what it takes
 * for all that is inside.
 *
 * @throws Refusal `invalid_input`
 */
export function refuseBacktracking(tokens: readonly Token[]): void {
  if (tokens.length > maxTokens) throw invalidInput(`sql: more than ${maxTokens} words and signs; use fewer values`)
  const outer: { readonly factor: number; readonly open: number }[] = []
  let factor = 1
  /** How many of CASE and INTERVAL have begun and not ended. */
  let open = 0
  let work = 0
  for (const [at, { kind, text }] of tokens.entries()) {
    if (kind === 'symbol' && text === '(') {
      outer.push({ factor, open })
      factor *= 2 ** open * costOf(tokens[at - 1])
      open = 0
    } else if (kind === 'symbol' && text === ')') {
      const around = outer.pop()
      if (around !== undefined) ({ factor, open } = around)
    } else if (kind === 'word') open = Math.max(0, open + opens(text))
    work += factor * 2 ** open
    if (work > maxWork) throw invalidInput('sql: has too much within parentheses, CASE or INTERVAL within others')
  }
}

/** How often the parser may read what is in parentheses, by what stands before them. */
function costOf(before: Token | undefined): number {
  if (before?.kind === 'quoted') return 1
  const word = before?.kind === 'word' ? before.text.toLowerCase() : ''
  if (calls.has(word)) return 1
  return thrice.has(word) ? 4 : 2
}

function opens(text: string): number {
  const word = text.toLowerCase()
  if (word === 'case' || word === 'interval') return 1
  return word === 'end' || units.test(word) ? -1 : 0
}
