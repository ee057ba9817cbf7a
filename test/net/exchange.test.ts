import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { ConnectFailed } from '../../src/net/connect-failed.ts'
import { type ExchangeOptions, exchange } from '../../src/net/exchange.ts'
import { listening, toLoopback } from './dialing.ts'

function optionsWith(more: Partial<ExchangeOptions> = {}): ExchangeOptions {
  return { ...toLoopback, signal: AbortSignal.timeout(10_000), maxBytes: 1_000, ...more }
}

async function urlOf(answer: RequestListener): Promise<URL> {
  return new URL(`http://token.test:${await listening(createServer(answer))}/oauth/token?a=b`)
}

function asking(url: URL) {
  return { method: 'GET', url, headers: {}, body: null }
}

test('one request and its answer', async () => {
  const seen: { method?: string | undefined; url?: string | undefined; headers?: IncomingHttpHeaders; body?: string } =
    {}
  let onClosed = () => {}
  const closed = new Promise<void>(resolve => (onClosed = resolve))
  const url = await urlOf((request, response) => {
    request.socket.on('close', onClosed)
    Object.assign(seen, { method: request.method, url: request.url, headers: request.headers, body: '' })
    request.on('data', (chunk: Buffer) => (seen.body += chunk.toString()))
    request.on('end', () => response.writeHead(201, { 'content-type': 'application/json' }).end('{"name":"é"}'))
  })
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const answer = await exchange({ method: 'POST', url, headers, body: 'grant=x' }, optionsWith())
  expect(answer).toMatchObject({ status: 201, headers: { 'content-type': 'application/json' }, text: '{"name":"é"}' })
  expect(seen).toMatchObject({ method: 'POST', url: '/oauth/token?a=b', body: 'grant=x' })
  expect(seen.headers).toMatchObject({ host: url.host, 'accept-encoding': 'identity', ...headers })
  await closed // the connection is not kept
})

test('a redirect is an answer like any other', async () => {
  let requests = 0
  const url = await urlOf((_request, response) => {
    requests += 1
    response.writeHead(307, { location: '/elsewhere' }).end()
  })
  expect(await exchange(asking(url), optionsWith())).toMatchObject({ status: 307, headers: { location: '/elsewhere' } })
  expect(requests).toBe(1)
})

test('an answer of the cap is taken, a byte more is not', async () => {
  const url = await urlOf((_request, response) => response.end('x'.repeat(1_000)))
  expect((await exchange(asking(url), optionsWith())).text.length).toBe(1_000)
  await expect(exchange(asking(url), optionsWith({ maxBytes: 999 }))).rejects.toThrow('more than 999 bytes')
})

test('an endless answer ends at the cap, and its connection is closed', async () => {
  let onClosed = () => {}
  const closed = new Promise<void>(resolve => (onClosed = resolve))
  const url = await urlOf((_request, response) => {
    const write = () => {
      while (!response.destroyed && response.write('x'.repeat(10_000)));
    }
    response.on('drain', write).on('close', onClosed)
    write()
  })
  await expect(exchange(asking(url), optionsWith())).rejects.toThrow('more than 1000 bytes')
  await closed
})

test('an encoding that was not asked for is refused', async () => {
  const bomb = gzipSync(Buffer.alloc(1_000_000))
  const url = await urlOf((_request, response) => response.setHeader('content-encoding', 'gzip').end(bomb))
  await expect(exchange(asking(url), optionsWith({ maxBytes: 10_000 }))).rejects.toThrow('encoding')
})

test('too many headers are refused', async () => {
  const port = await listening(
    createTcpServer(socket =>
      socket.on('data', () => socket.end(`HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(10_000)}\r\n`)),
    ),
  )
  const outcome = await exchange(asking(new URL(`http://token.test:${port}/`)), optionsWith()).catch(error => error)
  expect(outcome).toMatchObject({ code: 'UND_ERR_HEADERS_OVERFLOW' })
})

test('what may not be reached is a failure to connect', async () => {
  const url = new URL('http://169.254.169.254/latest/meta-data')
  const outcome = await exchange(asking(url), optionsWith()).catch((error: unknown) => error)
  expect(outcome).toBeInstanceOf(ConnectFailed)
  expect((outcome as ConnectFailed).reason).toBe('address')
})

test('the deadline counts while connecting, and nothing was sent then', async () => {
  const signal = AbortSignal.timeout(50)
  const options = optionsWith({ signal, resolve: () => new Promise(() => {}), timeoutMs: 500 })
  const outcome = await exchange(asking(new URL('http://token.test/')), options).catch((error: unknown) => error)
  expect(outcome).toBeInstanceOf(ConnectFailed)
  expect((outcome as ConnectFailed).reason).toBe('timeout')
})

test.each([
  ['before the answer', ''],
  ['within the answer', 'HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\nhalf'],
])('the deadline counts %s, and that is no failure to connect', async (_when, sent) => {
  const abort = new AbortController()
  const server = createTcpServer()
  const url = new URL(`http://token.test:${await listening(server)}/`)
  const outcome = exchange(asking(url), optionsWith({ signal: abort.signal })).catch((error: unknown) => error)
  const [socket] = await once(server, 'connection')
  await once(socket, 'data')
  socket.write(sent)
  const reason = new Error('the time is over')
  abort.abort(reason)
  expect(await outcome).toBe(reason)
  if (!socket.closed) await new Promise(resolve => socket.on('close', resolve))
})

test('an aborted signal sends nothing', async () => {
  let requests = 0
  const url = await urlOf(() => (requests += 1))
  const reason = new Error('cancelled before')
  await expect(exchange(asking(url), optionsWith({ signal: AbortSignal.abort(reason) }))).rejects.toBe(reason)
  expect(requests).toBe(0)
})

test('a connection that is reset after the request is no failure to connect', async () => {
  const port = await listening(createTcpServer(socket => socket.on('data', () => void socket.resetAndDestroy())))
  const outcome = await exchange(asking(new URL(`http://token.test:${port}/`)), optionsWith()).catch(error => error)
  expect(outcome).toBeInstanceOf(Error)
  expect(outcome).not.toBeInstanceOf(ConnectFailed)
})
