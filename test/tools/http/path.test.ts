import { describe, expect, test } from 'vitest'
import { formatPath, parsePath } from '../../../tools/http/path.ts'
import { compilePattern } from '../../../tools/http/pattern.ts'

const accepted: readonly (readonly [string, readonly string[], string])[] = [
  ['/', [], '/'],
  ['/repos/acme/shop', ['repos', 'acme', 'shop'], '/repos/acme/shop'],
  ['/a%20b', ['a b'], '/a%20b'],
  ['/caf%C3%A9/ü', ['café', 'ü'], '/caf%C3%A9/%C3%BC'],
  ['/v1.2/file.tar.gz', ['v1.2', 'file.tar.gz'], '/v1.2/file.tar.gz'],
  ['/~me/...', ['~me', '...'], '/~me/...'],
  ['/a+b/a%2Bb', ['a+b', 'a+b'], '/a+b/a+b'],
  ['/models/x:predict', ['models', 'x:predict'], '/models/x:predict'],
  ['/@scope/name', ['@scope', 'name'], '/@scope/name'],
  ['/100%25', ['100%'], '/100%25'],
  ["/it's(1)!*", ["it's(1)!*"], "/it's(1)!*"],
  ['/a=b&c,d$', ['a=b&c,d$'], '/a=b&c,d$'],
]

describe('a path that has one meaning is accepted and rebuilt', () => {
  test.each(accepted)('%s', (path, segments, rebuilt) => {
    expect(parsePath(path)).toEqual(segments)
    expect(formatPath(parsePath(path))).toBe(rebuilt)
    expect(new URL(`https://h${rebuilt}`).pathname).toBe(rebuilt)
    expect(parsePath(rebuilt)).toEqual(segments)
  })
})

const refused = [
  '',
  'a',
  'a/b',
  '//',
  '//host',
  '/a//b',
  '/a/',
  '/.',
  '/..',
  '/a/./b',
  '/a/../b',
  '/%2e',
  '/%2E%2e',
  '/.%2e',
  '/%252e%252e',
  '/a%2fb',
  '/a%2Fb',
  '/a%252fb',
  '/a\\b',
  '/a%5cb',
  '/a%255cb',
  '/a%00',
  '/a%2500',
  '/a\u0000',
  '/a%0d%0ab',
  '/a\r\nb',
  '/a%250d',
  '/a?b',
  '/a#b',
  '/a;b',
  '/a%3bb',
  '/a%253bb',
  '/%',
  '/%zz',
  '/%ff',
  '/%c0%ae',
  '/．．/x',
  '/a／b',
  '/a∕b',
  '/a\u202eb',
  '/a\u200bb',
  '/\ufeffa',
  '/a\u007f',
  '/a%7f',
  '/a\u0085',
  'https://evil/x',
  `/${'a'.repeat(9_000)}`,
  '/%ed%a0%80',
  '/a/%25zz%252f..%252f..%252fadmin',
  '/a/%25ff%252f',
  '/a%25252e%25252e%25252fb',
  '/a\uff1bb',
  '/\u2100x',
  '/\ufe52\ufe52',
]

describe('a path that could mean something else is refused', () => {
  test.each(refused.map(path => [JSON.stringify(path.slice(0, 40)), path]))('%s', (_shown, path) => {
    expect(() => parsePath(path)).toThrow(expect.objectContaining({ code: 'invalid_input' }))
  })
})

describe('patterns match segment by segment', () => {
  const matches: readonly (readonly [string, string, boolean])[] = [
    ['/a/:b', '/a/x', true],
    ['/a/:b', '/a', false],
    ['/a/:b', '/a/x/y', false],
    ['/a/*', '/a/x', true],
    ['/a/**', '/a/x/y/z', true],
    ['/a/**', '/a', false],
    ['/**', '/a', true],
    ['/**', '/', false],
    ['/', '/', true],
    ['/a', '/A', false],
    ['/a%20b', '/a b', true],
    ['/a/:b', '/a/x%20y', true],
    ['/a.b', '/axb', false],
  ]
  test.each(matches)('%s and %s: %s', (pattern, path, expected) => {
    expect(compilePattern(pattern).matches(parsePath(path))).toBe(expected)
  })

  test.each(['a', '/a//b', '/a/**/', '/**/a', '/a*', '/:', '/:a-b', '/a/..', '/a%2fb'])('%s is no pattern', pattern => {
    expect(() => compilePattern(pattern)).toThrow()
  })
})

test('whatever path is made up, what is rebuilt parses to what was judged, and the URL standard reads it the same', () => {
  const alphabet = [
    '/',
    '.',
    '..',
    '%2e',
    '%2f',
    '%25',
    '\\',
    ';',
    ' ',
    'a',
    'é',
    '?',
    '#',
    '%00',
    ':',
    '@',
    '%',
    '𝒜',
    '．',
    '//',
    "'",
    '+',
    '*',
  ]
  let seed = 7
  const random = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return seed / 2_147_483_648
  }
  let built = 0
  for (let round = 0; round < 20_000; round++) {
    const path = `/${Array.from({ length: 1 + Math.floor(random() * 6) }, () => alphabet[Math.floor(random() * alphabet.length)]).join('')}`
    let segments: readonly string[]
    try {
      segments = parsePath(path)
    } catch {
      continue
    }
    built++
    const rebuilt = formatPath(segments)
    const url = new URL(`https://host.example${rebuilt}`)
    expect([url.origin, url.pathname, url.search, url.hash]).toEqual(['https://host.example', rebuilt, '', ''])
    expect(parsePath(rebuilt)).toEqual(segments)
  }
  expect(built).toBeGreaterThan(500)
})
