import { inflatedPartsOf } from './container.ts'
import { longestLeast } from './part-strings.ts'
import type { SeveralSearches } from './several.ts'

/** How much is made a string at a time. */
const pieceBytes = 64 * 1_024

/** Stretches of characters that are parts of values, with the numbers of these. */
type Runs = Map<string, number>

/**
 * Tells whether bytes hold no form of a value or of a part of one, read in any of the ways that a program might read them, and are
 * nothing compressed that could hide one. What is drawn in an image or packed within a PDF is not seen. `onPart` hears of
 * each part, unless there is a whole value as well.
 */
export function areClean(
  bytes: Buffer,
  search: SeveralSearches,
  valuesAreAscii: boolean,
  onPart: (owner: number, run: string) => void,
): boolean {
  const inflated = inflatedPartsOf(bytes)
  if (inflated === null) return false
  const runs: Runs = new Map()
  const readings = [bytes, ...inflated].flatMap(part => readingsOf(part, valuesAreAscii))
  if (readings.some(pieces => findsWhole(search, pieces, runs))) return false
  for (const [run, owner] of runs) onPart(owner, run)
  return runs.size === 0
}

/** The bytes as characters: one each; without NULs, which makes ASCII of UTF-16 and UTF-32; and, for other values, decoded. */
function readingsOf(bytes: Buffer, valuesAreAscii: boolean): readonly Iterable<string>[] {
  return [
    latin1(bytes),
    ...(bytes.includes(0) ? [withoutNul(bytes)] : []),
    ...(valuesAreAscii ? [] : [decoded(bytes, 'utf-8'), ...wide(bytes)]),
  ]
}

/** UTF-16 in either order, beginning at an even or at an odd byte. */
function wide(bytes: Buffer): readonly Iterable<string>[] {
  return ['utf-16le', 'utf-16be'].flatMap(encoding => [decoded(bytes, encoding), decoded(bytes.subarray(1), encoding)])
}

/** Tells whether a whole value is there, and collects the parts met before. */
function findsWhole(search: SeveralSearches, pieces: Iterable<string>, runs: Runs): boolean {
  let states = search.start
  let before = ''
  for (const piece of pieces) {
    const next = search.proceed(piece, states)
    if (next === null) return true
    states = next
    const text = before + piece
    for (const { start, end, owner } of search.partsIn(text, before.length)) runs.set(text.slice(start, end), owner)
    before = text.slice(1 - longestLeast)
  }
  return false
}

function* latin1(bytes: Buffer): Generator<string> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.toString('latin1', at, at + pieceBytes)
}

function* withoutNul(bytes: Buffer): Generator<string> {
  for (const piece of latin1(bytes)) yield piece.replaceAll('\0', '')
}

function* decoded(bytes: Buffer, encoding: string): Generator<string> {
  const decoder = new TextDecoder(encoding, { ignoreBOM: true })
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    yield decoder.decode(bytes.subarray(at, at + pieceBytes), { stream: true })
  }
  yield decoder.decode()
}
