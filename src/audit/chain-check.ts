import { beginning } from './record.ts'

/** What can be wrong with a chain. */
export type ProblemKind =
  | 'changed' // a line is not the one that was written
  | 'removed' // lines are missing in between
  | 'cut' // lines are missing at the end
  | 'reordered' // a line stands where another belongs
  | 'not_a_record'
  | 'unsealed' // lines beyond what the head accounts for
  | 'bad_head'
  | 'missing' // a whole chain is gone

/** One thing that is wrong, at a line of a chain (1-based; null when it is the whole file). */
export interface AuditProblem {
  readonly chain: string
  readonly line: number | null
  readonly kind: ProblemKind
  readonly message: string
}

/** What a line says of itself. `seq` is null when it is no record. */
export interface CheckedLine {
  readonly number: number
  readonly seq: number | null
  readonly prev: string
  readonly hash: string
}

/** Follows a chain line by line and names what does not fit. Holds two lines, whatever the length of the chain. */
export class ChainCheck {
  readonly #report: (line: number, kind: ProblemKind, message: string) => void
  #expected = 1
  /** Hash of the line before, when that one is where it belongs; null when this cannot be told. */
  #before: string | null = beginning.hash
  #held: CheckedLine | null = null

  constructor(report: (line: number, kind: ProblemKind, message: string) => void) {
    this.#report = report
  }

  /** The number of the last record, after the end. */
  get last(): number {
    return this.#expected - 1
  }

  /** Takes the next line; judges the one before it, because what follows tells a moved line from missing ones. */
  add(line: CheckedLine): void {
    if (this.#held !== null) this.#judge(this.#held, line)
    this.#held = line
  }

  end(): void {
    if (this.#held !== null) this.#judge(this.#held, null)
    this.#held = null
  }

  #judge(line: CheckedLine, next: CheckedLine | null): void {
    if (line.seq === null) return this.#unreadable(line, next)
    if (line.seq === this.#expected) return this.#inPlace(line)
    if (line.seq > this.#expected && next?.seq !== this.#expected + 1 && (next?.seq ?? line.seq + 1) > line.seq) {
      this.#report(line.number, 'removed', `${records(this.#expected, line.seq - 1)} missing before this line`)
      return this.#goOnAfter(line.seq, line.hash)
    }
    const instead = `record ${line.seq} stands where record ${this.#expected} belongs`
    this.#report(line.number, 'reordered', `${instead}: moved, repeated or renumbered`)
    // A block that was moved goes on from its own number; a line put in between moves no other; one that was
    // exchanged with another leaves the rest in place.
    if (next?.seq === line.seq + 1 && next.seq !== this.#expected + 1) this.#goOnAfter(line.seq, line.hash)
    else if (next?.seq !== this.#expected || line.seq === this.#expected + 1) this.#goOnAfter(this.#expected, null)
  }

  #inPlace(line: CheckedLine): void {
    if (this.#before !== null && line.prev !== this.#before) {
      if (line.number === 1) this.#report(1, 'changed', 'it does not begin a chain')
      else this.#report(line.number - 1, 'changed', `line ${line.number} does not follow from it`)
    }
    this.#goOnAfter(this.#expected, line.hash)
  }

  #unreadable(line: CheckedLine, next: CheckedLine | null): void {
    this.#report(line.number, 'not_a_record', 'this is not a record')
    // When the next record is the one that belongs here, this line was put in between.
    if (next?.seq !== this.#expected) this.#goOnAfter(this.#expected, null)
  }

  #goOnAfter(seq: number, hash: string | null): void {
    this.#expected = seq + 1
    this.#before = hash
  }
}

/** `record 5 is`, `records 5 to 7 are`. */
export function records(from: number, to: number): string {
  return from === to ? `record ${from} is` : `records ${from} to ${to} are`
}
