import type { Connection, SqlRow } from './connection.ts'
import * as opcodes from './opcodes.ts'
import type { Schema, Tree } from './schema.ts'

/** One instruction of the program that SQLite has made of a statement. */
export interface Instruction {
  readonly address: number
  readonly opcode: string
  readonly p1: number
  readonly p2: number
  readonly p3: number
  readonly p4: string
  readonly p5: number
}

/** What a program can touch, whatever the authorizer was asked. */
export interface Touched {
  /** Tables that are read, and of each the columns whose values can show. */
  readonly read: ReadonlyMap<string, ReadonlySet<string>>
  /** Tables whose rowid a comparison finds or the program takes up, as SQLite also does for its own purposes. */
  readonly rowids: ReadonlySet<string>
  /** By table, the columns that an index begins with and that are gone through value by value, to get at the next one. */
  readonly skipped: ReadonlyMap<string, ReadonlySet<string>>
  readonly written: ReadonlySet<string>
  /** Virtual tables, by the address that SQLite shows for them. */
  readonly virtual: ReadonlySet<string>
  /** Names the first instruction that nobody has allowed; null when there is none. */
  readonly unknown: string | null
}

/** Gives the columns that the expressions of an index are made of; null where that is not known. */
export type ExpressionColumns = (index: string) => ReadonlySet<string> | null

/** The program of a statement; the caller has said who answers the authorizer's questions. */
export function programOf(connection: Connection, sql: string): readonly Instruction[] {
  const rows = connection.prepare(`EXPLAIN ${sql}`).all() as unknown as readonly SqlRow[]
  return rows.map(([address, opcode, p1, p2, p3, p4, p5]) => ({
    address: Number(address),
    opcode: String(opcode),
    p1: Number(p1),
    p2: Number(p2),
    p3: Number(p3),
    p4: p4 === null ? '' : String(p4),
    p5: Number(p5),
  }))
}

/** Works out what a program can touch. */
export function touchedBy(program: readonly Instruction[], schema: Schema, expressions: ExpressionColumns): Touched {
  const tally = new Tally(schema, expressions)
  for (const part of parts(program)) tally.take(part)
  return tally
}

/** A program is followed by those of its triggers, each of which counts addresses and cursors anew. */
function parts(program: readonly Instruction[]): readonly (readonly Instruction[])[] {
  const found: Instruction[][] = []
  for (const instruction of program) {
    if (instruction.address === 0) found.push([])
    found.at(-1)?.push(instruction)
  }
  return found
}

/** What a cursor is on: a tree that is read or written, or only what the program made itself. */
type Opened = { readonly tree: Tree; readonly isWritten: boolean } | 'own'

/** A flag in P5: the page is in a register, as of a table that was just made. */
const pageInRegister = 0x10

class Tally implements Touched {
  readonly read = new Map<string, Set<string>>()
  readonly rowids = new Set<string>()
  readonly skipped = new Map<string, Set<string>>()
  readonly written = new Set<string>()
  readonly virtual = new Set<string>()
  unknown: string | null = null
  readonly #schema: Schema
  readonly #expressions: ExpressionColumns
  #cursors = new Map<number, Opened[]>()
  #skips = new Map<number, number>()

  constructor(schema: Schema, expressions: ExpressionColumns) {
    this.#schema = schema
    this.#expressions = expressions
  }

  take(program: readonly Instruction[]): void {
    this.#cursors = new Map()
    // A cursor can be begun by an instruction that stands further down.
    for (const instruction of program) this.#open(instruction)
    this.#skips = skipsIn(program)
    for (const instruction of program) this.#use(instruction)
  }

