import { PROTOCOL_VERSION_META_KEY } from '@modelcontextprotocol/server'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { maxBodyBytes, type Stage, setStage } from './stage.ts'
import { call, type Era, eras, headersOf, type Post, post, request, Wire } from './wire.ts'

let stage: Stage
const wires: Wire[] = []

beforeEach(async () => {
  stage = await setStage()
})
afterEach(async () => {
  for (const wire of wires.splice(0)) wire.cut()
  await stage.close(0)
})

async function open(): Promise<Wire> {
  const wire = await Wire.open(stage.url)
  wires.push(wire)
  return wire
}

/** Sends one POST as an ordinary client does. */
async function send(sent: Post): Promise<{ status: number; headers: Headers; text: string }> {
  const response = await fetch(`${stage.url}/mcp`, { method: 'POST', headers: headersOf(sent), body: sent.body })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

/** Whether the server still answers calls, each to who asked. */
async function expectToServe(): Promise<void> {
  const { status, text } = await send(call('2026-07-28', 'echo', 'still there'))
  expect([status, JSON.parse(text)]).toMatchObject([200, { id: 'still there', result: { content: [{ text: '{}' }] } }])
}

describe('a request that is not a POST', () => {
  test.each(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'PUT', 'PATCH', 'TRACE'])('%s is not allowed', async method => {
    const wire = await open()
    await wire.write(
      `${method} /mcp HTTP/1.1\r\nHost: ${new URL(stage.url).host}\r\nAuthorization: Bearer good\r\n\r\n`,
    )
    const answer = await wire.until(/\r\n\r\n/)
    expect(answer).toMatch(/^HTTP\/1\.1 405 /)
    expect(answer).toMatch(/\r\nallow: POST\r\n/)
    // Clients of 2025 ask with GET after every handshake; that must not fill the log with warnings.
    expect(stage.rejected).toEqual([])
  })

  test('/healthz answers GET and HEAD, and nothing else', async () => {
    const statuses = await Promise.all(
      ['GET', 'HEAD', 'POST', 'DELETE'].map(async method => (await fetch(`${stage.url}/healthz`, { method })).status),
    )
    expect(statuses).toEqual([200, 200, 405, 405])
  })
})

