import { expect, test } from 'vitest'
import { nextLink } from '../../../tools/http/link.ts'

const found: readonly (readonly [string | readonly string[], string])[] = [
  ['<https://h/a?page=2>; rel="next"', 'https://h/a?page=2'],
  ['<https://h/a?page=2>; rel="next", <https://h/a?page=9>; rel="last"', 'https://h/a?page=2'],
  ['<https://h/?page=1>; rel="prev", </a?page=3>; rel="next"', '/a?page=3'],
  ['<https://h/a>;rel=next', 'https://h/a'],
  ['<https://h/a> ; REL = "NEXT"', 'https://h/a'],
  ['<?page=2>; rel=Next', '?page=2'],
  ['<a>; rel="prefetch next"', 'a'],
  ['<a>; rel="next\tlast"', 'a'],
  ['<a>; title="x, <b>; rel=\\"next\\""; rel=next', 'a'],
  ['<a>; title="x\\\\"; rel=next', 'a'],
  ['<a>; rel="n\\ext"', 'a'],
  ['<https://h/a?f=1,2,3;x>; rel=next', 'https://h/a?f=1,2,3;x'],
  ['<a,b>; rel=prev, <c,d>; rel=next', 'c,d'],
  ['<a>; rel=next, <b>; rel=next', 'a'],
  ["<a>; title*=UTF-8'de'n%c3%a4chstes; rel=next", 'a'],
  ['<a>; crossorigin; rel=next', 'a'],
  ['<a>;; rel=next;', 'a'],
  [', ,<a>; rel=next, ,', 'a'],
  [['<a>; rel=prev', '<b>; rel=next'], 'b'],
  ['<a>; rel=next; rel=last', 'a'],
  ['<a>; anchor="/other"; rel=next, <b>; rel=next', 'b'],
  ['<//evil.example/a>; rel=next', '//evil.example/a'],
  [`<${'a'.repeat(16_000)}>; rel=next`, 'a'.repeat(16_000)],
]

test.each(found)('%j', (field, target) => {
  expect(nextLink(field)).toBe(target)
})

const none: readonly (string | readonly string[] | undefined)[] = [
  undefined,
  '',
  [],
  ',',
  '<a>',
  '<a>; rel',
  '<a>; rel=""',
  '<a>; rel=prev',
  '<a>; rel=nextish',
  '<a>; rel="next-archive"',
  '<a>; rel="https://x/next"',
  '<a>; rev=next',
  '<a>; rel*=next',
  '<a>; title="rel=next"',
  '<a>; title="<b>; rel=next"',
  '<a>; rel=last; rel=next',
  '<a>; rel=next; anchor="#x"',
  '<>; rel=next',
  // malformed, wherever it is
  'a; rel=next',
  '<a; rel=next',
  'a>; rel=next',
  '<a> rel=next',
  '<a>; rel="next',
  '<a>; rel="next\\"',
  '<a>; rel="next" x',
  '<a>; rel=next <b>; rel=prev',
  '<a>; rel=next, b',
  '<a>; rel=next, <b',
  '<a<b>; rel=next',
  '<a>; rel=next, "',
  '<a b>; rel=next',
  '< a >; rel=next',
  '<a\r\nx: y>; rel=next',
  '<a\0>; rel=next',
  '<a">; rel=next',
  '<a\\b>; rel=next',
  `<${'a'.repeat(16_384)}>; rel=next`,
  ['<a>; rel=next', `<b>; title="${'x'.repeat(16_384)}"`],
]

test.each(none)('%j has none', field => {
  expect(nextLink(field)).toBe(null)
})

test('every field within the limit takes little time', () => {
  const started = performance.now()
  for (const piece of [
    '<',
    '>',
    '"',
    '\\',
    ';',
    ',',
    ' ',
    '<>',
    '<a>;',
    '<a>;r="',
    '<a>,',
    '; ',
    '=',
    ';a=',
    ';a="\\',
    'a',
    '\t;',
  ])
    for (const head of ['', '<a>', '<a>;', '<a>; rel="', '<a>; rel='])
      nextLink((head + piece.repeat(16_384)).slice(0, 16_384))
  expect(performance.now() - started).toBeLessThan(5_000)
})
