import type { Letters, Step } from './letters.ts'
import { optional, sequence } from './pattern.ts'

/** One form of a secret: steps that follow one another, made when asked for. */
export interface Form {
  readonly length: number
  at(index: number): Step
}

/** Returns what is secret about a value: the line break that ends a file is often trimmed on the way, and line breaks change. */
export function essence(value: string): string {
  return value.replaceAll(/\r\n?/g, '\n').replaceAll(/^\n+|\n+$/g, '')
}

/**
 * Lists the forms in which a value can show up: as text and reversed, each character written in any way, and its
 * bytes (UTF-8, either line ending, reversed) as base64, hexadecimal digits or a list of numbers.
 */
export function formsOf(value: string, letters: Letters): readonly Form[] {
  const text = essence(value)
  const texts = inBothDirections(text).map(each => formOf(Array.from(each), character => letters.text(character)))
  const packed = packedIn(text)
  const written = packed === null ? byteStrings(text) : [...byteStrings(text), packed]
  return [...texts, ...written.flatMap(bytes => formsOfBytes(bytes, letters))]
}

const armour = /-----BEGIN ([A-Z0-9 ]+)-----\n([A-Za-z0-9+/=\s]{16,})-----END \1-----/

/** What PEM packs up (RFC 7468): a key is the same key in lines of another length, in one line, or without its first and last line. */
function packedIn(text: string): Buffer | null {
  const body = armour.exec(text)?.[2]
  return body === undefined ? null : Buffer.from(body, 'base64')
}

function inBothDirections(text: string): readonly string[] {
  // Reversed by characters and, as a careless program does it, by UTF-16 units.
  return [...new Set([text, Array.from(text).reverse().join(''), text.split('').reverse().join('')])]
}

function byteStrings(text: string): readonly Buffer[] {
  const forwards = [text, text.replaceAll('\n', '\r\n')]
  const written = forwards.flatMap(inBothDirections).map(each => Buffer.from(each))
  const all = [...written, ...forwards.map(each => Buffer.from(each).reverse())]
  return [...new Map(all.map(bytes => [bytes.toString('latin1'), bytes])).values()]
}

function formsOfBytes(bytes: Buffer, letters: Letters): readonly Form[] {
  return [
    ...[0, 1, 2].map(offset => base64(bytes, offset, letters)),
    formOf(bytes.toString('hex'), (digit, index) => letters.hex(digit, index > 0 && index % 2 === 0)),
    formOf(bytes, (byte, index) => letters.number(byte, index > 0)),
  ]
}

function formOf<Item>(items: ArrayLike<Item>, step: (item: Item, index: number) => Step): Form {
  return { length: items.length, at: index => step(items[index] as Item, index) }
}

/**
 * The characters of base64 text that the bytes determine alone, when `offset` bytes (modulo 3) precede them. A character that
 * shares its six bits with a neighbour stays, except where padding shows that nothing follows.
 */
function base64(bytes: Buffer, offset: number, letters: Letters): Form {
  const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')
  const begin = Math.ceil((offset * 8) / 6)
  const end = Math.floor(((offset + bytes.length) * 8) / 6)
  const form = formOf(text.slice(begin, end), (letter, index) => letters.base64(letter, index > 0))
  const padding = Array.from(text.slice(end), letter => letters.base64(letter, true))
  if (padding.length === 0) return form
  const last: Step = () => optional(sequence(...padding.map(step => step())))
  return { length: form.length + 1, at: index => (index < form.length ? form.at(index) : last) }
}
