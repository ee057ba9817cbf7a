import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readKept, writeKept } from '../../src/credentials/kept.ts'
import { createAuthority } from '../support/certificates.ts'
import { answer, pour, type RawUpstream, repeated, type Script, startRawUpstream } from '../support/raw-upstream.ts'
import { leasingOf, redactedBy } from './reading.ts'

const secret = 'cs_0123456789abcdef'
const oldToken = 'rt_old_0123456789abcdef'
const newToken = 'rt_new_0123456789abcdef'
const access = 'at_0123456789abcdef'
const words = 'WORDS-OF-THE-OTHER-SIDE'
const now = Date.UTC(2030, 0, 1)

let script: Script
let endpoint: RawUpstream
let stateDir: string
beforeAll(async () => {
  endpoint = await startRawUpstream((socket, request) => script(socket, request))
  stateDir = mkdtempSync(join(tmpdir(), 'oauth2-'))
})
afterAll(async () => {
  await endpoint.close()
  rmSync(stateDir, { recursive: true })
})

const places = () => ({ stateDir, home: stateDir, environment: { SECRET: secret }, platform: process.platform })
beforeEach(() => writeKept('billing', oldToken, places()))

const grants = {
  client_credentials: { grant: 'client_credentials' },
  refresh_token: { grant: 'refresh_token', refresh_token: { kept: 'billing' } },
}

function leasing(grant: keyof typeof grants, rest: object = {}, timeoutMs = 700) {
  const client = {
    type: 'oauth2',
    client_id: 'me',
    client_secret: { env: 'SECRET' },
    token_url: `${endpoint.url}/token`,
  }
  return leasingOf({ ...client, ...grants[grant], ...rest }, {}, { places: places(), clock: () => now, timeoutMs })
}

const json = ['content-type: application/json']
const good = { access_token: access, token_type: 'Bearer', expires_in: 60 }
const grantOf =
  (fields: object): Script =>
  socket =>
    answer(socket, JSON.stringify({ ...good, ...fields }), json)
const without = (key: keyof typeof good): Script => {
  const { [key]: _left, ...rest } = good
  return socket => answer(socket, JSON.stringify(rest), json)
}
const status = (line: string, body: string, headers: readonly string[] = json): Script => {
  const head = [`HTTP/1.1 ${line}`, ...headers, `content-length: ${Buffer.byteLength(body)}`].join('\r\n')
  return socket => void socket.write(`${head}\r\n\r\n${body}`)
}
const refusal = (error: string, line = '400 Bad Request') =>
  status(line, JSON.stringify({ error, error_description: `${words} ${secret}` }))

const unusable =
  'the token endpoint gave no answer that can be used: it broke off, is compressed, is larger than any token, or is no HTTP'
const notOauth =
  'the token endpoint answers with something that is not an answer of OAuth; look at token_url (status 200)'
const noEnd = 'the token is said to end at once, or at no time that makes sense (expires_in)'
const notBearer = 'the token is not of the type Bearer, and so cannot be presented'

