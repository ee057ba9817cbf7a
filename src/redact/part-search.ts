import { shortestPart } from './entropy.ts'
import { longestLeast, partStringsOf } from './part-strings.ts'
import { secretPartsOf } from './secret-parts.ts'

/** A stretch of text that is part of a value; `owner` is the value's number. */
export interface PartSpan {
  readonly start: number
  readonly end: number
  readonly owner: number
}

const window = shortestPart
const gram = 4
/** Of the grams that end within a window, one ends at each place that is this far from the next. */
const stride = window - gram + 1

/** The multiplier of the rolling hash, what the oldest character in it was multiplied by, and what brings its entropy into the upper bits. */
const base = 0x01000193
const oldest = Array.from({ length: window - 1 }, () => base).reduce(Math.imul, 1)
const spread = 0x9e3779b1

const nothing: readonly PartSpan[] = []

/**
 * Finds stretches of twelve or more characters of high-entropy values. Any twelve characters contain a group of four that
 * ends at one of every nine places: only these groups are looked at, in a set of bits that nearly no ordinary text has. Where one is in
 * it, the windows of twelve around it are looked up in a table and compared. So the time is linear in the text, whatever the text is.
 */
export class PartSearch {
  /** The strings one after another, by their codes; each ends before a zero. */
  readonly #store: Uint8Array
  /** Where in the store each string begins, and one after the last. */
  readonly #starts: Int32Array
  readonly #leasts: readonly number[]
  readonly #owners: readonly number[]
  /** By hash: one more than where in the store a window begins; 0 where there is none. */
  readonly #table: Int32Array
  readonly #tableShift: number
  /** The groups of four that are in the store, and perhaps others. */
  readonly #grams: Int32Array
  readonly #gramShift: number
  /** By character: 1 for those that a part can have. */
  readonly #alphabet: Uint8Array

  constructor(values: readonly string[]) {
    const strings = values.flatMap((value, owner) =>
      partStringsOf(secretPartsOf(value)).map(string => ({ ...string, owner })),
    )
    // What is a part itself is met first, and found by a shorter stretch than what encodes another part.
    strings.sort((left, right) => left.least - right.least)
    const length = strings.reduce((sum, { text }) => sum + text.length + 1, 0)
    this.#store = new Uint8Array(length)
    this.#starts = new Int32Array(strings.length + 1)
    this.#leasts = strings.map(({ least }) => least)
    this.#owners = strings.map(({ owner }) => owner)
    const bits = Math.max(8, 32 - Math.clz32(length))
    this.#table = new Int32Array(2 ** (bits + 1))
    this.#tableShift = 32 - (bits + 1)
    // Some 64 bits for each group, as long as the set fits into the fastest memory; then 16.
    const gramBits = Math.max(bits + 4, Math.min(bits + 6, 18))
    this.#grams = new Int32Array(2 ** (gramBits - 5))
    this.#gramShift = 32 - gramBits
    this.#alphabet = alphabetOf(strings.map(({ text }) => text))
    let at = 0
    strings.forEach(({ text }, index) => {
      this.#starts[index] = at
      this.#add(text, at)
      at += text.length + 1
    })
    this.#starts[strings.length] = at
  }

