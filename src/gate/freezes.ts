import { Refusal } from '../refusal.ts'

/**
 * How many different parts of one secret a tool's answers may hold. Who knows a part of a secret and can have an API say
 * what he likes finds out the next character by trying: only the right one is redacted. A few answers must not be enough.
 */
const maximumParts = 3

/** How many secrets of a tool are kept in mind, the newest: tokens come and go. */
const maximumSecrets = 64

/** Tools whose answers held too many parts of a secret; they stay frozen until this process ends. */
export class Freezes {
  readonly #parts = new Map<string, Map<string, Set<string>>>()
  readonly #frozen = new Set<string>()

  /**
   * Notes a part that an answer held.
   *
   * @param secret its fingerprint, and `part` that of the part
   * @returns whether it is one that was not seen before, and whether the tool is frozen from now on
   */
  saw(tool: string, secret: string, part: string): { readonly isNew: boolean; readonly freezes: boolean } {
    const secrets = this.#parts.get(tool) ?? new Map<string, Set<string>>()
    this.#parts.set(tool, secrets)
    const parts = secrets.get(secret) ?? new Set<string>()
    if (parts.has(part)) return { isNew: false, freezes: false }
    secrets.set(secret, parts.add(part))
    const [oldest] = secrets.keys()
    if (secrets.size > maximumSecrets && oldest !== undefined) secrets.delete(oldest)
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
