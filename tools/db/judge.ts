import type { Touch } from '../../src/kind.ts'
import type { Scope } from './scope.ts'

/** The statements that there are for an agent. */
export type Action = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE'

/** A statement that stays inside the scope. */
export interface Judged {
  readonly action: Action
  /**
   * What is sent, made from the tree that was judged: every table carries its schema, and a table with listed columns or
   * rows is a subquery that gives just these. Nothing that is not in the scope has a name in it.
   */
  readonly text: string
  /**
   * The same write made to give what an agent may see of each row that it changes, which is what a preview shows. Null for
   * what reads, for what has RETURNING and thereby says itself what it gives, and where the dialect has none.
   */
  readonly sampled: string | null
  /** Every table of the scope that it reads or writes, by its label; each once per access. */
  readonly touches: readonly Touch[]
  /** How many values have to be bound. */
  readonly parameters: number
}

/**
 * Judges one statement; pure, and deny by default.
 *
 * @throws Refusal `invalid_input` for what is no statement that can be understood; OutOfScope
 */
export type Judge = (sql: string) => Judged

/** Makes the judge of a scope: `judgePostgres`, `judgeMysql` and `judgeSqlite`, each in a folder of its own. */
export type JudgeMaker = (scope: Scope) => Promise<Judge>

/** A statement that was understood, and that the scope does not allow. */
export class OutOfScope extends Error {
  /** What would be allowed instead, where that helps. */
  readonly allowed: readonly string[]

  /** @param reason in our words; names what was asked for, which came from the agent itself, and nothing of the catalogue */
  constructor(reason: string, allowed: readonly string[] = []) {
    super(reason)
    this.name = 'OutOfScope'
    this.allowed = allowed
  }
}
