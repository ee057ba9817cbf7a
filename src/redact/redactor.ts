import type { Json, Redacted, RedactedBytes, RedactedText } from '../kind.ts'
import { Refusal } from '../refusal.ts'
import type { Secret } from '../secret.ts'
import type { Alphabet } from './alphabet.ts'
import { areClean } from './bytes.ts'
import { essence } from './forms.ts'
import { shapeOf } from './json-shape.ts'
import { replacementFor } from './label.ts'
import { PartSearch } from './part-search.ts'
import { Search } from './search.ts'
import { SeveralSearches } from './several.ts'
import { Stream } from './stream.ts'

/** A shorter secret turns up in text by chance, and its forms are too short to be told from anything else. */
export const minimumSecretLength = 8

/** Deeper structures are not descended into. */
const maximumDepth = 1_000

/** A text with more values than this stays text: each takes many times the memory of its character or two. */
const maximumValues = 200_000

/** Replaces every form of some secrets, and parts of them, by their labels. */
export interface Redactor {
  /** Redacts one whole text. */
  text(text: string): string
  /** Redacts every string and every key in a value, and makes it JSON. */
  value(value: unknown): Json
  /** Begins a text that arrives in pieces. */
  collect(): RedactedText
  /** Passes bytes that hold no form of a secret or of a part of one; null when they do, or are compressed so that they could. */
  bytes(bytes: Buffer): RedactedBytes | null
}

/** Proves that a value went through redaction: the class is not exported, so nobody else can make one. */
class RedactedValue implements Redacted {
  readonly value: Json
  readonly by: Redactor

  constructor(value: Json, by: Redactor) {
    this.value = value
    this.by = by
  }
}

/** The same for bytes, in which nothing was found that would have to be replaced. */
class CleanBytes implements RedactedBytes {
  readonly base64: string
  readonly by: Redactor

  constructor(bytes: Buffer, by: Redactor) {
    this.base64 = bytes.toString('base64')
    this.by = by
  }
}

/** What a redactor may be told beside its secrets. */
export interface RedactorOptions {
  /**
   * Hears of each stretch (its first 1,024 characters) that is part of a secret and was found apart from any whole one. Who sees many
   * that differ sees somebody guess: the stretch itself is as secret as the whole.
   */
  readonly onPartial?: (secret: Secret, run: string) => void
}

/** Secrets whose search is made, and keeps what it has met in texts from one redactor to the next. */
export interface CompiledSecrets {
  readonly secrets: readonly Secret[]
  readonly search: Search
}

/**
 * Makes the search for these secrets; refuses one that is too short. Of those that are random enough, any twelve or more
 * characters in a row that nobody can know are searched for as well.
 */
export function compileSecrets(secrets: readonly Secret[], alphabet?: Alphabet): CompiledSecrets {
  const values = secrets.map(secret => secret.use(value => longEnough(value, secret.label)))
  const searchedInParts = secrets.map(({ wholeOnly }, index) => (wholeOnly ? '' : (values[index] ?? '')))
  return { secrets, search: new Search(values, new PartSearch(searchedInParts), alphabet) }
}

/** Makes the redactor for these secrets; refuses one that is too short. */
export function createRedactor(secrets: readonly Secret[], options: RedactorOptions = {}): Redactor {
  return combineRedactor([compileSecrets(secrets)], options)
}

