import type { SqlError } from '../answer.ts'
import type { ServerError } from './session.ts'

/** By SQLSTATE, what went wrong. The server's own words are never shown: they quote values. */
const sentences: Readonly<Record<string, string>> = {
  '21000': 'a subquery gave more than one row where one is expected',
  '22001': 'a text is longer than its column',
  '22003': 'a number is out of the range of its type',
  '22004': 'a value that must not be null is null',
  '22007': 'a text cannot be read as a date or time',
  '22008': 'a date or time is out of range',
  '2200G': 'types do not match',
  '22012': 'division by zero',
  '22021': 'a text is not valid in the encoding of the database',
  '22023': 'an argument of a function is not valid',
  '22025': 'a pattern ends in the middle of an escape',
  '22P02': 'a text cannot be read as the type that it is used as',
  '22P03': 'a binary value cannot be read',
  '2201B': 'a regular expression is not valid',
  '23502': 'a column that must have a value would have none',
  '23503': 'a foreign key would point to nothing',
  '23505': 'a value that must be unique exists already',
  '23514': 'a check of the table does not hold',
  '23P01': 'an exclusion constraint does not hold',
  '25006': 'the tool only reads',
  '40001': 'other transactions changed the same rows at the same time; try again',
  '40P01': 'a deadlock with other transactions; try again',
  '42501': 'the role of this tool has no right to this',
  '42601': 'a syntax error',
  '42702': 'the name of a column is ambiguous; qualify it',
  '42703': 'there is no such column',
  '42704': 'there is no such type or object',
  '42712': 'two tables of the statement have the same alias',
  '42725': 'several functions or operators fit; add casts',
  '42803': 'a column must be in GROUP BY or in an aggregate',
  '42804': 'types do not match; add a cast',
  '42846': 'there is no cast between these types',
  '42883': 'there is no such function or operator for these types; add casts',
  '42P01': 'there is no such table',
  '42P02': 'there is no such parameter',
  '42P08': 'the type of a parameter is ambiguous; add a cast, such as $1::int',
  '42P10': 'a reference to a column is not valid',
  '42P18': 'the type of a parameter cannot be told; add a cast, such as $1::int',
  '42P20': 'a window function is used where none can be',
  '53100': 'the server has no disk space left for this',
  '53200': 'the server has no memory left for this',
  '53400': 'the statement needs more temporary space than the server gives',
  '54000': 'the statement is too much for the server',
  '54001': 'the statement is too complex',
  '54011': 'the statement has too many columns',
  '55P03': 'a lock was not given in time',
  '57014': 'the statement was cancelled at the server',
}

/** By the first two characters, for all other codes. */
const classes: Readonly<Record<string, string>> = {
  '08': 'the connection failed',
  '0A': 'the server does not support this',
  '0L': 'a right cannot be granted',
  '20': 'no case applies',
  '21': 'a number of rows does not fit',
  '22': 'a value is not valid for what it is used for',
  '23': 'a constraint of the table does not hold',
  '25': 'not possible in this transaction',
  '26': 'there is no such prepared statement',
  '34': 'there is no such cursor',
  '38': 'a function of the database failed',
  '39': 'a function of the database failed',
  '40': 'the transaction was rolled back',
  '42': 'the statement is not valid',
  '44': 'a check of the view does not hold',
  '53': 'the server lacks resources',
  '54': 'the statement is too much for the server',
  '55': 'an object is not in a state for this',
  '57': 'an operator stepped in at the server',
  '58': 'the server failed',
  P0: 'code in the database raised an error',
  XX: 'the server failed',
}

/**
 * Says what went wrong in our words.
 *
 * @param text of the statement; `near` is taken out of it, never out of what the server says
 */
export function sqlErrorOf(error: ServerError, text: string): SqlError {
  const { code, message } = named(error.code ?? '')
  const near = nameAt(text, Number(error.position))
  return near === null ? { code, message } : { code, message, near }
}

/** A code that nobody knows could be made by code in the database, out of data: then only its class is told. */
function named(code: string): { readonly code: string; readonly message: string } {
  const known = sentences[code]
  if (known !== undefined) return { code, message: known }
  const family = code.slice(0, 2)
  const message = classes[family]
  return message === undefined ? { code: 'XX000', message: 'the server failed' } : { code: `${family}000`, message }
}

/** The name that begins at a place of a text, counted in characters from 1. */
function nameAt(text: string, position: number): string | null {
  if (!Number.isInteger(position) || position < 1) return null
  const rest = [...text].slice(position - 1, position + 130).join('')
  const name = /^(?:(?:"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)\.?)+/u.exec(rest)?.[0]
  return name === undefined ? null : name.replace(/\.$/, '').slice(0, 128)
}
