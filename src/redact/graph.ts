import { type Alphabet, unitsPerStep } from './alphabet.ts'
import type { Form } from './forms.ts'
import type { Fragment } from './fragment.ts'
import type { Step } from './letters.ts'
import type { Opening } from './opening.ts'

/** Where a reading of a form has got to: the step and the unit within the step that was just read. */
export type Thread = number

/** All forms of all secrets as one automaton that can be read in either direction. */
export class Graph {
  readonly #forms: readonly Form[]
  /** The number of the secret, by form. */
  readonly #owners: readonly number[]
  /** The number of the first step, by form. Behind the last one of each there is a number without a step. */
  readonly #firstSteps: readonly number[]
  readonly #steps = new Map<number, Step | null>()
  readonly #alphabet: Alphabet

  /** `secrets[i]` holds the forms of secret number i, written with the letters of `alphabet`. */
  constructor(secrets: readonly (readonly Form[])[], alphabet: Alphabet) {
    this.#alphabet = alphabet
    this.#forms = secrets.flat()
    this.#owners = secrets.flatMap((forms, owner) => forms.map(() => owner))
    let next = 1
    this.#firstSteps = this.#forms.map(form => {
      const first = next
      next += form.length + 1
      return first
    })
  }

  /** Returns the threads that begin with reading this character. */
  begin(character: string): readonly Thread[] {
    const found: Thread[] = []
    for (const step of this.#firstSteps) this.#enter(step, character, found)
    return found
  }

  /** Returns where the threads can be after reading one more character. */
  advance(threads: readonly Thread[], character: string): readonly Thread[] {
    const found: Thread[] = []
    for (const thread of threads) {
      const [step, unit, fragment] = this.#locate(thread)
      add(found, step, fragment, fragment.following[unit], character)
      if (fragment.isLast[unit]) this.#enter(step + 1, character, found)
    }
    return found
  }

  /** Returns where the threads can have been before, if this is what they read then. */
  retreat(threads: readonly Thread[], character: string): readonly Thread[] {
    const found: Thread[] = []
    for (const thread of threads) {
      const [step, unit, fragment] = this.#locate(thread)
      add(found, step, fragment, fragment.preceding[unit], character)
      if (!fragment.isFirst[unit]) continue
      for (let before = step - 1; ; before -= 1) {
        const previous = this.#fragment(before)
        if (!previous) break
        add(found, before, previous, previous.last, character)
        if (!previous.canBeEmpty) break
      }
    }
    return found
  }

  /** Tells whether a thread has read a form to its end. */
  isComplete(thread: Thread): boolean {
    const [step, unit, fragment] = this.#locate(thread)
    return fragment.isLast[unit] === true && this.#reachesNull(step, 1)
  }

  /** Tells whether a thread has only just begun a form. */
  isBeginning(thread: Thread): boolean {
    const [step, unit, fragment] = this.#locate(thread)
    return fragment.isFirst[unit] === true && this.#reachesNull(step, -1)
  }

  /** Tells whether a thread can read any further. */
  canContinue(thread: Thread): boolean {
    const [step, unit, fragment] = this.#locate(thread)
    return (
      (fragment.following[unit] ?? []).length > 0 || (fragment.isLast[unit] === true && this.#step(step + 1) !== null)
    )
  }

  /** Returns the number of the secret whose form a thread reads. */
  owner(thread: Thread): number {
    return this.#owners[this.#formAt(Math.floor(thread / unitsPerStep))] ?? 0
  }

  #enter(from: number, character: string, found: Thread[]): void {
    for (let step = from; ; step += 1) {
      const opening = this.#opening(step)
      if (!opening) return
      const fragment = opening.units.includes(character) ? this.#fragment(step) : null
      if (fragment) add(found, step, fragment, fragment.first, character)
      if (!opening.canBeEmpty) return
    }
  }

  #reachesNull(step: number, direction: 1 | -1): boolean {
    for (let next = step + direction; ; next += direction) {
      const fragment = this.#fragment(next)
      if (!fragment) return true
      if (!fragment.canBeEmpty) return false
    }
  }

  #locate(thread: Thread): readonly [number, number, Fragment] {
    const step = Math.floor(thread / unitsPerStep)
    const fragment = this.#fragment(step)
    if (!fragment) throw new Error('a thread is outside of every form')
    return [step, thread % unitsPerStep, fragment]
  }

  #step(number: number): Step | null {
    const known = this.#steps.get(number)
    if (known !== undefined) return known
    const index = this.#formAt(number)
    const form = this.#forms[index]
    const offset = number - (this.#firstSteps[index] ?? 0)
    const step = form && offset < form.length ? form.at(offset) : null
    this.#steps.set(number, step)
    return step
  }

  /** Returns which form has this step, or ends before it; -1 before the first. */
  #formAt(step: number): number {
    let [low, high] = [-1, this.#forms.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#firstSteps[middle] ?? 0) <= step) low = middle
      else high = middle - 1
    }
    return low
  }

  #opening(step: number): Opening | null {
    const make = this.#step(step)
    return make && this.#alphabet.opening(make)
  }

  /** Of a long key's thousands of forms, a search rarely gets beyond the first steps. */
  #fragment(step: number): Fragment | null {
    const make = this.#step(step)
    return make && this.#alphabet.fragment(make)
  }
}

function add(
  found: Thread[],
  step: number,
  fragment: Fragment,
  units: readonly number[] = [],
  character: string,
): void {
  for (const unit of units) if (fragment.units[unit]?.includes(character)) found.push(step * unitsPerStep + unit)
}
