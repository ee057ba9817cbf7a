import {
  brotliCompressSync,
  brotliDecompressSync,
  crc32,
  deflateRawSync,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateRawSync,
  inflateSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CustomScene, setCustomScene } from '../../support/custom-scene.ts'
import { findForms } from '../../support/forms.ts'
import { type Respond, startUpstream, type Upstream } from '../../support/upstream.ts'

/* Upstreams that give a key back in every place and form, for every type of credential that can be presented. */

/** Made of what can stand in a header name as well, so that it can be echoed there. */
const secrets = {
  bearer: 'ghp_R4nd0m+Look.ing~T0kenValue',
  basic: 'P4ssw0rd!With*Odd.Ch4racters',
  header: 'sk-Ant_R4nd0m.Header~Key+Value',
  query: 'AIzaSy+R4nd0m.Query~Key_Value',
} as const

type Type = keyof typeof secrets

/** How the key stands in a request, and what of it must never be seen. */
const user = 'agent'
const presented: Record<Type, string> = {
  bearer: `Bearer ${secrets.bearer}`,
  basic: `Basic ${Buffer.from(`${user}:${secrets.basic}`).toString('base64')}`,
  header: secrets.header,
  query: new URLSearchParams({ key: secrets.query }).toString(),
}
const hidden: readonly string[] = [...Object.values(secrets), `${user}:${secrets.basic}`]

type Echo = (
  ...given: [response: Parameters<Respond>[1], key: string, wire: string, request: Parameters<Respond>[0]]
) => unknown

const body =
  (type: string, of: (key: string, wire: string) => string | Buffer, more: Record<string, string> = {}): Echo =>
  (response, key, wire) =>
    void response.writeHead(200, { 'content-type': type, ...more }).end(of(key, wire))
const header =
  (headers: (key: string, wire: string) => Record<string, string>, status = 200): Echo =>
  (response, key, wire) =>
    void response.writeHead(status, { 'content-type': 'text/plain', ...headers(key, wire) }).end('ok')

const base64 = (text: string | Buffer) => Buffer.from(text).toString('base64')
const page = (text: string) => `<!doctype html><p>before ${text} after</p>`
const utf16be = (text: string): Buffer => Buffer.from(Buffer.from(text, 'utf16le').swap16())
const utf32 = (text: string) => Buffer.from(Array.from(text).flatMap(letter => [letter.charCodeAt(0), 0, 0, 0]))

function png(...chunks: readonly (readonly [type: string, data: Buffer])[]): Buffer {
  const parts = [
    ['IHDR', Buffer.from('0000000100000001080000000000', 'hex').subarray(0, 13)] as const,
    ...chunks,
    ['IEND', Buffer.alloc(0)] as const,
  ]
  const written = parts.map(([type, data]) => {
    const typed = Buffer.concat([Buffer.from(type), data])
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
    length.writeUInt32BE(data.length)
    sum.writeUInt32BE(crc32(typed))
    return Buffer.concat([length, typed, sum])
  })
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), ...written])
}

/** A zip with one file, stored or deflated. */
function zip(content: string): Buffer {
  const data = deflateRawSync(content)
  const head = Buffer.alloc(30)
  head.write('PK\x03\x04', 'latin1')
  head.writeUInt16LE(8, 8)
  head.writeUInt32LE(crc32(content), 14)
  head.writeUInt32LE(data.length, 18)
  head.writeUInt32LE(content.length, 22)
  head.writeUInt16LE(1, 26)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  return Buffer.concat([head, Buffer.from('a'), data, end])
}

const text = 'text/plain'
const json = 'application/json'
const image = 'image/png'
const octets = 'application/octet-stream'

