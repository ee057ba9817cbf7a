import { distinctSecrets } from '../credentials/same-secrets.ts'
import { Alphabet } from '../redact/alphabet.ts'
import { combineRedactor, type CompiledSecrets, compileSecrets, type Redactor } from '../redact/redactor.ts'
import { Secret } from '../secret.ts'

/** How many values that the target gave, such as cookies, are remembered at least; the newest, and all of one answer. */
const rememberedValues = 32

/**
 * How many signatures of calls that have ended are remembered at least: an API that shows its recent requests could otherwise
 * give away a signed token that is still valid. A call has some three of them, in different spellings.
 */
const rememberedSignatures = 96

/** Groups that are smaller are put together: each is one more search, and each search for more values takes longer to make. */
const largestJoinedGroup = { learned: 8, signed: 32 } as const

/** ASCII takes some 800. */
const largestAlphabet = 4_000

/** Secrets that came together, or were put together since. Each group has its own search, which lasts as long as the group. */
type Group = readonly Secret[]

/**
 * What a worker redacts: the secrets that it holds and held shortly before, what single calls were signed with, and what the
 * target gave for them. A new signature in each call, or a new cookie in each answer, leaves the search for all others as it is.
 */
export class Redaction {
  #leased: Group = []
  /** The newest first. */
  #learned: readonly Group[] = []
  readonly #signed = new Map<number, readonly Group[]>()
  /** What calls that have ended were signed with, the newest first. */
  #ended: readonly Group[] = []
  readonly #compiled = new WeakMap<Group, CompiledSecrets>()
  #alphabet = new Alphabet()
  #current: Redactor | null = null
  readonly #onPartial: (secret: Secret, part: string) => void

  /** `onPartial` hears of each part of a secret that was found without the rest. */
  constructor(onPartial: (secret: Secret, part: string) => void) {
    this.#onPartial = onPartial
  }

  /**
   * Redacts these, in place of those that were leased before.
   *
   * @throws Refusal credential_unavailable when one of them cannot be redacted; it must not be presented then
   */
  lease(secrets: readonly Secret[]): void {
    const leased = distinctSecrets(secrets)
    this.#compile(leased)
    this.#leased = leased
    this.#current = null
  }

  /** Redacts what a call is signed with, until some calls after it has ended. */
  sign(call: number, secrets: readonly Secret[]): void {
    this.#signed.set(
      call,
      withNewest(distinctSecrets(secrets), this.#signed.get(call) ?? [], largestJoinedGroup.signed),
    )
    this.#current = null
  }

  /** Hears that a call has ended. */
  ended(call: number): void {
    const signed = this.#signed.get(call)
    if (signed === undefined) return
    this.#signed.delete(call)
    const kept = newest(this.#ended, rememberedSignatures)
    this.#ended = withNewest(signed.flat(), kept, largestJoinedGroup.signed)
    this.#current = null
  }

  /** Redacts what the target gave, as belonging to a credential. */
  learn(credential: string, values: readonly string[]): void {
    const secrets = values.filter(isUnmistakable).map(value => new Secret(credential, value))
    if (unknownOf(secrets, this.#learned).length === 0) return
    const kept = newest(this.#learned, rememberedValues)
    this.#learned = withNewest(unknownOf(secrets, kept), kept, largestJoinedGroup.learned)
    this.#current = null
  }

  /** The redactor that knows everything by now; the same one as long as nothing new is known. */
  get current(): Redactor {
    this.#current ??= combineRedactor(
      apart([this.#leased, ...[...this.#signed.values()].flat(), ...this.#ended, ...this.#learned]).map(group =>
        this.#compile(group),
      ),
      { onPartial: this.#onPartial },
    )
    return this.#current
  }

  #compile(group: Group): CompiledSecrets {
    // A target can set cookies with ever new characters; what was compiled for those is not kept for ever.
    if (this.#alphabet.size > largestAlphabet) this.#alphabet = new Alphabet()
    const compiled = this.#compiled.get(group) ?? compileSecrets(group, this.#alphabet)
    this.#compiled.set(group, compiled)
    return compiled
  }
}

/** Puts a group before others, and small ones of about the same size together: so there are few, and a value is rarely moved. */
function withNewest(first: Group, older: readonly Group[], largest: number): readonly Group[] {
  const [next, ...rest] = older
  if (next === undefined || next.length > first.length || next.length + first.length > largest) return [first, ...older]
  return withNewest([...first, ...next], rest, largest)
}

/** The newest of some groups, which together have at least so many secrets, if there are as many. */
function newest(groups: readonly Group[], least: number): readonly Group[] {
  return groups.filter((_, index) => groups.slice(0, index).flat().length < least)
}

/** Leaves each value in the first group that has it: a group that has all of its own is the same as before, and its search is. */
function apart(groups: readonly Group[]): readonly Group[] {
  const distinct = new Set(distinctSecrets(groups.flat()))
  return groups
    .map(group => (group.every(secret => distinct.has(secret)) ? group : group.filter(secret => distinct.has(secret))))
    .filter(group => group.length > 0)
}

function unknownOf(secrets: Group, known: readonly Group[]): Group {
  const before = new Set(known.flat())
  return distinctSecrets([...before, ...secrets]).filter(secret => !before.has(secret))
}

/** A cookie such as `theme=darkmode` is no secret, and its word would be missing from every answer after it. */
function isUnmistakable(value: string): boolean {
  return value.length >= 16 && (/\d/.test(value) || value.length >= 32)
}
