import * as z from 'zod'
import { passwordProblem } from './basic.ts'

/** How the bytes of a key are written. */
export const BinaryEncoding = z.enum(['text', 'hex', 'base64'], 'text, hex or base64')

export type BinaryEncoding = z.output<typeof BinaryEncoding>

const written = {
  hex: /^(?:[0-9a-f]{2})+$/i,
  // With either alphabet of RFC 4648, with and without padding.
  base64: /^[A-Za-z0-9+/_-]+={0,2}$/,
} as const

/** Says what is wrong with a value as the key of a MAC; null when nothing is. */
export function binaryProblem(encoding: BinaryEncoding): (value: string) => string | null {
  return value => {
    const problem = passwordProblem(value)
    if (problem !== null || encoding === 'text') return problem
    return written[encoding].test(value) ? null : `is not written in ${encoding}`
  }
}

/** The bytes that a value stands for. */
export function binaryOf(value: string, encoding: BinaryEncoding): Buffer {
  return Buffer.from(value, encoding === 'text' ? 'utf8' : encoding)
}

/** The spellings in which a key is a secret: as it was written, and as others write its bytes. */
export function spellingsOf(value: string, encoding: BinaryEncoding): readonly string[] {
  if (encoding === 'text') return [value]
  const bytes = binaryOf(value, encoding)
  return [...new Set([value, bytes.toString('hex'), bytes.toString('base64')])]
}