const echoes: Record<string, Echo> = {
  // Whole requests, as inspectors and debug pages show them.
  'the request as JSON': (response, _key, _wire, request) =>
    void response.writeHead(200, { 'content-type': json }).end(JSON.stringify(request)),
  'the request as JSON in JSON': (response, _key, _wire, request) =>
    void response
      .writeHead(200, { 'content-type': json })
      .end(JSON.stringify({ log: JSON.stringify(JSON.stringify(request)) })),
  'the request as a page': (response, _key, _wire, request) =>
    void response
      .writeHead(200, { 'content-type': 'text/html' })
      .end(page(`${request.url} ${Object.entries(request.headers).join('<br>')}`)),
  'the request as a curl command': (response, _key, wire, request) =>
    void response
      .writeHead(500, { 'content-type': text })
      .end(`curl -H 'authorization: ${wire}' 'http://x${request.url}'`),
  'the request in an error': (response, _key, wire, request) =>
    void response
      .writeHead(401, { 'content-type': json, 'www-authenticate': `Bearer error="${wire}"` })
      .end(`{"error":"bad key ${wire} at ${request.url}"}`),
  // Headers that are shown, and those that should not be.
  Location: header(key => ({ location: `/next?key=${encodeURIComponent(key)}` }), 302),
  'Location, another host': header(
    (_key, wire) => ({ location: `https://evil.example/?${encodeURIComponent(wire)}` }),
    302,
  ),
  'Location, in base64': header(key => ({ location: `/next?state=${encodeURIComponent(base64(`x${key}`))}` }), 307),
  Link: header(key => ({ link: `<https://x/?key=${encodeURIComponent(key)}&page=2>; rel="next"` })),
  ETag: header(key => ({ etag: `"${key}"` })),
  'Last-Modified': header(key => ({ 'last-modified': key })),
  'Retry-After': header(key => ({ 'retry-after': key }), 429),
  'Content-Language': header(key => ({ 'content-language': key })),
  Allow: header(key => ({ allow: key }), 405),
  'X-Request-Id': header(key => ({ 'x-request-id': Buffer.from(key).toString('hex') })),
  'X-RateLimit-Remaining': header((_key, wire) => ({ 'x-ratelimit-remaining': wire })),
  'the name of a header': header(key => ({ [key.replace(/[^\w.+~*!-]/g, '')]: '1' })),
  'the name of a header that is shown': header(key => ({ [`x-ratelimit-${key.replace(/[^\w.+~*!-]/g, '')}`]: '1' })),
  'the name of another one': header(key => ({ [`ratelimit${key.replace(/[^\w.+~*!-]/g, '')}`]: '1' })),
  'a cookie': header(key => ({ 'set-cookie': `session=${key}` })),
  Server: header(key => ({ server: key })),
  'the reason': (response, key) => {
    response.statusMessage = key
    response.writeHead(200, { 'content-type': text }).end('ok')
  },
  'a trailer': (response, key) => {
    response.writeHead(200, { 'content-type': text, trailer: 'etag' })
    response.write('ok')
    response.addTrailers({ etag: key })
    response.end()
  },
  // Content types.
  'a content type': (response, key) =>
    void response.writeHead(200, { 'content-type': `application/${key}` }).end(Buffer.from([0, 1, 2, 3])),
  'a content type of an image': (response, key) =>
    void response.writeHead(200, { 'content-type': `image/${key}` }).end(png()),
  'the parameter of a content type': (response, key) =>
    void response.writeHead(200, { 'content-type': `${image}; name="${key}"` }).end(png()),
  'a charset': (response, key) => void response.writeHead(200, { 'content-type': `${text}; charset=${key}` }).end('ok'),
  'a content encoding': (response, key) => void response.writeHead(200, { 'content-encoding': key }).end('ok'),
  // Text.
  plain: body(text, key => key),
  'what was on the wire': body(text, (_key, wire) => wire),
  'no type at all': (response, key) => void response.writeHead(200).end(key),
  'a type that is none': body('!!', key => key),
  HTML: body('text/html', key => page(key)),
  'HTML, escaped': body('text/html', key =>
    page(Array.from(key, letter => `&#x${letter.charCodeAt(0).toString(16)};`).join('')),
  ),
  SVG: body('image/svg+xml', key => `<svg><text>${key}</text></svg>`),
  'XML with CDATA': body('application/xml', key => `<a><![CDATA[${key}]]></a>`),
  YAML: body('application/yaml', key => `key: "${key}"\n`),
  'a script': body('text/javascript', key => `callback({"key":"${key}"})`),
  'a form': body('application/x-www-form-urlencoded', key => new URLSearchParams({ key }).toString()),
  multipart: body('multipart/form-data; boundary=x', key => `--x\r\n\r\n${key}\r\n--x--`),
  'lines of JSON': body('application/x-ndjson', key => `{"a":1}\n{"key":"${key}"}\n`),
  events: body('text/event-stream', key => `data: {"key":"${key}"}\n\n`),
  latin1: body(`${text}; charset=iso-8859-1`, key => Buffer.from(key, 'latin1')),
  'UTF-16': body(`${text}; charset=utf-16le`, key => Buffer.from(key, 'utf16le')),
  'UTF-16 the other way round': body(`${text}; charset=utf-16be`, utf16be),
  'UTF-16 that does not say so': body(text, key => Buffer.from(key, 'utf16le')),
  'UTF-16 as JSON': body(json, key => Buffer.from(`"${key}"`, 'utf16le')),
  'UTF-32': body(text, utf32),
  'UTF-7': body(`${text}; charset=utf-7`, key =>
    Array.from(key, letter => `+${base64(utf16be(letter)).replace(/=+$/, '')}-`).join(''),
  ),
  EBCDIC: body(`${text}; charset=ibm037`, key => Buffer.from(Buffer.from(key).map(byte => byte ^ 0x80))),
  // JSON.
  'a JSON key': body(json, key => JSON.stringify({ [key]: { [key]: [key] } })),
  'a JSON text with escapes': body(
    json,
    key =>
      `{"key":"${Array.from(key, letter => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"}`,
  ),
  'JSON with one escape': body(
    json,
    key => `{"key":"\\u${key.charCodeAt(0).toString(16).padStart(4, '0')}${key.slice(1)}"}`,
  ),
  'JSON that is broken': body(json, key => `{"key":"${key}`),
  'JSON that is deep': body(json, key => `${'['.repeat(2_000)}"${key}"${']'.repeat(2_000)}`),
  'JSON with a number that is too large': body(json, key => `{"id":9007199254740993,"key":"${key}"}`),
  'JSON under __proto__': body(json, key => `{"__proto__":{"key":"${key}"},"constructor":"${key}"}`),
  'JSON as a list of bytes': body(json, key => JSON.stringify([...Buffer.from(key)])),
  'JSON Lines within JSON': body(json, key =>
    JSON.stringify({ text: JSON.stringify({ text: JSON.stringify({ key }) }) }),
  ),
  // Encodings of the key.
  base64: body(text, key => base64(key)),
  'base64, one byte further': body(text, key => base64(`x${key}`)),
  'base64, two bytes further': body(text, key => base64(`xy${key}`)),
  'base64 in JSON': body(json, key => JSON.stringify({ data: base64(`{"key":"${key}"}`) })),
  base64url: body(text, key => Buffer.from(`.${key}`).toString('base64url')),
  'base64 in lines': body(text, key => base64(`some words before, and then ${key}`).replace(/(.{16})/g, '$1\r\n')),
  'the payload of a token': body(text, key => `e30.${Buffer.from(JSON.stringify({ key })).toString('base64url')}.sig`),
  'a data URL': body('text/html', key => `<img src="data:text/plain;base64,${base64(key)}">`),
  hexadecimal: body(text, key => Buffer.from(key).toString('hex')),
  HEXADECIMAL: body(text, key => Buffer.from(key).toString('hex').toUpperCase()),
  'percent-encoded': body(text, key => encodeURIComponent(key)),
  'all percent-encoded': body(text, key => Buffer.from(key).toString('hex').replace(/../g, '%$&')),
  backwards: body(text, key => Array.from(key).reverse().join('')),
  // Where a text is cut or put together.
  'across the limit': body(text, key => 'x'.repeat(16_384 - 7) + key.repeat(3)),
  'across the limit, in base64': body(text, key => 'x'.repeat(16_384 - 9) + base64(key).repeat(3)),
  'JSON across the limit': body(json, key => JSON.stringify({ a: 'x'.repeat(16_384 - 15), key })),
  'one byte a chunk': async (response, _key, wire) => {
    response.writeHead(200, { 'content-type': text })
    for (const letter of `before ${wire} after`) {
      response.write(letter)
      await new Promise(resolve => setImmediate(resolve))
    }
    response.end()
  },
  'and then the connection is cut': (response, key) => {
    response.writeHead(200, { 'content-type': text, 'content-length': '100000' })
    response.write(key, () => response.destroy())
  },
  'in a header that is none': (response, key) => void response.socket?.end(`HTTP/1.1 200 OK\r\n${key}\r\n\r\n`),
  'in a status line that is none': (response, key) => void response.socket?.end(`HTTP/1.1 ${key} OK\r\n\r\n`),
  'not HTTP at all': (response, key) => void response.socket?.end(`${key} ${key}\r\n`),
  // Compression.
  gzip: body(text, key => gzipSync(key), { 'content-encoding': 'gzip' }),
  br: body(text, key => brotliCompressSync(key), { 'content-encoding': 'br' }),
  zstd: body(text, key => zstdCompressSync(key), { 'content-encoding': 'zstd' }),
  'gzip that is broken after it': body(text, key => gzipSync(key + 'x'.repeat(100)).subarray(0, -9), {
    'content-encoding': 'gzip',
  }),
  'gzip that does not say so': body(text, key => gzipSync(key)),
  'gzip as bytes': body(octets, key => gzipSync(key)),
  'gzip as an image': body(image, key => gzipSync(key)),
  'gzip in gzip': body(octets, key => gzipSync(gzipSync(key)), { 'content-encoding': 'gzip' }),
  'deflate as bytes': body(octets, key => deflateSync(key)),
  'br as bytes': body('application/x-br', key => brotliCompressSync(page(`{"key":"${key}"}`).repeat(20))),
  'br as an image': body(image, key => brotliCompressSync(page(`{"key":"${key}"}`).repeat(20))),
  'deflate without its wrapper, as bytes': body(octets, key => deflateRawSync(`{"key":"${key}"}`)),
  'zstd as bytes': body(octets, key => zstdCompressSync(key)),
  'a zip': body('application/zip', zip),
  'a zip as an image': body(image, zip),
  // Bytes.
  bytes: body(octets, key => Buffer.concat([Buffer.from([0, 1, 2]), Buffer.from(key)])),
  'an image with the key behind it': body(image, key => Buffer.concat([png(), Buffer.from(key)])),
  'an image with a text': body(image, key => png(['tEXt', Buffer.from(`Comment\0${key}`)])),
  'an image with a compressed text': body(image, key =>
    png(['zTXt', Buffer.concat([Buffer.from('Comment\0\0'), deflateSync(key)])]),
  ),
  'an image with an international text': body(image, key =>
    png(['iTXt', Buffer.concat([Buffer.from('Comment\0\x01\0\0\0'), deflateSync(key)])]),
  ),
  'an image with a profile': body(image, key =>
    png(['iCCP', Buffer.concat([Buffer.from('icc\0\0'), deflateSync(key)])]),
  ),
  'an image with UTF-16': body(image, key => Buffer.concat([png(), Buffer.from(key, 'utf16le')])),
  'an image with UTF-16 the other way round': body(image, key => Buffer.concat([png(), utf16be(key)])),
  'an image with UTF-32': body(image, key => Buffer.concat([png(), utf32(key)])),
  'an image with base64': body(image, key => Buffer.concat([png(), Buffer.from(base64(`xy${key}`))])),
  'an image with base64 in UTF-16': body(image, key => Buffer.concat([png(), Buffer.from(base64(key), 'utf16le')])),
  'an image with hexadecimal': body(image, key =>
    Buffer.concat([png(), Buffer.from(Buffer.from(key).toString('hex'))]),
  ),
  'an image with what was on the wire': body(image, (_key, wire) => Buffer.concat([png(), Buffer.from(wire)])),
  'a sound': body('audio/mpeg', key => Buffer.from(`ID3\x03\0TXXX${key}`)),
  'a PDF': body('application/pdf', key => `%PDF-1.7\n1 0 obj (${key}) endobj`),
}

