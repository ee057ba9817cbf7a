import { hash } from 'node:crypto'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CustomScene, setCustomScene } from '../../support/custom-scene.ts'
import { findForms } from '../../support/forms.ts'
import { answer, pour, type RawUpstream, repeated, type Script, startRawUpstream } from '../../support/raw-upstream.ts'

/*
 * Answers that are broken, that lie about where they end, or that never do. After each of them the next call on the same
 * worker has to get its own answer and no other: bytes that are left over must never become somebody's answer.
 */

const key = 'k3y-R4nd0mLookingValue'
/** Of the tool for what never ends; the other one has time enough on a slow machine. */
const hastyMs = 1_000

const write =
  (...pieces: readonly (string | Buffer)[]): Script =>
  socket => {
    for (const piece of pieces) socket.write(piece)
  }
const writeAndEnd =
  (...pieces: readonly (string | Buffer)[]): Script =>
  socket => {
    for (const piece of pieces.slice(0, -1)) socket.write(piece)
    socket.end(pieces.at(-1) ?? '')
  }
const ok = (headers: readonly string[], body: string | Buffer = ''): Script =>
  write(`HTTP/1.1 200 OK\r\n${headers.map(header => `${header}\r\n`).join('')}\r\n`, body)
const encoded =
  (encoding: string, body: Buffer): Script =>
  socket =>
    answer(socket, body, [`content-encoding: ${encoding}`])
const endless =
  (head: string, piece: string | Buffer): Script =>
  socket => {
    socket.write(head)
    return pour(socket, repeated(piece))
  }

/** What does not compress, and is the same every time. */
const noise = Buffer.from(Array.from({ length: 128 }, (_, index) => hash('sha256', String(index))).join(''), 'hex')
const chunkedHead = 'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n'
const smuggled = 'HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nsmuggled'

