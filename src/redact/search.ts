import { Alphabet } from './alphabet.ts'
import { Automaton, type State } from './automaton.ts'
import { formsOf } from './forms.ts'
import { Graph, type Thread } from './graph.ts'
import { PartSearch, type PartSpan } from './part-search.ts'

/** A stretch of text that is a form of a value, or of a part of one; `owner` is the value's number. */
export interface Span {
  readonly start: number
  readonly end: number
  readonly owner: number
  readonly isPart: boolean
}

/** A search that went over some text: where it can go on, and the forms that ended in it. */
export interface Findings {
  readonly state: State
  readonly spans: readonly Span[]
}

/**
 * Finds every form of every value in one pass over the text. Forwards it sees where forms end; only then it
 * reads backwards to see where the longest of them began. Its time is linear in the text, whatever the text is.
 */
export class Search {
  readonly #graph: Graph
  readonly #forwards: Automaton
  readonly #backwards: Automaton
  /** Where reading backwards begins, by the threads of a state. */
  readonly #turns = new WeakMap<readonly Thread[], State>()
  readonly #parts: PartSearch

  constructor(values: readonly string[], parts = new PartSearch(values), alphabet = new Alphabet()) {
    this.#parts = parts
    this.#graph = new Graph(
      values.map(value => formsOf(value, alphabet.letters)),
      alphabet,
    )
    this.#forwards = new Automaton(this.#graph, 'forwards', values.join(''))
    this.#backwards = new Automaton(this.#graph, 'backwards', values.join(''))
  }

  /** The state before any text. */
  get start(): State {
    return this.#forwards.start
  }

  /**
   * Reads on in `text` from index `from`, where an earlier search stopped in `state`; what that did not settle must still
   * be there. The spans are in the order of their ends.
   */
  read(text: string, from: number, state: State): Findings {
    const spans: Span[] = []
    let at = { index: from, state }
    while (at.index < text.length) {
      at = this.#forwards.run(text, at.index, at.state)
      const span = at.state.hasArrivals ? this.#back(text, at.index, at.state.arrived) : null
      if (span) spans.push(span)
    }
    const parts = this.#parts.find(text, from)
    if (parts.length > 0) {
      for (const part of parts) spans.push({ ...part, isPart: true })
      spans.sort((left, right) => left.end - right.end)
    }
    return { state: at.state, spans }
  }

  /** Reads on in a text of which `text` is the next piece; null when a form of a whole value ended in it. */
  proceed(text: string, state: State): State | null {
    const at = this.#forwards.run(text, 0, state)
    return at.state.hasArrivals ? null : at.state
  }

  /** Returns the parts of values that end in `text` behind index `from`. */
  partsIn(text: string, from: number): readonly PartSpan[] {
    return this.#parts.find(text, from)
  }

  /** Returns how much of `text`, read up to `state`, can no longer become part of anything that is searched for, whatever follows. */
  settled(text: string, state: State): number {
    const start = this.#back(text, text.length, state.live)?.start ?? text.length
    return Math.min(start, this.#parts.settled(text))
  }

  /** Reads backwards from `end`, where the threads are, to the earliest beginning of any of them. */
  #back(text: string, end: number, threads: readonly Thread[]): Span | null {
    let span: Span | null = null
    let state = this.#turn(threads)
    for (let index = end - 1; index >= 0 && state.threads.length > 0; index -= 1) {
      const [beginning] = state.arrived
      if (beginning !== undefined) span = { start: index, end, owner: this.#graph.owner(beginning), isPart: false }
      if (index > 0) state = this.#backwards.step(state, text.charCodeAt(index - 1))
    }
    return span
  }

  #turn(threads: readonly Thread[]): State {
    const known = this.#turns.get(threads)
    if (known) return known
    const state = this.#backwards.at(threads)
    this.#turns.set(threads, state)
    return state
  }
}
