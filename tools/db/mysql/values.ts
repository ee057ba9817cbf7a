import type { Json } from '../../../src/kind.ts'
import type { RowSet } from '../row-set.ts'
import type { Value } from './connection.ts'
import type { FieldMetadata } from './field.ts'

/** Numbers of the protocol, and the names of the types. */
const names: Readonly<Record<number, string>> = {
  0x00: 'decimal',
  0x01: 'tinyint',
  0x02: 'smallint',
  0x03: 'int',
  0x04: 'float',
  0x05: 'double',
  0x06: 'null',
  0x07: 'timestamp',
  0x08: 'bigint',
  0x09: 'mediumint',
  0x0a: 'date',
  0x0b: 'time',
  0x0c: 'datetime',
  0x0d: 'year',
  0x0e: 'date',
  0x10: 'bit',
  0xf2: 'vector',
  0xf5: 'json',
  0xf6: 'decimal',
  0xff: 'geometry',
}

const integers: ReadonlySet<string> = new Set(['tinyint', 'smallint', 'int', 'mediumint', 'bigint'])
const bytesOrText: Readonly<Record<number, readonly [string, string]>> = {
  0x0f: ['varbinary', 'varchar'],
  0xf9: ['blob', 'text'],
  0xfa: ['blob', 'text'],
  0xfb: ['blob', 'text'],
  0xfc: ['blob', 'text'],
  0xfd: ['varbinary', 'varchar'],
  0xfe: ['binary', 'char'],
}

const flagOf = { unsigned: 32, enum: 256, set: 2_048 } as const

/** The character set of bytes that are no text. */
const binary = 63

/** The name of a column's type, such as `bigint unsigned`; empty when there is none. */
export function typeName(field: FieldMetadata): string {
  const { extendedFormat, extendedTypeName, flags, columnType, characterSet } = field
  if (extendedFormat === 'json') return 'json'
  if (extendedTypeName !== undefined && /^[a-z0-9_]{1,40}$/.test(extendedTypeName)) return extendedTypeName
  if ((flags & flagOf.enum) !== 0) return 'enum'
  if ((flags & flagOf.set) !== 0) return 'set'
  const either = bytesOrText[columnType]
  if (either !== undefined) return either[characterSet === binary ? 0 : 1]
  const name = names[columnType] ?? ''
  return integers.has(name) && (flags & flagOf.unsigned) !== 0 ? `${name} unsigned` : name
}

/** Gives one value as it stands in an answer. */
export type Shown = (value: Exclude<Value, null>) => Json

/** Where what is too long is cut, and that it was. */
export interface Cutting {
  readonly maxBytes: number
  readonly rows: Pick<RowSet, 'cutValue'>
}

/** Gives what shows the values of a column, by its type alone. */
export function shownBy(field: FieldMetadata, cutting: Cutting): Shown {
  const type = typeName(field)
  switch (type) {
    case 'float':
      return value => finite(shortest(value as number))
    case 'double':
      return value => finite(value as number)
    case 'datetime':
      return value => isoOf(String(value), '')
    case 'timestamp':
      return value => isoOf(String(value), 'Z')
    case 'bit':
      return value => bitsOf(value as Buffer, field.columnLength)
    case 'json':
      return value => jsonOf(String(value), cutting)
    default:
      return value => plain(value, cutting)
  }
}

function plain(value: Exclude<Value, null>, cutting: Cutting): Json {
  if (typeof value === 'number') return value
  return Buffer.isBuffer(value) ? cutBytes(value, cutting) : cutText(value, cutting)
}

function cutBytes(value: Buffer, { maxBytes, rows }: Cutting): string {
  if (value.length > maxBytes) rows.cutValue()
  return value.subarray(0, maxBytes).toString('base64')
}

function cutText(value: string, { maxBytes, rows }: Cutting): string {
  if (value.length <= maxBytes / 4) return value
  const bytes = Buffer.from(value)
  if (bytes.length <= maxBytes) return value
  rows.cutValue()
  let end = maxBytes
  // Not within a character: what follows its first byte begins with the bits 10.
  while (end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end -= 1
  return bytes.toString('utf8', 0, end)
}

/** JSON knows neither of the three. */
function finite(value: number): Json {
  return Number.isFinite(value) ? value : String(value)
}

/** A number of 32 bits has up to nine digits; the further ones that 64 bits give it were never stored. */
function shortest(value: number): number {
  for (let digits = 1; digits < 9; digits += 1) {
    const shorter = Number(value.toPrecision(digits))
    if (Math.fround(shorter) === value) return shorter
  }
  return value
}

/** A date that there is none of, such as 0000-00-00, stays as the server writes it. */
function isoOf(text: string, zone: '' | 'Z'): string {
  const isDate = /^\d{4}-(?!00)\d\d-(?!00)\d\d /.test(text) && !text.startsWith('0000')
  return isDate ? `${text.replace(' ', 'T')}${zone}` : text
}

/** Up to 32 bits are a number; more are one as text, like every integer of 64 bits. */
function bitsOf(value: Buffer, bits: number): Json {
  const number = value.length === 0 ? 0n : BigInt(`0x${value.toString('hex')}`)
  return bits <= 32 ? Number(number) : String(number)
}

const longDigits = /\d{16}/

function jsonOf(text: string, cutting: Cutting): Json {
  if (text.length > cutting.maxBytes / 4 && Buffer.byteLength(text) > cutting.maxBytes) return cutText(text, cutting)
  try {
    return (longDigits.test(text) ? JSON.parse(text, exact) : JSON.parse(text)) as Json
  } catch {
    // A column that says JSON and holds none, or what is nested too deeply.
    return cutText(text, cutting)
  }
}

/** Keeps the digits of an integer that a double cannot hold. */
function exact(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const isLossy = typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)
  return isLossy && /^-?\d+$/.test(context?.source ?? '') ? context?.source : value
}
