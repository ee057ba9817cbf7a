import type { Action } from '../judge.ts'
import type { Grants } from './grants.ts'
import { isSign, isWord, nameOf, type Token } from './tokens.ts'

const verbs: Readonly<Record<Action, readonly string[]>> = {
  SELECT: ['select', 'values'],
  INSERT: ['insert'],
  UPDATE: ['update'],
  DELETE: ['delete'],
}

/**
 * Whether a statement has the shape of its action, as far as SQLite does not ask the authorizer: it is one statement, an
 * UPDATE and a DELETE have a WHERE, and an INSERT names allowed columns, of the row it would have made too, and replaces no
 * row.
 */
export function hasShape(tokens: readonly Token[], action: Action, grants: Grants): boolean {
  const end = tokens.findIndex(token => isSign(token, ';'))
  if (end !== -1 && end !== tokens.length - 1) return false
  if (!isWord(tokens[0], 'with', ...verbs[action])) return false
  // SQLite has no WITH whose parts write, so that what writes stands outside of all parentheses.
  const outer = outermost(tokens)
  const verb = outer.findIndex(at => isWord(tokens[at], ...Object.values(verbs).flat()))
  const first = outer[verb]
  if (first === undefined || !isWord(tokens[first], ...verbs[action])) return false
  if (action === 'SELECT') return true
  // REPLACE deletes rows, of which SQLite asks nobody.
  if (tokens.some((token, at) => isWord(token, 'replace') && !isSign(tokens[at + 1], '('))) return false
  if (action === 'INSERT') return namesColumns(tokens, first, grants)
  return outer.slice(verb).some(at => isWord(tokens[at], 'where'))
}

/** The places of the tokens that stand outside of all parentheses. */
function outermost(tokens: readonly Token[]): readonly number[] {
  let depth = 0
  return tokens.flatMap((token, at) => {
    if (isSign(token, ')')) depth -= 1
    const isOuter = depth === 0
    if (isSign(token, '(')) depth += 1
    return isOuter ? [at] : []
  })
}

function namesColumns(tokens: readonly Token[], first: number, { tables }: Grants): boolean {
  let at = tokens.findIndex((token, index) => index > first && isWord(token, 'into')) + 1
  if (at === 0) return false
  if (isSign(tokens[at + 1], '.')) at += 2
  const grant = tables.get(nameOf(tokens[at]) ?? '')
  if (grant === undefined) return false
  if (grant.columns === null) return true
  at += isWord(tokens[at + 1], 'as') ? 3 : 1
  if (!isSign(tokens[at], '(')) return false
  const end = tokens.findIndex((token, index) => index > at && isSign(token, ')'))
  const isListed = (token: Token | undefined) => grant.columns?.has(nameOf(token) ?? '') === true
  return (
    tokens.slice(at + 1, end).every(token => isSign(token, ',') || isListed(token)) &&
    // Of a column that was not named, `excluded` has the default.
    tokens.every(
      (token, index) => !isSign(token, '.') || nameOf(tokens[index - 1]) !== 'excluded' || isListed(tokens[index + 1]),
    )
  )
}
