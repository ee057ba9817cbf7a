import { createBrotliCompress, constants, gzipSync, brotliCompressSync, zstdCompressSync } from 'node:zlib'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Authority, createAuthority } from '../../support/certificates.ts'
import { type CustomScene, setCustomScene } from '../../support/custom-scene.ts'
import { findForms } from '../../support/forms.ts'
import { memoryOf, type Memory, tellsMemory } from '../../support/memory.ts'
import { answer, pour, type RawUpstream, repeated, type Script, startRawUpstream } from '../../support/raw-upstream.ts'

/* Answers that cost more than they should: whatever comes, a call ends by its deadline, and memory stays what it was. */

const key = 'k3y-R4nd0mLookingValue'
const deadlineMs = 2_000
const megabyte = 1_048_576
/**
 * How much more memory than before a process may ever have come to. What a socket delivers in gigabytes a second is garbage at
 * once, but is collected a little later; a buffer that grew with the answer would need a hundred times as much.
 */
const mostGrowth = 128 * megabyte

const text = (encoding: string) =>
  `HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-encoding: ${encoding}\r\n\r\n`
const head = (type: string) => `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\n\r\n`
const tenMegabytes = Buffer.alloc(10 * megabyte, 'a')
const hundredMegabytes = Buffer.alloc(100 * megabyte, 'a')
const packed = { gzip: gzipSync(hundredMegabytes, { level: 9 }), zstd: zstdCompressSync(hundredMegabytes) }

const whole =
  (encoding: string, bytes: Buffer, type = 'text/plain'): Script =>
  socket =>
    answer(socket, bytes, [`content-type: ${type}`, `content-encoding: ${encoding}`])
const forEver =
  (start: string, piece: string | Buffer, times = Number.POSITIVE_INFINITY): Script =>
  async socket => {
    socket.write(start)
    await pour(socket, repeated(piece, times))
    socket.end()
  }

/** 10 GB of one letter, compressed while they are sent. */
const brotliStream: Script = async socket => {
  socket.write(text('br'))
  const compress = createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })
  await pipeline(Readable.from(repeated(tenMegabytes, 1_000)), compress, socket).catch(() => {})
}

const dripping =
  (start: string, everyMs: number): Script =>
  socket => {
    socket.write(start)
    const timer = setInterval(() => (socket.destroyed ? clearInterval(timer) : socket.write('x')), everyMs)
  }

const reset =
  (start: string): Script =>
  socket => {
    socket.write(start, () => setImmediate(() => socket.resetAndDestroy()))
  }

const cut = { truncated: true }
const code = (name: string) => ({ code: name })

