import { createServer, type IncomingMessage } from 'node:http'
import { createServer as createTcpServer, type Socket } from 'node:net'
import { Pool } from 'undici'
import { describe, expect, test } from 'vitest'
import { parseCidr } from '../../src/net/address.ts'
import { ConnectFailed } from '../../src/net/connect-failed.ts'
import { createDialer } from '../../src/net/dial.ts'
import { dialerWith, failureOf, get, listening, toLoopback } from './dialing.ts'

/** A server that answers with a word, and what it was asked. */
async function upstream(word: string, host = '127.0.0.1', port = 0) {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    response.end(word)
  })
  return { port: await listening(server, host, port), requests }
}

/** A resolver that gives one answer after the other, the last for ever. */
function resolver(...answers: (readonly string[])[]) {
  const asked: string[] = []
  const resolve = async (name: string) => {
    asked.push(name)
    return answers[Math.min(asked.length, answers.length) - 1] as readonly string[]
  }
  return { resolve, asked }
}

describe('a name leads to checked addresses only', () => {
  test('the connection goes to the resolved address, with the name as Host, after one resolution', async () => {
    const { port, requests } = await upstream('hello')
    const { resolve, asked } = resolver(['127.0.0.1'])
    expect(await get(dialerWith({ resolve }), `http://api.test:${port}/x`)).toEqual({ status: 200, text: 'hello' })
    expect(asked).toEqual(['api.test'])
    expect(requests.map(({ headers, url }) => [headers.host, url])).toEqual([[`api.test:${port}`, '/x']])
  })

  // Only Linux has every address of 127.0.0.0/8 from the start.
  test.skipIf(process.platform !== 'linux')(
    'an answer that changes meets the check again, once per connection',
    async () => {
      const first = await upstream('first', '127.0.0.2')
      const second = await upstream('second', '127.0.0.3', first.port)
      const { resolve, asked } = resolver(['127.0.0.2'], ['127.0.0.3'], ['127.0.0.3', '10.0.0.1'])
      const dial = dialerWith({ resolve })
      const url = `http://api.test:${first.port}/`
      expect((await get(dial, url)).text).toBe('first')
      expect(asked.length).toBe(1)
      expect((await get(dial, url)).text).toBe('second')
      expect(asked.length).toBe(2)
      expect((await failureOf(dial, url)).reason).toBe('address')
      expect(asked.length).toBe(3)
      expect([first.requests.length, second.requests.length]).toEqual([1, 1])
    },
  )

  test.skipIf(process.platform !== 'linux')('when one checked address does not answer, the next one does', async () => {
    const { port } = await upstream('here', '127.0.0.3')
    const { resolve, asked } = resolver(['127.0.0.2', '127.0.0.3'])
    expect((await get(dialerWith({ resolve }), `http://api.test:${port}/`)).text).toBe('here')
    expect(asked.length).toBe(1)
  })

  const refused: readonly (readonly [
    name: string,
    answer: readonly string[],
    list: readonly string[],
    words: string,
  ])[] = [
    ['api.test', ['127.0.0.1'], [], 'this machine itself and not listed'],
    ['api.test', ['::1'], ['127.0.0.0/8'], 'not listed'],
    ['api.test', ['::ffff:127.0.0.1'], [], 'not listed'],
    ['api.test', ['127.0.0.1', '10.0.0.1'], ['127.0.0.0/8'], '10.0.0.1 is a private address'],
    ['api.test', ['127.0.0.1', '169.254.169.254'], ['0.0.0.0/0'], 'never reached'],
    ['api.test', ['127.0.0.1', 'fd00:ec2::254'], ['0.0.0.0/0', '::/0'], 'never reached'],
    ['api.test', ['127.0.0.1', '168.63.129.16'], ['0.0.0.0/0'], 'never reached'],
    ['api.test', ['127.0.0.1', '::ffff:169.254.169.254'], ['0.0.0.0/0', '::/0'], 'never reached'],
    ['api.test', ['0.0.0.0'], ['127.0.0.0/8'], 'unspecified'],
    ['api.test', ['127.0.0.1', 'evil.test'], ['127.0.0.0/8'], 'is none'],
    ['api.test', ['127.0.0.1', ''], ['127.0.0.0/8'], 'is none'],
    ['api.test', ['2130706433'], ['127.0.0.0/8'], 'is none'],
    ['localhost', ['127.0.0.1', '8.8.8.8'], [], 'something else than this machine'],
    ['localhost', ['10.0.0.1'], ['10.0.0.0/8'], 'something else than this machine'],
    ['metadata.google.internal', ['127.0.0.1'], ['127.0.0.0/8'], 'never reached'],
  ]
  test.each(refused)(
    '%s resolving to %j with %j is refused before anything is sent',
    async (name, answer, list, words) => {
      const { port, requests } = await upstream('never')
      const dial = dialerWith({ resolve: async () => answer, allowed: list.map(parseCidr) })
      const failure = await failureOf(dial, `http://${name}:${port}/`)
      expect(failure.reason).toBe('address')
      expect(failure.message).toContain(words)
      expect(requests).toEqual([])
    },
  )

  test('localhost needs no permission when it leads to this machine', async () => {
    const { port } = await upstream('home')
    const { resolve, asked } = resolver(['127.0.0.1'])
    expect((await get(dialerWith({ resolve, allowed: [] }), `http://localhost:${port}/`)).text).toBe('home')
    expect(asked).toEqual(['localhost'])
  })

  test('the system resolves when nobody else does', async () => {
    const { port } = await upstream('system')
    const { resolve: _, ...options } = toLoopback
    expect((await get(createDialer({ ...options, allowed: [] }), `http://localhost:${port}/`)).text).toBe('system')
  })

  test.each([
    ['http://127.0.0.1', [], null],
    ['http://[::ffff:127.0.0.1]', [], null],
    ['http://0x7f000001', [], null],
    ['http://0.0.0.0', [], 'unspecified'],
    ['http://[::]', [], 'unspecified'],
    ['http://10.0.0.1', [], 'private'],
    ['http://169.254.169.254', ['0.0.0.0/0'], 'never reached'],
    ['http://[::ffff:a9fe:a9fe]', ['0.0.0.0/0', '::/0'], 'never reached'],
    ['http://[fe80::1]', ['::/0'], 'never reached'],
  ] as const)('an IP address in the URL is judged without a resolver: %s', async (origin, list, words) => {
    const { port, requests } = await upstream('literal')
    const { resolve, asked } = resolver(['127.0.0.1'])
    const dial = dialerWith({ resolve, allowed: list.map(parseCidr) })
    if (words === null) {
      expect((await get(dial, `${origin}:${port}/`)).text).toBe('literal')
    } else {
      const failure = await failureOf(dial, `${origin}:${port}/`)
      expect([failure.reason, failure.message]).toEqual(['address', expect.stringContaining(words)])
      expect(requests).toEqual([])
    }
    expect(asked).toEqual([])
  })

  test('a Host header of another name changes neither where the connection goes nor what is resolved', async () => {
    const { port, requests } = await upstream('fixed')
    const { resolve, asked } = resolver(['127.0.0.1'])
    await get(dialerWith({ resolve }), `http://api.test:${port}/`, { host: 'evil.test' })
    expect(asked).toEqual(['api.test'])
    expect(requests.length).toBe(1)
  })
})

