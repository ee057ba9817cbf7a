import type { Json } from '../../../src/kind.ts'
import { type ArrayItems, parseArray } from './array-text.ts'
import type { PgType } from './type-names.ts'

/** How values are shown: the longest one, in bytes, and what to call when one was cut. */
export interface Showing {
  readonly maxBytes: number
  readonly onCut: () => void
}

/** JSON that is nested deeper stays text: everything that walks an answer does so by recursion. */
const maxJsonDepth = 100

/**
 * Gives what makes a value of a column out of the server's text for it. What is exact stays exact: 64-bit integers, decimals
 * and money are strings whatever their value is.
 */
export function showerOf(type: PgType, element: PgType | null, showing: Showing): (text: string) => Json {
  if (type.element === null) return scalarOf(type.name, showing)
  const each = scalarOf(element?.name ?? '', showing)
  const shown = (items: ArrayItems): Json =>
    items.map(item => (item === null ? null : typeof item === 'string' ? each(item) : shown(item)))
  return text => {
    if (isLonger(text, showing.maxBytes)) return cut(text, showing)
    const items = parseArray(text, element?.name === 'box' ? ';' : ',')
    return items === null ? text : shown(items)
  }
}

function scalarOf(name: string, showing: Showing): (text: string) => Json {
  switch (name) {
    case 'int2':
    case 'int4':
    case 'oid':
    case 'float4':
    case 'float8':
      return numberOrText
    case 'bool':
      return text => text === 't'
    case 'bytea':
      return text => base64(text, showing)
    case 'json':
    case 'jsonb':
      return text => (isLonger(text, showing.maxBytes) ? cut(text, showing) : jsonOrText(text))
    case 'timestamptz':
      return text => (isIsoLike(text) ? `${text.replace(' ', 'T').replace(/\+00$/, '')}Z` : text)
    case 'timestamp':
      return text => (isIsoLike(text) ? text.replace(' ', 'T') : text)
    default:
      return text => cut(text, showing)
  }
}

/** NaN and the infinities have no number in JSON. */
function numberOrText(text: string): Json {
  const value = Number(text)
  return Number.isFinite(value) ? value : text
}

/** Years before Christ and the infinities stay as the server writes them; the session's time zone is UTC. */
function isIsoLike(text: string): boolean {
  return /^\d{4,6}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?(?:\+00)?$/.test(text)
}

function base64(text: string, { maxBytes, onCut }: Showing): Json {
  if (!text.startsWith(String.raw`\x`)) return text
  if ((text.length - 2) / 2 > maxBytes) onCut()
  return Buffer.from(text.slice(2, 2 + maxBytes * 2), 'hex').toString('base64')
}

function jsonOrText(text: string): Json {
  if (depthOf(text) > maxJsonDepth) return text
  // Seventeen digits are more than a number surely keeps.
  if (!/\d{16}|\d[.eE][\d+-]{3}/.test(text)) return JSON.parse(text) as Json
  return JSON.parse(text, function keepExact(_key, value: Json, { source }: { readonly source?: string } = {}) {
    return typeof value === 'number' && source !== undefined && !isExact(value, source) ? source : value
  } as (key: string, value: unknown) => unknown) as Json
}

/** Whether a number says what was written: an integer digit by digit, a fraction as far as doubles go. */
function isExact(value: number, source: string): boolean {
  if (!Number.isFinite(value)) return false
  if (/^-?\d+$/.test(source)) return Number.isSafeInteger(value)
  return (
    source
      .replace(/[eE].*$/, '')
      .replaceAll(/\D/g, '')
      .replace(/^0+/, '').length <= 17
  )
}

function depthOf(text: string): number {
  let depth = 0
  let deepest = 0
  let isInString = false
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (isInString) {
      if (code === 92) at += 1
      else if (code === 34) isInString = false
    } else if (code === 34) isInString = true
    else if (code === 91 || code === 123) deepest = Math.max(deepest, (depth += 1))
    else if (code === 93 || code === 125) depth -= 1
  }
  return deepest
}

function isLonger(text: string, maxBytes: number): boolean {
  // A UTF-16 unit is at most three bytes.
  return text.length * 3 > maxBytes && Buffer.byteLength(text) > maxBytes
}

function cut(text: string, { maxBytes, onCut }: Showing): string {
  if (!isLonger(text, maxBytes)) return text
  onCut()
  const bytes = Buffer.from(text)
  let end = maxBytes
  // Not within a character: its later bytes begin with the bits 10.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1
  return bytes.toString('utf8', 0, end)
}
