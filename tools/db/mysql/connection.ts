import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import type { Connection as Client } from 'mysql2'
import { Refusal } from '../../../src/refusal.ts'
import type { FieldMetadata } from './field.ts'
import type { Internals, LoggedIn } from './login.ts'
import { errnoOf, Lost, SqlFailure } from './sql-failure.ts'

/** How much a server may send in a call, unless more is asked for; beyond it is cut off. */
export const usualBytes = 8 * 1_024 * 1_024

/** What came of a statement without rows. */
export interface Done {
  readonly affectedRows: number
  readonly warnings: number
}

/** One value as the client reads it: 64-bit integers, decimals, dates and JSON as text. */
export type Value = null | number | string | Buffer

/** Takes the rows of a statement as they come. */
export interface RowSink {
  columns(fields: readonly FieldMetadata[]): void
  /** False ends the statement and its connection. */
  row(values: readonly Value[]): boolean
}

/** A statement that the server has understood. */
export interface Prepared {
  /** How many columns its rows have; 0 for one without rows. */
  readonly columnCount: number
  readonly parameterCount: number
  run(params: readonly unknown[], sink: RowSink): Promise<Done>
}

/** What the client gives for a prepared statement; the parts that its types leave out. */
interface ClientStatement {
  readonly columns: readonly unknown[]
  readonly parameters: readonly unknown[]
  execute(params: readonly unknown[]): EventEmitter
}

interface ClientResult {
  /** Text beyond 16 million. */
  readonly affectedRows?: number | string
  readonly warningStatus?: number
}

/** One connection. Its failures are a `SqlFailure` where the server says no, and a `Lost` where it says nothing any more. */
export class Connection {
  readonly threadId: number
  readonly isMariaDb: boolean
  readonly version: string
  /** Of the server at the other end; undefined for a unix socket. */
  readonly address: string | undefined
  readonly #client: Client
  readonly #socket: Socket
  readonly #waiting = new Set<(error: Error) => void>()
  #lost: Error | null = null
  #maxBytesRead: number
  #onLost: () => void = () => {}

  constructor({ client, socket, version }: LoggedIn) {
    this.#client = client
    this.#socket = socket
    this.threadId = client.threadId
    this.address = socket.remoteAddress
    this.isMariaDb = /mariadb/i.test(version)
    this.version = version.replace(/^5\.5\.5-(?=\d+\.)/, '').slice(0, 100)
    client.on('error', (error: unknown) => this.#end(new Lost(error)))
    socket.once('close', () => this.#end(new Lost(null)))
    this.#maxBytesRead = socket.bytesRead + usualBytes
    const { stream } = client as unknown as Internals
    stream.on('data', () => this.#watchBytes())
    if (socket.destroyed) this.#end(new Lost(null))
  }

  get isAlive(): boolean {
    return this.#lost === null && !this.#socket.destroyed
  }

  /** How much the server has sent so far, as it came over the network. */
  get bytesRead(): number {
    return this.#socket.bytesRead
  }

  get bytesWritten(): number {
    return this.#socket.bytesWritten
  }

  /** Calls once, when the connection is lost or closed. */
  whenLost(callback: () => void): void {
    this.#onLost = callback
  }

  /** Closes at once; whatever waits fails with `reason`. */
  destroy(reason: Error = new Lost(null)): void {
    this.#end(reason)
  }

  /** Ends the connection when the server sends more than this from here on: a value of 1 GB would have to be held in memory. */
  limitBytes(max: number): void {
    this.#maxBytesRead = this.bytesRead + max
  }

  /** Carries out a statement of ours, which has neither parameters nor rows. */
  async command(sql: string): Promise<Done> {
    const [result] = await this.#answer(done => this.#client.query(sql, done))
    return doneOf(result as ClientResult)
  }

  /** Carries out a query of ours whose answer is small. */
  async rows(sql: string, params: readonly (string | number)[] = []): Promise<Value[][]> {
    const [rows] = await this.#answer(done => this.#client.execute(sql, [...params], done))
    return rows as Value[][]
  }

  /** Has the server forget everything about the session: transaction, variables, temporary tables, locks, statements. */
  async reset(): Promise<void> {
    await this.#answer(done => this.#client.reset(error => done(error, null)))
  }

  /** Has the server understand a statement, by itself: neither another one nor any text can be added to it. */
  async prepare(sql: string): Promise<Prepared> {
    const [statement] = await this.#answer(done => this.#client.prepare(sql, done))
    const prepared = statement as ClientStatement
    return {
      columnCount: prepared.columns.length,
      parameterCount: prepared.parameters.length,
      run: (params, sink) => this.#run(prepared, params, sink),
    }
  }

  #run(statement: ClientStatement, params: readonly unknown[], sink: RowSink): Promise<Done> {
    return this.#waited((resolve, reject) => {
      let done: Done = { affectedRows: 0, warnings: 0 }
      let isOver = false
      const command = statement.execute(params)
      const attempt = (work: () => void) => {
        if (isOver) return
        try {
          work()
        } catch (error) {
          isOver = true
          this.destroy(error as Error)
        }
      }
      command.on('fields', (fields: readonly FieldMetadata[] | undefined) => {
        if (fields !== undefined) attempt(() => sink.columns(fields))
      })
      command.on('result', (result: readonly Value[] | ClientResult) =>
        attempt(() => {
          if (!Array.isArray(result)) done = doneOf(result as ClientResult)
          else if (!sink.row(result)) {
            isOver = true
            resolve(done)
            this.destroy()
          }
        }),
      )
      command.on('error', (error: unknown) => reject(failureOf(error)))
      command.on('end', () => resolve(done))
    })
  }

  #answer(ask: (done: (error: unknown, ...results: unknown[]) => void) => unknown): Promise<unknown[]> {
    return this.#waited((resolve, reject) => {
      ask((error, ...results) => (error ? reject(failureOf(error)) : resolve(results)))
    })
  }

  /** The client forgets its callbacks when it is closed, so that each is also known here. */
  #waited<T>(work: (resolve: (value: T) => void, reject: (error: Error) => void) => void): Promise<T> {
    if (this.#lost !== null) return Promise.reject(this.#lost)
    return new Promise<T>((resolve, reject) => {
      this.#waiting.add(reject)
      const settled = () => this.#waiting.delete(reject)
      work(
        value => {
          settled()
          resolve(value)
        },
        error => {
          settled()
          reject(error)
        },
      )
    })
  }

  #watchBytes(): void {
    if (this.bytesRead <= this.#maxBytesRead) return
    this.#end(new Refusal('response_too_large', 'the server has sent more than is read'))
  }

  #end(reason: Error): void {
    if (this.#lost !== null) return
    this.#lost = reason
    this.#client.destroy()
    this.#socket.destroy()
    for (const fail of this.#waiting) fail(reason)
    this.#waiting.clear()
    this.#onLost()
  }
}

function doneOf({ affectedRows = 0, warningStatus = 0 }: ClientResult): Done {
  return { affectedRows: Number(affectedRows), warnings: warningStatus }
}

/** What the server itself says has a number; everything else ends the connection. */
function failureOf(error: unknown): Error {
  if (error instanceof SqlFailure || error instanceof Lost) return error
  return errnoOf(error) === null ? new Lost(error) : new SqlFailure(error)
}
