import { distinctSecrets } from '../credentials/same-secrets.ts'
import { combineRedactor, type CompiledSecrets, compileSecrets, type Redactor } from '../redact/redactor.ts'
import { Secret } from '../secret.ts'

/** How many values that the target gave, such as cookies, are remembered at least; the newest, and all of one answer. */
const rememberedValues = 32

/** How many calls that have ended are remembered with what they were signed with: an answer from a cache may show it. */
const rememberedCalls = 2

/** Groups that are smaller are put together: each is one more search, and each search for more values takes longer to make. */
const largestJoinedGroup = 8

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
  readonly #ended: (readonly Group[])[] = []
  readonly #compiled = new WeakMap<Group, CompiledSecrets>()
  #current: Redactor | null = null
  readonly #onPartial: (secret: Secret, part: string) => void

  /** `onPartial` hears of each part of a secret that was found without the rest. */
  constructor(onPartial: (secret: Secret, part: string) => void) {
    this.#onPartial = onPartial
  }

  /** Redacts these, in place of those that were leased before. */
  lease(secrets: readonly Secret[]): void {
    this.#leased = distinctSecrets(secrets)
    this.#current = null
  }

  /** Redacts what a call is signed with, until some calls after it has ended. */
  sign(call: number, secrets: readonly Secret[]): void {
    this.#signed.set(call, withNewest(distinctSecrets(secrets), this.#signed.get(call) ?? []))
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
    if (unknownOf(secrets, this.#learned).length === 0) return
    const kept = this.#learned.filter((_, index) => countOf(this.#learned.slice(0, index)) < rememberedValues)
    this.#learned = withNewest(unknownOf(secrets, kept), kept)
    this.#current = null
  }

  /** The redactor that knows everything by now; the same one as long as nothing new is known. */
  get current(): Redactor {
    this.#current ??= combineRedactor(
      apart([this.#leased, ...[...this.#signed.values(), ...this.#ended].flat(), ...this.#learned]).map(group =>
        this.#compile(group),
      ),
      { onPartial: this.#onPartial },
    )
    return this.#current
  }

  #compile(group: Group): CompiledSecrets {
    const compiled = this.#compiled.get(group) ?? compileSecrets(group)
    this.#compiled.set(group, compiled)
    return compiled
  }
}

/** Puts a group before others, and small ones of about the same size together: so there are few, and a value is rarely moved. */
function withNewest(newest: Group, older: readonly Group[]): readonly Group[] {
  const [next, ...rest] = older
  if (next === undefined || next.length > newest.length || next.length + newest.length > largestJoinedGroup) {
    return [newest, ...older]
  }
  return withNewest([...newest, ...next], rest)
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

function countOf(groups: readonly Group[]): number {
  return groups.flat().length
}

/** A cookie such as `theme=darkmode` is no secret, and its word would be missing from every answer after it. */
function isUnmistakable(value: string): boolean {
  return value.length >= 16 && (/\d/.test(value) || value.length >= 32)
}