/** Makes the redactor for groups of secrets. Where two of a value's groups disagree, what the first one says of it holds. */
export function combineRedactor(groups: readonly CompiledSecrets[], { onPartial }: RedactorOptions = {}): Redactor {
  const secrets = groups.flatMap(group => group.secrets)
  const values = secrets.map(secret => secret.use(value => value))
  const search = new SeveralSearches(groups.map(group => ({ search: group.search, count: group.secrets.length })))
  const valuesAreAscii = values.every(value => /^[\0-\x7f]*$/.test(value))
  const replacements = new Map<string, string>()
  for (const { label } of secrets)
    if (!replacements.has(label)) replacements.set(label, replacementFor(label, values, search))
  const labels = secrets.map(({ label }) => replacements.get(label) ?? '')

  const redactor: Redactor = {
    text(text) {
      if (!search.finds(text)) return text
      const stream = new Stream(search, labels, onPart)
      return stream.push(text) + stream.end()
    },
    value: value => clean(value, []) ?? null,
    collect() {
      const stream = new Stream(search, labels, onPart)
      let text = ''
      return {
        push(piece) {
          text += stream.push(piece)
        },
        get length() {
          return text.length
        },
        end(as) {
          text += stream.end()
          return new RedactedValue(as === 'json' ? parsed(text) : text, redactor)
        },
        limit: () => stream.limit(),
        get settled() {
          return stream.settled
        },
        cut: () => new RedactedValue(text + stream.cut(), redactor),
      }
    },
    bytes(bytes) {
      const isClean = values.length === 0 || areClean(bytes, search, valuesAreAscii, onPart)
      return isClean ? new CleanBytes(bytes, redactor) : null
    },
  }
  return redactor

  function onPart(owner: number, run: string): void {
    const secret = secrets[owner]
    if (secret) onPartial?.(secret, run)
  }

  function parsed(text: string): Json {
    const shape = shapeOf(text)
    if (shape.depth > maximumDepth || shape.values > maximumValues) return text
    let value: Json
    try {
      value = JSON.parse(text)
    } catch {
      return text
    }
    if (changesNumbers(text)) return text
    // Parsing takes a layer of escapes away, so a form that was one layer too deep may come to light. Short escapes such as
    // `\n` and `\"` were looked through already; only with others it is worth a second look.
    const mayHide = /\\[u\\]/.test(text) && search.finds(JSON.stringify(value))
    return mayHide ? redactor.value(value) : value
  }

  function clean(value: unknown, above: readonly object[]): Json | undefined {
    switch (typeof value) {
      case 'undefined':
      case 'boolean':
        return value
      case 'string':
        return redactor.text(value)
      case 'number':
        return cleanNumber(value)
      case 'object':
        return value === null ? null : cleanObject(value, above)
      default:
        return redactor.text(String(value))
    }
  }

  function cleanNumber(value: number): Json {
    const text = String(value)
    if (!Number.isFinite(value)) return text
    const redacted = text.length < minimumSecretLength ? text : redactor.text(text)
    return redacted === text ? value : redacted
  }

  function cleanObject(value: object, above: readonly object[]): Json | undefined {
    if (value instanceof RedactedValue) return value.by === redactor ? value.value : clean(value.value, above)
    if (value instanceof CleanBytes && value.by === redactor) return { base64: value.base64 }
    if (above.length >= maximumDepth) return '[too deep]'
    if (above.includes(value)) return '[circular]'
    const path = [...above, value]
    if (Array.isArray(value)) return value.map(item => clean(item, path) ?? null)
    if (ArrayBuffer.isView(value)) {
      return redactor.text(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString())
    }
    if (value instanceof Error) return redactor.text(String(value))
    if ('toJSON' in value && typeof value.toJSON === 'function') return clean(value.toJSON(), path)
    // fromEntries defines the keys rather than assigning them, so that `__proto__` is a key like any other.
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, item]) => {
        const cleaned = clean(item, path)
        return cleaned === undefined ? [] : [[redactor.text(key), cleaned]]
      }),
    )
  }
}

/** The length of what is secret about a value, in characters. */
export function lengthOf(value: string): number {
  return Array.from(essence(value)).length
}

function longEnough(value: string, label: string): string {
  if (lengthOf(value) >= minimumSecretLength) return value
  throw new Refusal(
    'credential_unavailable',
    `${label} is shorter than ${minimumSecretLength} characters; its forms could not be told from ordinary text`,
  )
}

/** A run of digits, or an exponent, that a double may not hold. */
const largeNumber = /\d{16}|\d[eE][+-]?\d{3}/

/** Whether parsing would give another number than the text has: an id that is off by one is another thing's id. */
function changesNumbers(text: string): boolean {
  if (!largeNumber.test(text)) return false
  let changed = false
  const check = (_key: string, value: unknown, context?: { readonly source?: string }) => {
    if (typeof value === 'number' && context?.source !== undefined) changed ||= !survives(value, context.source)
    return value
  }
  JSON.parse(text, check)
  return changed
}

function survives(value: number, source: string): boolean {
  if (!Number.isFinite(value)) return false
  return !/^-?\d+$/.test(source) || Number.isSafeInteger(value) || BigInt(source) === BigInt(value)
}
