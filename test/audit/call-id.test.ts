import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { callIds } from '../../src/audit/call-id.ts'

test('a call id is a UUIDv7 of the millisecond of the call', () => {
  // The example of RFC 9562, appendix A.6.
  const bytes = Buffer.from('0cc3 18c4 dc0c 0c07 398f'.replaceAll(' ', ''), 'hex')
  const next = callIds(
    () => 0x017f22e279b0,
    size => Buffer.alloc(size, bytes),
  )
  expect(next()).toBe('017f22e2-79b0-7cc3-98c4-dc0c0c07398f')
})

test('ten thousand call ids of one millisecond are all different', () => {
  const next = callIds(() => 1_700_000_000_000, randomBytes)
  const ids = new Set(Array.from({ length: 10_000 }, next))
  expect(ids.size).toBe(10_000)
  for (const id of ids) expect(id).toMatch(/^018bcfe5-6800-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})
