import { invalidInput } from '../../src/refusal.ts'

/** The longest statement that a parser is given. */
export const maxSqlBytes = 65_536

/**
 * Refuses what no parser should see: texts that its reader and the database's could read differently, and texts made to
 * overwhelm it. What is within strings and comments counts too.
 *
 * @throws Refusal `invalid_input`
 */
export function refuseOddText(sql: string): void {
  if (Buffer.byteLength(sql) > maxSqlBytes) throw invalidInput(`sql: larger than ${maxSqlBytes} bytes`)
  if (sql.trim() === '') throw invalidInput('sql: is empty')
  // A C parser stops at NUL, and what follows is read by nobody but the server.
  if (sql.includes('\0')) throw invalidInput('sql: contains a NUL character')
  if (sql.includes('\ufeff')) throw invalidInput('sql: contains a byte order mark')
  if (!sql.isWellFormed()) throw invalidInput('sql: contains half of a surrogate pair')
  // Tab, line feed and carriage return are all the control characters that a statement needs.
  if (/[^\P{Cc}\t\n\r]/u.test(sql)) throw invalidInput('sql: contains a control character')
}
