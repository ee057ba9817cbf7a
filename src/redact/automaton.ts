import type { Graph, Thread } from './graph.ts'
import { Starts } from './starts.ts'

/** Everything that a reading so far can still turn out to be, with the ways onward that were met already. */
export interface State {
  readonly threads: readonly Thread[]
  /** Threads that have read a form to its end; when reading backwards, to its beginning. */
  readonly arrived: readonly Thread[]
  /** Whether there are any; kept apart because the search asks for every character. */
  readonly hasArrivals: boolean
  /** Threads that can read on. */
  readonly live: readonly Thread[]
  /** By class of character; filled when first taken. */
  readonly next: (State | undefined)[]
  /** The same where a form begins with the character as well; made when first needed. */
  nextWithStart: (State | undefined)[] | null
}

/**
 * The most states that are remembered, each of some 2 KB. Ordinary text meets a few hundred; a key of 3 KB that is found has one
 * for each of its characters. Beyond the limit all are forgotten and made again, so text can slow a search but not make it grow.
 */
const maximumStates = 2048

/** The graph made deterministic while it is used: one table look-up for each character, whatever the text is. */
export class Automaton {
  /** Where every search begins: nothing read. */
  readonly start: State
  /** The class of each UTF-16 unit; 0 is every unit that no form contains. */
  readonly #classes: Uint16Array
  readonly #nowhere: readonly undefined[]
  readonly #starts: Starts
  readonly #move: (threads: readonly Thread[], character: string) => readonly Thread[]
  readonly #begin: (character: string) => readonly Thread[]
  readonly #hasArrived: (thread: Thread) => boolean
  readonly #isLive: (thread: Thread) => boolean
  readonly #states = new Map<string, State>()

  /** Reading forwards, forms may begin on the way; reading backwards, only the given threads are followed. */
  constructor(graph: Graph, direction: 'forwards' | 'backwards', characters: string) {
    this.#classes = new Uint16Array(0x10000)
    let width = 1
    for (let code = 0; code < 0x80; code += 1) this.#classes[code] = width++
    for (const unit of new Set(characters.split(''))) {
      if (unit.charCodeAt(0) >= 0x80) this.#classes[unit.charCodeAt(0)] = width++
    }
    this.#nowhere = Array.from({ length: width }, () => undefined)
    this.#starts = new Starts(graph)
    this.#begin = remember(character => graph.begin(character))
    if (direction === 'forwards') {
      this.#move = (threads, character) => graph.advance(threads, character)
      this.#hasArrived = thread => graph.isComplete(thread)
      this.#isLive = thread => graph.canContinue(thread)
    } else {
      this.#move = (threads, character) => graph.retreat(threads, character)
      this.#hasArrived = thread => graph.isBeginning(thread)
      this.#isLive = () => true
    }
    this.start = this.at([])
  }

  /** Returns the state of being at these threads. */
  at(threads: readonly Thread[]): State {
    const distinct = [...new Set(threads)].sort((left, right) => left - right)
    const key = distinct.join()
    const known = this.#states.get(key)
    if (known) return known
    const arrived = distinct.filter(this.#hasArrived)
    const state: State = {
      threads: distinct,
      arrived,
      hasArrivals: arrived.length > 0,
      live: distinct.filter(this.#isLive),
      next: this.#nowhere.slice(),
      nextWithStart: null,
    }
    if (this.#states.size >= maximumStates) this.#forget()
    this.#states.set(key, state)
    return state
  }

  /** Reads on until a form ends or the text does; returns the index after that, and the state there. */
  run(text: string, from: number, state: State): { index: number; state: State } {
    const starts = this.#starts
    let index = from
    let current = state
    while (index < text.length) {
      if (current === this.start) index = starts.next(text, index)
      if (index >= text.length) break
      const code = text.charCodeAt(index)
      current = starts.isStart(text, index) ? this.#stepWithStart(current, code) : this.step(current, code)
      index += 1
      if (current.hasArrivals) break
    }
    return { index, state: current }
  }

  /** Returns the state after reading one more code. */
  step(state: State, code: number): State {
    const kind = this.#classes[code] ?? 0
    return (state.next[kind] ??=
      kind === 0 ? this.start : this.at(this.#move(state.threads, String.fromCharCode(code))))
  }

  #stepWithStart(state: State, code: number): State {
    const kind = this.#classes[code] ?? 0
    state.nextWithStart ??= this.#nowhere.slice()
    return (state.nextWithStart[kind] ??= this.#discover(state, kind, code))
  }

  #discover(state: State, kind: number, code: number): State {
    if (kind === 0) return this.start
    const character = String.fromCharCode(code)
    return this.at([...this.#move(state.threads, character), ...this.#begin(character)])
  }

  #forget(): void {
    // A search that is under way keeps the state it is at. Its ways onward are cut with all others: a chain of states
    // that begins at one which is kept elsewhere would else stay as a whole, at some 190 MB for one long key.
    for (const state of this.#states.values()) {
      state.next.fill(undefined)
      state.nextWithStart = null
    }
    this.#states.clear()
    this.#states.set('', this.start)
  }
}

function remember<Value>(make: (character: string) => Value): (character: string) => Value {
  const made = new Map<string, Value>()
  return character => {
    const known = made.get(character) ?? make(character)
    made.set(character, known)
    return known
  }
}
