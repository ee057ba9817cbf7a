import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Respond } from '../../support/upstream.ts'
import { echo } from '../../support/upstream.ts'
import { type Tools, setAgents, setTools } from './tools.ts'

/** What the API does with the next requests, one after the other; then it answers with a number of its own. */
let script: Respond[] = []
let made = 0
const create: Respond = (_request, response) => {
  made += 1
  response.writeHead(201, { 'content-type': 'application/json' }).end(`{"created":${made}}`)
}
const respond: Respond = (request, response) =>
  (script.shift() ?? (request.method === 'GET' ? echo : create))(request, response)
beforeEach(() => {
  script = []
})

const key = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/
const keysOf = (requests: readonly { readonly headers: Record<string, unknown> }[]) =>
  requests.map(({ headers }) => headers['idempotency-key'])

const allow = ['GET /things', 'POST /things', 'PATCH /things', 'PUT /things', 'DELETE /things', 'POST /others']
const tool = {
  allow,
  idempotency: { header: 'Idempotency-Key', window: '10m' },
  operations: { add: { request: 'POST /things', description: 'Adds.', body: { type: 'object' } } },
  limits: { timeout: '5s' },
}
const short = { ...tool, idempotency: { header: 'X-Request-Key', window: '1s' } }

let tools: Tools
beforeAll(async () => {
  tools = await setTools({ respond, tools: () => ({ api: tool, short, without: { ...tool, idempotency: undefined } }) })
})
afterAll(() => tools.end())

let number = 0
/** Arguments that no other test uses. */
const thing = (method = 'POST', more: object = {}) => ({
  method,
  path: '/things',
  body: { name: `thing ${++number}` },
  ...more,
})

describe('the header by which the API can tell', () => {
  test.each(['POST', 'PATCH'])('is sent with a %s, another value for each call', async method => {
    const one = await tools.do('api_call_api', thing(method))
    const two = await tools.do('api_call_api', thing(method))
    const [first, second] = keysOf([...one.requests, ...two.requests])
    expect(first).toMatch(key)
    expect(second).toMatch(key)
    expect(first).not.toBe(second)
    expect(one.structured).not.toHaveProperty('replayed')
  })

  test('is the one that the tool names', async () => {
    const done = await tools.do('short_call_api', thing())
    expect(done.requests[0]?.headers['x-request-key']).toMatch(key)
    expect(done.requests[0]?.headers['idempotency-key']).toBeUndefined()
  })

  test.each(['GET', 'PUT', 'DELETE'])('is not sent with a %s, which runs as often as it is called', async method => {
    const args = method === 'GET' ? { method, path: '/things' } : thing(method)
    for (let round = 0; round < 2; round++) {
      const done = await tools.do('api_call_api', args)
      expect(done.requests).toHaveLength(1)
      expect(keysOf(done.requests)).toEqual([undefined])
      expect(done.structured).not.toHaveProperty('replayed')
    }
  })

  test('is not sent where no tool names it, and the same call runs again', async () => {
    const args = thing()
    for (let round = 0; round < 2; round++) {
      const done = await tools.do('without_call_api', args)
      expect(keysOf(done.requests)).toEqual([undefined])
    }
    const refused = await tools.do('without_call_api', { ...args, idempotency_key: 'a' })
    expect(refused).toMatchObject({ code: 'invalid_input', sent: '' })
  })
})

describe('the same call again within the window', () => {
  test('gives the stored outcome, says so, and sends nothing', async () => {
    const args = thing()
    const first = await tools.do('api_call_api', args)
    const again = await tools.do('api_call_api', args)
    expect(first.requests).toHaveLength(1)
    expect(again.sent).toBe('')
    expect(again.structured).toEqual({ ...first.structured, replayed: true })
    expect(JSON.parse(again.text)).toEqual(again.structured)
  })

  test('is recorded as a call of its own, which was replayed', async () => {
    const args = thing()
    const first = await tools.do('api_call_api', args)
    const again = await tools.do('api_call_api', args)
    expect(first.record).not.toHaveProperty('replayed')
    expect(again.record).toMatchObject({ outcome: 'ok', status: 201, replayed: true, operation: { action: 'POST' } })
    expect(again.record['call']).not.toBe(first.record['call'])
    expect(again.record['args_digest']).toBe(first.record['args_digest'])
  })

  test('whatever the order of the arguments', async () => {
    await tools.do('api_call_api', { method: 'POST', path: '/things', body: { a: 1, b: { c: 2, d: 3 } } })
    const again = await tools.do('api_call_api', { body: { b: { d: 3, c: 2 }, a: 1 }, path: '/things', method: 'POST' })
    expect(again).toMatchObject({ sent: '', structured: { replayed: true } })
  })

  test('with what came beside the text', async () => {
    const image = Buffer.from('89504e470d0a1a0a', 'hex')
    script = [(_request, response) => void response.writeHead(200, { 'content-type': 'image/png' }).end(image)]
    const args = thing()
    await tools.do('api_call_api', args)
    const again = await tools.client.callTool({ name: 'api_call_api', arguments: args })
    expect(again.structuredContent).toMatchObject({ replayed: true })
    expect(again.content.slice(1)).toEqual([{ type: 'image', mimeType: 'image/png', data: image.toString('base64') }])
  })

  test('of an operation', async () => {
    const args = { body: { name: 'by operation' } }
    const first = await tools.do('api_add', args)
    const again = await tools.do('api_add', args)
    expect(keysOf(first.requests)).toEqual([expect.stringMatching(key)])
    expect(again).toMatchObject({ sent: '', structured: { status: 201, replayed: true } })
  })

  test('with other arguments runs', async () => {
    await tools.do('api_call_api', thing())
    expect((await tools.do('api_call_api', thing())).requests).toHaveLength(1)
  })

  test('with another key runs again on purpose, each key for itself', async () => {
    const args = thing()
    const one = await tools.do('api_call_api', { ...args, idempotency_key: 'first' })
    const two = await tools.do('api_call_api', { ...args, idempotency_key: 'second' })
    expect([one.requests.length, two.requests.length]).toEqual([1, 1])
    const again = await tools.do('api_call_api', { ...args, idempotency_key: 'first' })
    expect(again).toMatchObject({ sent: '', structured: { body: one.body, replayed: true } })
  })

  test('two at the same time make one request, and have the same outcome', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
    script = [
      async (request, response) => {
        arrive()
        await released
        await create(request, response)
      },
    ]
    const args = thing()
    const before = tools.upstream.requests.length
    const first = tools.call('api_call_api', args)
    await arrived
    const second = tools.call('api_call_api', args)
    const third = tools.call('api_call_api', args)
    await expect.poll(() => tools.calls().filter(({ closed }) => closed === false).length).toBe(3)
    release()
    const [one, two, three] = await Promise.all([first, second, third])
    expect(tools.upstream.requests).toHaveLength(before + 1)
    expect(one.structured).not.toHaveProperty('replayed')
    for (const other of [two, three]) expect(other.structured).toEqual({ ...one.structured, replayed: true })
  })
})

