import type { Json } from '../../src/kind.ts'
import type { Column } from './answer.ts'

/** How much of a result is kept. */
export interface Caps {
  readonly maxRows: number
  /** Of the rows as JSON. */
  readonly maxBytes: number
}

const askForLess = 'There are more rows than an answer takes. Add a WHERE, a LIMIT, or name fewer columns.'
const valuesCut = 'Values that are too long were cut.'

/** Collects rows until one of the caps is reached; cuts between rows, never within one. */
export class RowSet {
  readonly columns: readonly Column[]
  readonly values: Json[][] = []
  readonly #caps: Caps
  #bytes = 0
  #full = false
  #cutValues = false

  constructor(columns: readonly Column[], caps: Caps) {
    this.columns = columns
    this.#caps = caps
  }

  /** Takes one more row; false when it has no place, and neither has any that follows. */
  push(row: Json[]): boolean {
    if (this.#full) return false
    const bytes = Buffer.byteLength(JSON.stringify(row)) + 1
    if (this.values.length >= this.#caps.maxRows || this.#bytes + bytes > this.#caps.maxBytes) {
      this.#full = true
      return false
    }
    this.#bytes += bytes
    this.values.push(row)
    return true
  }

  /** Says that a value was shortened. */
  cutValue(): void {
    this.#cutValues = true
  }

  /** Says that there are rows beyond those that were pushed. */
  cutRows(): void {
    this.#full = true
  }

  /** Whether there are more rows than have a place. */
  get isFull(): boolean {
    return this.#full
  }

  get truncated(): boolean {
    return this.#full || this.#cutValues
  }

  /** How to ask for less; null when nothing was left out. */
  get hint(): string | null {
    if (this.#full) return askForLess
    return this.#cutValues ? valuesCut : null
  }
}
