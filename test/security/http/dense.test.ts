import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CustomScene, setCustomScene } from '../../support/custom-scene.ts'
import { answer, type RawUpstream, startRawUpstream } from '../../support/raw-upstream.ts'

/*
 * JSON of which every few bytes are a value of their own: as values it needs many times the memory that it needs as text. It is
 * within the limits of a tool, and may not cost its worker the life, or that of the calls that it carries out beside.
 */

const size = 4_000_000

/** As many of a piece as fit between a beginning and an end. */
function dense(beginning: string, piece: string, end: string): string {
  return beginning + piece.repeat(Math.floor((size - beginning.length - end.length) / piece.length)) + end
}

const bodies: Record<string, string> = {
  'empty objects': dense('[', '{},', '{}]'),
  'empty lists': dense('[', '[],', '[]]'),
  digits: dense('[', '1,', '1]'),
  'small objects': dense('[', '{"a":1},', '1]'),
  keys: `{${Array.from({ length: 290_000 }, (_, index) => `"k${index}":1`).join(',')}}`,
  'lists in lists': '['.repeat(size / 2) + ']'.repeat(size / 2),
  'small objects, and a number that is too large': dense('[9007199254740993,', '{"a":1},', '1]'),
}
const names = Object.keys(bodies)

let upstream: RawUpstream
let scene: CustomScene
beforeAll(async () => {
  upstream = await startRawUpstream((socket, { target }) => {
    if (target === '/ok') return answer(socket, 'ok', ['content-type: text/plain'])
    return answer(socket, bodies[names[Number(target.split('/').at(-1))] ?? ''] ?? '', [
      'content-type: application/json',
    ])
  })
  const request = { request: 'GET /dense/:number', description: 'Dense' }
  const tool = {
    kind: 'http',
    description: 'Dense',
    base_url: upstream.url,
    allow: ['GET /dense/:number', 'GET /ok'],
    retries: 0,
  }
  scene = await setCustomScene({ key: 'k3y-R4nd0mLookingValue' }, file => ({
    credentials: { key: { type: 'bearer', token: file('key') } },
    tools: {
      large: { ...tool, credential: 'key', limits: { timeout: '30s', max_response: '4mb' } },
      usual: {
        ...tool,
        credential: 'key',
        limits: { timeout: '30s' },
        operations: { few: { ...request, select: ['/*/b'] } },
      },
    },
  }))
})
afterAll(async () => {
  await scene?.end()
  await upstream?.close()
})

const ways = ['large_call_api', 'usual_few'] as const

describe.each(ways)('dense JSON does not end the worker: %s', way => {
  test.each(names.map((name, index) => [name, String(index)] as const))('%s', async (_name, number) => {
    const args = way === 'large_call_api' ? { method: 'GET', path: `/dense/${number}` } : { number }
    const asked = upstream.requests.length
    const ended = scene.events('worker.exited').length
    const called = await scene.call(way, args)
    expect(called.structured).toMatchObject({ status: 200 })
    expect(upstream.requests).toHaveLength(asked + 1)
    expect(scene.events('worker.exited')).toHaveLength(ended)
  })
})

describe('an answer that is much longer as a message than as bytes costs that call at most, not the connection', () => {
  // A client that reads lines gives up on one of 10 MB; every character here takes two in JSON, and three in JSON in JSON.
  const long: Record<string, string> = {
    quotes: '"'.repeat(size),
    'line ends': '\n'.repeat(size),
    escapes: '\u001b'.repeat(size),
  }
  let quoting: RawUpstream
  let quoted: CustomScene
  beforeAll(async () => {
    quoting = await startRawUpstream((socket, { target }) =>
      answer(socket, long[target.slice(1).replace('%20', ' ')] ?? 'ok', ['content-type: text/plain']),
    )
  })
  afterAll(() => quoting?.close())

  test.each(Object.keys(long))('%s', async name => {
    quoted = await setCustomScene({}, () => ({
      tools: {
        api: {
          kind: 'http',
          description: 'Quotes',
          base_url: quoting.url,
          allow: ['GET /:name'],
          limits: { timeout: '30s', max_response: '4mb' },
        },
      },
    }))
    try {
      await quoted.call('api_call_api', { method: 'GET', path: `/${name}` }).catch(() => null)
      const next = await quoted.call('api_call_api', { method: 'GET', path: '/ok' })
      expect(next.structured).toMatchObject({ status: 200, body: 'ok' })
    } finally {
      await quoted.end()
    }
  })
})
