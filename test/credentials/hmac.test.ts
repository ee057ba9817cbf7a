import { createHmac, hash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { Credential, presentedBy, sourcesOf } from '../../src/credentials/credential.ts'
import { leasingOf } from './reading.ts'
import { signedWith, spellingsOf } from './signing.ts'

const env = (name: string) => ({ env: name })
const secret = 'sh4red-s3cret/R4nd0m+value'
const environment = { SECRET: secret, ID: 'key_0123456789' }
const at = Date.parse('2026-01-02T03:04:05.678Z')
const clock = () => at
const written = {
  type: 'hmac',
  secret: env('SECRET'),
  message: '{timestamp}.{body}',
  headers: { 'x-signature': '{signature}', 'x-timestamp': '{timestamp}' },
}
const request = {
  method: 'POST',
  url: new URL('https://api.example:8443/v1/orders/7?limit=1&q=a%20b'),
  headers: { 'content-type': 'application/json' },
  body: '{"a":"ü.:"}',
}
const mac = (algorithm: string, key: string | Buffer, message: string) => createHmac(algorithm, key).update(message)

describe('requests are signed as APIs want it', () => {
  test('as GitHub signs what it sends: sha256= and the hash of the body', async () => {
    const declared = { message: '{body}', headers: { 'X-Hub-Signature-256': 'sha256={signature}' } }
    const { headers } = await signedWith({ ...written, ...declared }, environment, request)
    expect(headers).toEqual({ 'x-hub-signature-256': `sha256=${mac('sha256', secret, request.body).digest('hex')}` })
  })

  // The secret, the body and the signature of https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
  test('the example of GitHub gives the signature of GitHub', async () => {
    const declared = { message: '{body}', headers: { 'x-hub-signature-256': 'sha256={signature}' } }
    const body = 'Hello, World!'
    const { headers } = await signedWith(
      { ...written, ...declared },
      { SECRET: "It's a Secret to Everybody" },
      { body },
    )
    expect(headers['x-hub-signature-256']).toBe(
      'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
    )
  })

  // The example of https://docs.slack.dev/authentication/verifying-requests-from-slack
  test('the example of Slack gives the signature of Slack: a version, a time and the body', async () => {
    const body =
      'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&' +
      'user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com' +
      '%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c'
    const declared = {
      message: 'v0:{timestamp}:{body}',
      headers: { 'x-slack-signature': 'v0={signature}', 'x-slack-request-timestamp': '{timestamp}' },
    }
    const { headers } = await signedWith(
      { ...written, ...declared },
      { SECRET: '8f742231b10e8888abcd99yyyzzz85a5' },
      { method: 'POST', body },
      { clock: () => 1_531_420_618_000 },
    )
    expect(headers).toEqual({
      'x-slack-signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
      'x-slack-request-timestamp': '1531420618',
    })
  })

  // The example of https://www.standardwebhooks.com, with an id of our own making.
  test('as Standard Webhooks: id, time and body, under a secret in base64', async () => {
    const declared = {
      secret_encoding: 'base64',
      encoding: 'base64',
      message: 'msg_{nonce}.{timestamp}.{body}',
      headers: {
        'webhook-id': 'msg_{nonce}',
        'webhook-timestamp': '{timestamp}',
        'webhook-signature': 'v1,{signature}',
      },
    }
    const key = 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
    const { headers, redacted, derived } = await signedWith({ ...written, ...declared }, { SECRET: key }, request, {
      clock,
    })
    const message = `${headers['webhook-id']}.${Math.floor(at / 1_000)}.${request.body}`
    const signature = mac('sha256', Buffer.from(key, 'base64'), message).digest('base64')
    expect(headers['webhook-signature']).toBe(`v1,${signature}`)
    expect(headers['webhook-id']).toMatch(/^msg_[0-9a-f-]{36}$/)
    expect(derived).toEqual([
      ...new Set(spellingsOf(Buffer.from(signature, 'base64')).map(text => text.replace(/=$/, ''))),
    ])
    const bytes = Buffer.from(key, 'base64')
    expect(redacted).toEqual([key, bytes.toString('hex'), bytes.toString('hex').toUpperCase()])
  })

  test('as exchanges of currencies: time, method, path and body in base64', async () => {
    const declared = {
      encoding: 'base64',
      algorithm: 'sha512',
      key_id: env('ID'),
      message: '{timestamp}{method}{path_and_query}{body}',
      headers: { 'access-sign': '{signature}', 'access-timestamp': '{timestamp}', 'access-key': '{key_id}' },
      timestamp: 'milliseconds',
    }
    const { headers, redacted } = await signedWith({ ...written, ...declared }, environment, request, { clock })
    const message = `${at}POST/v1/orders/7?limit=1&q=a%20b${request.body}`
    expect(headers).toEqual({
      'access-sign': mac('sha512', secret, message).digest('base64'),
      'access-timestamp': String(at),
      'access-key': environment.ID,
    })
    expect(redacted).toEqual([secret, environment.ID])
  })

  test('every field is what it is named after, and the hash of the body may be sent', async () => {
    const fields = [
      'timestamp',
      'key_id',
      'method',
      'host',
      'path',
      'query',
      'path_and_query',
      'content_type',
      'body_hash',
      'body',
    ]
    const declared = {
      algorithm: 'sha384',
      encoding: 'base64url',
      key_id: 'agent-7',
      message: fields.map(name => `{${name}}`).join('\n'),
      headers: { authorization: 'HMAC {key_id}:{signature}', date: '{timestamp}', digest: 'sha-384={body_hash}' },
      timestamp: 'rfc3339',
      body_hash: 'base64',
    }
    const { headers } = await signedWith({ ...written, ...declared }, environment, request, { clock })
    const digest = hash('sha384', request.body, 'base64')
    const pathAndQuery = '/v1/orders/7?limit=1&q=a%20b'
    const message = [
      '2026-01-02T03:04:05.678Z',
      'agent-7',
      'POST',
      'api.example:8443',
      ...pathAndQuery.split('?'),
      pathAndQuery,
      'application/json',
      digest,
      request.body,
    ].join('\n')
    expect(headers).toEqual({
      authorization: `HMAC agent-7:${mac('sha384', secret, message).digest('base64url')}`,
      date: '2026-01-02T03:04:05.678Z',
      digest: `sha-384=${digest}`,
    })
  })

  test('a request without query and body signs nothing in their places', async () => {
    const declared = { message: '{method}|{query}|{body}|{content_type}|{body_hash}' }
    const { headers } = await signedWith({ ...written, ...declared }, environment)
    expect(headers['x-signature']).toBe(mac('sha256', secret, `GET||||${hash('sha256', '')}`).digest('hex'))
  })

  test.each([
    ['hex', Buffer.from(secret).toString('hex')],
    ['base64', Buffer.from(secret).toString('base64')],
    ['base64', Buffer.from(secret).toString('base64url')],
  ])('a secret in %s signs as its bytes', async (secret_encoding, value) => {
    const { headers } = await signedWith({ ...written, secret_encoding }, { SECRET: value }, request, { clock })
    const message = `${Math.floor(at / 1_000)}.${request.body}`
    expect(headers['x-signature']).toBe(mac('sha256', secret, message).digest('hex'))
  })

  test('no nonce is used twice', async () => {
    const declared = { message: '{nonce}{body}', headers: { 'x-signature': '{signature}', 'x-nonce': '{nonce}' } }
    const nonces = new Set<string | undefined>()
    for (let index = 0; index < 100; index++) {
      nonces.add((await signedWith({ ...written, ...declared }, environment)).headers['x-nonce'])
    }
    expect(nonces.size).toBe(100)
  })
})

describe('no two requests have one message, where text separates its fields', () => {
  type Request = readonly [path: string, body: string | null]
  const signatureOf = async (message: string, path: string, body: string | null, more: object = {}) => {
    const headers = { 'x-signature': '{signature}', 'x-timestamp': '{timestamp}' }
    const url = new URL(`https://api.example${path}`)
    const credential = { ...written, message, headers, ...more }
    const made = await signedWith(credential, environment, { method: 'POST', url, body }, { clock })
    return made.headers['x-signature']
  }
  const refused = { code: 'invalid_input', message: expect.stringContaining('contains the text that ends it') }

  test.each<[string, Request, Request]>([
    ['{timestamp}.{path}.{body}', ['/a', 'b.c'], ['/a.b', 'c']],
    ['{timestamp}:{path}:{body}', ['/v1/docs', 'batch:x'], ['/v1/docs:batch', 'x']],
    ['{path}:{query}:{body}', ['/a?b', 'c:d'], ['/a?b:c', 'd']],
    ['{path}.{timestamp}.{body}', ['/a', `b.${Math.floor(at / 1_000)}.c`], [`/a.${Math.floor(at / 1_000)}.b`, 'c']],
    ['{path}{method}.{body}', ['/a', 'POST.b'], ['/aPOST.', 'b']],
    ['{path}{query}.{body}', ['/a?b', 'c.d'], ['/a?b.c', 'd']],
    ['{path}aa{body}', ['/', 'ab'], ['/a', 'b']],
    ['{path}v{body}', ['/', '1v2'], ['/v1', '2']],
  ])('%s: of %j and %j, the second is refused', async (message, one, other) => {
    await expect(signatureOf(message, ...one)).resolves.toMatch(/^[0-9a-f]{64}$/)
    await expect(signatureOf(message, ...other)).rejects.toMatchObject(refused)
  })

  // Coinbase, Kraken and others want it so. What it says about a request is what such an API can know.
  test.each<[string, Request, Request]>([
    ['{timestamp}{method}{path}{body}', ['/orders', '/1'], ['/orders/1', '']],
    ['{timestamp}{path}{query}', ['/a?id=1', null], ['/aid=1', null]],
  ])('%s: nothing separates the fields, so %j and %j sign alike', async (message, one, other) => {
    expect(await signatureOf(message, ...one)).toBe(await signatureOf(message, ...other))
  })

  test.each([
    ['{method}.{path}.{body}', '/v1/a', '{"a":1.5}'],
    ['{method}\n{path}\n{query}\n{body}', '/v1.0/a?b=c', 'a\nb'],
    ['{path}\n{body}', '/v1.0/a:b', 'c\nd'],
    ['{body}', '/', '{"signature":"."}'],
    ['{method}.{path}', '/v1.0/a.b', null],
    ['{path}.{timestamp}', '/v1.0/a.b', null],
    ['{path}.{body_hash}', '/v1.0/a.b', 'a.b'],
  ])('%s of %s and %j means one thing only, and is signed', async (message, path, body) => {
    await expect(signatureOf(message, path, body)).resolves.toMatch(/^[0-9a-f]{64}$/)
  })

  test('a time with the separator in it ends where it always does', async () => {
    const message = '{timestamp}{path}.{body}'
    await expect(signatureOf(message, '/a', 'b', { timestamp: 'rfc3339' })).resolves.toMatch(/^[0-9a-f]{64}$/)
    await expect(signatureOf(message, '/a.b', 'c', { timestamp: 'rfc3339' })).rejects.toMatchObject(refused)
  })

  test('of every path, query and body from a small alphabet, those that are signed have signatures of their own', async () => {
    const texts = ['', 'a', '.', 'a.', '.a', '..', 'a.a']
    for (const message of ['{path}.{query}.{body}', '{path}..{query}.{body}', '{query}a{body}..{path}']) {
      const signatures: unknown[] = []
      let refusals = 0
      for (const path of texts.filter(text => !/^\.*$/.test(text)).concat(''))
        for (const query of texts)
          for (const body of texts) {
            const made = await signatureOf(message, `/${path}?${query}`, body).catch((error: unknown) => error)
            if (typeof made === 'string') signatures.push(made)
            else refusals += Number(expect.objectContaining(refused).asymmetricMatch(made))
          }
      expect(signatures.length).toBeGreaterThan(10)
      expect(new Set(signatures).size).toBe(signatures.length)
      expect(signatures.length + refusals).toBe(5 * 7 * 7)
    }
  })
})

describe('a credential in the configuration', () => {
  test('says which headers it fills, and is the same when a worker parses it again', () => {
    const credential = Credential.parse({
      ...written,
      headers: { 'X-Sig': '{signature}', Date: '{timestamp}' },
      key_id: env('ID'),
    })
    expect(presentedBy(credential)).toEqual({ headers: ['x-sig', 'date'], query: [] })
    expect(sourcesOf(credential)).toHaveLength(2)
    expect(Credential.parse(JSON.parse(JSON.stringify(credential)))).toEqual(credential)
  })

  const headers = { 'x-signature': '{signature}' }
  test.each<[string, object, string, string]>([
    ['a literal secret', { secret }, 'secret', 'a literal secret'],
    ['an unknown field', { message: '{cookie}' }, 'message', '{cookie} is not one of {timestamp}'],
    ['the signature within itself', { message: '{signature}' }, 'message', '{signature} is not one of'],
    ['a brace that is no field', { message: '{body}}' }, 'message', 'does not belong to a field'],
    ['a field with capitals', { message: '{Body}' }, 'message', 'does not belong to a field'],
    ['a message without fields', { message: 'hello' }, 'message', 'signs nothing'],
    ...['{timestamp}', '{nonce}', '{key_id}', '{method}', '{content_type}', '{method}{key_id}{content_type}'].map(
      (message): [string, object, string, string] => [
        `a message of ${message} alone`,
        { message, key_id: 'agent-7', headers: { ...headers, 'x-a': '{timestamp} {nonce}' } },
        'message',
        'signs nothing of the request',
      ],
    ),
    ['no message', { message: '' }, 'message', 'Too small'],
    ['an unknown field in a header', { headers: { ...headers, 'x-b': '{body}' } }, 'headers', '{body} is not one of'],
    ['no signature', { message: '{body}', headers: { 'x-a': 'b' } }, 'headers', 'in exactly one of them'],
    ['no headers', { message: '{body}', headers: {} }, 'headers', 'in exactly one of them'],
    [
      'two signatures',
      { message: '{body}', headers: { ...headers, 'x-b': '{signature}' } },
      'headers',
      'in exactly one',
    ],
    [
      'one signature twice',
      { message: '{body}', headers: { 'x-a': '{signature}{signature}' } },
      'headers',
      'in exactly',
    ],
    [
      'a header that steers',
      { headers: { ...headers, 'Content-Type': '{timestamp}' } },
      'headers',
      'steers the request',
    ],
    ['a header with a line break', { headers: { ...headers, 'x-a\r\nx': 'b' } }, 'headers', 'a header is named with'],
    [
      'a value with a line break',
      { headers: { ...headers, 'x-a': 'b\r\nc: {timestamp}' } },
      'headers',
      'visible ASCII',
    ],
    [
      'a header in two spellings',
      { message: '{body}', headers: { ...headers, 'X-Signature': 'b' } },
      'headers',
      'is there twice',
    ],
    ['a time that is not sent', { headers }, 'headers', '{timestamp} is signed'],
    ['a nonce that is not sent', { message: '{nonce}{body}', headers }, 'headers', '{nonce} is signed'],
    [
      'no id where one is sent',
      { message: '{body}', headers: { 'x-a': '{key_id} {signature}' } },
      'key_id',
      'is missing',
    ],
    ['an id with a space', { key_id: 'a b' }, 'key_id', 'visible ASCII'],
    ['a hash that is broken', { algorithm: 'md5' }, 'algorithm', 'Invalid option'],
  ])('%s is refused', (_, more, key, reason) => {
    const { error } = Credential.safeParse({ ...written, ...more })
    expect(error?.issues.map(issue => issue.path[0])).toEqual([key])
    expect(JSON.stringify(error?.issues)).toContain(reason)
    expect(JSON.stringify(error?.issues)).not.toContain(secret)
  })

  test.each([
    ['text that is too short', {}, { SECRET: 'short' }, 'is shorter than 8'],
    ['what is not hex', { secret_encoding: 'hex' }, { SECRET: `${secret}0` }, 'is not written in hex'],
    ['half a byte', { secret_encoding: 'hex' }, { SECRET: '0123456789abc' }, 'is not written in hex'],
    ['what is not base64', { secret_encoding: 'base64' }, { SECRET: 'whsec_!0123456789' }, 'is not written in base64'],
    ['base64 that was cut off', { secret_encoding: 'base64' }, { SECRET: 'QUJDREVGR' }, 'is not written in base64'],
    ['bits left over', { secret_encoding: 'base64' }, { SECRET: 'QUJDREVGRz==' }, 'is not written in base64'],
    ['base64 of both alphabets', { secret_encoding: 'base64' }, { SECRET: 'QUJD+EVG_EhJ' }, 'is not written in base64'],
    ['padding alone', { secret_encoding: 'base64' }, { SECRET: '========' }, 'is not written in base64'],
    ['an id with a line break', { key_id: env('ID') }, { ID: 'key_0123\r\nx: y' }, 'the key id of shop contains'],
  ])('%s: not leased, and the record says why', async (_, more, values, detail) => {
    const leasing = leasingOf({ ...written, ...more }, { ...environment, ...values })
    await expect(leasing.get()).rejects.toMatchObject({
      code: 'credential_unavailable',
      message: expect.stringContaining(detail),
    })
  })
})
