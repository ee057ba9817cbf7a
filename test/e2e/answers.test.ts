import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { type Scene, setScene } from '../support/scene.ts'
import type { Respond } from '../support/upstream.ts'

let scene: Scene | null = null
afterEach(async () => {
  await scene?.end()
  scene = null
})

const bad: readonly (readonly [string, Respond])[] = [
  [
    'an unknown encoding',
    (_request, response) => void response.writeHead(201, { 'content-encoding': 'rot13' }).end('x'),
  ],
  [
    'a nested encoding',
    (_request, response) =>
      void response.writeHead(201, { 'content-encoding': 'gzip, gzip' }).end(gzipSync(gzipSync('x'))),
  ],
  [
    'a broken gzip',
    (_request, response) => void response.writeHead(201, { 'content-encoding': 'gzip' }).end('no gzip'),
  ],
  [
    'headers that are too large',
    (_request, response) => void response.writeHead(201, { 'x-big': 'a'.repeat(20_000) }).end('x'),
  ],
  ['what is not HTTP', (_request, response) => void response.socket?.end('hello\r\n')],
]

describe('an answer that cannot be used', () => {
  test.each(bad)('%s: target_refused for a read, outcome_unknown for a write', async (_what, respond) => {
    scene = await setScene({ respond })
    const path = '/repos/acme/shop/issues'
    expect((await scene.call('github_call_api', { method: 'GET', path })).structured['code']).toBe('target_refused')
    expect((await scene.call('github_call_api', { method: 'POST', path, body: {} })).structured['code']).toBe(
      'outcome_unknown',
    )
    expect(scene.upstream.requests).toHaveLength(2)
  })
})

test.each([
  ['HEAD', 200],
  ['GET', 304],
  ['DELETE', 204],
])('%s with status %i and the encoding of a body that is not there is an answer', async (method, status) => {
  scene = await setScene({
    respond: (_request, response) => void response.writeHead(status, { 'content-encoding': 'gzip' }).end(),
    tool: { allow: [`${method} /thing`] },
  })
  const called = await scene.call('github_call_api', { method, path: '/thing' })
  expect(called).toMatchObject({ isError: false, structured: { status, body: '', truncated: false } })
})

test('a number that JavaScript cannot hold reaches the agent as it was', async () => {
  scene = await setScene({
    respond: (_request, response) =>
      void response.writeHead(200, { 'content-type': 'application/json' }).end('{"id": 9007199254740993}'),
  })
  const called = await scene.call('github_call_api', { method: 'GET', path: '/repos/acme/shop/issues' })
  expect(called.structured['body']).toBe('{"id": 9007199254740993}')
})

test.each([
  'application/json; charset=utf-7',
  'application/json;, text/plain',
  'application/json; x=y',
  'text/plain; charset=utf-16',
])('the content type %s, which could change what the server reads, is refused', async type => {
  scene = await setScene()
  const body = type.startsWith('text') ? 'x' : { title: 'x' }
  const called = await scene.call('github_call_api', {
    method: 'POST',
    path: '/repos/acme/shop/issues',
    headers: { 'content-type': type },
    body,
  })
  expect(called.structured['code']).toBe('invalid_input')
  expect(scene.upstream.connections()).toBe(0)
})

test.each(['_method', 'access_token', 'X-HTTP-Method-Override'])(
  'the query parameter %s, which could change method or identity, is refused',
  async name => {
    scene = await setScene()
    const called = await scene.call('github_call_api', {
      method: 'GET',
      path: '/repos/acme/shop/issues',
      query: { [name]: 'DELETE' },
    })
    expect(called.structured['code']).toBe('invalid_input')
    expect(scene.upstream.connections()).toBe(0)
  },
)