const cases: readonly (readonly [string, Script, string])[] = [
  ['a page', status('200 OK', `<html>${words}</html>`, ['content-type: text/html']), notOauth],
  ['a token that says it is a page', status('200 OK', JSON.stringify(good), ['content-type: text/html']), notOauth],
  ['a token of no content type', status('200 OK', JSON.stringify(good), []), notOauth],
  ['something that is no JSON', status('200 OK', `{"access_token": ${words}`), notOauth],
  ['a list', status('200 OK', JSON.stringify([good])), notOauth],
  ['nothing', status('200 OK', ''), notOauth],
  ['null', status('200 OK', 'null'), notOauth],
  [
    'two tokens under one key',
    status('200 OK', `{"access_token":"${access}","token_type":"Bearer","access_token":"${words}"}`),
    notOauth,
  ],
  [
    'two tokens under one key, written differently',
    status('200 OK', `{"access_token":"${access}","token_type":"Bearer","access\\u005ftoken":"${words}"}`),
    notOauth,
  ],
  [
    'a redirect',
    status('302 Found', '', [`location: /${words}`]),
    'the token endpoint answers with a redirect, which is not followed; look at token_url (status 302)',
  ],
  [
    'a redirect that keeps the body',
    status('307 Temporary Redirect', '', [`location: /${words}`]),
    'the token endpoint answers with a redirect, which is not followed; look at token_url (status 307)',
  ],
  [
    'no such page',
    status('404 Not Found', words, []),
    'the token endpoint is not there; look at token_url (status 404)',
  ],
  [
    'too many requests',
    status('429 Too Many Requests', words, []),
    'the token endpoint wants fewer requests (status 429)',
  ],
  [
    'too many requests, in words of its own',
    status('429 Too Many Requests', JSON.stringify({ error: words })),
    'the token endpoint wants fewer requests (status 429)',
  ],
  [
    'a failure of a gateway, in words of its own',
    status('503 Service Unavailable', JSON.stringify({ error: words })),
    'the token endpoint fails at the moment (status 503)',
  ],
  ['a failure', status('500 Internal Server Error', words, []), 'the token endpoint fails at the moment (status 500)'],
  [
    'a failure with a token',
    status('503 Oops', JSON.stringify(good)),
    'the token endpoint fails at the moment (status 503)',
  ],
  [
    'no content',
    status('204 No Content', '', []),
    'the token endpoint refuses without a reason that is known (status 204)',
  ],
  [
    'a token of 10 MB',
    socket =>
      pour(socket, [
        'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 10000100\r\n\r\n{"access_token":"',
        ...repeated('x'.repeat(10_000), 1_000),
      ]),
    unusable,
  ],
  [
    'a body without end',
    socket =>
      pour(
        socket,
        (function* () {
          yield 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n'
          yield* repeated(' '.repeat(10_000))
        })(),
      ),
    unusable,
  ],
  [
    'headers without end',
    socket =>
      pour(
        socket,
        (function* () {
          yield 'HTTP/1.1 200 OK\r\n'
          yield* repeated(`x-a: ${'x'.repeat(1_000)}\r\n`)
        })(),
      ),
    unusable,
  ],
  [
    'something compressed',
    socket => answer(socket, gzipSync(JSON.stringify(good)), [...json, 'content-encoding: gzip']),
    unusable,
  ],
  ['something that is no HTTP', socket => void socket.end(`${words}\r\n\r\n`), unusable],
  ['an end in the middle', socket => void socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"acc'), unusable],
  ['no answer', socket => void socket.destroy(), unusable],
  ['no answer, ever', () => {}, 'the token endpoint did not answer in time'],
  [
    'one byte at a time',
    async socket => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n')
      const timer = setInterval(() => socket.write(' '), 50)
      socket.on('close', () => clearInterval(timer))
    },
    'the token endpoint did not answer in time',
  ],
  ['no token', without('access_token'), 'the token endpoint answered without a token; look at token_url'],
  ['no type', without('token_type'), notBearer],
  ['another type', grantOf({ token_type: 'DPoP' }), notBearer],
  ['a type that is no text', grantOf({ token_type: ['Bearer'] }), notBearer],
  ['a token that is no text', grantOf({ access_token: { value: access } }), 'the token is no text'],
  [
    'a short token',
    grantOf({ access_token: 'abc' }),
    'the token is shorter than 8 characters, too short to be told from other text and redacted',
  ],
  [
    'a token with a line break',
    grantOf({ access_token: `${access}\r\nx-${words}: 1` }),
    'the token contains a carriage return (U+000D)',
  ],
  [
    'a token that is not ASCII',
    grantOf({ access_token: `${access}ü` }),
    'the token contains a character that is not ASCII',
  ],
  ['a token of 9 kB', grantOf({ access_token: 'x'.repeat(9_000) }), 'the token is longer than 8192 characters'],
  [
    'a scope that is no text',
    grantOf({ scope: { words } }),
    'the token endpoint answered with something that is not a token',
  ],
  ...[-1, 0, 0.5, 0.0001, 'abc', '-5', '1e3', '', true, [60]].map(
    end => [`an end of ${JSON.stringify(end)}`, grantOf({ expires_in: end }), noEnd] as const,
  ),
  [
    'an error that is no text',
    status('400 Bad Request', JSON.stringify({ error: { words } })),
    'the token endpoint refuses without a reason that is known (status 400)',
  ],
  ['an error of its own', refusal(words), 'the provider refuses for a reason that is not known'],
  [
    'an error with a status of 200',
    refusal('invalid_scope', '200 OK'),
    'the provider does not grant what is asked for; look at scopes',
  ],
  [
    'an error beside a token',
    status('200 OK', JSON.stringify({ ...good, error: words })),
    'the provider refuses for a reason that is not known',
  ],
  [
    'invalid_client',
    refusal('invalid_client', `401 Unauthorized\r\nwww-authenticate: Basic realm="${words}"`),
    'the provider does not accept the client; look at client_id, client_secret and client_authentication',
  ],
  ['invalid_scope', refusal('invalid_scope'), 'the provider does not grant what is asked for; look at scopes'],
  [
    'invalid_target',
    refusal('invalid_target'),
    'the provider gives no token for this use; look at resource and audience',
  ],
  ['server_error', refusal('server_error', '500 Oops'), 'the provider fails at the moment'],
]

