import { constants } from 'node:sqlite'

/** One question that SQLite asks while it prepares a statement. */
export interface Question {
  readonly code: number
  readonly first: string | null
  readonly second: string | null
  readonly database: string | null
  /** The innermost trigger, view or WITH that it comes from. */
  readonly within: string | null
}

/** Whether what is asked about may be. */
export type Answerer = (question: Question) => boolean

/**
 * Answers SQLite's questions: with no unless somebody who is preparing or stepping has said who answers. SQLite also asks
 * when it prepares a statement again because the schema has changed, so the answerer stays until the last step.
 */
export class Authorizer {
  #answerer: Answerer | null = null

  readonly callback = (
    code: number,
    first: string | null,
    second: string | null,
    database: string | null,
    within: string | null,
  ): number => {
    const isAllowed = this.#answerer?.({ code, first, second, database, within }) === true
    return isAllowed ? constants.SQLITE_OK : constants.SQLITE_DENY
  }

  /** Has questions answered while something is done. */
  during<T>(answerer: Answerer, work: () => T): T {
    const before = this.#answerer
    this.#answerer = answerer
    try {
      return work()
    } finally {
      this.#answerer = before
    }
  }

  /** Allows everything while a fixed statement of ours is carried out. */
  ours<T>(work: () => T): T {
    return this.during(() => true, work)
  }
}
