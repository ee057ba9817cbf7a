import { setImmediate } from 'node:timers/promises'
import type { ExecuteContext, Execution, Executor, Limits } from '../../../src/kind.ts'
import { Refusal } from '../../../src/refusal.ts'
import { failureOf } from '../answer.ts'
import { inspected } from '../findings.ts'
import { DbRequest } from '../request.ts'
import { type Scope, scopeOf } from '../scope.ts'
import { type DbTarget, locationOf } from '../target.ts'
import { type Amounts, carryOut } from './carry-out.ts'
import type { Connection } from './connection.ts'
import { DatabaseFile } from './database-file.ts'
import { describedTables } from './describe.ts'
import { findingsOf } from './findings.ts'
import { safeFunctions } from './functions.ts'
import { type Grants, grantsOf } from './grants.ts'
import { fold } from './names.ts'
import { isLeftHalfDone, refusalFrom, StatementFailed } from './sql-error.ts'

/**
 * Opens a database file for statements within the scope of a target. SQLite runs within this process and lets nothing stop
 * it: a statement that runs on is ended with the process.
 */
export async function openSqlite(target: DbTarget, limits: Limits): Promise<Executor> {
  const location = locationOf(target)
  if (location.engine !== 'sqlite') throw new Error('not a file of SQLite')
  const scope = scopeOf(target)
  const amounts: Amounts = {
    maxRows: target.limits.max_rows,
    maxBytes: limits.maxResponseBytes,
    maxValue: target.limits.max_value,
    maxAffected: target.limits.max_affected_rows,
  }
  return new Engine(new DatabaseFile(location.file, amounts.maxValue), scope, amounts, target)
}

class Engine implements Executor {
  readonly #file: DatabaseFile
  readonly #scope: Scope
  readonly #amounts: Amounts
  readonly #target: DbTarget
  readonly #functions: ReadonlySet<string>
  readonly #grants = new WeakMap<Connection, Grants>()

  constructor(file: DatabaseFile, scope: Scope, amounts: Amounts, target: DbTarget) {
    this.#file = file
    this.#scope = scope
    this.#amounts = amounts
    this.#target = target
    this.#functions = new Set([...safeFunctions, ...scope.functions.map(fold)])
  }

  async execute(given: unknown, context: ExecuteContext): Promise<Execution> {
    const request = DbRequest.parse(given)
    // A call whose cancellation waits behind a long statement hears of it now.
    await setImmediate()
    context.signal.throwIfAborted()
    if (context.remainingMs() <= 0)
      throw new Refusal('target_timeout', 'the deadline passed before the statement began')
    const began = performance.now()
    try {
      return this.#undoneBefore(() => this.#answer(request, context, began))
    } catch (error) {
      if (error instanceof StatementFailed) return failureOf(error.error, performance.now() - began)
      // A file that could not be read may have been replaced by the next call, or be whole again.
      this.#file.close()
      throw refusalFrom(error)
    }
  }

  async close(): Promise<void> {
    this.#file.close()
  }

  #answer(request: DbRequest, context: ExecuteContext, began: number): Execution {
    switch (request.type) {
      case 'query':
        return this.#query(request, context)
      case 'describe':
        return this.#describe(context, began)
      case 'inspect':
        return this.#inspect(context)
      default:
        throw new Error(request satisfies never)
    }
  }

  /**
   * Does something, and again when a crashed writer was in its way: that may have been the process before this one, which
   * was ended in the middle of a statement.
   */
  #undoneBefore(work: () => Execution): Execution {
    try {
      return work()
    } catch (error) {
      if (this.#scope.access !== 'write' || !isLeftHalfDone(error)) throw error
      this.#file.close()
      this.#file.connection('write').undone('BEGIN IMMEDIATE', () => {})
      return work()
    }
  }

  #query(request: Extract<DbRequest, { type: 'query' }>, context: ExecuteContext): Execution {
    const isRead = request.action === 'SELECT'
    if (!isRead && this.#scope.access !== 'write')
      throw new StatementFailed({ code: 'SQLITE_READONLY', message: 'This tool only reads.' })
    const connection = this.#connection(isRead ? 'read' : 'write', context)
    const grants = () => this.#grantsOf(connection)
    return carryOut({ connection, request, context, amounts: this.#amounts, grants })
  }

  #describe(context: ExecuteContext, began: number): Execution {
    const described = this.#reading(context, connection =>
      describedTables(connection, this.#scope, this.#grantsOf(connection)),
    )
    const durationMs = performance.now() - began
    context.upstreamTook(durationMs)
    return plain({ ...described, duration_ms: Math.round(durationMs * 1_000) / 1_000 })
  }

  #inspect(context: ExecuteContext): Execution {
    return this.#reading(context, connection => {
      const findings = findingsOf(this.#file, connection, this.#scope, this.#grantsOf(connection))
      const version = `SQLite ${String(connection.ours('SELECT sqlite_version()')[0]?.[0])}`
      return inspected(findings, this.#target, { role: null, version })
    })
  }

  #reading<T>(context: ExecuteContext, work: (connection: Connection) => T): T {
    const connection = this.#connection('read', context)
    return connection.undone('BEGIN', () => work(connection))
  }

  #connection(mode: 'read' | 'write', context: ExecuteContext): Connection {
    const connection = this.#file.connection(mode)
    connection.waitForLocks(Math.min(this.#target.limits.lock_timeout, context.remainingMs()))
    return connection
  }

  #grantsOf(connection: Connection): Grants {
    const grants = grantsOf(connection, this.#scope, this.#functions, this.#grants.get(connection) ?? null)
    this.#grants.set(connection, grants)
    return grants
  }
}

function plain(answer: Execution['answer']): Execution {
  return { answer, isError: false, bytesIn: 0, bytesOut: 0 }
}