/** The answer to each is either cut, or refused with this code. */
const scripts: Record<string, readonly [script: Script, expected: Record<string, unknown>]> = {
  'a gzip of 10 MB': [whole('gzip', gzipSync(tenMegabytes)), cut],
  'a br of 10 MB': [
    whole('br', brotliCompressSync(tenMegabytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } })),
    cut,
  ],
  'a zstd of 10 MB': [whole('zstd', zstdCompressSync(tenMegabytes)), cut],
  'a gzip of 10 MB that says it is JSON': [whole('gzip', gzipSync(tenMegabytes), 'application/json'), cut],
  'a gzip of 10 MB that says it is an image': [whole('gzip', gzipSync(tenMegabytes), 'image/png'), cut],
  'a gzip of 10 GB': [forEver(text('gzip'), packed.gzip, 100), cut],
  'a zstd of 10 GB': [forEver(text('zstd'), packed.zstd, 100), cut],
  'a br of 10 GB': [brotliStream, cut],
  'a gzip of 10 GB in a redirect': [
    forEver('HTTP/1.1 302 Found\r\nlocation: /ok\r\ncontent-encoding: gzip\r\n\r\n', packed.gzip, 100),
    { status: 200, body: 'ok' },
  ],
  'a text without end': [forEver(head('text/plain'), 'abc '.repeat(16_384)), cut],
  'JSON without end': [forEver(`${head('application/json')}[`, '1,'.repeat(32_768)), cut],
  'JSON that gets deeper without end': [forEver(head('application/json'), '['.repeat(65_536)), cut],
  'an image without end': [forEver(head('image/png'), Buffer.alloc(65_536, 7)), cut],
  'events without end': [forEver(head('text/event-stream'), 'data: x\n\n'.repeat(8_192)), cut],
  'an error without end': [
    forEver('HTTP/1.1 500 Oops\r\ncontent-type: text/plain\r\n\r\n', 'abc '.repeat(16_384)),
    cut,
  ],
  'chunks of one byte without end': [
    forEver(
      'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n',
      '1\r\na\r\n'.repeat(10_000),
    ),
    cut,
  ],
  // What the search for keys could go on considering without end.
  'escapes of escapes without end': [forEver(head('text/plain'), '%25'.repeat(20_000)), cut],
  'backslashes without end': [forEver(head('text/plain'), '\\'.repeat(65_536)), cut],
  'entities without end': [forEver(head('text/plain'), '&amp;'.repeat(13_000)), cut],
  'line ends without end': [forEver(head('text/plain'), '\n'.repeat(65_536)), cut],
  'zeros of entities without end': [forEver(`${head('text/plain')}&#`, '0'.repeat(65_536)), cut],
  'the beginning of the key without end': [forEver(head('text/plain'), key.slice(0, -1).repeat(3_000)), cut],
  'headers without end': [forEver('HTTP/1.1 200 OK\r\n', 'x: y\r\n'.repeat(10_000)), code('target_refused')],
  '100,000 headers': [forEver('HTTP/1.1 200 OK\r\n', 'x: y\r\n'.repeat(100_000), 1), code('target_refused')],
  'one header without end': [forEver('HTTP/1.1 200 OK\r\nx: ', 'y'.repeat(65_536)), code('target_refused')],
  'a reason without end': [forEver('HTTP/1.1 200 ', 'y'.repeat(65_536)), code('target_timeout')],
  'interim answers without end': [
    forEver('', 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'.repeat(1_000)),
    code('target_timeout'),
  ],
  'trailers without end': [
    forEver('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n', 'x: y\r\n'.repeat(10_000)),
    code('target_refused'),
  ],
  'a chunk size without end': [
    forEver('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', '0'.repeat(65_536)),
    code('target_timeout'),
  ],
  'a chunk extension without end': [
    forEver('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;', 'x'.repeat(65_536)),
    code('target_timeout'),
  ],
  'a byte a second, in the head': [dripping('HTTP/1.1 200 OK\r\nx: ', 1_000), code('target_timeout')],
  'a byte a second, in the body': [
    dripping('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n', 1_000),
    code('target_timeout'),
  ],
  'a byte a second, as events': [dripping(`${head('text/event-stream')}data: `, 1_000), cut],
  silence: [() => {}, code('target_timeout')],
  'a reset at once': [socket => void socket.resetAndDestroy(), code('target_unreachable')],
  'a reset in the status line': [reset('HTTP/1.1 2'), code('target_unreachable')],
  'a reset in the headers': [reset('HTTP/1.1 200 OK\r\nx: '), code('target_unreachable')],
  'a reset in the body': [reset('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhello'), code('target_unreachable')],
}

const names = Object.keys(scripts)

let authority: Authority
let upstream: RawUpstream
let untrusted: RawUpstream
let notTls: RawUpstream
let resetting: RawUpstream
let scene: CustomScene
let before: readonly Memory[] = []

beforeAll(async () => {
  authority = createAuthority()
  const certificate = authority.selfSigned('127.0.0.1', 'IP:127.0.0.1')
  upstream = await startRawUpstream((socket, { target }) => {
    if (target === '/ok') return answer(socket, 'ok', ['content-type: text/plain'])
    return scripts[names[Number(target.split('/').at(-1))] ?? '']?.[0](socket, {
      method: '',
      target,
      head: '',
      body: '',
    })
  })
  untrusted = await startRawUpstream(socket => answer(socket, 'ok'), {
    tls: { cert: certificate.certificate, key: certificate.privateKey },
  })
  notTls = await startRawUpstream(() => {}, {
    onConnect: socket => {
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
      return false
    },
  })
  resetting = await startRawUpstream(() => {}, {
    onConnect: socket => {
      socket.resetAndDestroy()
      return false
    },
  })
  const tool = {
    kind: 'http',
    description: 'Expensive',
    base_url: upstream.url,
    credential: 'key',
    allow: ['GET /ok', 'GET /expensive/:number'],
    limits: { timeout: `${deadlineMs}ms`, max_response: '64kb', concurrency: 8 },
    redirects: 'same_origin',
    retries: 1,
  }
  scene = await setCustomScene({ key }, file => ({
    credentials: { key: { type: 'bearer', token: file('key') } },
    tools: {
      api: tool,
      untrusted: { ...tool, base_url: untrusted.url },
      nontls: { ...tool, base_url: notTls.url.replace('http:', 'https:') },
      resetting: { ...tool, base_url: resetting.url },
    },
  }))
  // Warm: with its worker started, and with the memory that any large answer takes.
  for (let isWarm = false; !isWarm; )
    isWarm = !(await scene.call('api_call_api', { method: 'GET', path: '/ok' })).isError
  await usualCalls(30)
  if (tellsMemory) before = memoryOf(scene.pid)
})
afterAll(async () => {
  await scene?.end()
  for (const each of [upstream, untrusted, notTls, resetting]) await each?.close()
  authority?.remove()
})

