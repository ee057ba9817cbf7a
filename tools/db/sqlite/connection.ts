import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { Authorizer } from './authorizer.ts'

/**
 * The longest value that SQLite makes or reads, unless an answer may hold a longer one; what is longer is an error of the
 * statement. One statement can make it hold thousands of values at once, and nothing else limits its memory.
 */
const maxLength = 1_048_576

/*
 * Temporary files, not memory, hold what a sort or a DISTINCT cannot keep in its cache: this build of SQLite counts no
 * memory, so that its heap limits limit nothing.
 */
const settings = ['trusted_schema = OFF', 'cell_size_check = ON', 'mmap_size = 0', 'temp_store = FILE']

/** One row, in the order of its columns. */
export type SqlRow = readonly SQLOutputValue[]

/** One handle on a database file. Nothing but fixed statements of ours passes unless the authorizer is told who answers. */
export class Connection {
  readonly authorizer = new Authorizer()
  readonly #database: DatabaseSync

  /** @throws the error of SQLite; a file that is not there is never created */
  constructor(file: string, mode: 'read' | 'write', maxValue: number) {
    const url = pathToFileURL(file)
    url.searchParams.set('mode', mode === 'read' ? 'ro' : 'rw')
    this.#database = new DatabaseSync(url, {
      readOnly: mode === 'read',
      defensive: true,
      allowExtension: false,
      enableDoubleQuotedStringLiterals: false,
      enableForeignKeyConstraints: true,
      readBigInts: true,
      returnArrays: true,
      limits: {
        length: Math.max(maxLength, maxValue),
        sqlLength: 1_048_576,
        exprDepth: 500,
        compoundSelect: 100,
        vdbeOp: 100_000,
        functionArg: 100,
        attach: 0,
        likePatternLength: 5_000,
        variableNumber: 1_000,
        triggerDepth: 20,
      },
    })
    try {
      for (const setting of settings) this.#database.exec(`PRAGMA ${setting}`)
      if (mode === 'read') this.#database.exec('PRAGMA query_only = ON')
      this.#database.setAuthorizer(this.authorizer.callback)
    } catch (error) {
      this.#database.close()
      throw error
    }
  }

  /** Prepares a statement; the caller has said who answers for it. */
  prepare(sql: string) {
    return this.#database.prepare(sql)
  }

  /** Carries out a fixed statement of ours. */
  ours(sql: string, ...params: readonly SQLInputValue[]): readonly SqlRow[] {
    return this.authorizer.ours(() => rowsOf(this.#database.prepare(sql).all(...params)))
  }

  /** How long a statement waits for a lock. It waits within SQLite: nothing else of the worker goes on meanwhile. */
  waitForLocks(ms: number): void {
    this.ours(`PRAGMA busy_timeout = ${Math.max(0, Math.floor(ms))}`)
  }

  /** Does something within one transaction, and always undoes it. */
  undone<T>(begin: 'BEGIN' | 'BEGIN IMMEDIATE', work: () => T): T {
    this.ours(begin)
    try {
      return work()
    } finally {
      if (this.#database.isTransaction) this.ours('ROLLBACK')
    }
  }

  /** Keeps what was done since a transaction began. */
  commit(): void {
    this.ours('COMMIT')
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close()
  }
}

/** The rows of a statement that gives them as arrays, which the types of Node do not know. */
export function rowsOf(rows: unknown): readonly SqlRow[] {
  return rows as readonly SqlRow[]
}
