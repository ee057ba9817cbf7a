import { describe, expect, test } from 'vitest'
import type { Json, JsonObject } from '../../../src/kind.ts'
import { Refusal } from '../../../src/refusal.ts'
import { encodeForm } from '../../../tools/http/form.ts'

const plain = (form: string) => decodeURIComponent(form.replaceAll('+', ' '))

const written: readonly (readonly [JsonObject, string])[] = [
  [{}, ''],
  [{ a: 'b' }, 'a=b'],
  [{ a: 1, b: -1.5, c: 1e21, d: 0 }, 'a=1&b=-1.5&c=1e+21&d=0'],
  [{ a: true, b: false, c: null, d: '' }, 'a=true&b=false&c=&d='],
  [{ a: { b: { c: 'd' } } }, 'a[b][c]=d'],
  [{ expand: ['customer', 'invoice'] }, 'expand[]=customer&expand[]=invoice'],
  [{ expand: [null, 1, true] }, 'expand[]=&expand[]=1&expand[]=true'],
  [
    { line_items: [{ price: 'p1', quantity: 2 }, { price: 'p2' }] },
    'line_items[0][price]=p1&line_items[0][quantity]=2&line_items[1][price]=p2',
  ],
  [{ a: [1, { b: 2 }] }, 'a[0]=1&a[1][b]=2'],
  [{ a: [[1, 2], [3]] }, 'a[0][]=1&a[0][]=2&a[1][]=3'],
  [{ metadata: { '6735': 'x', name: 'y' } }, 'metadata[6735]=x&metadata[name]=y'],
  [{ 'Filter.1.Name': 'x', 'o:tag': 'y', 'h:X-My': 'z' }, 'Filter.1.Name=x&o:tag=y&h:X-My=z'],
  [{ '1': 'x' }, '1=x'],
]

test.each(written)('%j', (value, form) => {
  // A `+` in a value is encoded; undo only what URLSearchParams does.
  expect([...new URLSearchParams(encodeForm(value))].map(([name, text]) => `${name}=${text}`).join('&')).toBe(form)
})

test('structure cannot be made from a value', () => {
  const form = encodeForm({ a: 'x&b=1', c: '=;&#%00', d: 'a+b c', e: 'é\r\n\0' })
  expect(form).toBe('a=x%26b%3D1&c=%3D%3B%26%23%2500&d=a%2Bb+c&e=%C3%A9%0D%0A%00')
  expect(plain(encodeForm({ a: { 'b&c=d': 1 } }))).toBe('a[b&c=d]=1')
  expect(encodeForm({ a: { 'b&c=d': 1 } })).toBe('a%5Bb%26c%3Dd%5D=1')
})

const deep = (levels: number): JsonObject => ({ a: levels === 0 ? 1 : deep(levels - 1) })

const refused: readonly (readonly [string, JsonObject])[] = [
  ['a bracket that opens a level', { 'a[b': 1 }],
  ['a bracket that closes one', { 'a]': 1 }],
  ['brackets that make another structure', { 'a[b]': 1 }],
  ['brackets inside', { a: { 'b][c': 1 } }],
  ['an empty key', { '': 1 }],
  ['an empty key inside, which appends', { a: { '': 1 } }],
  ['a NUL, where PHP cuts', { 'a\0b': 1 }],
  ['a NUL inside', { a: { 'b\0': 1 } }],
  ['a line break', { 'a\n': 1 }],
  ['a C1 control character', { 'a\u0085b': 1 }],
  ['white space before, which PHP removes', { ' a': 1 }],
  ['white space after', { 'a ': 1 }],
  ['half a surrogate pair in a key', { 'a\ud800': 1 }],
  ['half a surrogate pair in a value', { a: 'x\udc00' }],
  ['keys that PHP makes one', { amount_max: 5, 'amount.max': 9_999 }],
  ['keys that ASP.NET makes one', { amount: 5, Amount: 9_999 }],
  ['a key that its own encoding makes one', { amount: 5, '%61mount': 9_999 }],
  ['an empty list', { a: [] }],
  ['an empty object', { a: {} }],
  ['an empty list in a list', { a: [[], 1] }],
  ['an object that reads as a list', { a: { '0': 'x', '1': 'y' } }],
  ['too deep', deep(20)],
  ['far too deep', deep(900)],
  ['too many fields', { a: Array.from({ length: 1_001 }, () => 1) }],
  ['a number that JSON cannot say', JSON.parse('{"a":1e999}') as JsonObject],
]

