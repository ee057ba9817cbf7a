import type { Touch } from '../../../src/kind.ts'
import type { Frame, Target } from './frame.ts'
import type { Relations } from './relations.ts'

/** One statement while it is judged and written anew. */
export interface Work {
  /** Null where there can be none. */
  readonly relations: Relations | null
  /** Beyond the safe ones: as the admin wrote them. */
  readonly functions: readonly string[]
  readonly touches: Touches
  readonly target: Target | null
  /** How many strings, numbers and placeholders were written, and subqueries in the place of a table. */
  readonly counts: { strings: number; numbers: number; placeholders: number; ctes: number; narrowed: number }
  /** What stands in the place of nodes of the parser's tree, in what is made. */
  readonly replaced: Map<unknown, unknown>
  /** The SELECT whose columns an agent gets; null where none is. */
  readonly answering: unknown
  /** Writes a query without the parentheses around it; null where none may be, as in a filter of rows. */
  readonly query: ((tree: unknown, frame: Frame, work: Work) => string) | null
}

/** Which tables a statement acts on, each once per access. */
export class Touches {
  readonly #all = new Map<string, Touch>()

  add(access: 'read' | 'write', resource: string): void {
    this.#all.set(`${access} ${resource}`, { access, resource })
  }

  get all(): readonly Touch[] {
    return [...this.#all.values()]
  }
}
