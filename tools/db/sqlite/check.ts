import { constants } from 'node:sqlite'
import type { Action } from '../judge.ts'
import type { WriteAction } from '../scope.ts'
import type { Answerer, Question } from './authorizer.ts'
import type { Connection } from './connection.ts'
import { tableFunctions } from './functions.ts'
import type { Grant, Grants } from './grants.ts'
import type { Loan } from './loan.ts'
import { fold } from './names.ts'
import { type Narrowing, withoutNarrowed } from './narrowed.ts'
import { programOf, type Touched, touchedBy } from './program.ts'
import { nearOf, outside, StatementFailed, unknownName } from './sql-error.ts'
import { StatementText } from './statement-text.ts'
import { type Token, tokensOf } from './tokens.ts'
import { hasShape } from './write-shape.ts'

/** Functions that show, or would change, what another call or the process has done, whatever a scope lists. */
const neverCalled: ReadonlySet<string> = new Set(
  'last_insert_rowid changes total_changes load_extension fts3_tokenizer sqlite_log sqlite_offset'.split(' '),
)

/** Where AUTOINCREMENT keeps the last number of each table. */
const keptNumbers = 'sqlite_sequence'

const writeCodes: ReadonlyMap<number, WriteAction> = new Map([
  [constants.SQLITE_INSERT, 'insert'],
  [constants.SQLITE_UPDATE, 'update'],
  [constants.SQLITE_DELETE, 'delete'],
])

/** Holds one statement to the scope, at each place where SQLite shows what it is about to do. */
export class Check {
  readonly #sql: string
  readonly #action: Action
  readonly #grants: Grants
  readonly #text: StatementText
  /** What the views and conditions in this statement read beyond what is allowed. */
  readonly #loans: readonly Loan[]
  readonly #views: ReadonlySet<string>
  #denied: Question | null = null