describe('a failure says at what', () => {
  test('a name without an address', async () => {
    const failure = await failureOf(dialerWith({ resolve: async () => [] }), 'http://api.test/')
    expect([failure.reason, failure.message]).toEqual(['dns', 'api.test has no address'])
  })

  test('a name that cannot be resolved', async () => {
    const cause = Object.assign(new Error('getaddrinfo says secret things'), { code: 'ENOTFOUND' })
    const failure = await failureOf(dialerWith({ resolve: () => Promise.reject(cause) }), 'http://api.test/')
    expect(failure).toMatchObject({ reason: 'dns', message: 'resolving api.test failed (ENOTFOUND)', cause })
  })

  test('a name that the system does not know', async () => {
    const { resolve: _, ...options } = toLoopback
    expect((await failureOf(createDialer(options), 'http://does-not-exist.invalid/')).reason).toBe('dns')
  })

  test('a resolver that throws outright', async () => {
    const resolve = () => {
      throw new Error('broken')
    }
    expect(await failureOf(dialerWith({ resolve }), 'http://api.test/')).toBeInstanceOf(ConnectFailed)
  })

  test('a resolver that never answers', async () => {
    const failure = await failureOf(
      dialerWith({ resolve: () => new Promise(() => {}), timeoutMs: 50 }),
      'http://api.test/',
    )
    expect([failure.reason, failure.message]).toEqual(['timeout', 'resolving api.test: not done in time'])
  })

  test('nobody listens', async () => {
    const { port } = await closedPort()
    const failure = await failureOf(dialerWith(), `http://api.test:${port}/`)
    expect([failure.reason, failure.message]).toEqual([
      'refused',
      `connecting to api.test:${port} failed (ECONNREFUSED)`,
    ])
  })

  test.skipIf(process.platform !== 'linux')('nobody listens at any of several addresses', async () => {
    const { port } = await closedPort()
    const dial = dialerWith({ resolve: async () => ['127.0.0.2', '127.0.0.3', '127.0.0.4'] })
    expect((await failureOf(dial, `http://api.test:${port}/`)).reason).toBe('refused')
  })

  test('a pool gives the failure to the request as it is', async () => {
    const pool = new Pool('http://api.test', { connect: dialerWith({ resolve: async () => ['10.0.0.1'] }) })
    const outcome = await pool.request({ method: 'POST', path: '/', body: 'x' }).catch((error: unknown) => error)
    expect(outcome).toBeInstanceOf(ConnectFailed)
    expect((outcome as ConnectFailed).reason).toBe('address')
    await pool.destroy()
  })

  test('a thousand answers, the last one bad, connect nowhere', async () => {
    let connections = 0
    const port = await listening(createTcpServer(() => (connections += 1)))
    const good = Array.from({ length: 1_000 }, (_, index) => `127.0.${index >> 8}.${index & 255}`)
    const failure = await failureOf(
      dialerWith({ resolve: async () => [...good, '192.168.0.1'] }),
      `http://api.test:${port}/`,
    )
    expect(failure.reason).toBe('address')
    expect(connections).toBe(0)
  })
})

test('a pool that is closed while it connects leaves no connection behind', async () => {
  const sockets: Socket[] = []
  let onClosed = () => {}
  const closed = new Promise<void>(resolve => (onClosed = resolve))
  const port = await listening(createTcpServer(socket => sockets.push(socket.on('close', onClosed).resume())))
  let answer = (_addresses: readonly string[]) => {}
  let onAsked = () => {}
  const isAsked = new Promise<void>(resolve => (onAsked = resolve))
  const resolve = () => {
    onAsked()
    return new Promise<readonly string[]>(found => (answer = found))
  }
  const pool = new Pool(`http://api.test:${port}`, { connect: dialerWith({ resolve }) })
  const outcome = pool.request({ method: 'GET', path: '/' }).catch((error: unknown) => error)
  await isAsked
  await pool.destroy()
  expect(await outcome).toBeInstanceOf(Error)
  answer(['127.0.0.1'])
  await closed
  expect(sockets.length).toBe(1)
})

/** A port at which nobody listens. */
async function closedPort(): Promise<{ readonly port: number }> {
  const server = createTcpServer()
  const port = await listening(server)
  await new Promise(resolve => server.close(resolve))
  return { port }
}
