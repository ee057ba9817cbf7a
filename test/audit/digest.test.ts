import { createHmac, createSecretKey } from 'node:crypto'
import { expect, test } from 'vitest'
import { argsDigest } from '../../src/audit/digest.ts'

const key = Buffer.alloc(32, 1)
const hmac = (text: string) => createHmac('sha256', key).update(text).digest('hex')

function nested(levels: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? { a: value } : [value]
  return value
}

// The first is the example of RFC 8785, section 3.2.2; the key order that of section 3.2.3.
test.each([
  [
    {
      numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"/',
      literals: [null, true, false],
    },
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  ],
  [
    { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 },
    '{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\ud83d\ude00":5,"\ufb33":3}',
  ],
  [{ method: 'GET', path: '/a' }, '{"method":"GET","path":"/a"}'],
  [JSON.parse('{"__proto__":1,"a":-0}'), '{"__proto__":1,"a":0}'],
  ['text', '"text"'],
  [[], '[]'],
  [{}, '{}'],
])('the digest of arguments is that of their canonical JSON: %j', (args, canonical) => {
  expect(argsDigest(args, key)).toBe(hmac(canonical))
  expect(argsDigest(args, createSecretKey(key))).toBe(hmac(canonical))
})

test('the order in which an agent writes its arguments does not change their digest', () => {
  expect(argsDigest({ a: 1, b: { c: 2, d: 3 } }, key)).toBe(argsDigest({ b: { d: 3, c: 2 }, a: 1 }, key))
})

test('arguments nested up to 64 levels have a digest, deeper ones have none and do no harm', () => {
  expect(argsDigest(nested(64), key)).toMatch(/^[0-9a-f]{64}$/)
  expect(argsDigest(nested(65), key)).toBeNull()
  expect(argsDigest(nested(100_000), key)).toBeNull()
})

test.each([undefined, () => 1, 10n, Number.NaN, { a: undefined }, [Symbol('a')]])(
  'what is not JSON has no digest',
  args => {
    expect(argsDigest(args, key)).toBeNull()
  },
)
