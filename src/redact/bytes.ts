import { inflatedPartsOf } from './container.ts'
import type { Search } from './search.ts'

/** How much is made a string at a time. */
const pieceBytes = 64 * 1_024

/**
 * Tells whether bytes hold no form of a value, read in any of the ways that a program might read them, and are nothing
 * compressed that could hide one. What is drawn in an image or packed within a PDF is not seen.
 */
export function areClean(bytes: Buffer, search: Search, valuesAreAscii: boolean): boolean {
  const inflated = inflatedPartsOf(bytes)
  if (inflated === null) return false
  return [bytes, ...inflated].every(part => readingsOf(part, valuesAreAscii).every(pieces => !finds(search, pieces)))
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

function finds(search: Search, pieces: Iterable<string>): boolean {
  let state = search.start
  for (const piece of pieces) {
    const next = search.proceed(piece, state)
    if (next === null) return true
    state = next
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
