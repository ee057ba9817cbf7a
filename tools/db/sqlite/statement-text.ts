import { isSign, isWord, nameOf, type Token } from './tokens.ts'

/** What can be told from the tokens of a statement, on the safe side. */
export class StatementText {
  readonly tokens: readonly Token[]
  /** SQLite asks the authorizer about no column that only a NATURAL or USING compares. */
  readonly joinsByName: boolean

  /** @param tokens in which what gives some rows of a table is one token */
  constructor(tokens: readonly Token[]) {
    this.tokens = tokens
    this.joinsByName = tokens.some(token => isWord(token, 'natural', 'using'))
  }

  /** Whether a table, by its folded name, stands where a table can be named; an alias or a qualifier is none. */
  names(table: string): boolean {
    return this.tokens.some((token, at) => {
      if (nameOf(token) !== table || isSign(this.tokens[at + 1], '.')) return false
      const [beforeLast, last] = [this.tokens[at - 2], this.tokens[at - 1]]
      if (isSign(last, '.')) return nameOf(beforeLast) === 'main' || nameOf(beforeLast) === 'temp'
      return !(isWord(last, 'as') || isSign(last, ')') || last?.kind === 'narrowed')
    })
  }

  /**
   * Whether a WITH could define this name. SQLite tells the authorizer what happens within a view and what happens within
   * a WITH in the same way, by the name alone.
   */
  defines(name: string): boolean {
    return this.tokens.some((token, at) => {
      if (nameOf(token) !== name) return false
      const [next, second] = [this.tokens[at + 1], this.tokens[at + 2]]
      if (isSign(next, '(')) return true
      return isWord(next, 'as') && (isSign(second, '(') || isWord(second, 'materialized', 'not'))
    })
  }
}
