import { accessSync, constants, statSync, type Stats } from 'node:fs'
import { Refusal } from '../../../src/refusal.ts'
import { Connection } from './connection.ts'
import { refusalFrom } from './sql-error.ts'

/** The file of a database with the handles on it: opened when they are needed, and anew when the file is another one. */
export class DatabaseFile {
  readonly path: string
  readonly #handles = new Map<'read' | 'write', Connection>()
  #identity = ''

  readonly #maxValue: number

  /** @param maxValue the most bytes of a value in an answer */
  constructor(path: string, maxValue: number) {
    this.path = path
    this.#maxValue = maxValue
  }

  /**
   * Gives the handle for reading or for writing.
   *
   * @throws Refusal
   */
  connection(mode: 'read' | 'write'): Connection {
    const { dev, ino } = this.look()
    const identity = `${dev} ${ino}`
    // Whoever restores a backup puts another file in its place; a handle would stay with the old one.
    if (identity !== this.#identity) this.close()
    this.#identity = identity
    const known = this.#handles.get(mode)
    if (known !== undefined) return known
    try {
      const connection = new Connection(this.path, mode, this.#maxValue)
      this.#handles.set(mode, connection)
      return connection
    } catch (error) {
      throw refusalFrom(error)
    }
  }

  /**
   * Looks at the file without opening it: SQLite would wait forever for who writes into a pipe.
   *
   * @throws Refusal
   */
  look(): Stats {
    const found = attempt(() => statSync(this.path))
    if (found instanceof Error)
      throw new Refusal('target_unreachable', 'the file cannot be looked at', { cause: found })
    if (!found.isFile()) throw new Refusal('target_unreachable', 'what is there is not a file')
    return found
  }

  /** Whether the user of this process could write into the file. */
  get isWritable(): boolean {
    return !(attempt(() => accessSync(this.path, constants.W_OK)) instanceof Error)
  }

  close(): void {
    for (const connection of this.#handles.values()) connection.close()
    this.#handles.clear()
  }
}

function attempt<T>(work: () => T): T | Error {
  try {
    return work()
  } catch (error) {
    return error as Error
  }
}
