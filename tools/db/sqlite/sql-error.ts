import { Refusal } from '../../../src/refusal.ts'
import type { SqlError } from '../answer.ts'

/** A statement that has no result, for a reason that the agent reads. Nothing of it was done. */
export class StatementFailed extends Error {
  readonly error: SqlError

  constructor(error: SqlError) {
    super(error.message)
    this.name = 'StatementFailed'
    this.error = error
  }
}

/** What is said of a name whether it does not exist or is not allowed: the difference would tell of what there is. */
export const unknownName = 'The statement names a table, column or function that does not exist for this tool.'

/** What is said of a statement that reaches further than its scope in a way that no judge lets through. */
export const outside = 'The statement reaches outside of what this tool may do.'

/** What is said of more values, or fewer, than a statement has parameters. */
export const wrongCount = 'The number of values does not fit the parameters of the statement.'

/** By SQLite's own number, without its extension. */
const sentences: Readonly<Record<number, readonly [code: string, sentence: string]>> = {
  1: ['SQLITE_ERROR', 'SQLite cannot make sense of the statement.'],
  4: ['SQLITE_ABORT', 'The statement was given up.'],
  5: ['SQLITE_BUSY', 'The database is locked by somebody else.'],
  6: ['SQLITE_LOCKED', 'The database is locked by somebody else.'],
  7: ['SQLITE_NOMEM', 'The statement needs more memory than there is.'],
  9: ['SQLITE_INTERRUPT', 'The statement was interrupted.'],
  13: ['SQLITE_FULL', 'The disk or the database is full.'],
  17: ['SQLITE_SCHEMA', 'The schema has changed meanwhile; try again.'],
  18: ['SQLITE_TOOBIG', 'The statement, or a value that it reads or makes, is too long.'],
  19: ['SQLITE_CONSTRAINT', 'A constraint of the table does not allow this.'],
  20: ['SQLITE_MISMATCH', 'A value has a type that cannot be used here.'],
  23: ['SQLITE_AUTH', outside],
  25: ['SQLITE_RANGE', wrongCount],
}

/** The kinds of constraint, by SQLite's extended number. */
const constraints: Readonly<Record<number, readonly [code: string, sentence: string]>> = {
  275: ['SQLITE_CONSTRAINT_CHECK', 'A CHECK of the table does not allow this.'],
  787: ['SQLITE_CONSTRAINT_FOREIGNKEY', 'A foreign key does not allow this.'],
  1299: ['SQLITE_CONSTRAINT_NOTNULL', 'A column that must have a value would have none.'],
  1555: ['SQLITE_CONSTRAINT_PRIMARYKEY', 'There is a row with this primary key already.'],
  1811: ['SQLITE_CONSTRAINT_TRIGGER', 'A trigger of the database does not allow this.'],
  2067: ['SQLITE_CONSTRAINT_UNIQUE', 'There is a row with these values already, and they must be unique.'],
  2579: ['SQLITE_CONSTRAINT_ROWID', 'There is a row with this rowid already.'],
  3091: ['SQLITE_CONSTRAINT_DATATYPE', 'A value has a type that its column does not take.'],
}

/** Errors of SQLite's general kind that can be told apart: what it says, and what is said instead. */
const general: readonly (readonly [RegExp, string])[] = [
  [/^no such (?:table|column|function|index): (?<near>.+)$/, unknownName],
  [/^near "(?<near>.+)": syntax error$/, 'The statement has a syntax error.'],
  [/^incomplete input$/, 'The statement ends too early.'],
  [/^unrecognized token/, 'The statement has a syntax error.'],
  [/^ambiguous column name: (?<near>.+)$/, 'A column name fits several tables; qualify it.'],
  [/^wrong number of arguments to function (?<near>[^(]+)/, 'A function was given the wrong number of arguments.'],
  [/^misuse of (?:aggregate|window)/, 'An aggregate or window function stands where none can.'],
  [/^sub-select returns/, 'A subquery has the wrong number of columns.'],
  [/^SELECTs to the left and right of/, 'The parts of a set operation have different numbers of columns.'],
  [/^all VALUES must have the same/, 'The rows of VALUES have different numbers of columns.'],
  [/^table (?<near>\S+) has (?:\d+|no) columns/, 'The number of values does not fit the number of columns.'],
  [/values for \d+ columns$/, 'The number of values does not fit the number of columns.'],
  [/term out of range/, 'ORDER BY or GROUP BY names a column that the result does not have.'],
  [
    /^malformed JSON|^bad JSON path|^JSON/,
    'A value is not the JSON, or a path not the JSON path, that a function needs.',
  ],
  [/^integer overflow$/, 'A sum is larger than an integer can be.'],
  [/^(?:Expression tree is too large|too many)/, 'The statement is too complex.'],
]

interface SqliteProblem extends Error {
  readonly errcode: number
}

/** Whether this is an error that SQLite itself reports. */
export function isSqliteError(error: unknown): error is SqliteProblem {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
}

/** Whether a writer has crashed, and only one who may write can undo what it has left half done. */
export function isLeftHalfDone(error: unknown): boolean {
  const cause = error instanceof Refusal ? error.cause : error
  return isSqliteError(cause) && [264, 776, 1032].includes(cause.errcode)
}

/** Puts an error of SQLite into words of ours: as what the agent reads, or as the refusal of a file that cannot be used. */
export function failureFrom(error: unknown, text: string): unknown {
  if (!isSqliteError(error)) return error
  const code = error.errcode & 0xff
  const found = constraints[error.errcode] ?? sentences[code]
  if (found === undefined) return refusalFrom(error)
  const [name, sentence] = found
  if (code !== 1) return new StatementFailed({ code: name, message: sentence, ...nearOf(constraintName(error), text) })
  for (const [pattern, meaning] of general) {
    const match = pattern.exec(error.message)
    if (match !== null)
      return new StatementFailed({ code: name, message: meaning, ...nearOf(match.groups?.['near'], text) })
  }
  return new StatementFailed({ code: name, message: sentence })
}

/** Why a file cannot be used as a database. SQLite's own sentence goes into the record only. */
export function refusalFrom(error: unknown): unknown {
  if (!isSqliteError(error)) return error
  const code = error.errcode & 0xff
  const detail = `SQLite: ${error.message} (${error.errcode})`
  if (code === 14) return new Refusal('target_unreachable', `the file cannot be opened; ${detail}`, { cause: error })
  // A read-only handle cannot undo what a crashed writer has left half done, and cannot begin to share a WAL.
  return new Refusal('target_refused', detail, { cause: error })
}

function constraintName(error: SqliteProblem): string | undefined {
  return /constraint failed: (?<near>[^,]+)/.exec(error.message)?.groups?.['near']
}

/** The name that an error is about, if it stands in the statement word for word: it then comes from whoever wrote that. */
export function nearOf(name: string | undefined, text: string): { readonly near?: string } {
  const last = name?.split('.').at(-1)
  if (last === undefined || last === '' || last.length > 64 || !/^[\p{L}\p{N}_$ ]+$/u.test(last)) return {}
  return new RegExp(`(?<![\\p{L}\\p{N}_$])${last.replaceAll('$', String.raw`\$`)}(?![\\p{L}\\p{N}_$])`, 'u').test(text)
    ? { near: last }
    : {}
}
