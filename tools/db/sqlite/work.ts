import type { Select } from 'sqlite3-parser'
import type { Touch } from '../../../src/kind.ts'
import { invalidInput } from '../../../src/refusal.ts'
import type { Frame, Names, Target } from './frames.ts'
import { fold } from './names.ts'
import { Edits } from './made.ts'
import type { Relation, Relations } from './relations.ts'

/** How deep a statement can be: before our own stack ends. SQLite allows for less where it counts the same. */
const maxDepth = 600

/** Judges a SELECT within what it can see of the statement that it stands in, and gives the names of its columns. */
export type JudgeQuery = (node: Select, around: Frame | null, work: Work) => Names

/** What is known and collected while one statement is judged. */
export class Work {
  /** Null for a condition on rows, which reads no table. */
  readonly relations: Relations | null
  /** Folded: what may be called beyond what is safe. */
  readonly functions: ReadonlySet<string>
  readonly edits = new Edits()
  /** Set while a name can stand for a column of it. */
  target: Target | null = null
  /** Null where no subquery is offered. */
  query: JudgeQuery | null
  readonly #touches = new Map<string, Touch>()
  #depth = 0

  constructor(relations: Relations | null, functions: readonly string[], query: JudgeQuery | null) {
    this.relations = relations
    this.functions = new Set(functions.map(fold))
    this.query = query
  }

  get touches(): readonly Touch[] {
    return [...this.#touches.values()]
  }

  touch(access: 'read' | 'write', { table: { label } }: Relation): void {
    this.#touches.set(`${access} ${label}`, { access, resource: label })
  }

  /**
   * Does something further down.
   *
   * @param levels how much of the stack it takes
   */
  deeper<T>(work: () => T, levels = 1): T {
    this.#depth += levels
    if (this.#depth > maxDepth) throw invalidInput('sql: is nested too deeply')
    const result = work()
    this.#depth -= levels
    return result
  }

  /** Does something where no subquery is offered. */
  withoutQueries(work: () => void): void {
    const before = this.query
    this.query = null
    work()
    this.query = before
  }

  /** Does something while names can stand for columns of a target. */
  aiming<T>(target: Target | null, work: () => T): T {
    const before = this.target
    this.target = target
    const result = work()
    this.target = before
    return result
  }
}