const names = Object.keys(echoes)
const types = Object.keys(secrets) as readonly Type[]

let upstream: Upstream
let scene: CustomScene
beforeAll(async () => {
  upstream = await startUpstream((request, response) => {
    const [, type, number] = new URL(request.url, 'http://x').pathname.split('/') as [string, Type, string]
    void echoes[names[Number(number)] ?? '']?.(response, secrets[type], presented[type], request)
  })
  scene = await setCustomScene(secrets, file => ({
    credentials: {
      bearer: { type: 'bearer', token: file('bearer') },
      basic: { type: 'basic', username: user, password: file('basic') },
      header: { type: 'api_key', in: 'header', name: 'x-api-key', value: file('header') },
      query: { type: 'api_key', in: 'query', name: 'key', value: file('query') },
    },
    tools: Object.fromEntries(
      types.map(type => [
        type,
        {
          kind: 'http',
          description: 'Echoes',
          base_url: upstream.url,
          credential: type,
          allow: [`GET /${type}/:number`],
          limits: { timeout: '20s', max_response: '16kb' },
          redirects: 'same_origin',
          pages: { follow: 'link', max: 3 },
          retries: 0,
        },
      ]),
    ),
  }))
})
afterAll(async () => {
  await scene?.end()
  await upstream?.close()
})

