import { inspect } from 'node:util'

/**
 * A value that must not be shown. Wherever it is printed (template, JSON, `inspect`, an error's
 * message) it prints as its label; the value appears only inside the callback given to `use`.
 */
export class Secret {
  /** The name of the credential that it belongs to. */
  readonly credential: string
  readonly label: string
  /** Whether parts of it can be known to others, so that only the whole is looked for in answers. */
  readonly wholeOnly: boolean
  readonly #value: string

  constructor(credential: string, value: string, { wholeOnly = false }: { readonly wholeOnly?: boolean } = {}) {
    this.credential = credential
    this.label = `[credential ${credential}]`
    this.wholeOnly = wholeOnly
    this.#value = value
  }

  /** Hands the value to one callback, at the last line before the wire. */
  use<T>(callback: (value: string) => T): T {
    return callback(this.#value)
  }

  toString(): string {
    return this.label
  }

  toJSON(): string {
    return this.label
  }

  [inspect.custom](): string {
    return this.label
  }
}
