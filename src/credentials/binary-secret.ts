import * as z from 'zod'
import { minimumSecretLength } from '../redact/redactor.ts'
import { passwordProblem } from './basic.ts'

/** How the bytes of a key are written. */
export const BinaryEncoding = z.enum(['text', 'hex', 'base64'], 'text, hex or base64')

export type BinaryEncoding = z.output<typeof BinaryEncoding>

const written = {
  hex: /^(?:[0-9a-f]{2})+$/i,
  // With one of the two alphabets of RFC 4648, with and without padding.
  base64: /^(?:[A-Za-z0-9+/]+|[A-Za-z0-9_-]+)={0,2}$/,
} as const

/** Says what is wrong with a value as the key of a MAC; null when nothing is. */
export function binaryProblem(encoding: BinaryEncoding): (value: string) => string | null {
  return value => {
    const problem = passwordProblem(value)
    if (problem !== null || encoding === 'text') return problem
    const isRight = written[encoding].test(value) && (encoding === 'hex' || isWholeBase64(value))
    return isRight ? null : `is not written in ${encoding}`
  }
}

/** Tells whether nothing is left over: decoding drops what is, without a word, as in text that was cut off. */
function isWholeBase64(value: string): boolean {
  return binaryOf(value, 'base64').toString('base64url') === unpadded(value).replaceAll('+', '-').replaceAll('/', '_')
}

/** The bytes that a value stands for. */
export function binaryOf(value: string, encoding: BinaryEncoding): Buffer {
  return Buffer.from(value, encoding === 'text' ? 'utf8' : encoding)
}

/** The spellings in which a key is a secret: as it was written, and as others write its bytes. */
export function spellingsOf(value: string, encoding: BinaryEncoding): readonly string[] {
  if (encoding === 'text') return [value]
  const others = spelledBytes(binaryOf(value, encoding)).filter(text => text.length >= minimumSecretLength)
  return [...new Set([value, ...others])]
}

/** The spellings in which others write bytes. Without padding: with it, they are found as well. */
export function spelledBytes(bytes: Buffer): readonly string[] {
  const hex = bytes.toString('hex')
  return [...new Set([hex, hex.toUpperCase(), unpadded(bytes.toString('base64')), bytes.toString('base64url')])]
}

function unpadded(base64: string): string {
  return base64.replace(/=+$/, '')
}