  /** @throws StatementFailed for a statement that has not the shape of its action */
  constructor(sql: string, action: Action, grants: Grants) {
    const tokens = tokensOf(sql)
    if (tokens === null) throw failed()
    const all = [...grants.tables.values()]
    const narrowings = all.flatMap(({ narrowing }): Narrowing[] => (narrowing === null ? [] : [narrowing]))
    this.#sql = sql
    this.parameters = parametersIn(tokens)
    this.#action = action
    this.#grants = grants
    this.#text = new StatementText(withoutNarrowed(tokens, narrowings))
    if (!hasShape(this.#text.tokens, action, grants)) throw failed()
    // Only some rows of it exist, and here all of them would be read.
    if (narrowings.some(({ table, rows }) => rows.length > 0 && this.#text.names(table))) throw failed()
    const used = all.filter(({ relation }) => this.#isUsed(relation.name))
    this.#loans = used.flatMap(({ view, condition }) => [view, condition].filter(loan => loan !== null))
    this.#views = new Set(this.#loans.flatMap(({ views }) => [...views]))
    if ([...this.#views].some(view => this.#text.defines(view))) throw failed()
  }

  /** How many values have to be bound. */
  readonly parameters: number

  /** Answers what SQLite asks while it prepares the statement, and while it carries it out. */
  readonly answer: Answerer = question => {
    const isAllowed = this.#allows(question)
    if (!isAllowed) this.#denied ??= question
    return isAllowed
  }

  /**
   * Looks at the program; within the transaction in which it will run, so that it stays this one.
   *
   * @throws StatementFailed
   */
  program(connection: Connection): void {
    const { schema, expressions } = this.#grants
    const touched = connection.authorizer.during(this.answer, () =>
      touchedBy(programOf(connection, this.#sql), schema, expressions),
    )
    const isInside =
      touched.unknown === null &&
      [...touched.read].every(([table, columns]) => this.#mayTouch(table, columns)) &&
      [...touched.rowids].every(table => this.#mayTouchRowid(table)) &&
      [...touched.skipped].every(([table, columns]) => this.#maySkip(table, columns)) &&
      [...touched.written].every(table => this.#mayWrite(table)) &&
      this.#areRowFunctions(connection, touched)
    if (!isInside) throw failed()
  }

  /** What to say of a statement that SQLite gave up because of an answer; null when it was not. */
  get denial(): StatementFailed | null {
    if (this.#denied === null) return null
    const { code, first, second } = this.#denied
    if (code === constants.SQLITE_FUNCTION) return unknown(second, this.#sql)
    if (code !== constants.SQLITE_READ) return failed()
    const table = fold(first ?? '')
    if (this.#grants.tables.has(table)) return unknown(second, this.#sql)
    // One that a foreign key or a trigger reads is none that the statement names.
    return this.#text.names(table) ? unknown(first, this.#sql) : failed()
  }

  #allows({ code, first, second, database, within }: Question): boolean {
    if (code === constants.SQLITE_SELECT || code === constants.SQLITE_RECURSIVE) return true
    if (code === constants.SQLITE_FUNCTION) return this.#mayCall(fold(second ?? ''))
    const table = fold(first ?? '')
    // A table of which no column is needed is asked about as it is written, mostly without its database.
    const isMain =
      database === null || database === '' ? code === constants.SQLITE_READ && !second : fold(database) === 'main'
    if (!isMain) return false
    if (code === constants.SQLITE_READ) return this.#mayRead(table, fold(second ?? ''), within)
    const write = writeCodes.get(code)
    if (write === undefined || this.#action === 'SELECT') return false
    const grant = this.#grants.tables.get(table)
    if (grant === undefined || !grant.writes.has(write)) return false
    return write !== 'update' || second === null || allows(grant, fold(second))
  }

  #mayCall(name: string): boolean {
    if (neverCalled.has(name)) return false
    return this.#grants.functions.has(name) || this.#loans.some(({ functions }) => functions.has(name))
  }

  #mayRead(table: string, column: string, within: string | null): boolean {
    const { tables, schema } = this.#grants
    // They are in every database that has no table of that name.
    if (tableFunctions.has(table) && !schema.relations.has(table)) return true
    const grant = tables.get(table)
    if (grant !== undefined && (column === '' || allows(grant, column))) return true
    // SQLite asks in the same way about a WITH of which no column is needed.
    if (column === '' && !schema.relations.has(table) && this.#text.defines(table)) return true
    if (!this.#isLent(table, column)) return false
    return (within !== null && this.#views.has(fold(within))) || !this.#text.names(table)
  }

  #mayTouch(table: string, columns: ReadonlySet<string>): boolean {
    if (table === keptNumbers) return this.#mayWrite(table)
    const grant = this.#grants.tables.get(table)
    const beyond = grant === undefined ? ['', ...columns] : [...columns].filter(column => !allows(grant, column))
    if (beyond.length === 0) return true
    // In a NATURAL or USING a table that is named gives its columns to a comparison that SQLite asks nobody about.
    if (this.#text.names(table) && (this.#text.joinsByName || grant === undefined)) return false
    const isComputedFrom = (column: string) => grant?.computed.columns.get(table)?.has(column) === true
    return beyond.every(column => this.#isLent(table, column) || isComputedFrom(column))
  }

  /** SQLite also takes up rowids for its own purposes; where the statement names one, the authorizer is asked. */
  #mayTouchRowid(table: string): boolean {
    const grant = this.#grants.tables.get(table)
    if (grant !== undefined && allows(grant, grant.relation.rowid ?? '')) return true
    return !(this.#text.joinsByName && this.#text.names(table))
  }

  /** Which values there are shows in nothing but time, as long as no NATURAL or USING compares them. */
  #maySkip(table: string, columns: ReadonlySet<string>): boolean {
    return !(this.#text.joinsByName && this.#text.names(table)) || this.#mayTouch(table, columns)
  }

  #mayWrite(table: string): boolean {
    if (this.#action === 'SELECT') return false
    if (table === keptNumbers) return this.#action === 'INSERT' && !this.#text.names(table)
    return (this.#grants.tables.get(table)?.writes.size ?? 0) > 0
  }

  /** A virtual table shows in a program by its address alone, and a NATURAL reads it without a question. */
  #areRowFunctions(connection: Connection, { virtual }: Touched): boolean {
    if (virtual.size === 0) return true
    const known = [...tableFunctions.keys()]
      .filter(name => !this.#grants.schema.relations.has(name))
      .flatMap(name => connection.authorizer.ours(() => programOf(connection, `SELECT key FROM ${name}(NULL)`)))
      .filter(({ opcode }) => opcode === 'VOpen')
      .map(({ p4 }) => p4)
    return [...virtual].every(address => known.includes(address))
  }

  #isUsed(table: string): boolean {
    return this.#text.names(table) || this.#text.tokens.some(({ kind, text }) => kind === 'narrowed' && text === table)
  }

  #isLent(table: string, column: string): boolean {
    return this.#loans.some(({ columns }) => {
      const lent = columns.get(table)
      return lent !== undefined && (column === '' || lent.has(column))
    })
  }
}

function allows({ columns }: Grant, column: string): boolean {
  return columns === null || columns.has(column)
}

function failed(): StatementFailed {
  return new StatementFailed({ code: 'SQLITE_AUTH', message: outside })
}

function unknown(name: string | null, sql: string): StatementFailed {
  return new StatementFailed({ code: 'SQLITE_ERROR', message: unknownName, ...nearOf(name ?? undefined, sql) })
}

/** `?7` is the seventh, `?` the one after the greatest so far. */
function parametersIn(tokens: readonly Token[]): number {
  let greatest = 0
  for (const { kind, text } of tokens) {
    if (kind === 'parameter') greatest = text === '?' ? greatest + 1 : Math.max(greatest, Number(text.slice(1)))
  }
  return greatest
}