async function refused(attempt: Promise<unknown>): Promise<string> {
  const error = await attempt.then(
    () => expect.fail('it was not refused'),
    (reason: Error & { code: string }) => reason,
  )
  expect(error).toMatchObject({ name: 'Refusal', code: 'credential_unavailable' })
  const chain = `${error.message} ${error.stack} ${JSON.stringify(error.cause ?? null)}`
  for (const hidden of [words, secret, oldToken, newToken, access]) expect(chain).not.toContain(hidden)
  return error.message
}

describe('what a token endpoint may answer: each is a code and a sentence, and shows nothing of it', () => {
  test.each(cases)('%s', async (_what, answering, why) => {
    script = answering
    expect(await refused(leasing('client_credentials').get())).toBe(`shop: ${why}`)
  })

  test('nobody is there', async () => {
    const credential = { token_url: 'http://127.0.0.1:1/token' }
    expect(await refused(leasing('client_credentials', credential).get())).toBe(
      'shop: the token endpoint cannot be reached: connecting to 127.0.0.1:1 failed (ECONNREFUSED)',
    )
  })

  test.each([
    ['unauthorized_client', 'the provider does not let this client use the grant refresh_token; allow it there'],
    ['unsupported_grant_type', 'the provider does not let this client use the grant refresh_token; allow it there'],
    [
      'invalid_grant',
      'the refresh token was refused: expired, revoked or used already; run keyhold credential login shop',
    ],
  ])('a refresh token with the answer %s', async (error, why) => {
    script = refusal(error)
    expect(await refused(leasing('refresh_token').get())).toBe(`shop: ${why}`)
    expect(await readKept('billing', places())).toBe(oldToken)
  })
})

test.each([
  [
    'fields of its own',
    { 'quoted "{[': '}"]', list: [{ a: 1 }, { a: 2 }], nested: { access_token: words, a: { a: 1 } } },
  ],
  ['a scope', { scope: 'invoices.read' }],
  ['an id_token that nobody could check', { id_token: 'it_0123456789abcdef' }],
  ['a refresh token that is none', { refresh_token: null }],
  ['an empty refresh token', { refresh_token: '', scope: null }],
])('a token with %s is a token', async (_what, fields) => {
  script = grantOf(fields)
  const lease = await leasing('client_credentials').get()
  expect(redactedBy(lease)).toContain(access)
})

describe('what was granted is in the record', () => {
  const scopes = ['a', 'b', 'offline_access']
  const asked = 'grant client_credentials; scopes: a b offline_access'
  test.each([
    ['not when it is not told', undefined, ''],
    ['not when it is what was asked for, in any order', 'b a', ''],
    ['when it is more', 'b admin a', '; granted: a admin b'],
    ['when it is less', 'a', '; granted: a'],
    ['without what is no name of a scope', 'a "quoted" line\nbreak \u001b[2J ä c', '; granted: a c'],
    ['without tokens', `a ${access} b`, '; granted: a [credential shop] b'],
    ['without the secret of the client', `a ${secret}`, '; granted: a [credential shop]'],
    [
      'up to an end',
      Array.from({ length: 900 }, (_, index) => `s${index}`).join(' '),
      /; granted: s0 .{990,1000}\.\.\.$/,
    ],
  ])('%s', async (_what, scope, expected) => {
    script = grantOf({ scope })
    const line = (await leasing('client_credentials', { scopes }).get()).asked ?? ''
    if (typeof expected === 'string') expect(line).toBe(asked + expected)
    else expect(line).toMatch(expected)
  })
})

describe('a token endpoint with TLS', () => {
  const authority = createAuthority()
  const certificate = (alt: string) => authority.issue(alt.replace(/\W/g, '-'), { alt, for: 'server' })
  afterAll(() => authority.remove())

  async function at(alt: string, credential: object): Promise<string> {
    const { certificate: cert, privateKey } = certificate(alt)
    const server = await startRawUpstream(socket => answer(socket, JSON.stringify(good), json), {
      tls: { cert, key: privateKey },
    })
    const token_url = `${server.url}/token`
    const lease = leasing('client_credentials', { token_url, ...credential }, 3_000).get()
    const result = await lease.then(
      () => 'a token',
      (error: Error) => error.message,
    )
    expect(server.requests.length).toBe(result === 'a token' ? 1 : 0)
    await server.close()
    return result
  }

  test('is asked when its certificate is that of an authority that is trusted', async () => {
    expect(await at('IP:127.0.0.1', { ca: authority.ca.certificateFile })).toBe('a token')
  })

  test('is sent nothing when it is not', async () => {
    expect(await at('IP:127.0.0.1', {})).toMatch(
      /^shop: the token endpoint cannot be reached: TLS with 127\.0\.0\.1:\d+ failed \([A-Z_]+\)$/,
    )
  })

  test('is sent nothing when its certificate is for another host', async () => {
    expect(await at('DNS:id.example.com', { ca: authority.ca.certificateFile })).toMatch(/cannot be reached: TLS with/)
  })

  test('is sent nothing when the file of its authority is not there', async () => {
    expect(await at('IP:127.0.0.1', { ca: '/nonexistent/ca.pem' })).toBe('/nonexistent/ca.pem (ca) cannot be read')
  })
})