describe('a key that was used', () => {
  test('for other arguments is refused, and the agent is told to give a new one', async () => {
    await tools.do('api_call_api', thing('POST', { idempotency_key: 'mine' }))
    const other = await tools.do('api_call_api', thing('POST', { idempotency_key: 'mine' }))
    expect(other).toMatchObject({ isError: true, code: 'invalid_input', sent: '' })
    expect(other.structured['problems']).toEqual(['idempotency_key: was used for other arguments; give a new one'])
    expect(other.record).toMatchObject({ outcome: 'refused', code: 'invalid_input' })
  })

  test('for another tool, or another operation of it, is another key', async () => {
    await tools.do('api_call_api', thing('POST', { idempotency_key: 'everywhere' }))
    expect((await tools.do('api_add', { body: { x: 1 }, idempotency_key: 'everywhere' })).requests).toHaveLength(1)
    expect((await tools.do('short_call_api', thing('POST', { idempotency_key: 'everywhere' }))).requests).toHaveLength(
      1,
    )
  })
})

describe('after a failure', () => {
  const reset: Respond = (_request, response) => void response.socket?.destroy()

  test('of which nothing is known, the call made again goes out under the same key', async () => {
    script = [reset]
    const args = thing()
    const first = await tools.do('api_call_api', args)
    expect(first).toMatchObject({ code: 'outcome_unknown' })
    const again = await tools.do('api_call_api', args)
    expect(again.structured).toMatchObject({ status: 201 })
    expect(again.structured).not.toHaveProperty('replayed')
    expect(keysOf(again.requests)).toEqual(keysOf(first.requests))
    expect(keysOf(first.requests)).toEqual([expect.stringMatching(key)])
    expect(await tools.do('api_call_api', args)).toMatchObject({ sent: '', structured: { replayed: true } })
  })

  test('that the API reports, it is attempted again under the same key', async () => {
    script = [(_request, response) => void response.writeHead(500).end()]
    const args = thing()
    const first = await tools.do('api_call_api', args)
    expect(first).toMatchObject({ isError: true, structured: { status: 500 } })
    const again = await tools.do('api_call_api', args)
    expect(again.structured).toMatchObject({ status: 201 })
    expect(keysOf(again.requests)).toEqual(keysOf(first.requests))
  })
})

test('after the window the same call runs again, under another key', async () => {
  const args = thing()
  const first = await tools.do('short_call_api', args)
  expect(await tools.do('short_call_api', args)).toMatchObject({ sent: '', structured: { replayed: true } })
  await pause(1_100)
  const again = await tools.do('short_call_api', args)
  expect(again.structured).not.toHaveProperty('replayed')
  const keys = [...first.requests, ...again.requests].map(({ headers }) => headers['x-request-key'])
  expect(keys).toHaveLength(2)
  expect(new Set(keys).size).toBe(2)
})

test('an outcome belongs to the agent who made the call', async () => {
  const agents = await setAgents(
    { one: { allow: ['*'] }, two: { allow: ['*'] } },
    { respond, tools: () => ({ api: tool }) },
  )
  try {
    const args = thing('POST', { idempotency_key: 'shared' })
    const one = await agents.of('one').call('api_call_api', args)
    const two = await agents.of('two').call('api_call_api', args)
    expect(two.structured).not.toHaveProperty('replayed')
    expect(two.structured['body']).not.toEqual(one.structured['body'])
    expect(new Set(keysOf(agents.upstream.requests)).size).toBe(2)
    expect((await agents.of('one').call('api_call_api', args)).structured).toEqual({
      ...one.structured,
      replayed: true,
    })
    expect(agents.upstream.requests).toHaveLength(2)
  } finally {
    await agents.end()
  }
})
