import type { State } from './automaton.ts'
import type { PartSpan } from './part-search.ts'
import type { Search, Span } from './search.ts'

/** Where each of several searches can go on. */
export type States = readonly State[]

/** A search, and how many values it is for. */
export interface Searched {
  readonly search: Search
  readonly count: number
}

/**
 * Searches side by side, which find what one search for all their values would find. Each keeps what it has met in texts: a
 * new value costs a search for that value, while the others stay as fast as they have become. Their values are numbered through.
 */
export class SeveralSearches {
  /** The states before any text. */
  readonly start: States
  readonly #searches: readonly Search[]
  /** By search: the number of its first value. */
  readonly #firsts: readonly number[]

  constructor(searched: readonly Searched[]) {
    this.#searches = searched.map(({ search }) => search)
    this.start = this.#searches.map(search => search.start)
    let next = 0
    this.#firsts = searched.map(({ count }) => {
      const first = next
      next += count
      return first
    })
  }

  /** Tells whether a text has any form of a value, or of a part of one. */
  finds(text: string): boolean {
    for (const search of this.#searches) if (search.read(text, 0, search.start).spans.length > 0) return true
    return false
  }

  /** Reads on as `Search.read` does. */
  read(text: string, from: number, states: States): { readonly states: States; readonly spans: readonly Span[] } {
    const findings = this.#searches.map((search, index) => search.read(text, from, states[index] ?? search.start))
    const spans = findings.flatMap((found, index) => this.#numbered(found.spans, index))
    // Of those that are as long as each other the first one names them all: a whole value, as in one search.
    if (findings.length > 1)
      spans.sort((left, right) => left.end - right.end || Number(left.isPart) - Number(right.isPart))
    return { states: findings.map(({ state }) => state), spans }
  }

  /** Reads on in a text of which `text` is the next piece; null when a form of a whole value ended in it. */
  proceed(text: string, states: States): States | null {
    const after: State[] = []
    for (const [index, search] of this.#searches.entries()) {
      const state = search.proceed(text, states[index] ?? search.start)
      if (state === null) return null
      after.push(state)
    }
    return after
  }

  /** Returns the parts of values that end in `text` behind index `from`. */
  partsIn(text: string, from: number): readonly PartSpan[] {
    return this.#searches.flatMap((search, index) => this.#numbered(search.partsIn(text, from), index))
  }

  /** Returns how much of `text`, read up to `states`, can no longer become part of anything that is searched for, whatever follows. */
  settled(text: string, states: States): number {
    return Math.min(
      text.length,
      ...this.#searches.map((search, index) => search.settled(text, states[index] ?? search.start)),
    )
  }

  #numbered<Found extends PartSpan>(spans: readonly Found[], index: number): readonly Found[] {
    const first = this.#firsts[index] ?? 0
    return first === 0 ? spans : spans.map(span => ({ ...span, owner: first + span.owner }))
  }
}