describe('a body', () => {
  test.each([
    ['is one byte too long', { body: ' '.repeat(maxBodyBytes + 1) }],
    ['is far too long', { body: Buffer.alloc(20_000_000, ' ') }],
  ])('that %s is refused with 413, and the answer arrives', async (_what, { body }) => {
    const wire = await open()
    await wire.write(post(stage.url, { body }))
    expect(await wire.until(/bytes"\}\}/)).toMatch(/^HTTP\/1\.1 413 /)
    await wire.write(post(stage.url, call('2025-11-25', 'echo', 'next')))
    expect(await wire.until(/"id":"next"/)).toContain('HTTP/1.1 200 OK')
  })

  test('that is too long and does not say so is refused with 413, and the answer arrives', async () => {
    const wire = await open()
    await wire.write(post(stage.url, { headers: { 'content-length': null, 'transfer-encoding': 'chunked' }, body: '' }))
    const piece = 'x'.repeat(10_000)
    for (let sent = 0; sent < 30; sent++) await wire.write(`${piece.length.toString(16)}\r\n${piece}\r\n`)
    await wire.write('0\r\n\r\n')
    expect(await wire.until(/bytes"\}\}/)).toMatch(/^HTTP\/1\.1 413 /)
    await wire.write(post(stage.url, call('2025-11-25', 'echo', 'next')))
    expect(await wire.until(/"id":"next"/)).toContain('HTTP/1.1 200 OK')
  })

  test('of exactly the size that is allowed is read', async () => {
    const { headers, body } = call('2025-11-25', 'echo')
    expect(await send({ headers: headers ?? {}, body: body.toString().padEnd(maxBodyBytes) })).toMatchObject({
      status: 200,
    })
  })

  test('that arrives byte by byte is read whole, its letters unharmed', async () => {
    const wire = await open()
    const sent = request('2025-11-25', 'tools/call', { name: 'echo', arguments: { text: 'größer als 🦊' } })
    for (const byte of post(stage.url, sent)) await wire.write(Buffer.of(byte))
    expect(await wire.until(/größer als 🦊/)).toMatch(/^HTTP\/1\.1 200 /)
  })

  test('in chunks of one byte is read whole', async () => {
    const wire = await open()
    const { headers, body } = request('2025-11-25', 'tools/call', {
      name: 'echo',
      arguments: { x: 'y'.repeat(20_000) },
    })
    const framing = { 'content-length': null, 'transfer-encoding': 'chunked' }
    const chunks = [...Buffer.from(body)].map(byte => `1\r\n${String.fromCharCode(byte)}\r\n`)
    await wire.write(post(stage.url, { headers: { ...headers, ...framing }, body: '' }), `${chunks.join('')}0\r\n\r\n`)
    expect(await wire.until(/"id":1/)).toContain('y'.repeat(20_000))
  })

  test('of a stranger is not taken for a request', async () => {
    const wire = await open()
    const inner = post(stage.url, call('2025-11-25', 'echo', 'smuggled'))
    await wire.write(post(stage.url, { headers: { authorization: null }, body: inner }))
    expect(await wire.until(/required"\}\}/)).toMatch(/^HTTP\/1\.1 401 /)
    await wire.write(post(stage.url, call('2025-11-25', 'echo', 'next')))
    expect(await wire.until(/"id":"next"/)).not.toContain('smuggled')
    expect(stage.events).toEqual(['echo started'])
  })

  test.each<[string, number, number, Partial<Post>]>([
    ['empty', 400, -32700, { body: '' }],
    ['half of a message', 400, -32700, { body: '{"jsonrpc":"2.0","id":1' }],
    ['invalid UTF-8', 400, -32700, { body: Buffer.from('{"jsonrpc":"2.0","id":"\xff","method":"ping"}', 'latin1') }],
    ['null', 400, -32600, { body: 'null' }],
    ['a number', 400, -32600, { body: '5' }],
    ['an object', 400, -32600, { body: '{}' }],
    ['an empty batch', 400, -32600, { body: '[]' }],
    ['a request with the id null', 400, -32600, { body: '{"jsonrpc":"2.0","id":null,"method":"tools/list"}' }],
    ['a request with a fraction for an id', 400, -32600, { body: '{"jsonrpc":"2.0","id":1.5,"method":"tools/list"}' }],
    ['parameters in a list', 400, -32600, { body: '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[1]}' }],
    ['45,000 lists in each other', 400, -32600, { body: deep(45_000) }],
    [
      'deep parameters',
      400,
      -32600,
      { body: `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":${deep(9_000)}}}` },
    ],
    ['said to be compressed', 415, -32000, { headers: { 'content-encoding': 'gzip' }, body: '{}' }],
    ['said to be text', 415, -32000, { headers: { 'content-type': 'text/plain' }, body: '{}' }],
    ['of no type', 415, -32000, { headers: { 'content-type': null }, body: Buffer.from('{}') }],
  ])('that is %s gets status %i and code %i', async (_what, status, code, sent) => {
    const answer = await send({ body: '', ...sent })
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([status, { jsonrpc: '2.0', error: { code } }])
    expect(stage.events).toEqual([])
    await expectToServe()
  })

  test('that is refused before the protocol gets an error without an id, as MCP has it', async () => {
    const answers = await Promise.all(
      [
        { body: 'no JSON' },
        { body: ' '.repeat(maxBodyBytes + 1) },
        { headers: { authorization: 'Bearer bad' }, body: '{}' },
      ].map(send),
    )
    for (const { text } of answers) expect(Object.keys(JSON.parse(text) as object)).toEqual(['jsonrpc', 'error'])
  })
})

describe('a client that asks before it sends a body (Expect: 100-continue)', () => {
  const expecting = { expect: '100-continue' }

  test('is told to go on when it may', async () => {
    const wire = await open()
    const { headers, body } = call('2025-11-25', 'echo')
    const [head, content] = split(post(stage.url, { headers: { ...headers, ...expecting }, body }))
    await wire.write(head)
    expect(await wire.until(/\r\n\r\n/)).toBe('HTTP/1.1 100 Continue\r\n\r\n')
    await wire.write(content)
    expect(await wire.until(/"id":1/)).toContain('HTTP/1.1 200 OK')
  })

  test.each<[string, number, Record<string, string | null>]>([
    ['is a stranger', 401, { authorization: null }],
    ['would send too much', 413, { 'content-length': String(maxBodyBytes + 1) }],
    ['would send something else', 415, { 'content-type': 'text/plain' }],
  ])('and %s is answered %i without being asked for the body', async (_who, status, headers) => {
    const wire = await open()
    await wire.write(split(post(stage.url, { headers: { ...expecting, ...headers }, body: '{}' }))[0])
    // Closed by the server: what the client would send next could be that body or another request.
    const answer = await wire.closed()
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(answer).not.toContain('100 Continue')
  })
})

describe.each(eras)('in revision %s', era => {
  test.each([0, -1, 7, 'seven', '', Number.MAX_SAFE_INTEGER])(
    'the answer carries the id %j of its request',
    async id => {
      const { status, text } = await send(call(era, 'echo', id))
      expect([status, JSON.parse(text)]).toMatchObject([200, { jsonrpc: '2.0', id, result: {} }])
    },
  )

  test('two clients of one agent that use the same id get each its own answer', async () => {
    const [one, two] = await Promise.all(
      ['one', 'two'].map(who => send(request(era, 'tools/call', { name: 'echo', arguments: { who } }, 5))),
    )
    expect(one?.text).toContain('one')
    expect(two?.text).toContain('two')
  })

  test('closing the connection cancels the call, and no other one with the same id', async () => {
    const [leaving, staying] = [await open(), await open()]
    await leaving.write(post(stage.url, call(era, 'wait', 5)))
    await staying.write(post(stage.url, call(era, 'wait', 5)))
    await stage.happened('wait started', 2)
    leaving.cut()
    await stage.happened('wait cancelled')
    stage.release()
    expect(await staying.until(/released/)).toContain('"id":5')
    expect(stage.events.filter(event => event === 'wait cancelled')).toHaveLength(1)
  })

  test('requests sent at once on one connection are answered in order, and cancelled with it', async () => {
    const wire = await open()
    await wire.write(Buffer.concat(['a', 'b'].map(id => post(stage.url, call(era, 'echo', id)))))
    const answers = await wire.until(/"id":"b"/)
    expect(answers.indexOf('"id":"a"')).toBeLessThan(answers.indexOf('"id":"b"'))
    await wire.write(Buffer.concat([1, 2].map(id => post(stage.url, call(era, 'wait', id)))))
    await stage.happened('wait started', 2)
    wire.cut()
    await stage.happened('wait cancelled', 2)
  })

  test('a notification and a posted response are accepted without a body', async () => {
    for (const message of [
      { jsonrpc: '2.0', method: 'notifications/initialized' },
      { jsonrpc: '2.0', id: 1, result: {} },
    ]) {
      const version = 'method' in message ? { 'mcp-protocol-version': era } : {}
      expect(await send({ headers: version, body: JSON.stringify(message) })).toMatchObject({ status: 202, text: '' })
    }
  })

  test('what comes before the answer comes as events, one message each, the answer last', async () => {
    const meta = { _meta: { progressToken: 'p-1' } }
    const answer = await send(request(era, 'tools/call', { name: 'progress', ...meta }, 9))
    expect(answer.headers.get('content-type')).toBe('text/event-stream')
    const events = answer.text.split('\n\n')
    expect(events.pop()).toBe('')
    expect(events.map(event => event.split('\n')[0])).toEqual(['event: message', 'event: message'])
    expect(events.map(event => JSON.parse(event.replace('event: message\ndata: ', '')))).toMatchObject([
      {
        method: 'notifications/progress',
        params: { progressToken: 'p-1', progress: 1, message: 'line one\nline two' },
      },
      { id: 9, result: { content: [{ text: 'done' }] } },
    ])
  })

  test('an answer with nothing before it is one JSON body', async () => {
    const answer = await send(call(era, 'progress'))
    expect(answer.headers.get('content-type')).toBe('application/json')
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  test('an answer that cannot be written ends the connection, not the server', async () => {
    await expect(send(call(era, 'unprintable'))).rejects.toThrow('fetch failed')
    await expectToServe()
  })

  test('a server that cannot be made is an error of that request', async () => {
    let broken = true
    const other = await setStage(() => {
      if (broken) throw new Error('not now')
      return stage.newServer()
    })
    try {
      const ask = async () => {
        const sent = call(era, 'echo')
        return (await fetch(`${other.url}/mcp`, { method: 'POST', headers: headersOf(sent), body: sent.body })).text()
      }
      expect(JSON.parse(await ask())).toMatchObject({
        id: 1,
        error: { code: -32603, message: 'Internal server error' },
      })
      broken = false
      expect(JSON.parse(await ask())).toMatchObject({ id: 1, result: {} })
    } finally {
      await other.close(0)
    }
  })
})

describe('in revision 2026-07-28', () => {
  const era: Era = '2026-07-28'

  test.each<[string, number, Record<string, string | null>, object]>([
    ['the name of another tool', -32020, { 'mcp-name': 'harmless' }, {}],
    ['no name', -32020, { 'mcp-name': null }, {}],
    ['the name twice', -32020, { 'mcp-name': 'echo, echo' }, {}],
    ['another method', -32020, { 'mcp-method': 'tools/list' }, {}],
    ['no method', -32020, { 'mcp-method': null }, {}],
    ['no revision', -32020, { 'mcp-protocol-version': null }, {}],
    ['an older revision', -32020, { 'mcp-protocol-version': '2025-11-25' }, {}],
    [
      'an unknown revision',
      -32022,
      { 'mcp-protocol-version': '2099-01-01' },
      { [PROTOCOL_VERSION_META_KEY]: '2099-01-01' },
    ],
  ])('headers with %s are refused with %i, and nothing is called', async (_what, code, headers, _meta) => {
    const sent = request(era, 'tools/call', { name: 'echo', _meta })
    const answer = await send({ headers: { ...sent.headers, ...headers }, body: sent.body })
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([400, { id: 1, error: { code } }])
    expect(stage.events).toEqual([])
  })

  test('a name in Base64 is the name', async () => {
    const sent = call(era, 'echo')
    const name = `=?base64?${Buffer.from('echo').toString('base64')}?=`
    expect(await send({ headers: { ...sent.headers, 'mcp-name': name }, body: sent.body })).toMatchObject({
      status: 200,
    })
    expect(stage.events).toEqual(['echo started'])
  })

  test('closing the connection cancels a call that had a special header, too', async () => {
    const sent = call(era, 'wait')
    const name = `=?base64?${Buffer.from('wait').toString('base64')}?=`
    const wire = await open()
    await wire.write(post(stage.url, { headers: { ...sent.headers, 'mcp-name': name }, body: sent.body }))
    await stage.happened('wait started')
    wire.cut()
    await stage.happened('wait cancelled')
  })

  test('a tool that needs what the client has not declared is refused with status 400', async () => {
    const { status, text } = await send(call(era, 'need'))
    expect([status, JSON.parse(text)]).toMatchObject([400, { id: 1, error: { code: -32021 } }])
  })

  test('a method that does not exist is not found', async () => {
    const { status, text } = await send(request(era, 'tools/uninstall'))
    expect([status, JSON.parse(text)]).toMatchObject([404, { id: 1, error: { code: -32601 } }])
  })
})

describe('in revision 2025-11-25', () => {
  const era: Era = '2025-11-25'

  test('a cancellation by id cancels nobody, since other clients use the same ids', async () => {
    const wire = await open()
    await wire.write(post(stage.url, call(era, 'wait', 5)))
    await stage.happened('wait started')
    const message = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 5 } }
    const sent = { headers: { 'mcp-protocol-version': era }, body: JSON.stringify(message) }
    expect(await send(sent)).toMatchObject({ status: 202 })
    stage.release()
    await wire.until(/released/)
    expect(stage.events).toEqual(['wait started'])
  })

  test('a tool that wants to ask the client fails at once', async () => {
    const { text } = await send(call(era, 'sample'))
    expect(JSON.parse(text)).toMatchObject({ id: 1, error: { code: -32603 } })
  })

  test('a client that takes no event stream is told that it has to', async () => {
    const sent = call(era, 'echo')
    const answer = await send({ headers: { ...sent.headers, accept: 'application/json' }, body: sent.body })
    expect(answer).toMatchObject({ status: 406 })
    expect(stage.events).toEqual([])
  })

  test('an unknown revision is refused', async () => {
    const sent = call(era, 'echo')
    const answer = await send({ headers: { 'mcp-protocol-version': '2020-01-01' }, body: sent.body })
    expect(answer).toMatchObject({ status: 400 })
    expect(stage.events).toEqual([])
  })
})

describe('a batch', () => {
  const batch = (...messages: Post[]) => `[${messages.map(({ body }) => body.toString()).join(',')}]`
  const legacy = (name: string, id: unknown) => call('2025-11-25', name, id)

  test('is answered in the one revision that has batches', async () => {
    const { text } = await send({ body: batch(legacy('echo', 1), legacy('echo', 2)) })
    expect(text).toContain('"id":1')
    expect(text).toContain('"id":2')
  })

  test.each<[string, Record<string, string>, string]>([
    ['in a later revision', { 'mcp-protocol-version': '2025-11-25' }, batch(legacy('echo', 1), legacy('echo', 2))],
    ['with the same id twice', {}, batch(legacy('echo', 1), legacy('echo', 1))],
    ['with a request of 2026', {}, batch(legacy('echo', 1), call('2026-07-28', 'echo', 2))],
    ['of more than 100 messages', {}, batch(...Array.from({ length: 101 }, (_, id) => legacy('echo', id)))],
  ])('%s is refused, and nothing is called', async (_what, headers, body) => {
    const { status, text } = await send({ headers, body })
    expect([status, JSON.parse(text)]).toMatchObject([400, { error: { code: -32600 } }])
    expect(stage.events).toEqual([])
  })

  test('is cancelled as a whole when the connection is closed', async () => {
    const wire = await open()
    await wire.write(post(stage.url, { body: batch(legacy('wait', 1), legacy('wait', 2)) }))
    await stage.happened('wait started', 2)
    wire.cut()
    await stage.happened('wait cancelled', 2)
  })
})

describe('closing the server', () => {
  test.each(eras)('lets a running call of %s end and its answer arrive, and takes no new connection', async era => {
    const wire = await open()
    await wire.write(post(stage.url, call(era, 'wait')))
    await stage.happened('wait started')
    const closed = stage.close()
    await expect(Wire.open(stage.url)).rejects.toThrow('ECONNREFUSED')
    stage.release()
    expect(await wire.closed()).toContain('released')
    await closed
  })

  test('waits for nobody who has sent half a request, or none', async () => {
    const [half, body, idle] = [await open(), await open(), await open()]
    await half.write('POST /mcp HTTP/1.1\r\nHost: ')
    await body.write(split(post(stage.url, call('2026-07-28', 'echo')))[0])
    await idle.write(post(stage.url, call('2026-07-28', 'echo')))
    await idle.until(/"id":1/)
    await stage.close()
    await Promise.all([half.closed(), body.closed(), idle.closed()])
  })

  test('cuts a call that outlives the time it is given, and cancels it', async () => {
    const wire = await open()
    await wire.write(post(stage.url, call('2026-07-28', 'wait')))
    await stage.happened('wait started')
    await stage.close(10)
    expect(await wire.closed()).toBe('')
    await stage.happened('wait cancelled')
  })
})

/** Arrays in each other. */
function deep(levels: number): string {
  return '['.repeat(levels) + ']'.repeat(levels)
}

/** The head of a request, and its body. */
function split(bytes: Buffer): [Buffer, Buffer] {
  const end = bytes.indexOf('\r\n\r\n') + 4
  return [bytes.subarray(0, end), bytes.subarray(end)]
}
