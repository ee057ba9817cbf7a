import { distinctSecrets } from '../credentials/same-secrets.ts'
import { createRedactor, type Redactor } from '../redact/redactor.ts'
import { Secret } from '../secret.ts'

/** How many values that the target gave, such as cookies, are remembered; the newest, and all of one answer. */
const rememberedValues = 32

/** How many calls that have ended are remembered with what they were signed with: an answer from a cache may show it. */
const rememberedCalls = 8

/**
 * What a worker redacts: the secrets that it holds and held shortly before, what single calls were signed with, and what the
 * target gave for them.
 */
export class Redaction {
  #leased: readonly Secret[] = []
  #learned: readonly Secret[] = []
  readonly #signed = new Map<number, readonly Secret[]>()
  readonly #ended: (readonly Secret[])[] = []
  #current: Redactor | null = null
  readonly #onPartial: (secret: Secret, part: string) => void

  /** `onPartial` hears of each part of a secret that was found without the rest. */
  constructor(onPartial: (secret: Secret, part: string) => void) {
    this.#onPartial = onPartial
  }

  /** Redacts these, in place of those that were leased before. */
  lease(secrets: readonly Secret[]): void {
    this.#leased = secrets
    this.#current = null
  }

  /** Redacts what a call is signed with, until some calls after it has ended. */
  sign(call: number, secrets: readonly Secret[]): void {
    this.#signed.set(call, [...(this.#signed.get(call) ?? []), ...secrets])
    this.#current = null
  }

  /** Hears that a call has ended. */
  ended(call: number): void {
    const signed = this.#signed.get(call)
    if (signed === undefined) return
    this.#signed.delete(call)
    this.#ended.unshift(signed)
    this.#ended.length = Math.min(this.#ended.length, rememberedCalls)
  }

  /** Redacts what the target gave, as belonging to a credential. */
  learn(credential: string, values: readonly string[]): void {
    const secrets = values.filter(isUnmistakable).map(value => new Secret(credential, value))
    const all = distinctSecrets([...secrets, ...this.#learned])
    if (all.length === this.#learned.length) return
    this.#learned = all.slice(0, Math.max(rememberedValues, secrets.length))
    this.#current = null
  }

  /** The redactor that knows everything by now; the same one as long as nothing new is known. */
  get current(): Redactor {
    this.#current ??= createRedactor(
      distinctSecrets([...this.#leased, ...[...this.#signed.values(), ...this.#ended].flat(), ...this.#learned]),
      { onPartial: this.#onPartial },
    )
    return this.#current
  }
}

/** A cookie such as `theme=darkmode` is no secret, and its word would be missing from every answer after it. */
function isUnmistakable(value: string): boolean {
  return value.length >= 16 && (/\d/.test(value) || value.length >= 32)
}
