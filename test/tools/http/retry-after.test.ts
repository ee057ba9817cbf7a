import { expect, test } from 'vitest'
import { retryAfterMs } from '../../../tools/http/retry-after.ts'

const now = Date.UTC(2026, 0, 31, 23, 59, 30)

const cases: readonly (readonly [string | undefined, number | null])[] = [
  ['0', 0],
  ['1', 1_000],
  ['120', 120_000],
  [' 5\t', 5_000],
  ['007', 7_000],
  ['-1', 0],
  ['-0', 0],
  ['9'.repeat(400), Number.MAX_SAFE_INTEGER],
  [`-${'9'.repeat(400)}`, 0],
  ['Sat, 31 Jan 2026 23:59:30 GMT', 0],
  ['Sun, 01 Feb 2026 00:00:00 GMT', 30_000],
  ['Sat, 31 Jan 2026 23:59:29 GMT', 0],
  ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ['Fri, 31 Dec 9999 23:59:59 GMT', Date.UTC(9999, 11, 31, 23, 59, 59) - now],
  [undefined, null],
  ['', null],
  ['soon', null],
  ['1.5', null],
  ['+5', null],
  ['--5', null],
  ['1e3', null],
  ['0x10', null],
  ['5s', null],
  ['5, 6', null],
  ['٥', null],
  ['Infinity', null],
  ['NaN', null],
  ['Mon, 01 Feb 2026 00:00:00 GMT', null],
  ['Mon, 30 Feb 2026 00:00:00 GMT', null],
  ['Sun, 01 Feb 2026 24:00:00 GMT', null],
  ['Sun, 01 Feb 2026 00:00:60 GMT', null],
  ['Sun, 1 Feb 2026 00:00:00 GMT', null],
  ['Sun, 01 Feb 2026 00:00:00 UTC', null],
  ['Sun, 01 Feb 2026 00:00:00 +0100', null],
  ['sun, 01 feb 2026 00:00:00 gmt', null],
  ['Sunday, 01-Feb-26 00:00:00 GMT', null],
  ['Sun Feb  1 00:00:00 2026', null],
  ['2026-02-01T00:00:00Z', null],
  ['Xyz, 01 Feb 2026 00:00:00 GMT', null],
]

test.each(cases)('%j', (field, expected) => {
  expect(retryAfterMs(field, now)).toBe(expected)
})
