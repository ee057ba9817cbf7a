import type { Connection } from 'pg'
import type { Answered, Reader, Session } from './session.ts'

/** One statement of the extended protocol, which takes exactly one; values are text, and the server says of what type. */
export interface Statement {
  readonly text: string
  readonly values: readonly (string | null)[]
  /** 0 for all. */
  readonly maxRows: number
}

/**
 * Sends statements one behind the other, without waiting. When one fails, the server skips all that follow, so that a
 * statement never runs without what has to come before it. The reader is about the last one.
 */
export function batch(
  session: Session,
  before: readonly Statement[],
  statement: Statement,
  reader: Omit<Reader, 'of'>,
): Promise<Answered> {
  return session.exchange(
    connection => {
      for (const each of before) carryOut(connection, each)
      parse(connection, statement.text)
      bind(connection, statement)
      connection.sync()
    },
    { ...reader, of: before.length },
  )
}

/** Sends what comes before a statement, and has the statement itself described: gives the types of its parameters. */
export async function parametersOf(
  session: Session,
  before: readonly Statement[],
  text: string,
): Promise<Answered & { readonly types: readonly number[] }> {
  let types: readonly number[] = []
  const answered = await session.exchange(
    connection => {
      for (const each of before) carryOut(connection, each)
      parse(connection, text)
      connection.describe({ type: 'S' }, true)
      connection.sync()
    },
    { of: before.length, parameters: found => (types = found) },
  )
  return { ...answered, types }
}

/** Carries out the statement that `parametersOf` has described. */
export function bound(
  session: Session,
  statement: Omit<Statement, 'text'>,
  reader: Omit<Reader, 'of'>,
): Promise<Answered> {
  return session.exchange(
    connection => {
      bind(connection, statement)
      connection.sync()
    },
    { ...reader, of: 0 },
  )
}

function carryOut(connection: Connection, { text, values, maxRows }: Statement): void {
  parse(connection, text)
  connection.bind({ values: [...values] }, true)
  connection.execute({ rows: maxRows as never }, true)
}

function parse(connection: Connection, text: string): void {
  // A NUL would end the text within its message, and what follows be read as other parts of it.
  if (text.includes('\0')) throw new Error('a statement has a NUL character')
  connection.parse({ name: '', text, types: [] }, true)
}

function bind(connection: Connection, { values, maxRows }: Omit<Statement, 'text'>): void {
  connection.bind({ values: [...values] }, true)
  connection.describe({ type: 'P' }, true)
  connection.execute({ rows: maxRows as never }, true)
}
