import { shortestPart } from './entropy.ts'

/** What of a value nobody can know who does not have it. */
export interface SecretParts {
  /** As characters. */
  readonly texts: readonly string[]
  /** As bytes, which are met in an encoding. */
  readonly bytes: readonly Buffer[]
}

/** A text of which any stretch that is long enough gives a part of a value away. */
export interface PartString {
  readonly text: string
  /** The fewest characters that tell as much as twelve of the value do. */
  readonly least: number
}

/** Two digits for each byte. */
const leastHex = 2 * shortestPart

/** What twelve bytes determine alone, at whichever of the three alignments. */
const leastBase64 = 15

/** The longest of the stretches that may be the shortest to be found. */
export const longestLeast = leastHex

/** Lists how parts show up: as they are and reversed; in hexadecimal digits of either case; in either alphabet of base64 at the three alignments. */
export function partStringsOf({ texts, bytes }: SecretParts): readonly PartString[] {
  const plain = texts.flatMap(text => [text, reversed(text)]).map(text => ({ text, least: shortestPart }))
  const hex = bytes
    .map(each => each.toString('hex'))
    .flatMap(text => [text, text.toUpperCase()])
    .map(text => ({ text, least: leastHex }))
  const base64 = bytes
    .flatMap(each => [0, 1, 2].map(offset => base64Of(each, offset)))
    .flatMap(text => [text, text.replaceAll('+', '-').replaceAll('/', '_')])
    .map(text => ({ text, least: leastBase64 }))
  const all = [...plain, ...hex, ...base64].filter(({ text, least }) => text.length >= least)
  // The same text as an encoding of one part and as another part itself is found by the shorter stretch.
  return [...new Map(all.reverse().map(each => [each.text, each])).values()].reverse()
}

/** Writes a text backwards. */
export function reversed(text: string): string {
  return text.split('').reverse().join('')
}

/** The characters that the bytes determine alone, when `offset` bytes (modulo 3) precede them. */
function base64Of(bytes: Buffer, offset: number): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')
  return text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6))
}