  /** Returns the parts that end in `text` behind index `from`; they may begin before it. */
  find(text: string, from: number): readonly PartSpan[] {
    if (this.#owners.length === 0) return nothing
    const [grams, shift] = [this.#grams, this.#gramShift]
    let spans: PartSpan[] | null = null
    let at = Math.max(0, from - longestLeast + 1) + window - 1
    while (at < text.length) {
      const bit = Math.imul(gramAt(text, at), spread) >>> shift
      const span = ((grams[bit >>> 5] ?? 0) & (1 << (bit & 31))) === 0 ? null : this.#around(text, at)
      if (span) {
        if (span.end > from) (spans ??= []).push(span)
        at = span.end
      } else at += stride
    }
    return spans ?? nothing
  }

  /** Returns how much of `text` can no longer become the beginning of a part. It depends on kinds of characters, never on a value. */
  settled(text: string): number {
    if (this.#owners.length === 0) return text.length
    let start = text.length
    const earliest = Math.max(0, text.length - longestLeast + 1)
    while (start > earliest && this.#alphabet[text.charCodeAt(start - 1)] === 1) start -= 1
    return start
  }

  /** Looks for a part that contains the group of four that ends at index `last`. */
  #around(text: string, last: number): PartSpan | null {
    const final = Math.min(last - gram + 1, text.length - window)
    let start = Math.max(0, last - window + 1)
    let hash = 0
    for (let at = start; at < start + window; at += 1) hash = (Math.imul(hash, base) + text.charCodeAt(at)) | 0
    for (; start <= final; start += 1) {
      const found = this.#look(hash, text, start)
      const span = found === -1 ? null : this.#extend(text, start, found)
      if (span) return span
      const rest = hash - Math.imul(text.charCodeAt(start), oldest)
      hash = (Math.imul(rest, base) + text.charCodeAt(start + window)) | 0
    }
    return null
  }

  /** Returns where in the store the window is that begins at this index of the text; -1 when it is not there. */
  #look(hash: number, text: string, start: number): number {
    const table = this.#table
    const mask = table.length - 1
    for (let slot = Math.imul(hash, spread) >>> this.#tableShift; ; slot = (slot + 1) & mask) {
      const place = (table[slot] ?? 0) - 1
      if (place === -1) return -1
      let same = 0
      while (same < window && this.#store[place + same] === text.charCodeAt(start + same)) same += 1
      if (same === window) return place
    }
  }

  /** Returns the whole stretch around a window; null when it is too short to tell as much as twelve characters do. */
  #extend(text: string, found: number, place: number): PartSpan | null {
    const index = this.#stringAt(place)
    const begin = this.#starts[index] ?? 0
    let start = found
    let from = place
    // What was pushed before is no longer there in full, so what is missing for the shortest stretch is all that is looked for.
    const earliest = Math.max(0, found - longestLeast)
    while (start > earliest && from > begin && this.#store[from - 1] === text.charCodeAt(start - 1)) {
      start -= 1
      from -= 1
    }
    let end = found + window
    let to = place + window
    while (end < text.length && this.#store[to] === text.charCodeAt(end) && this.#store[to] !== 0) {
      end += 1
      to += 1
    }
    return end - start < (this.#leasts[index] ?? 0) ? null : { start, end, owner: this.#owners[index] ?? 0 }
  }

  #stringAt(place: number): number {
    let [low, high] = [0, this.#owners.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((this.#starts[middle] ?? 0) <= place) low = middle
      else high = middle - 1
    }
    return low
  }

  #add(text: string, at: number): void {
    for (let index = 0; index < text.length; index += 1) this.#store[at + index] = text.charCodeAt(index)
    for (let last = gram - 1; last < text.length; last += 1) {
      const bit = Math.imul(gramAt(text, last), spread) >>> this.#gramShift
      this.#grams[bit >>> 5] = (this.#grams[bit >>> 5] ?? 0) | (1 << (bit & 31))
    }
    let hash = 0
    for (let index = 0; index < text.length; index += 1) {
      if (index >= window) hash -= Math.imul(text.charCodeAt(index - window), oldest)
      hash = (Math.imul(hash, base) + text.charCodeAt(index)) | 0
      if (index >= window - 1) this.#insert(hash, text, index - window + 1, at)
    }
  }

  /** Of windows that are the same only the first is kept. */
  #insert(hash: number, text: string, start: number, at: number): void {
    if (this.#look(hash, text, start) !== -1) return
    const mask = this.#table.length - 1
    let slot = Math.imul(hash, spread) >>> this.#tableShift
    while (this.#table[slot] !== 0) slot = (slot + 1) & mask
    this.#table[slot] = at + start + 1
  }
}

/** The group of four that ends at index `last`, as a number; for ASCII no two are the same. */
function gramAt(text: string, last: number): number {
  return (
    text.charCodeAt(last - 3) ^
    (text.charCodeAt(last - 2) << 7) ^
    (text.charCodeAt(last - 1) << 14) ^
    (text.charCodeAt(last) << 21)
  )
}

/** All that tokens are made of, whichever of it these have; and the marks of line breaks, where there are any. */
function alphabetOf(texts: readonly string[]): Uint8Array {
  const alphabet = new Uint8Array(0x80)
  const marks = ['\n', '\\'].filter(mark => texts.some(text => text.includes(mark)))
  for (let code = 0; code < 0x80; code += 1) {
    if (/[\w+/-]/.test(String.fromCharCode(code))) alphabet[code] = 1
  }
  for (const mark of marks) alphabet[mark.charCodeAt(0)] = 1
  return alphabet
}
