import { quoted } from './names.ts'
import { fields, list, notUnderstood, variant } from './tree.ts'
import type { Work } from './work.ts'

/** Writes a literal or a placeholder. */
export function literal(node: unknown, work: Work): string {
  const [kind, value] = variant(fields(node, 'value')['value'])
  switch (kind) {
    case 'Null':
      return 'NULL'
    case 'Boolean':
      return value === true ? 'TRUE' : 'FALSE'
    case 'SingleQuotedString':
      work.counts.strings++
      return quoted(String(value))
    case 'Number': {
      const [digits, isLong] = list(value)
      if (typeof digits !== 'string' || isLong !== false || !/^(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/.test(digits))
        throw notUnderstood('such a number')
      work.counts.numbers++
      return digits
    }
    case 'Placeholder':
      if (value !== '?' || work.query === null) throw notUnderstood('a placeholder')
      work.counts.placeholders++
      return '?'
    default:
      throw notUnderstood('such a literal')
  }
}

const plainTypes: Readonly<Record<string, string>> = {
  Signed: 'SIGNED',
  SignedInteger: 'SIGNED INTEGER',
  Unsigned: 'UNSIGNED',
  UnsignedInteger: 'UNSIGNED INTEGER',
  Date: 'DATE',
  JSON: 'JSON',
}

/** Writes the type that something is cast to. */
export function castType(node: unknown, work: Work): string {
  const integer = (value: unknown) => {
    const text = String(value)
    if (!/^\d{1,10}$/.test(text)) throw notUnderstood('a cast to such a type')
    work.counts.numbers++
    return text
  }
  const [kind, details] = variant(node)
  const isBare = details === undefined || details === null || details === 'None'
  const plain = Object.hasOwn(plainTypes, kind) ? plainTypes[kind] : undefined
  if (plain !== undefined && isBare) return plain
  switch (kind) {
    case 'Char':
      return isBare ? 'CHAR' : `CHAR(${integer(lengthOf(details))})`
    case 'Binary':
      return isBare ? 'BINARY' : `BINARY(${integer(details)})`
    case 'Datetime':
      return isBare ? 'DATETIME' : `DATETIME(${integer(details)})`
    case 'Time': {
      const [precision, zone] = list(details)
      if (zone !== 'None') break
      return precision === null || precision === undefined ? 'TIME' : `TIME(${integer(precision)})`
    }
    case 'Decimal': {
      if (isBare) return 'DECIMAL'
      const [how, numbers] = variant(details)
      if (how === 'Precision') return `DECIMAL(${integer(numbers)})`
      if (how === 'PrecisionAndScale') return `DECIMAL(${list(numbers).map(integer).join(', ')})`
      break
    }
    case 'Double':
      if (isBare) return 'DOUBLE'
      break
    case 'Float':
      if (isBare) return 'FLOAT'
      break
  }
  throw notUnderstood('a cast to such a type')
}

function lengthOf(details: unknown): unknown {
  const [how, body] = variant(details)
  if (how !== 'IntegerLength') throw notUnderstood('a cast to such a type')
  return fields(body, 'length')['length']
}
