import { compile, type Fragment } from './fragment.ts'
import { createLetters, type Step } from './letters.ts'
import { type Opening, openingOf } from './opening.ts'

/** A step of a form may have as many units as this; threads count on it. */
export const unitsPerStep = 4096

/**
 * The ways to write each character, compiled when first met. They are what a search is mostly made of, and the same in
 * every search, so searches that are made one after another share one.
 */
export class Alphabet {
  readonly letters = createLetters()
  readonly #fragments = new Map<Step, Fragment>()
  readonly #openings = new Map<Step, Opening>()

  /** How many steps are compiled. All that ASCII needs are some 800; others come with values of other characters. */
  get size(): number {
    return this.#fragments.size
  }

  /** Compiles a step. */
  fragment(step: Step): Fragment {
    const known = this.#fragments.get(step)
    if (known) return known
    const fragment = compile(step())
    if (fragment.units.length > unitsPerStep) throw new Error('a step of a form is too large')
    this.#fragments.set(step, fragment)
    return fragment
  }

  /** Compiles only what a step begins with: most forms are left as soon as that is known. */
  opening(step: Step): Opening {
    const known = this.#openings.get(step) ?? openingOf(step())
    this.#openings.set(step, known)
    return known
  }
}