test('a token endpoint whose name leads to an address that is not public is sent nothing', async () => {
  const name = { token_url: 'https://localhost.localdomain/token' }
  expect(await refused(leasing('client_credentials', name).get())).toMatch(
    /^shop: the token endpoint cannot be reached: /,
  )
})

describe('a token whose end', () => {
  test.each([
    ['is far', { expires_in: 1e308 }, 86_400],
    ['is in a month', { expires_in: 2_592_000 }, 86_400],
    ['is in a minute', { expires_in: 60 }, 60],
    ['is written as text', { expires_in: '60' }, 60],
    ['is a second away', { expires_in: 1 }, 1],
    ['is not told', { expires_in: undefined }, 3_600],
    ['is null', { expires_in: null }, 3_600],
  ])('%s', async (_what, fields, seconds) => {
    script = grantOf(fields)
    const lease = await leasing('client_credentials').get()
    expect(lease.expiresAt).toBe(now + seconds * 1_000)
  })

  test('is fetched once for all who ask, and not again while it lasts', async () => {
    script = grantOf({ expires_in: 1 })
    const before = endpoint.requests.length
    const way = leasing('client_credentials')
    await Promise.all(Array.from({ length: 20 }, () => way.get()))
    await way.get()
    expect(endpoint.requests.length).toBe(before + 1)
  })
})

describe('a new refresh token', () => {
  test('is stored, and the old one, the new one and what came with it are redacted', async () => {
    script = grantOf({ refresh_token: newToken, id_token: 'it_0123456789abcdef', token_type: 'bEaReR' })
    const lease = await leasing('refresh_token').get()
    expect(await readKept('billing', places())).toBe(newToken)
    expect(redactedBy(lease)).toEqual(
      expect.arrayContaining([access, oldToken, newToken, secret, 'it_0123456789abcdef']),
    )
  })

  test('is not needed: without one, the old one stays', async () => {
    script = grantOf({})
    await leasing('refresh_token').get()
    expect(await readKept('billing', places())).toBe(oldToken)
  })

  test.each([
    ['no end that makes sense', { expires_in: -1 }, noEnd],
    [
      'an access token with a line break',
      { access_token: 'a\nb' },
      'the token is shorter than 8 characters, too short to be told from other text and redacted',
    ],
    ['another type of token', { token_type: 'mac' }, notBearer],
    ['no access token', { access_token: undefined }, 'the token endpoint answered without a token; look at token_url'],
  ])('is stored although it came with %s: the old one is used up', async (_what, fields, why) => {
    script = grantOf({ refresh_token: newToken, ...fields })
    expect(await refused(leasing('refresh_token').get())).toBe(`shop: ${why}`)
    expect(await readKept('billing', places())).toBe(newToken)
  })

  test.each([
    ['a line break', `${newToken}\n`, 'contains a line break (U+000A)'],
    ['9 kB', 'x'.repeat(9_000), 'is longer than 8192 characters'],
    ['no text', 7, 'is no text'],
  ])('is refused when it is, or has, %s', async (_what, token, why) => {
    script = grantOf({ refresh_token: token })
    expect(await refused(leasing('refresh_token').get())).toBe(`shop: the new refresh token ${why}`)
    expect(await readKept('billing', places())).toBe(oldToken)
  })

  test('is not asked for with what little time is left after waiting for another process', async () => {
    script = async (socket, request) => {
      await sleep(800)
      await grantOf({ refresh_token: newToken })(socket, request)
    }
    const before = endpoint.requests.length
    const [first, second] = await Promise.allSettled([
      leasing('refresh_token', {}, 1_200).get(),
      leasing('refresh_token', {}, 1_200).get(),
    ])
    expect([first.status, second.status].sort()).toEqual(['fulfilled', 'rejected'])
    expect([first, second].find(({ status: how }) => how === 'rejected')).toMatchObject({
      reason: { message: expect.stringContaining('is in use by another process, which did not finish in time') },
    })
    expect(endpoint.requests.length).toBe(before + 1)
    expect(await readKept('billing', places())).toBe(newToken)
  })
})