  #open(instruction: Instruction): void {
    const { opcode, p1, p2, p3, p4, p5 } = instruction
    if (opcodes.opensOwn.has(opcode)) return this.#opened(p1, 'own')
    if (opcode === 'VOpen') {
      this.virtual.add(p4)
      return this.#opened(p1, 'own')
    }
    if (!opcodes.opensTree.has(opcode)) return
    const tree = p3 === 0 && (p5 & pageInRegister) === 0 ? this.#schema.trees.get(p2) : undefined
    if (tree === undefined) return this.#refuse(instruction)
    const isWritten = opcode === 'OpenWrite'
    this.#opened(p1, { tree, isWritten })
    if (isWritten) this.written.add(tree.table)
    else if (!this.read.has(tree.table)) this.read.set(tree.table, new Set())
  }

  #opened(cursor: number, opened: Opened): void {
    const all = this.#cursors.get(cursor) ?? []
    all.push(opened)
    this.#cursors.set(cursor, all)
  }

  #use(instruction: Instruction): void {
    const { opcode, p1, p2, p3 } = instruction
    if (opcodes.harmless.has(opcode) || opcodes.opensOwn.has(opcode) || opcodes.opensTree.has(opcode)) return
    if (opcode === 'VOpen') return
    // P2 of 0 is a transaction that reads; 1 and 2 are what OpenWrite needs. Another database than the file is temporary.
    if (opcode === 'Transaction') return p1 === 0 ? undefined : this.#refuse(instruction)
    const isType = opcode === 'IsType'
    if (isType && p1 === -1) return // looks at a register
    const all = this.#cursors.get(p1) ?? []
    // A number can stand for several cursors, one after the other: what an instruction fits, it may be about.
    const fitting = all.filter(one => this.#takeFrom(one, isType ? p3 : p2, instruction, all))
    if (fitting.length === 0) this.#refuse(instruction)
  }

  /** Counts what an instruction takes from a cursor; false where it cannot be about that. */
  #takeFrom(one: Opened, position: number, instruction: Instruction, all: readonly Opened[]): boolean {
    const { opcode } = instruction
    if (opcodes.changes.has(opcode)) return one === 'own' || one.isWritten
    if (one === 'own') return this.#isKnown(opcode)
    const { tree } = one
    // To change a row all of it has to be read, also what nobody may see. About WHERE and RETURNING the authorizer is asked.
    if (all.some(other => other !== 'own' && other.isWritten && other.tree.table === tree.table))
      return this.#isKnown(opcode)
    const skip = this.#skips.get(instruction.p1) ?? 0
    if (opcodes.givesField.has(opcode)) return this.#field(tree, position, skip)
    if (opcodes.seeks.has(opcode)) return this.#compared(tree, Number(instruction.p4), skip)
    if (opcodes.givesRow.has(opcode)) return [...tree.fields.keys()].every(each => this.#field(tree, each, 0))
    if (!opcodes.findsRowid.has(opcode) && !opcodes.givesRowid.has(opcode)) return false
    this.rowids.add(tree.table)
    return true
  }

  #isKnown(opcode: string): boolean {
    const { givesField, seeks, findsRowid, givesRowid, givesRow } = opcodes
    return [givesField, seeks, findsRowid, givesRowid, givesRow].some(set => set.has(opcode))
  }

  #field(tree: Tree, position: number, skip: number): boolean {
    const field = tree.fields[position]
    if (field === undefined) return false
    if (field !== null && position < skip) {
      this.skipped.set(tree.table, (this.skipped.get(tree.table) ?? new Set()).add(field))
      return true
    }
    const columns = field === null ? tree.index && this.#expressions(tree.index) : [field]
    for (const column of columns ?? []) this.#column(tree, column)
    return columns !== null
  }

  #compared(tree: Tree, count: number, skip: number): boolean {
    if (tree.index === null && tree.rowid !== null) {
      this.rowids.add(tree.table)
      return true
    }
    // Without a number it is the whole of a record that was made before.
    const fields = count === 0 ? tree.fields : tree.fields.slice(0, count)
    return [...fields.keys()].every(position => this.#field(tree, position, skip))
  }

  /** The rowid is at the end of every index. */
  #column(tree: Tree, column: string): void {
    if (column === tree.rowid) this.rowids.add(tree.table)
    else this.read.get(tree.table)?.add(column)
  }

  #refuse({ opcode }: Instruction): void {
    this.unknown ??= opcode
  }
}

/**
 * How many leading fields of an index SQLite goes through value by value, to search by the fields behind them (a skip-scan):
 * it then seeks beyond the last value of these, and from there to the others.
 */
function skipsIn(program: readonly Instruction[]): Map<number, number> {
  const seeks = program.filter(({ opcode }) => /^Seek[GL][ET]$/.test(opcode))
  const skips = new Map<number, number>()
  for (const { opcode, p1, p4 } of seeks) {
    const count = Number(p4)
    const goesOn = seeks.some(other => other.p1 === p1 && Number(other.p4) > count)
    if (opcode.endsWith('T') && goesOn) skips.set(p1, Math.max(count, skips.get(p1) ?? 0))
  }
  return skips
}
