import { init, parse } from '@guanmingchiu/sqlparser-ts'
import { invalidInput, Refusal } from '../../../src/refusal.ts'
import { refuseOddText } from '../lexical.ts'
import { refuseBacktracking } from './backtracking.ts'
import { refuseDeep } from './depth.ts'
import { lex, type Token } from './lexer.ts'
import { spelled } from './names.ts'
import type { Tree } from './tree.ts'

/** Stands for `WITH ROLLUP`, which the parser does not know, as the last thing to group by. */
export const rollup = 'keyhold_rollup'

/** One statement, as the parser understands it. */
export interface Parsed {
  readonly tree: Tree
  readonly tokens: readonly Token[]
}

export type Parser = (sql: string) => Parsed

/**
 * Loads the grammar. The parser is given the tokens, never the text: what it could read in another way than a server is gone
 * by then.
 */
export async function mysqlParser(): Promise<Parser> {
  await init()
  let broken: unknown = null
  return sql => {
    refuseOddText(sql)
    const tokens = oneStatement(lex(sql))
    refuseDeep(tokens)
    refuseBacktracking(tokens)
    if (broken !== null) throw new Refusal('internal', 'the parser has failed before', { cause: broken })
    try {
      const trees = parse(textOf(known(tokens)), 'mysql') as unknown as Tree[]
      if (trees.length !== 1 || trees[0] === undefined) throw invalidInput('sql: is not exactly one statement')
      return { tree: trees[0], tokens }
    } catch (error) {
      if (error instanceof Refusal) throw error
      const message = (error as Error).message
      // Whatever else it says is no syntax error but the end of the module: its memory cannot be trusted from here on.
      if (!message.startsWith('sql parser error:')) {
        broken = error
        throw new Refusal('internal', 'the parser failed', { cause: error })
      }
      const near = /found: (\S{1,40})/.exec(message)?.[1]
      throw invalidInput(`sql: cannot be read${near === undefined || near === 'EOF' ? '' : ` at ${near}`}`)
    }
  }
}

function oneStatement(tokens: readonly Token[]): readonly Token[] {
  const statement = isSymbol(tokens.at(-1), ';') ? tokens.slice(0, -1) : tokens
  if (statement.some(token => isSymbol(token, ';'))) throw invalidInput('sql: is not exactly one statement')
  if (statement.length === 0) throw invalidInput('sql: is empty')
  return statement
}

/** Puts what the parser does not know, or reads with another precedence than the servers, in words that it does. */
function known(tokens: readonly Token[]): readonly Token[] {
  const made: Token[] = []
  for (const [at, token] of tokens.entries()) {
    const next = tokens[at + 1]
    if (isWord(token, 'with') && isWord(next, 'rollup')) made.push(symbol(','), word(rollup), symbol('('), symbol(')'))
    else if (isWord(token, 'rollup') && isWord(tokens[at - 1], 'with')) continue
    else if (isSymbol(token, '->') || isSymbol(token, '->>')) extract(made, token, next)
    else if (isSymbol(tokens[at - 1], '->') || isSymbol(tokens[at - 1], '->>')) continue
    else if (isWord(token, 'mod') && !isSymbol(next, '(')) made.push(symbol('%'))
    else if (isBareTime(token) && !isSymbol(next, '(') && !isSymbol(tokens[at - 1], '.'))
      made.push(token, symbol('('), symbol(')'))
    else if (isWord(token, 'binary') && !isWord(tokens[at - 1], 'as'))
      throw invalidInput('sql: the operator BINARY is not offered; write CAST(... AS BINARY)')
    else made.push(token)
  }
  return made
}

/** `column -> 'path'` is by definition `json_extract(column, 'path')`, and only MySQL knows it. */
function extract(made: Token[], { text }: Token, path: Token | undefined): void {
  let begin = made.length - 1
  const isName = (token: Token | undefined) => token?.kind === 'word' || token?.kind === 'quoted'
  while (isName(made[begin]) && isSymbol(made[begin - 1], '.')) begin -= 2
  if (!isName(made[begin]) || path?.kind !== 'string')
    throw invalidInput(`sql: ${text} stands between a column and a path in quotes`)
  const column = made.splice(begin)
  const inner = [word('json_extract'), symbol('('), ...column, symbol(','), path, symbol(')')]
  made.push(...(text === '->' ? inner : [word('json_unquote'), symbol('('), ...inner, symbol(')')]))
}

function textOf(tokens: readonly Token[]): string {
  const parts = tokens.map(({ kind, text }) =>
    kind === 'string' ? `'${text.replaceAll("'", "''")}'` : kind === 'quoted' ? spelled(text) : text,
  )
  return parts.join(' ')
}

/** Reserved words, of which the parser takes each for a column. */
function isBareTime(token: Token): boolean {
  return isWord(token, 'utc_date') || isWord(token, 'utc_time') || isWord(token, 'utc_timestamp')
}

function isSymbol(token: Token | undefined, text: string): boolean {
  return token?.kind === 'symbol' && token.text === text
}

function isWord(token: Token | undefined, text: string): boolean {
  return token?.kind === 'word' && token.text.length === text.length && token.text.toLowerCase() === text
}

function symbol(text: string): Token {
  return { kind: 'symbol', text, touches: false }
}

function word(text: string): Token {
  return { kind: 'word', text, touches: false }
}
