import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findForms, formsOf } from '../support/forms.ts'
import { type Scene, secretToken, setScene } from '../support/scene.ts'
import type { Received, Respond } from '../support/upstream.ts'

/* Upstreams that give the key back in every way they can; each answers under a path of its own. */

type Response = Parameters<Respond>[1]
type Attack = (request: Received, response: Response, key: string) => void | Promise<void>

const plainText = (response: Response, body: string | Buffer, headers: Record<string, string> = {}) => {
  response.writeHead(200, { 'content-type': 'text/plain', ...headers })
  response.end(body)
}

const jsonEcho = (request: Received) => JSON.stringify({ headers: request.headers, args: {}, url: request.url })

const attacks: Record<string, Attack> = {
  'headers echoed as JSON': (request, response) =>
    plainText(response, jsonEcho(request), { 'content-type': 'application/json' }),
  'an error with the key': (request, response) => {
    response.writeHead(401, {
      'content-type': 'application/json',
      'www-authenticate': `Bearer error="${request.headers.authorization}"`,
    })
    response.end(JSON.stringify({ message: `Bad credentials: ${request.headers.authorization}` }))
  },
  'the key as a JSON object key': (_request, response, key) =>
    plainText(response, JSON.stringify({ [key]: { [key]: [key] } }), { 'content-type': 'application/json' }),
  'the key in a redirect': (_request, response, key) => {
    response.writeHead(302, {
      location: `https://example.com/?token=${encodeURIComponent(key)}`,
      etag: `"${key}"`,
      link: `<https://x/${key}>; rel=next`,
    })
    response.end()
  },
  gzip: (request, response) =>
    plainText(response, gzipSync(jsonEcho(request)), {
      'content-type': 'application/json',
      'content-encoding': 'gzip',
    }),
  brotli: (request, response) =>
    plainText(response, brotliCompressSync(jsonEcho(request)), { 'content-encoding': 'br' }),
  deflate: (request, response) =>
    plainText(response, deflateSync(jsonEcho(request)), { 'content-encoding': 'deflate' }),
  'one byte a chunk': async (request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain' })
    for (const character of `before ${request.headers.authorization} after`) {
      response.write(character)
      await new Promise(resolve => setImmediate(resolve))
    }
    response.end()
  },
  'UTF-16': (_request, response, key) =>
    plainText(response, Buffer.from(`\ufeff${key}`, 'utf16le'), { 'content-type': 'text/plain; charset=utf-16le' }),
  'a body without a type': (_request, response, key) => {
    response.writeHead(200)
    response.end(key)
  },
  'a binary type': (_request, response, key) =>
    plainText(response, Buffer.concat([Buffer.from([0, 1, 2]), Buffer.from(key)]), { 'content-type': 'image/png' }),
  'a broken JSON': (_request, response, key) =>
    plainText(response, `{"a": "${key}`, { 'content-type': 'application/json' }),
  'the key across the size limit': (_request, response, key) =>
    plainText(response, 'x'.repeat(4_096 - 10) + key.repeat(3)),
  'the key in a status line': (_request, response, key) => {
    response.statusMessage = key
    plainText(response, 'ok')
  },
  'the key in a cookie': (_request, response, key) => plainText(response, 'ok', { 'set-cookie': `session=${key}` }),
  'a connection cut in the middle': (_request, response, key) => {
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': '100000' })
    response.write(key, () => response.destroy())
  },
  'a header that is no header': (_request, response, key) => {
    response.socket?.end(`HTTP/1.1 200 OK\r\n${key}\r\n\r\n`)
  },
  'not HTTP at all': (_request, response, key) => {
    response.socket?.end(`${key} ${key}\r\n`)
  },
}

for (const [form, value] of Object.entries(formsOf(secretToken))) {
  attacks[`form: ${form}`] = (_request, response) =>
    plainText(response, `<p>${value}</p>`, { 'content-type': 'text/html' })
  attacks[`form in JSON: ${form}`] = (_request, response) =>
    plainText(response, JSON.stringify({ deep: [{ value: `pre${value}post` }] }), {
      'content-type': 'application/json',
    })
}

const names = Object.keys(attacks)

let scene: Scene
beforeAll(async () => {
  scene = await setScene({
    respond: (request, response) => {
      const attack = attacks[names[Number(request.url.split('/').at(-1))] ?? '']
      void attack?.(request, response, (request.headers.authorization ?? '').replace('Bearer ', ''))
    },
    tool: { allow: ['GET /attack/:number'], limits: { timeout: '10s', max_response: '4kb' } },
  })
})
afterAll(() => scene.end())

describe('an upstream that gives the key back leaks nothing', () => {
  test.each(names.map((name, index) => [name, index] as const))('%s', async (_name, index) => {
    const seen = scene.upstream.requests.length
    const called = await scene.call('github_call_api', { method: 'GET', path: `/attack/${index}` })
    expect(scene.upstream.requests[seen]?.headers.authorization).toBe(`Bearer ${secretToken}`)
    expect(findForms(called.raw, secretToken)).toEqual([])
  })

  test('and neither the log nor the audit log nor the configuration has it', () => {
    expect(findForms(scene.log(), secretToken)).toEqual([])
    expect(findForms(scene.home.auditText(), secretToken)).toEqual([])
    expect(scene.calls()).toHaveLength(names.length)
    expect(scene.calls().every(call => call['closed'] === true)).toBe(true)
  })
})
