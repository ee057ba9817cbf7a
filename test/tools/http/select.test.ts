import { expect, test } from 'vitest'
import type { Json } from '../../../src/kind.ts'
import { compileSelect } from '../../../tools/http/select.ts'

const issues: Json = [
  { number: 1, title: 'a', user: { login: 'x', email: 'x@example.com' }, labels: ['p', 'q'] },
  { number: 2, title: 'b', user: null, labels: [] },
  'odd',
  { title: 'c' },
]

const cases: readonly (readonly [string, readonly string[], Json, Json])[] = [
  ['everything', [''], issues, issues],
  ['everything beside a part', ['/*/number', ''], issues, issues],
  ['nothing, of an object', [], { a: 1 }, {}],
  ['nothing, of an array', [], [1], []],
  ['nothing, of a plain value', [], 'secret', null],
  ['a part of a plain value', ['/a'], 'secret', null],
  ['a plain value', [''], 'x', 'x'],
  [
    'members of every item',
    ['/*/number', '/*/user/login'],
    issues,
    [{ number: 1, user: { login: 'x' } }, { number: 2 }, {}],
  ],
  ['order of the input, not of the pointers', ['/c', '/a'], { a: 1, b: 2, c: 3 }, { a: 1, c: 3 }],
  ['one item, compacted', ['/2', '/0'], ['a', 'b', 'c'], ['a', 'c']],
  ['an item that is not there', ['/7'], ['a'], []],
  ['an index with a leading zero is none', ['/01', '/-', '/length'], ['a', 'b'], []],
  ['a member that looks like an index', ['/0'], { '0': 'a', '1': 'b' }, { '0': 'a' }],
  ['every member of an object', ['/*/id'], { x: { id: 1, n: 2 }, y: { id: 3 }, z: 4 }, { x: { id: 1 }, y: { id: 3 } }],
  ['two levels of every', ['/*/*'], [[1, [2]], { a: 3 }, 4], [[1, [2]], { a: 3 }]],
  [
    'every and one by name, joined',
    ['/*/a', '/x/b'],
    { x: { a: 1, b: 2, c: 3 }, y: { a: 4, b: 5 } },
    { x: { a: 1, b: 2 }, y: { a: 4 } },
  ],
  ['a part and the whole of it', ['/a/b', '/a'], { a: { b: 1, c: 2 } }, { a: { b: 1, c: 2 } }],
  ['missing members', ['/a/b/c'], { a: { x: 1 } }, { a: {} }],
  ['a plain value on the way', ['/a/b'], { a: 'secret', c: 1 }, {}],
  ['a null on the way', ['/a/b'], { a: null }, {}],
  ['a selected null', ['/a'], { a: null }, { a: null }],
  ['empty containers stay', ['/a/*', '/b/c'], { a: [], b: {} }, { a: [], b: {} }],
  ['escapes', ['/a~1b', '/m~0n', '/~01'], { 'a/b': 1, 'm~n': 2, '~1': 3, '/': 4 }, { 'a/b': 1, 'm~n': 2, '~1': 3 }],
  ['an empty name', ['/', '/a/'], { '': 1, a: { '': 2, b: 3 } }, { '': 1, a: { '': 2 } }],
  ['a star inside of a name is a name', ['/a*'], { 'a*': 1, ab: 2 }, { 'a*': 1 }],
  ['inherited names', ['/constructor', '/toString', '/a/length'], { a: [1] }, { a: [] }],
  ['the characters of a string are not items', ['/*/0', '/*/length'], ['abc'], []],
]

test.each(cases)('%s', (_what, pointers, value, expected) => {
  const before = JSON.stringify(value)
  const result = compileSelect(pointers)(value)
  expect(result).toEqual(expected)
  expect(JSON.stringify(result)).toBe(JSON.stringify(expected))
  expect(JSON.stringify(value)).toBe(before)
})

test('a member called __proto__ is data', () => {
  const value = JSON.parse('{"__proto__":{"polluted":1,"x":2},"a":{"__proto__":{"polluted":3}}}') as Json
  const whole = compileSelect(['/__proto__', '/*/__proto__'])(value)
  expect(JSON.stringify(whole)).toBe('{"__proto__":{"polluted":1,"x":2},"a":{"__proto__":{"polluted":3}}}')
  const part = compileSelect(['/__proto__/polluted'])(value) as object
  expect(JSON.stringify(part)).toBe('{"__proto__":{"polluted":1}}')
  expect(Object.getPrototypeOf(part)).toBe(Object.prototype)
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
})

test('depth does not overflow the stack', () => {
  const levels = 20_000
  const deep: Json = JSON.parse('{"a":[1,'.repeat(5_000) + 'null' + ']}'.repeat(5_000)) as Json
  expect(compileSelect(['/a/1/a/0'])(deep)).toEqual({ a: [{ a: [1] }] })
  let value: Json = 'end'
  for (let level = 0; level < levels; level++) value = { a: value, b: 'secret' }
  let result = compileSelect(['/a'.repeat(levels)])(value)
  for (let level = 0; level < levels; level++) {
    expect(Object.keys(result as object)).toEqual(['a'])
    result = (result as { readonly a: Json }).a
  }
  expect(result).toBe('end')
})

test.each(['a', 'a/b', ' /a', '#/a', '/~', '/~2', '/a~/b', '/a/~a'])('%j is no pointer', pointer => {
  expect(() => compileSelect([pointer])).toThrow(/is not a JSON pointer: /)
})

test('an input with many members and many pointers takes linear time', () => {
  const value = Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [`k${n}`, { a: n, b: n }]))
  const pointers = Array.from({ length: 1_000 }, (_, n) => `/k${n}/a`)
  const started = performance.now()
  expect(Object.keys(compileSelect(pointers)(value) as object)).toHaveLength(1_000)
  expect(performance.now() - started).toBeLessThan(5_000)
})