/** Refused, whatever the method; for a write it is not known what happened. */
const refused: readonly (readonly [what: string, code: string, script: Script])[] = [
  // Encodings.
  ['an unknown encoding', 'target_refused', encoded('rot13', Buffer.from('x'))],
  ['an encoding named like a property', 'target_refused', encoded('constructor', Buffer.from('x'))],
  ['__proto__ as an encoding', 'target_refused', encoded('__proto__', Buffer.from('x'))],
  ['gzip, gzip', 'target_refused', encoded('gzip, gzip', gzipSync(gzipSync('x')))],
  ['gzip,br', 'target_refused', encoded('gzip,br', brotliCompressSync(gzipSync('x')))],
  ['gzip, identity', 'target_refused', encoded('gzip, identity', gzipSync('x'))],
  ['compress', 'target_refused', encoded('compress', Buffer.from([0x1f, 0x9d, 0x90]))],
  [
    'the field twice',
    'target_refused',
    ok(['content-encoding: gzip', 'content-encoding: gzip', 'content-length: 1'], 'x'),
  ],
  ['a gzip that is none', 'target_refused', encoded('gzip', Buffer.from('this is no gzip'))],
  ['a br that is none', 'target_refused', encoded('br', Buffer.from('this is no brotli'))],
  ['a zstd that is none', 'target_refused', encoded('zstd', Buffer.from('this is no zstd'))],
  ['a deflate that is none', 'target_refused', encoded('deflate', Buffer.from('this is no deflate'))],
  ['a deflate without its wrapper', 'target_refused', encoded('deflate', deflateRawSync('hello'))],
  ['a gzip with a wrong checksum', 'target_refused', encoded('gzip', broken(gzipSync('hello '.repeat(100)), -6))],
  ['a gzip that is cut', 'target_refused', encoded('gzip', gzipSync(noise).subarray(0, 1_000))],
  ['a gzip that is cut in its header', 'target_refused', encoded('gzip', gzipSync(noise).subarray(0, 5))],
  ['a br that is cut', 'target_refused', encoded('br', brotliCompressSync(noise).subarray(0, 1_000))],
  ['a zstd that is cut', 'target_refused', encoded('zstd', zstdCompressSync(noise).subarray(0, 1_000))],
  ['a deflate that is cut', 'target_refused', encoded('deflate', deflateSync(noise).subarray(0, 1_000))],
  // What is not HTTP/1.
  ['HTTP/0.9', 'target_refused', writeAndEnd('<html>hello</html>')],
  ['HTTP/2', 'target_refused', write('HTTP/2 200 OK\r\ncontent-length: 2\r\n\r\nok')],
  ['an HTTP/2 frame', 'target_refused', writeAndEnd(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]))],
  ['HTTP/9.9', 'target_refused', write('HTTP/9.9 200 OK\r\ncontent-length: 2\r\n\r\nok')],
  ['Shoutcast', 'target_refused', write('ICY 200 OK\r\n\r\n')],
  ['SSH', 'target_refused', write('SSH-2.0-OpenSSH_9.6\r\n')],
  ['SMTP', 'target_refused', write('220 mail.example ESMTP\r\n')],
  ['a TLS alert', 'target_refused', writeAndEnd(Buffer.from([0x15, 3, 1, 0, 2, 2, 40]))],
  ['a request', 'target_refused', write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')],
  ['NUL bytes', 'target_refused', write('\0\0\0\0\0\0\0\0')],
  // Status lines.
  ['a status of four digits', 'target_refused', write('HTTP/1.1 2000 OK\r\ncontent-length: 2\r\n\r\nok')],
  ['a status of two digits', 'target_refused', write('HTTP/1.1 20 OK\r\ncontent-length: 2\r\n\r\nok')],
  ['a status that is no number', 'target_refused', write('HTTP/1.1 abc OK\r\ncontent-length: 2\r\n\r\nok')],
  ['a negative status', 'target_refused', write('HTTP/1.1 -200 OK\r\n\r\n')],
  [
    '101, which nobody asked for',
    'target_refused',
    write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nx'),
  ],
  ['101 without an upgrade', 'target_refused', write('HTTP/1.1 101 Switching Protocols\r\n\r\n')],
  ['100, which nobody asked for', 'target_refused', write('HTTP/1.1 100 Continue\r\n\r\n', smuggled)],
  // Headers.
  ['a header without a colon', 'target_refused', ok(['hello', 'content-length: 0'])],
  ['a header without a name', 'target_refused', ok([': hello', 'content-length: 0'])],
  ['a space before the colon', 'target_refused', ok(['content-length : 0'])],
  ['a header with NUL', 'target_refused', ok(['x: a\0b', 'content-length: 0'])],
  ['a header that goes on in the next line', 'target_refused', ok(['x: a\r\n b', 'content-length: 0'])],
  ['a carriage return alone', 'target_refused', write('HTTP/1.1 200 OK\r\nx: a\rcontent-length: 0\r\n\r\n')],
  ['100,000 headers', 'target_refused', endless('HTTP/1.1 200 OK\r\n', 'x: y\r\n'.repeat(1_000))],
  [
    '300 headers that are small',
    'target_refused',
    ok([...Array.from({ length: 300 }, (_, index) => `x${index}: y`), 'content-length: 0']),
  ],
  ['300 times one header', 'target_refused', ok([...repeated('x: y', 300), 'content-length: 0'])],
  ['a header of 1 MB', 'target_refused', ok([`x: ${'y'.repeat(1_000_000)}`, 'content-length: 0'])],
  ['a header name of 1 MB', 'target_refused', ok([`${'y'.repeat(1_000_000)}: x`, 'content-length: 0'])],
  ['a header without end', 'target_refused', endless('HTTP/1.1 200 OK\r\nx: ', 'y'.repeat(65_536))],
  ['a header name without end', 'target_refused', endless('HTTP/1.1 200 OK\r\n', 'y'.repeat(65_536))],
  // Where a body ends.
  ['two lengths that differ', 'target_refused', ok(['content-length: 2', 'content-length: 3'], 'okk')],
  ['two lengths in one', 'target_refused', ok(['content-length: 2, 3'], 'okk')],
  [
    'a length and chunks',
    'target_refused',
    ok(['content-length: 2', 'transfer-encoding: chunked'], '2\r\nok\r\n0\r\n\r\n'),
  ],
  ['a negative length', 'target_refused', ok(['content-length: -1'], 'ok')],
  ['a length with a plus', 'target_refused', ok(['content-length: +2'], 'ok')],
  ['a hexadecimal length', 'target_refused', ok(['content-length: 0x2'], 'ok')],
  ['a length beyond 64 bits', 'target_refused', ok(['content-length: 99999999999999999999999'], 'ok')],
  ['a length that is no number', 'target_refused', ok(['content-length: many'], 'ok')],
  ['chunks of no size', 'target_refused', write(chunkedHead, 'hello\r\n')],
  ['a chunk whose size is negative', 'target_refused', write(chunkedHead, '-2\r\nok\r\n')],
  ['a chunk whose size is beyond 64 bits', 'target_refused', write(chunkedHead, `${'f'.repeat(17)}\r\nok`)],
  ['a chunk without its end', 'target_refused', write(chunkedHead, '2\r\nokok\r\n0\r\n\r\n')],
  ['a chunk with a bare line end', 'target_refused', write(chunkedHead, '2\nok\n0\n\n')],
  ['a trailer that is no header', 'target_refused', write(chunkedHead, '2\r\nok\r\n0\r\nhello\r\n\r\n')],
  [
    '100,000 trailers',
    'target_refused',
    socket => {
      socket.write(`${chunkedHead}2\r\nok\r\n0\r\n`)
      return pour(socket, repeated('x: y\r\n'.repeat(1_000)))
    },
  ],
  // Never.
  ['nothing at all', 'target_timeout', () => {}],
  ['half a status line', 'target_timeout', write('HTTP/1.1 2')],
  ['a head without its end', 'target_timeout', write('HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n')],
  ['a head and no body', 'target_timeout', ok(['content-type: application/json', 'content-length: 2'])],
  ['a body that stops', 'target_timeout', ok(['content-type: application/json', 'content-length: 10'], '{"a":')],
  ['chunks that stop', 'target_timeout', write(chunkedHead, '5\r\nhel')],
  ['chunks without the last', 'target_timeout', write(chunkedHead, '2\r\nok\r\n')],
  ['a head, a byte at a time', 'target_timeout', drip('', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n')],
  [
    'a body, a byte at a time',
    'target_timeout',
    drip('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n', 'x'.repeat(100)),
  ],
  [
    'a gzip, a byte at a time',
    'target_timeout',
    drip('HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n', gzipSync('x')),
  ],
  // Gone.
  ['a reset after the request', 'target_unreachable', socket => void socket.resetAndDestroy()],
  ['an end after the request', 'target_unreachable', socket => void socket.end()],
  ['a reset in the status line', 'target_unreachable', resetAfter('HTTP/1.1 2')],
  ['a reset in the headers', 'target_unreachable', resetAfter('HTTP/1.1 200 OK\r\ncontent-type: text/pl')],
  ['a reset after the head', 'target_unreachable', resetAfter('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n')],
  ['a reset in the body', 'target_unreachable', resetAfter('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello')],
  ['a reset in a chunk', 'target_unreachable', resetAfter(`${chunkedHead}5\r\nhel`)],
  ['a reset between chunks', 'target_unreachable', resetAfter(`${chunkedHead}5\r\nhello\r\n`)],
  ['a reset in a body without a length', 'target_unreachable', resetAfter('HTTP/1.1 200 OK\r\n\r\nhello')],
  ['an end before the length', 'target_unreachable', writeAndEnd('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello')],
  ['an end before the last chunk', 'target_unreachable', writeAndEnd(`${chunkedHead}5\r\nhello\r\n`)],
  ['an end in the headers', 'target_unreachable', writeAndEnd('HTTP/1.1 200 OK\r\nx: y')],
]

function broken(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes)
  const index = at < 0 ? copy.length + at : at
  copy[index] = (copy[index] ?? 0) ^ 0xff
  return copy
}

function resetAfter(text: string): Script {
  return socket => {
    socket.write(text, () => setImmediate(() => socket.resetAndDestroy()))
  }
}

/** A byte every tenth of a second, which keeps every idle timer from running out. */
function drip(head: string, rest: string | Buffer): Script {
  return socket => {
    socket.write(head)
    const bytes = Buffer.from(rest)
    let at = 0
    const timer = setInterval(() => {
      if (socket.destroyed || at >= bytes.length) clearInterval(timer)
      else socket.write(bytes.subarray(at, ++at))
    }, 100)
  }
}

/** What comes of answers that are odd, but of which something can be shown. */
const usable: readonly (readonly [what: string, script: Script, expected: Record<string, unknown>])[] = [
  ['no reason', write('HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nok'), { status: 200, body: 'ok' }],
  ['HTTP/1.0 without a length', writeAndEnd('HTTP/1.0 200 OK\r\n\r\nok'), { status: 200, body: 'ok' }],
  ['a status nobody knows', write('HTTP/1.1 599 Odd\r\ncontent-length: 2\r\n\r\nok'), { status: 599, body: 'ok' }],
  [
    'a few interim answers',
    write('HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'.repeat(3), 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'),
    { status: 200, body: 'ok', headers: {} },
  ],
  ['no body', ok(['content-length: 0']), { status: 200, body: '' }],
  [
    'an empty body that says it is gzip',
    ok(['content-encoding: gzip', 'content-length: 0']),
    { status: 200, body: '' },
  ],
  ['gzip', encoded('gzip', gzipSync('hello')), { body: 'hello' }],
  ['GZIP', encoded('GZIP', gzipSync('hello')), { body: 'hello' }],
  ['br', encoded('br', brotliCompressSync('hello')), { body: 'hello' }],
  ['deflate', encoded('deflate', deflateSync('hello')), { body: 'hello' }],
  ['zstd', encoded('zstd', zstdCompressSync('hello')), { body: 'hello' }],
  ['identity', encoded('identity', Buffer.from('hello')), { body: 'hello' }],
  [
    'trailers',
    write(chunkedHead, `2\r\nok\r\n0\r\nx-trailer: ${key}\r\nset-cookie: a=b\r\nlocation: /x\r\n\r\n`),
    { body: 'ok', headers: { 'content-type': 'text/plain' } },
  ],
  ['chunk extensions', write(chunkedHead, `2;a=${'b'.repeat(500)}\r\nok\r\n0\r\n\r\n`), { body: 'ok' }],
  [
    'a cookie and a connection header',
    ok(['set-cookie: session=1', 'connection: close', 'x-powered-by: x', 'content-length: 2'], 'ok'),
    { body: 'ok', headers: {} },
  ],
  ['JSON that is cut', ok(['content-type: application/json', 'content-length: 5'], '{"a":'), { body: '{"a":' }],
  [
    'JSON that is not what it says',
    ok(['content-type: application/json', 'content-length: 5'], 'hello'),
    { body: 'hello' },
  ],
  [
    'JSON with a mark at its beginning',
    ok(['content-type: application/json', 'content-length: 10'], '\ufeff{"a":1}'),
    { body: { a: 1 } },
  ],
  [
    'a JSON number beyond a double',
    ok(['content-type: application/json', 'content-length: 26'], '{"id":9007199254740993000}'),
    { body: '{"id":9007199254740993000}' },
  ],
  [
    'invalid UTF-8',
    ok(['content-type: text/plain', 'content-length: 3'], Buffer.from([0x61, 0xff, 0x62])),
    { body: 'a\ufffdb' },
  ],
  [
    'UTF-16, which cannot be searched',
    ok(['content-type: text/plain; charset=utf-16le', 'content-length: 4'], Buffer.from('ok', 'utf16le')),
    { body: expect.stringContaining('4 bytes are not shown') },
  ],
  [
    'UTF-7',
    ok(['content-type: text/plain; charset=utf-7', 'content-length: 2'], 'ok'),
    { body: expect.stringContaining('not shown') },
  ],
  [
    'text with NUL',
    ok(['content-type: text/plain', 'content-length: 3'], 'a\0b'),
    { body: expect.stringContaining('not shown') },
  ],
  [
    'a text without end',
    endless('HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n', 'abc '.repeat(16_384)),
    { truncated: true, hint: expect.stringContaining('Ask for less') },
  ],
  [
    'JSON without end',
    endless('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n[', '1,'.repeat(16_384)),
    { truncated: true },
  ],
  [
    'JSON that gets deeper without end',
    endless('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n', '['.repeat(16_384)),
    { truncated: true },
  ],
  [
    'bytes without end',
    endless('HTTP/1.1 200 OK\r\ncontent-type: image/png\r\n\r\n', noise),
    { truncated: true, body: expect.stringContaining('not shown') },
  ],
  ['a gzip without end', encodedEndlessly(), { truncated: true }],
  [
    'events without end',
    drip('HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: one\n\n', '\n'.repeat(100)),
    { truncated: true, body: expect.stringContaining('data: one') },
  ],
  [
    'events that flood',
    endless('HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n', 'data: one\n\n'.repeat(1_000)),
    { truncated: true },
  ],
  [
    'events that end',
    writeAndEnd('HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: one\n\n'),
    { truncated: false, body: 'data: one\n\n' },
  ],
]

function encodedEndlessly(): Script {
  const member = gzipSync(Buffer.alloc(65_536, 'abc '))
  return endless('HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-encoding: gzip\r\n\r\n', member)
}

/** What is left over on the connection would be taken for the answer to the next request. */
const leftOver: readonly (readonly [what: string, method: string, script: Script])[] = [
  ['a second answer', 'GET', write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok', smuggled)],
  ['a second answer to a POST', 'POST', write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok', smuggled)],
  ['a hundred answers', 'GET', write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok', smuggled.repeat(100))],
  ['a body to HEAD', 'HEAD', write(`HTTP/1.1 200 OK\r\ncontent-length: ${smuggled.length}\r\n\r\n`, smuggled)],
  ['a body to 204', 'GET', write('HTTP/1.1 204 No Content\r\ncontent-length: 59\r\n\r\n', smuggled)],
  ['a body to 304', 'GET', write('HTTP/1.1 304 Not Modified\r\ncontent-length: 59\r\n\r\n', smuggled)],
  ['a body that is longer than its length', 'GET', write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokok')],
  ['bytes after the last chunk', 'GET', write(chunkedHead, '2\r\nok\r\n0\r\n\r\n', smuggled)],
]

let upstream: RawUpstream
let scene: CustomScene
let control = 0
/** Resolve when a connection that was answered out of turn, or too late, has been closed by the other side. */
const late = Promise.withResolvers<void>()
const slow = Promise.withResolvers<void>()
type Tool = 'patient' | 'hasty'

const tool = (timeout: string) => ({
  kind: 'http',
  description: 'Answers',
  base_url: upstream.url,
  credential: 'key',
  allow: [
    'GET /answer/:number',
    'HEAD /answer/:number',
    'POST /answer/:number',
    'GET /control/:number',
    'GET /late/1',
    'GET /slow/1',
  ],
  limits: { timeout, max_response: '64kb', concurrency: 32 },
  retries: 0,
})

const scripts = [
  ...refused.map(([, , script]) => script),
  ...usable.map(([, script]) => script),
  ...leftOver.map(([, , script]) => script),
]

beforeAll(async () => {
  upstream = await startRawUpstream((socket, request) => {
    const [, what, number] = request.target.split('/')
    if (what === 'control') return answer(socket, `control ${number}`)
    if (what === 'late') {
      answer(socket, 'ok')
      setTimeout(() => socket.write(smuggled), 50)
      return void socket.on('close', () => late.resolve())
    }
    if (what === 'slow') {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n')
      return void socket.on('close', () => slow.resolve())
    }
    return scripts[Number(number)]?.(socket, request)
  })
  scene = await setCustomScene({ key }, file => ({
    credentials: { key: { type: 'bearer', token: file('key') } },
    tools: { patient: tool('20s'), hasty: tool(`${hastyMs}ms`) },
  }))
  // The first call starts a worker, which may take longer than a hasty tool has.
  for (let isWarm = false; !isWarm; ) isWarm = (await nextCall('hasty')).status === 200
})
afterAll(async () => {
  await scene?.end()
  await upstream?.close()
})

/** Each control call has an answer of its own, so that another's would show. */
async function nextCall(name: Tool): Promise<{ readonly status: unknown; readonly isOwn: boolean }> {
  const number = ++control
  const { structured } = await scene.call(`${name}_call_api`, { method: 'GET', path: `/control/${number}` })
  return { status: structured['status'] ?? structured['code'], isOwn: structured['body'] === `control ${number}` }
}

async function ask(name: Tool, method: string, index: number) {
  const started = performance.now()
  const called = await scene.call(`${name}_call_api`, { method, path: `/answer/${index}` })
  expect(performance.now() - started).toBeLessThan(name === 'hasty' ? hastyMs * 3 : 20_000)
  expect(findForms(called.raw, key)).toEqual([])
  expect(await nextCall(name)).toEqual({ status: 200, isOwn: true })
  return called
}

const cases = refused.map(([what, code], index) => [what, code, index] as const)
const quick = cases.filter(([, code]) => code !== 'target_timeout')

describe('an answer that cannot be used is refused, and the next call gets its own', () => {
  test.each(quick)('%s: %s', async (_what, code, index) => {
    const called = await ask('patient', 'GET', index)
    expect(called.structured['code'] ?? called.raw.slice(0, 500)).toBe(code)
  })
})

describe('an answer that never comes to its end is refused at the deadline', () => {
  test.concurrent.each(cases.filter(([, code]) => code === 'target_timeout'))('%s: %s', async (_what, code, index) => {
    const called = await ask('hasty', 'GET', index)
    expect(called.structured['code'] ?? called.raw.slice(0, 500)).toBe(code)
  })
})

describe('for a write, it is then not known what happened', () => {
  test.each(quick.filter((_case, index) => index % 4 === 0))('%s', async (_what, _code, index) => {
    const requests = upstream.requests.length
    const called = await ask('patient', 'POST', index)
    expect(called.structured['code'] ?? called.raw.slice(0, 500)).toBe('outcome_unknown')
    expect(upstream.requests.slice(requests).filter(({ method }) => method === 'POST')).toHaveLength(1)
  })
})

describe('an answer that is odd shows what there is', () => {
  test.each(usable.map(([what, , expected], index) => [what, expected, index + refused.length] as const))(
    '%s',
    async (what, expected, index) => {
      const called = await ask(what === 'events without end' ? 'hasty' : 'patient', 'GET', index)
      expect(called.structured).toMatchObject(expected)
      expect(called.raw.length).toBeLessThan(1_000_000)
      if ('headers' in expected) expect(called.structured['headers']).toEqual(expected['headers'])
    },
  )
})

describe('what is left over of one answer never becomes another', () => {
  test.each(leftOver.map(([what, method], index) => [what, method, index + refused.length + usable.length] as const))(
    '%s: %s',
    async (_what, method, index) => {
      const called = await ask('patient', method, index)
      expect(called.raw).not.toContain('smuggled')
      for (let round = 0; round < 4; round += 1) expect(await nextCall('patient')).toEqual({ status: 200, isOwn: true })
    },
  )

  test('what comes when the connection is at rest ends the connection', async () => {
    const called = await scene.call('patient_call_api', { method: 'GET', path: '/late/1' })
    expect(called.structured).toMatchObject({ status: 200, body: 'ok' })
    await late.promise
    expect(await nextCall('patient')).toEqual({ status: 200, isOwn: true })
  })

  test("what comes after the deadline is nobody's", async () => {
    const called = await scene.call('hasty_call_api', { method: 'GET', path: '/slow/1' })
    expect(called.structured['code']).toBe('target_timeout')
    await slow.promise
    expect(await nextCall('hasty')).toEqual({ status: 200, isOwn: true })
  })
})

test('no worker has ended over it, every call is on record, and nobody saw the key', () => {
  expect(scene.events('worker.exited')).toEqual([])
  expect(scene.calls().every(call => call['closed'] === true)).toBe(true)
  expect(findForms(scene.home.auditText(), key)).toEqual([])
  expect(findForms(scene.log(), key)).toEqual([])
})