interface Content {
  readonly data?: string
  readonly resource?: { readonly blob?: string }
}

/** Everything that can be made of the bytes of images and other content. */
function bytesOf(raw: string): Buffer[] {
  const { content } = JSON.parse(raw) as { readonly content: readonly Content[] }
  const given = content.flatMap(({ data, resource }) => [data, resource?.blob].filter(part => part !== undefined))
  return given
    .map(part => Buffer.from(part, 'base64'))
    .flatMap(bytes => [
      bytes,
      ...[gunzipSync, inflateSync, inflateRawSync, brotliDecompressSync, zstdDecompressSync].flatMap(inflate =>
        attempt(() => inflate(bytes)),
      ),
    ])
}

function attempt(make: () => Buffer): Buffer[] {
  try {
    return [make()]
  } catch {
    return []
  }
}

describe.each(types)('a key of type %s that is given back reaches nobody', type => {
  test.each(names.map((name, index) => [name, index] as const))('%s', async (_name, index) => {
    const seen = upstream.requests.length
    const called = await scene.call(`${type}_call_api`, { method: 'GET', path: `/${type}/${index}` })
    const request = upstream.requests[seen]
    expect(JSON.stringify(request)).toContain(presented[type])
    for (const secret of hidden) {
      expect(findForms(called.raw, secret)).toEqual([])
      // Header names and media types are written in lower case on their way: the key in lower case is the key.
      expect(called.raw.toLowerCase()).not.toContain(secret.toLowerCase())
      for (const bytes of bytesOf(called.raw)) expect(findForms(bytes, secret)).toEqual([])
    }
  })
})

test('neither the log nor the audit log has any of them, and every call is on record', () => {
  for (const secret of hidden) {
    expect(findForms(scene.log(), secret)).toEqual([])
    expect(findForms(scene.home.auditText(), secret)).toEqual([])
  }
  expect(scene.calls()).toHaveLength(names.length * types.length)
  expect(scene.calls().every(call => call['closed'] === true)).toBe(true)
  expect(scene.events('worker.exited')).toEqual([])
})
