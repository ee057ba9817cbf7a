import { deflateSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { secretToken } from '../../support/scene.ts'
import type { Respond } from '../../support/upstream.ts'
import { echo } from '../../support/upstream.ts'
import { type Tools, setTools } from './tools.ts'

/** What the API answers with next. */
let respond: Respond = echo
let tools: Tools
beforeAll(async () => {
  tools = await setTools({
    respond: (request, response) => respond(request, response),
    tools: () => ({
      api: { allow: ['GET /thing', 'HEAD /thing'], limits: { timeout: '2s', max_response: '4kb' } },
      named: {
        operations: {
          thing: {
            request: 'GET /thing',
            description: 'A thing.',
            query: { per_page: { type: 'integer' }, q: { type: 'string' }, limit: { type: 'integer' } },
          },
        },
        limits: { max_response: '4kb' },
      },
    }),
  })
})
afterAll(() => tools.end())
beforeEach(() => {
  respond = echo
})

function answering(body: Buffer | string, type?: string, more: Record<string, string> = {}): void {
  respond = (_request, response) =>
    void response.writeHead(200, { ...(type === undefined ? {} : { 'content-type': type }), ...more }).end(body)
}

const get = { method: 'GET', path: '/thing' }

/** The whole answer, with what comes beside the text. */
async function content() {
  const result = await tools.client.callTool({ name: 'api_call_api', arguments: get })
  const [text, ...media] = result.content
  expect(JSON.parse(text?.type === 'text' ? text.text : '')).toEqual(result.structuredContent)
  return { media, structured: result.structuredContent as Record<string, unknown> }
}

const chunk = (type: string, data: Buffer) =>
  Buffer.concat([Buffer.from([0, 0, 0, data.length]), Buffer.from(type, 'latin1'), data, Buffer.alloc(4)])
/** One grey pixel. */
const png = Buffer.concat([
  Buffer.from('89504e470d0a1a0a', 'hex'),
  chunk('IHDR', Buffer.from('00000001000000010800000000', 'hex')),
  chunk('IDAT', deflateSync(Buffer.from([0, 128]))),
  chunk('IEND', Buffer.alloc(0)),
])
const bytes = Buffer.from(Array.from({ length: 512 }, (_, index) => index % 256))

describe('what is no text comes as content of its type', () => {
  test.each([
    ['image/png', 'image', png],
    ['Image/PNG; q=1', 'image', png],
    ['image/jpeg', 'image', Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), bytes])],
    ['audio/mpeg', 'audio', Buffer.concat([Buffer.from('ID3'), bytes])],
  ])('%s as %s, as it was', async (type, as, body) => {
    answering(body, type)
    const { media, structured } = await content()
    const mimeType = type.toLowerCase().replace(/;.*/, '')
    expect(media).toEqual([{ type: as, mimeType, data: body.toString('base64') }])
    expect(structured).toMatchObject({
      status: 200,
      body: `(${body.length} bytes of ${mimeType}, as content of their own)`,
      truncated: false,
    })
    expect(tools.calls().at(-1)).toMatchObject({ outcome: 'ok', bytes_in: body.length })
  })

  test.each([
    ['application/pdf', Buffer.concat([Buffer.from('%PDF-1.7\n'), bytes])],
    ['application/octet-stream', bytes],
    ['application/gzip', gzipSync('an export')],
    ['application/vnd.ms-excel', bytes],
    ['video/mp4', bytes],
  ])('%s as a resource, as it was', async (type, body) => {
    answering(body, type)
    const { media, structured } = await content()
    expect(media).toEqual([
      { type: 'resource', resource: { uri: expect.any(String), mimeType: type, blob: body.toString('base64') } },
    ])
    expect(structured['body']).toBe(`(${body.length} bytes of ${type}, as content of their own)`)
  })

  test('compressed on its way, it is unpacked', async () => {
    answering(gzipSync(png), 'image/png', { 'content-encoding': 'gzip' })
    expect((await content()).media).toEqual([{ type: 'image', mimeType: 'image/png', data: png.toString('base64') }])
  })

  test.each([
    [
      'larger than an answer may be',
      'image/png',
      Buffer.concat([png, Buffer.alloc(5_000)]),
      /^\(4096 bytes are not shown: there are more than can be shown/,
      true,
    ],
    [
      'with the key in it',
      'image/png',
      Buffer.concat([png, Buffer.from(secretToken)]),
      /^\(\d+ bytes are not shown: they hold a key/,
      false,
    ],
    [
      'compressed with the key in it',
      'application/gzip',
      gzipSync(`token=${secretToken}`),
      /^\(\d+ bytes are not shown: they hold a key/,
      false,
    ],
    [
      'of a form that cannot be searched',
      'application/zip',
      Buffer.concat([Buffer.from('PK\x03\x04'), bytes]),
      /^\(516 bytes are not shown: .*cannot be searched/,
      false,
    ],
    [
      'of what is no media type',
      'image',
      bytes,
      /^\(512 bytes are not shown: they are not text, and of no known type\)$/,
      false,
    ],
    ['with a key in its type', `image/${secretToken.replace('/+', '')}`, bytes, /as content of their own/, false],
  ])('%s: described', async (what, type, body, description, truncated) => {
    answering(body, type)
    const { media, structured } = await content()
    expect(structured['body']).toMatch(description)
    expect(structured['truncated']).toBe(truncated)
    expect(media).toHaveLength(what === 'with a key in its type' ? 1 : 0)
    expect(JSON.stringify([media, structured])).not.toContain(secretToken)
  })
})

describe('text comes as text', () => {
  test.each<[string, string | undefined, Buffer | string, unknown]>([
    ['JSON as structure', 'application/json', '{"a":[1,null,"ü"]}', { a: [1, null, 'ü'] }],
    ['JSON of another name', 'application/vnd.api+json; charset=utf-8', '{"data":[]}', { data: [] }],
    ['a problem', 'application/problem+json', '{"title":"no"}', { title: 'no' }],
    ['a plain JSON value', 'application/json', '"text"', 'text'],
    ['JSON that does not parse', 'application/json', '{"a":', '{"a":'],
    ['JSON under the name of text', 'text/plain', '{"a":1}', '{"a":1}'],
    ['plain text', 'text/plain', 'Grüße 日本 🙂', 'Grüße 日本 🙂'],
    ['HTML', 'text/html; charset=utf-8', '<p>hi</p>', '<p>hi</p>'],
    ['XML', 'application/xml', '<a/>', '<a/>'],
    ['SVG, which is XML', 'image/svg+xml', '<svg/>', '<svg/>'],
    ['lines of JSON', 'application/x-ndjson', '{"a":1}\n{"a":2}\n', '{"a":1}\n{"a":2}\n'],
    ['text in latin-1', 'text/plain; charset=ISO-8859-1', Buffer.from('Grüße', 'latin1'), 'Grüße'],
    ['text in windows-1252', 'text/plain; charset="windows-1252"', Buffer.from([0x80, 0x31]), '€1'],
    ['text without a type', undefined, 'hello', 'hello'],
    ['nothing', 'application/json', '', ''],
    ['nothing without a type', undefined, '', ''],
    ['nothing of an image', 'image/png', '', ''],
  ])('%s', async (_what, type, sent, body) => {
    answering(sent, type)
    const { media, structured } = await content()
    expect(structured).toMatchObject({ status: 200, body, truncated: false })
    expect(structured).not.toHaveProperty('hint')
    expect(media).toEqual([])
  })

  test.each([
    ['with NUL in it', 'text/plain', Buffer.from('a\0b')],
    ['in UTF-16', 'text/plain; charset=utf-16', Buffer.from('hello', 'utf16le')],
    ['in UTF-16 that does not say so', 'text/plain', Buffer.from('hello', 'utf16le')],
    ['in UTF-7', 'text/html; charset=utf-7', Buffer.from('hello')],
  ])('%s: described', async (_what, type, sent) => {
    answering(sent, type)
    const { structured } = await content()
    expect(structured).toMatchObject({ status: 200, truncated: false })
    expect(structured['body']).toBe(
      `(${sent.length} bytes are not shown: they are not text in a charset that can be searched for keys)`,
    )
  })

  test('a HEAD has no body, whatever its headers say', async () => {
    respond = (_request, response) =>
      void response.writeHead(200, { 'content-type': 'image/png', 'content-length': '1000', etag: '"x"' }).end()
    const done = await tools.do('api_call_api', { method: 'HEAD', path: '/thing' })
    expect(done.structured).toMatchObject({ status: 200, body: '', headers: { etag: '"x"' }, truncated: false })
  })
})

describe('what is too large is cut, and the hint says how to ask for less', () => {
  test('in general', async () => {
    answering('x'.repeat(5_000), 'text/plain')
    const { structured } = await content()
    expect(structured).toMatchObject({ body: 'x'.repeat(4_096), truncated: true })
    expect(structured['hint']).toBe(
      'The answer was cut at 4096 bytes. Ask for less: a smaller page, fewer fields, or a narrower filter.',
    )
  })

  test('by the parameters that an operation has for that', async () => {
    answering('x'.repeat(5_000), 'text/plain')
    const done = await tools.do('named_thing')
    expect(done.structured['hint']).toBe('The answer was cut at 4096 bytes. Ask for less: with per_page or limit.')
  })

  test('JSON that was cut is text', async () => {
    answering(JSON.stringify({ a: 'x'.repeat(5_000) }), 'application/json')
    const { structured } = await content()
    expect(structured).toMatchObject({ body: `{"a":"${'x'.repeat(4_090)}`, truncated: true })
  })

  test('exactly as much as may be shown is not cut', async () => {
    answering('x'.repeat(4_096), 'text/plain')
    expect((await content()).structured).toMatchObject({ body: 'x'.repeat(4_096), truncated: false })
  })
})

describe('a stream of events', () => {
  const event = (number: number) => `data: {"number":${number}}\n\n`

  test('is collected to its end', async () => {
    respond = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(event(1))
      setTimeout(() => response.end(event(2)), 100)
    }
    expect((await content()).structured).toMatchObject({ body: event(1) + event(2), truncated: false })
  })

  test('that does not end is collected until the deadline', async () => {
    respond = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
      response.write(event(1) + event(2))
    }
    const began = performance.now()
    const done = await tools.do('api_call_api', get)
    expect(performance.now() - began).toBeLessThan(4_000)
    expect(done).toMatchObject({
      isError: false,
      structured: { status: 200, body: event(1) + event(2), truncated: true },
    })
    // Nothing was cut at a size, so asking for less would not help.
    expect(done.structured).not.toMatchObject({ hint: expect.stringContaining('bytes') })
    expect(done.record).toMatchObject({ outcome: 'ok', status: 200 })
  })

  test('that is too large is cut', async () => {
    respond = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(event(1).repeat(1_000))
    }
    const done = await tools.do('api_call_api', get)
    expect(done.structured).toMatchObject({ truncated: true, hint: expect.stringContaining('cut at 4096 bytes') })
    expect(done.body).toHaveLength(4_096)
  })
})

test('a client of the revision before gets the same', async () => {
  const before = await setTools({
    revision: '2025-11-25',
    respond: (_request, response) => void response.writeHead(200, { 'content-type': 'image/png' }).end(png),
    tools: () => ({ api: { operations: { image: { request: 'GET /image', description: 'An image.' } } } }),
  })
  try {
    expect((await before.client.listTools()).tools.map(({ name }) => name)).toEqual(['api_image'])
    const { content: parts, structuredContent } = await before.client.callTool({ name: 'api_image', arguments: {} })
    expect(structuredContent).toMatchObject({ status: 200, truncated: false })
    expect(parts.slice(1)).toEqual([{ type: 'image', mimeType: 'image/png', data: png.toString('base64') }])
    expect(await before.do('api_image', { a: 1 })).toMatchObject({ isError: true, code: 'invalid_input', sent: '' })
  } finally {
    await before.end()
  }
})