test.each(refused)('%s is refused', (_what, value) => {
  let caught: unknown
  try {
    encodeForm(value)
  } catch (error) {
    caught = error
  }
  expect(caught).toBeInstanceOf(Refusal)
  expect((caught as Refusal).code).toBe('invalid_input')
  expect((caught as Refusal).message).not.toMatch(/9.?999|amount/)
})

test('an own __proto__ is a key like others', () => {
  expect(plain(encodeForm(JSON.parse('{"__proto__":{"a":1}}') as JsonObject))).toBe('__proto__[a]=1')
})

test('the most fields that are accepted', () => {
  expect(encodeForm({ a: Array.from({ length: 1_000 }, () => 1) }).split('&')).toHaveLength(1_000)
})

describe('an independent decoder', () => {
  test('gives the value back, whatever the value', () => {
    for (let seed = 1; seed <= 3_000; seed++) {
      const value = anyObject(sequence(seed), 3)
      expect(decode(encodeForm(value)), JSON.stringify(value)).toEqual(asText(value))
    }
  })
})

/** Reads brackets as PHP does; containers whose keys are all numbers are lists. */
function decode(form: string): unknown {
  type Tree = Map<string, Tree | string>
  const root: Tree = new Map()
  for (const pair of form === '' ? [] : form.split('&')) {
    const [field = '', value = ''] = pair.split('=').map(part => decodeURIComponent(part.replaceAll('+', ' ')))
    const first = field.includes('[') ? field.slice(0, field.indexOf('[')) : field
    const keys = [first, ...[...field.matchAll(/\[([^\]]*)\]/g)].map(match => match[1] as string)]
    let at = root
    keys.forEach((name, level) => {
      const key = name === '' ? String(at.size) : name
      if (level === keys.length - 1) {
        expect(at.has(key)).toBe(false)
        at.set(key, value)
        return
      }
      const next = at.get(key) ?? new Map()
      at.set(key, next)
      at = next as Tree
    })
  }
  const plainOf = (tree: Tree | string, top: boolean): unknown => {
    if (typeof tree === 'string') return tree
    const keys = [...tree.keys()]
    const values = [...tree.values()].map(inner => plainOf(inner, false))
    const list = !top && keys.every((key, index) => key === String(index))
    return list ? values : Object.fromEntries(keys.map((key, index) => [key, values[index]]))
  }
  return plainOf(root, true)
}

function asText(value: Json): unknown {
  if (value === null) return ''
  if (Array.isArray(value)) return value.map(asText)
  if (typeof value !== 'object') return String(value)
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, asText(inner)]))
}

function anyObject(random: () => number, levels: number): JsonObject {
  const letters = [...'abcxyzäß語😀&=%+;#.-_~ \'"1']
  const text = (least: number) =>
    Array.from({ length: least + Math.floor(random() * 4) }, () => letters[Math.floor(random() * letters.length)]).join(
      '',
    )
  const value = (level: number): Json => {
    const kind = Math.floor(random() * (level === 0 ? 4 : 6))
    if (kind === 0) return text(0)
    if (kind === 1) return Math.round((random() - 0.5) * 1e6) / 8
    if (kind === 2) return random() < 0.5
    if (kind === 3) return null
    if (kind === 4) return Array.from({ length: 1 + Math.floor(random() * 3) }, () => value(level - 1))
    return object(level - 1)
  }
  const object = (level: number): JsonObject =>
    Object.fromEntries(
      Array.from({ length: 1 + Math.floor(random() * 3) }, (_, n) => [`k${n}${text(0)}q`, value(level)]),
    )
  return object(levels)
}

/** A repeatable sequence of numbers from 0 to 1 (mulberry32). */
function sequence(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