async function usualCalls(count: number): Promise<void> {
  const path = `/expensive/${names.indexOf('a text without end')}`
  for (let round = 0; round < count; round += 1) await scene.call('api_call_api', { method: 'GET', path })
}

const figures: string[] = []
const figure = (line: string) => void figures.push(line)

async function ask(tool: string, path: string) {
  const started = performance.now()
  const called = await scene.call(`${tool}_call_api`, { method: 'GET', path })
  const took = performance.now() - started
  expect(took).toBeLessThan(deadlineMs * 3)
  expect(findForms(called.raw, key)).toEqual([])
  return { called, took }
}

/** Those that only wait, and can do so together. */
const idle = names.filter(name => /^a byte a second|^silence/.test(name))

describe('an answer that costs too much ends by the deadline, and so does nothing else', () => {
  test.each(names.filter(name => !idle.includes(name)))('%s', carriedOut)
  test.concurrent.each(idle)('%s', carriedOut)

  async function carriedOut(name: string): Promise<void> {
    const { called, took } = await ask('api', `/expensive/${names.indexOf(name)}`)
    const worker = tellsMemory ? memoryOf(scene.pid).find(memory => memory.pid === before[1]?.pid) : undefined
    const memory =
      worker === undefined
        ? ''
        : `, worker at ${megabytes(worker.now)}, ${megabytes(worker.peak ?? worker.now)} at most`
    figure(
      `${name}: ${Math.round(took)} ms${memory}, ${JSON.stringify(called.structured['code'] ?? called.structured['status'])}`,
    )
    expect(called.structured).toMatchObject(scripts[name]?.[1] ?? {})
    expect(called.raw.length).toBeLessThan(megabyte)
    expect((await ask('api', '/ok')).called.structured).toMatchObject({ status: 200, body: 'ok' })
  }

  test('eight of the largest at once', async () => {
    const large = ['a gzip of 10 GB', 'a zstd of 10 GB', 'a br of 10 GB', 'an image without end'].map(name =>
      names.indexOf(name),
    )
    const all = await Promise.all([...large, ...large].map(index => ask('api', `/expensive/${index}`)))
    expect(all.map(({ called }) => called.structured['truncated'] ?? called.structured)).toEqual(all.map(() => true))
  })

  test.each([
    ['untrusted', 'a certificate that nobody vouches for'],
    ['nontls', 'plain HTTP where TLS was expected'],
  ])('%s: %s is target_unreachable, and the request never leaves', async tool => {
    const { called } = await ask(tool, '/ok')
    expect(called.structured['code']).toBe('target_unreachable')
    expect([...untrusted.requests, ...notTls.requests]).toEqual([])
  })

  test('a reset on connecting is target_unreachable, after as many attempts as the tool makes', async () => {
    const { called } = await ask('resetting', '/ok')
    expect(called.structured['code']).toBe('target_unreachable')
    expect(resetting.connections()).toBeLessThanOrEqual(2)
  })
})

// Only Linux tells how much memory another process has.
test.skipIf(!tellsMemory)('in all of it, gate and worker had little more memory than before', () => {
  const after = memoryOf(scene.pid)
  const changes = before.map(({ pid, name, now }) => {
    const later = after.find(memory => memory.pid === pid)
    const most = later?.peak ?? later?.now ?? Number.POSITIVE_INFINITY
    figure(`${name}: ${megabytes(now)} before, ${megabytes(later?.now ?? 0)} after, ${megabytes(most)} at most`)
    return { name, grew: most - now }
  })
  if (process.env['KEYHOLD_SHOW'] !== undefined) process.stdout.write(`${figures.join('\n')}\n`)
  expect(changes.map(({ name }) => name).sort()).toEqual(['gate', 'worker'])
  for (const { name, grew } of changes) expect(grew, `${name} grew`).toBeLessThan(mostGrowth)
  expect(scene.events('worker.exited')).toEqual([])
})

function megabytes(bytes: number): string {
  return `${(bytes / megabyte).toFixed(1)} MB`
}
