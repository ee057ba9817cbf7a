import { describe, expect, test } from 'vitest'
import { http } from '../../../tools/http/index.ts'
import { HttpTarget } from '../../../tools/http/target.ts'

const limits = { rate: null, concurrency: 1, timeoutMs: 1_000, maxRequestBytes: 200, maxResponseBytes: 1_000 }

async function verbOf(operation: object, more: object = {}) {
  const target = HttpTarget.parse({
    base_url: 'https://api.example.com/v1',
    operations: { one: { description: 'One.', ...operation } },
    ...more,
  })
  const [verb] = await http.verbs(target as never, limits, { headers: ['authorization'], query: [] })
  if (verb === undefined) throw new Error('there is no verb')
  return verb
}

describe('an operation', () => {
  test('takes the whole path of the base URL', async () => {
    const verb = await verbOf({ request: 'GET /a/:b' })
    expect(verb.plan({ b: 'x' })).toMatchObject({
      operation: { resource: '/a/x' },
      request: { via: 'one', method: 'GET', path: '/v1/a/x', query: '', body: null },
    })
  })

  test.each([
    ['GET /a', 'read', true],
    ['HEAD /a', 'read', true],
    ['PUT /a', 'write', true],
    ['DELETE /a', 'write', true],
    ['POST /a', 'write', false],
    ['PATCH /a', 'write', false],
  ])('%s: access %s, idempotent %s', async (request, access, idempotent) => {
    const verb = await verbOf({ request })
    expect(verb).toMatchObject({ name: 'one', access, idempotent })
    expect(verb.plan({})).toMatchObject({
      operation: { access, idempotent },
      request: { reads: access === 'read', repeatable: idempotent },
    })
  })

  test('that never forbids is not allowed, whatever its own arguments', async () => {
    const verb = await verbOf({ request: 'GET /a/:b' }, { never: { requests: ['* /a/secret'] } })
    expect(verb.plan({ b: 'secret' }).scope).toMatchObject({
      allowed: false,
      reason: 'this request is never permitted, whatever the scope says',
    })
    expect(verb.plan({ b: 'other' }).scope).toEqual({ allowed: true, by: 'operation one' })
  })

  test('with a query or a body that is too long is refused', async () => {
    const verb = await verbOf({ request: 'PUT /a', query: { q: { type: 'string' } }, body: { type: 'object' } })
    expect(() => verb.plan({ q: 'x'.repeat(200), body: {} })).toThrow('query: longer than 200 bytes')
    expect(() => verb.plan({ body: { a: 'x'.repeat(200) } })).toThrow(/^body: \d+ bytes; at most 200 are accepted$/)
  })

  test.each([['__proto__'], ['constructor'], ['toString']])('has no argument %s', async name => {
    const verb = await verbOf({ request: 'GET /a', query: { q: { type: 'string' } } })
    expect(() => verb.plan(JSON.parse(`{"${name}":"x"}`))).toThrow('unknown argument')
  })

  test('keeps a key of its body that is called __proto__ a key', async () => {
    const verb = await verbOf({ request: 'PUT /a', body: { type: 'object' }, fixed: { body: { by: 'us' } } })
    const { request } = verb.plan({ body: JSON.parse('{"__proto__":{"by":"me"},"a":1}') })
    expect(request).toMatchObject({ body: '{"__proto__":{"by":"me"},"a":1,"by":"us"}' })
  })
})

describe('a further step of an operation', () => {
  const step = (why: string, to: string, from = '/v1/a/1?fixed=1&state=open') => ({ why, method: 'GET', from, to })
  const operation = {
    request: 'GET /a/:id',
    params: { id: { type: 'integer' } },
    query: { state: { enum: ['open', 'closed'] }, page: { type: 'integer', maximum: 3 } },
    fixed: { query: { fixed: 1, list: ['x', 'y'] } },
  }
  const fixed = 'fixed=1&list=x&list=y'

  test.each([
    ['page', `/v1/a/1?${fixed}&state=open&page=2`, `/v1/a/1?${fixed}&state=open&page=2`],
    ['redirect', `/v1/a/2?${fixed}`, `/v1/a/2?${fixed}`],
    ['page', `/v1/b?${fixed}&page=2`, `/v1/a/1?${fixed}&page=2`],
  ])('a %s to %s goes to %s', async (why, to, expected) => {
    const plan = (await verbOf(operation)).further?.(step(why, to))
    expect(plan?.scope.allowed).toBe(true)
    const [path, query] = expected.split('?')
    expect(plan?.request).toMatchObject({ path, query })
  })

  test.each([
    ['redirect', `/v1/b?${fixed}`],
    ['redirect', `/v1/a/x?${fixed}`],
    ['redirect', `/v1/a/1/?${fixed}`],
    ['redirect', '/v1/a/1?list=x&list=y'],
    ['redirect', '/v1/a/1?fixed=2&list=x&list=y'],
    ['redirect', '/v1/a/1?fixed=1&fixed=2&list=x&list=y'],
    ['redirect', '/v1/a/1?fixed=1&list=y&list=x'],
    ['redirect', `/v1/a/1?${fixed}&state=all`],
    ['redirect', `/v1/a/1?${fixed}&state=open&state=closed`],
    ['page', `/v1/a/1?${fixed}&page=4`],
    ['page', `/v1/a/1?${fixed}&cursor=abc`],
    ['page', '/v1/a/1?page=2'],
  ])('a %s to %s is not allowed', async (why, to) => {
    expect((await verbOf(operation)).further?.(step(why, to)).scope.allowed).toBe(false)
  })
})
