import { expect, test } from 'vitest'
import { IdempotencyKey, onceOf } from '../../../tools/http/idempotency.ts'
import { methods } from '../../../tools/http/method.ts'
import { HttpTarget } from '../../../tools/http/target.ts'

const without = HttpTarget.parse({ base_url: 'https://api.example.com', allow: ['POST /a'] })
const named = HttpTarget.parse({ ...without, idempotency: { header: 'Idempotency-Key', window: '1h' } })

test.each(methods)(
  '%s runs once only where the tool names the header, and only when it writes what may not be repeated',
  method => {
    const once = method === 'POST' || method === 'PATCH'
    expect(onceOf(named, method, false, null)).toEqual(once ? { once: { windowMs: 3_600_000, key: null } } : {})
    expect(onceOf(named, method, false, 'k')).toEqual(once ? { once: { windowMs: 3_600_000, key: 'k' } } : {})
    expect(onceOf(named, method, true, 'k')).toEqual({})
    expect(onceOf(without, method, false, 'k')).toEqual({})
  },
)

test('the window is ten minutes unless said otherwise, and the header is in lower case', () => {
  const { idempotency } = HttpTarget.parse({ ...without, idempotency: { header: 'Idempotency-Key' } })
  expect(idempotency).toEqual({ header: 'idempotency-key', window: 600_000 })
})

test.each([
  ['a', true],
  ['A-b_9', true],
  ['x'.repeat(64), true],
  ['x'.repeat(65), false],
  ['', false],
  ['a b', false],
  ['a\n', false],
  ['ü', false],
  [1, false],
])('the key %j: %s', (key, good) => {
  expect(IdempotencyKey.safeParse(key).success).toBe(good)
})
