import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Tools, setTools } from './tools.ts'

const token = (number: number) => `tok_R4nd0mLooking-${String(number).padStart(4, '0')}`

/** The one token that the API accepts now; none when null. */
let accepted: string | null = null
let tools: Tools
let tokenFile: (name?: string) => string

/** Replaces a file in one step, as tools that rotate keys do. */
function store(value: string, name?: string): void {
  const file = tokenFile(name)
  writeFileSync(`${file}.new`, `${value}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

beforeAll(async () => {
  tools = await setTools({
    respond: (request, response) => {
      const good = request.headers.authorization === `Bearer ${accepted}` || request.headers['x-api-key'] === accepted
      response.writeHead(good ? 200 : 401, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ good, body: request.body }))
    },
    credentials: home => {
      tokenFile = (name = 'token') => join(home.folder, name)
      store(token(1))
      store(token(1), 'other')
      return {
        file: { type: 'bearer', token: { file: tokenFile() } },
        header: { type: 'api_key', in: 'header', name: 'X-Api-Key', value: { file: tokenFile('other') } },
      }
    },
    tools: () => ({
      api: {
        credential: 'file',
        allow: ['GET /thing', 'POST /thing'],
        idempotency: { header: 'Idempotency-Key' },
      },
      keyed: { credential: 'header', allow: ['GET /thing'] },
      sealed: { allow: ['GET /thing'] },
    }),
  })
})
afterAll(() => tools.end())

const get = { method: 'GET', path: '/thing' }
const presented = (requests: readonly { readonly headers: Record<string, unknown> }[]) =>
  requests.map(({ headers }) => headers['authorization'])
let next = 2

describe('a file that was replaced while Keyhold runs', () => {
  beforeEach(async () => {
    accepted = token(next - 1)
    store(accepted)
    await tools.do('api_call_api', get)
    accepted = token(next)
  })

  test('after a 401 the new value is read, and the request sent again once', async () => {
    store(token(next))
    const done = await tools.do('api_call_api', get)
    expect(done).toMatchObject({ isError: false, structured: { status: 200, body: { good: true } } })
    expect(presented(done.requests)).toEqual([`Bearer ${token(next - 1)}`, `Bearer ${token(next)}`])
    expect(done.record).toMatchObject({ outcome: 'ok', status: 200 })
    const [before, after] = tools.events('credential.leased').slice(-2)
    expect(before).toMatchObject({ tool: 'api', credential: 'file' })
    expect(after?.['fingerprint']).not.toBe(before?.['fingerprint'])
    expect(done.record['credential']).toEqual({ name: 'file', fingerprint: after?.['fingerprint'] })
    const later = await tools.do('api_call_api', get)
    expect(presented(later.requests)).toEqual([`Bearer ${token(next)}`])
    next += 1
  })

  test('a POST is sent again with its body: a 401 says that nothing was done', async () => {
    store(token(next))
    const done = await tools.do('api_call_api', { method: 'POST', path: '/thing', body: { title: 'x' } })
    expect(done.structured).toMatchObject({ status: 200, body: { good: true, body: '{"title":"x"}' } })
    expect(done.requests.map(({ body }) => body)).toEqual(['{"title":"x"}', '{"title":"x"}'])
    const [first, second] = done.requests.map(({ headers }) => headers['idempotency-key'])
    expect(first).toMatch(/^[0-9a-f-]{36}$/)
    expect(second).toBe(first)
    next += 1
  })

  test('when the new value is not accepted either, that is the answer', async () => {
    store('tok_R4nd0mLooking-another')
    const done = await tools.do('api_call_api', get)
    expect(done).toMatchObject({ isError: true, structured: { status: 401, body: { good: false } } })
    expect(presented(done.requests)).toEqual([`Bearer ${token(next - 1)}`, 'Bearer tok_R4nd0mLooking-another'])
    expect(done.record).toMatchObject({ outcome: 'failed', status: 401 })
    next += 1
  })

  test('neither the old nor the new value reaches the agent or a record', async () => {
    const seen = tools.home.auditText() + tools.log()
    for (let number = 1; number <= next; number++) expect(seen).not.toContain(token(number))
  })
})

test('a key in a header of its own is renewed the same way', async () => {
  accepted = token(1)
  expect((await tools.do('keyed_call_api', get)).structured).toMatchObject({ status: 200 })
  accepted = 'tok_R4nd0mLooking-renewed'
  store(accepted, 'other')
  const done = await tools.do('keyed_call_api', get)
  expect(done.requests.map(({ headers }) => headers['x-api-key'])).toEqual([token(1), 'tok_R4nd0mLooking-renewed'])
  expect(done.structured).toMatchObject({ status: 200 })
})

test('with the same value as before, a 401 is the answer after one request', async () => {
  accepted = null
  for (let round = 0; round < 2; round++) {
    const done = await tools.do('sealed_call_api', get)
    expect(done).toMatchObject({ isError: true, structured: { status: 401 } })
    expect(done.requests).toHaveLength(1)
  }
})
