import { expect, test } from 'vitest'
import { compileParameters } from '../../../tools/http/parameter.ts'
import { formatQuery, parseQuery, type Query, queryProblems, refuseReserved } from '../../../tools/http/query.ts'
import { schemaCompiler } from '../../../src/schema/check.ts'

const written: readonly (readonly [Query, string])[] = [
  [[], ''],
  [[['a', '1']], 'a=1'],
  [
    [
      ['a', 1],
      ['b', true],
      ['c', 1.5],
    ],
    'a=1&b=true&c=1.5',
  ],
  [[['a', ['x', 2, false]]], 'a=x&a=2&a=false'],
  [[['a', []]], ''],
  [[['a', '']], 'a='],
  [[['q', 'a b+c&d=e#f']], 'q=a+b%2Bc%26d%3De%23f'],
  [[['filter[name]', 'ü']], 'filter%5Bname%5D=%C3%BC'],
  [
    [
      ['z', '1'],
      ['a', '2'],
    ],
    'z=1&a=2',
  ],
  [[['a', 'x\r\ny\0']], 'a=x%0D%0Ay%00'],
  [[['a', '\ud800']], 'a=%EF%BF%BD'],
]

test.each(written)('%j is written as %s', (query, text) => {
  expect(formatQuery(query)).toBe(text)
})

test.each<[string, Query]>([
  ['', []],
  [
    'a=1&b=',
    [
      ['a', '1'],
      ['b', ''],
    ],
  ],
  [
    'a=1&b=2&a=3',
    [
      ['a', ['1', '3']],
      ['b', '2'],
    ],
  ],
  ['a=x+y%2B', [['a', 'x y+']]],
])('%s is read as %j', (text, query) => {
  expect(parseQuery(new URLSearchParams(text))).toEqual(query)
})

test('what was written is read as the same text', () => {
  for (const [query] of written) {
    const text = formatQuery(query)
    expect(formatQuery(parseQuery(new URLSearchParams(text)))).toBe(text)
  }
})

const allowed = compileParameters(
  { page: { type: 'integer' }, label: { type: 'array', items: { type: 'string' } } },
  await schemaCompiler(),
)

test.each<[Query, readonly string[] | null]>([
  [[], null],
  [
    [
      ['page', '2'],
      ['label', 'a'],
    ],
    null,
  ],
  [
    [
      ['page', 2],
      ['label', ['a', 'b']],
    ],
    null,
  ],
  [[['page', 'x']], ['query.page: must be integer']],
  [[['page', ['1', '2']]], ['query.page: expected one value']],
  [
    [
      ['a', '1'],
      ['page', 'x'],
    ],
    ['query: "a" is not one of page, label', 'query.page: must be integer'],
  ],
  [[['Page', '1']], ['query: "Page" is not one of page, label']],
  [[['x'.repeat(100), '1']], [`query: "${'x'.repeat(50)}" is not one of page, label`]],
])('%j against a list of parameters: %j', (query, problems) => {
  expect(queryProblems(query, allowed)).toEqual(problems)
})

test('where no list is, every query is good; where the list is empty, none is', () => {
  expect(queryProblems([['a', '1']], null)).toBeNull()
  expect(queryProblems([['a', '1']], [])).toEqual(['query: "a" is not one of (none)'])
  expect(queryProblems([], [])).toBeNull()
})

test('names that could change who or what a request is are refused, and those of the credential', () => {
  expect(() => refuseReserved([['_method', 'DELETE']], new Set())).toThrow('is not accepted')
  expect(() => refuseReserved([['Api-Key', 'x']], new Set(['apikey']))).toThrow('is not accepted')
  expect(() =>
    refuseReserved(
      [
        ['api-key', 'x'],
        ['q', 'y'],
      ],
      new Set(),
    ),
  ).not.toThrow()
})
