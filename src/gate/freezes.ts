import { Refusal } from '../refusal.ts'

/**
 * How many different parts of one secret answers may hold. Who knows a part of a secret and can have an API say what he likes
 * finds out the next character by trying: only the right one is redacted. A few answers must not be enough.
 */
const maximumParts = 3

/** How many secrets are kept in mind: tokens come and go. */
const maximumSecrets = 256

/** Tools whose answers held too many parts of a secret; they stay frozen until this process ends. */
export class Freezes {
  /** The parts that were seen of each secret, whichever tool showed them; the one seen last is the last. */
  readonly #parts = new Map<string, Set<string>>()
  readonly #frozen = new Set<string>()

  /**
   * Notes a part that an answer of a tool held.
   *
   * @param secret its fingerprint, and `part` that of the part
   * @returns whether it is one that was not seen before, and whether the tool is frozen from now on
   */
  saw(tool: string, secret: string, part: string): { readonly isNew: boolean; readonly freezes: boolean } {
    const parts = this.#parts.get(secret) ?? new Set<string>()
    this.#parts.delete(secret)
    this.#parts.set(secret, parts)
    const [oldest] = this.#parts.keys()
    if (this.#parts.size > maximumSecrets && oldest !== undefined) this.#parts.delete(oldest)
    if (parts.has(part)) return { isNew: false, freezes: false }
    parts.add(part)
    const freezes = parts.size > maximumParts && !this.#frozen.has(tool)
    if (freezes) this.#frozen.add(tool)
    return { isNew: true, freezes }
  }

  /** @throws Refusal `frozen` */
  requireThawed(tool: string): void {
    if (this.#frozen.has(tool)) throw new Refusal('frozen', `the answers of ${tool} held parts of a key`)
  }

  /** @throws Refusal `target_refused` for the very answer that froze its tool, and those that come after */
  requireShowable(tool: string): void {
    if (this.#frozen.has(tool)) throw new Refusal('target_refused', 'the answer holds one more part of a key')
  }
}
