import type { SQLInputValue, SQLOutputValue } from 'node:sqlite'
import type { Json } from '../../../src/kind.ts'

/**
 * Gives a value for an answer. SQLite's values have types, its columns only a preference: an integer is a number up to 53
 * bits and a string beyond, whatever its column says.
 *
 * @param cut is called when the value was shortened
 */
export function jsonOf(value: SQLOutputValue, maxBytes: number, cut: () => void): Json {
  if (value === null) return null
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (typeof value === 'string') return textOf(value, maxBytes, cut)
  if (value.byteLength > maxBytes) cut()
  return Buffer.from(value.buffer, value.byteOffset, Math.min(value.byteLength, maxBytes)).toString('base64')
}

function textOf(value: string, maxBytes: number, cut: () => void): string {
  // No character takes more than three bytes for each of its units.
  if (value.length * 3 <= maxBytes) return value
  const bytes = Buffer.from(value)
  if (bytes.length <= maxBytes) return value
  cut()
  let end = maxBytes
  while (end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end -= 1
  return bytes.toString('utf8', 0, end)
}

/** Gives a value as it is bound. A whole number is bound as an integer, which Node does for none by itself. */
export function boundOf(value: Json): SQLInputValue {
  if (value === null || typeof value === 'string') return value
  if (typeof value === 'boolean') return value ? 1n : 0n
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value
  return JSON.stringify(value)
}
