import type { ServerResponse } from 'node:http'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fingerprintOf } from '../../src/credentials/fingerprint.ts'
import type { Lease, LeaseOptions } from '../../src/credentials/lend.ts'
import { sameSecrets } from '../../src/credentials/same-secrets.ts'
import { fingerprintKey, leasingOf, redactedBy, rsaKey } from './reading.ts'
import { type Asked, startTokenEndpoint, type TokenEndpoint } from './token-endpoint.ts'

const start = Date.UTC(2030, 0, 1)
const minute = 60_000
const key = rsaKey()
let now = start
let endpoint: TokenEndpoint

beforeEach(async () => {
  now = start
  endpoint = await startTokenEndpoint(key.publicKey, () => now)
})
afterEach(() => endpoint.close())

function leasing(rights: LeaseOptions['rights'] = { repositories: null, permissions: null }, rest: object = {}) {
  const { pem = key.pem, url = endpoint.url, app = '1234', timeoutMs } = rest as Record<string, never>
  const written = { type: 'github_app', app_id: app, installation_id: '5678', private_key: { env: 'KEY' } }
  const limit = timeoutMs === undefined ? {} : { timeoutMs }
  return leasingOf({ ...written, api_url: url }, { KEY: pem }, { rights, clock: () => now, ...limit })
}

function tokenOf({ credential }: Lease): string {
  if (credential.type !== 'bearer') throw new Error(`an app became ${credential.type}`)
  return credential.token.use(value => value)
}

const numbered = (count: number) => `ghs_${String(count).padStart(36, '0')}`

describe('a GitHub App', () => {
  test('signs that it is the app, and gets a token for the installation', async () => {
    const lease = await leasing().get()
    const [asked] = endpoint.asked as [Asked]
    expect(asked).toMatchObject({ method: 'POST', path: '/app/installations/5678/access_tokens' })
    expect(asked.headers).toMatchObject({
      accept: 'application/vnd.github+json',
      'content-type': 'application/json',
      'x-github-api-version': '2022-11-28',
      'user-agent': 'keyhold',
    })
    expect(asked.claims).toEqual({ iss: '1234', iat: start / 1_000 - 60, exp: start / 1_000 + 540 })
    expect(lease.credential).toMatchObject({ type: 'bearer', scheme: 'Bearer' })
    expect(tokenOf(lease)).toBe(numbered(1))
    expect(lease.expiresAt).toBe(start + 60 * minute)
    expect(lease.fingerprint).toBe(fingerprintOf(fingerprintKey, key.pem))
    expect(redactedBy(lease)).toEqual([numbered(1), asked.statement, key.pem.trim()])
    const printed = inspect(lease, { depth: null, showHidden: true }) + JSON.stringify(lease)
    for (const hidden of redactedBy(lease)) expect(printed).not.toContain(hidden)
  })

  test('is known by its client id as well, at the address of a server of its own', async () => {
    await leasing(undefined, { app: 'Iv23liABCDEFGHIJKLMN', url: `${endpoint.url}/api/v3/` }).get()
    expect(endpoint.asked).toMatchObject([
      { path: '/api/v3/app/installations/5678/access_tokens', claims: { iss: 'Iv23liABCDEFGHIJKLMN' } },
    ])
  })

  test.each([
    [{ repositories: null, permissions: null }, {}, 'all repositories; all permissions'],
    [
      { repositories: ['shop', 'docs'], permissions: null },
      { repositories: ['shop', 'docs'] },
      'repositories: docs, shop; all permissions',
    ],
    [
      { repositories: ['shop'], permissions: { pull_requests: 'read', issues: 'write' } },
      { repositories: ['shop'], permissions: { issues: 'write', pull_requests: 'read' } },
      'repositories: shop; permissions: issues=write, pull_requests=read',
    ],
    // Left out or empty, it would be granted in full.
    [
      { repositories: null, permissions: {} },
      { permissions: { metadata: 'read' } },
      'all repositories; permissions: metadata=read',
    ],
  ] as const)('asks for what the scope needs and no more: %j', async (rights, body, line) => {
    const lease = await leasing(rights).get()
    expect(endpoint.asked.map(asked => asked.body)).toEqual([body])
    expect(lease.asked).toBe(line)
  })

  test('asks for nothing when the scope has no repository at all', async () => {
    const refused = leasing({ repositories: [], permissions: null }).get()
    await expect(refused).rejects.toMatchObject({
      code: 'credential_unavailable',
      message: 'shop: the scope names no repository that a token could be for',
    })
    expect(endpoint.asked).toEqual([])
  })

  test('fetches one token for all who ask at the same time, and renews it five minutes before it expires', async () => {
    const way = leasing()
    const first = await Promise.all(Array.from({ length: 50 }, () => way.get()))
    expect(new Set(first).size).toBe(1)
    now = start + 55 * minute - 1
    expect(await way.get()).toBe(first[0])
    expect(endpoint.asked).toHaveLength(1)
    now = start + 55 * minute
    const second = await Promise.all(Array.from({ length: 50 }, () => way.get()))
    expect(new Set(second).size).toBe(1)
    expect(endpoint.asked).toHaveLength(2)
    expect(tokenOf(second[0] as Lease)).toBe(numbered(2))
    expect(sameSecrets(first[0] as Lease, second[0] as Lease)).toBe(false)
    // The first is valid for five more minutes, and may turn up in an answer that comes late.
    expect(redactedBy(second[0] as Lease)).toEqual(expect.arrayContaining([numbered(1), numbered(2)]))
    expect(redactedBy(second[0] as Lease).filter(value => value.includes('PRIVATE KEY'))).toHaveLength(1)
  })

  test('fetches another token once the one it has is dropped', async () => {
    const way = leasing()
    await way.get()
    now = start + 10_000
    way.drop('refused')
    expect(tokenOf(await way.get())).toBe(numbered(2))
  })

  test('keeps one that it was given just now, so that nobody can have one made for each call', async () => {
    const way = leasing()
    await way.get()
    now = start + 9_999
    way.drop('refused')
    await way.get()
    expect(endpoint.asked).toHaveLength(1)
  })

  test('does not renew with every call a token that lives shorter than five minutes', async () => {
    endpoint.answer = response =>
      response.writeHead(201).end(JSON.stringify({ token: numbered(7), expires_at: '2030-01-01T00:02:00Z' }))
    const way = leasing()
    await way.get()
    now = start + minute - 1
    await way.get()
    expect(endpoint.asked).toHaveLength(1)
    now = start + minute
    await way.get()
    expect(endpoint.asked).toHaveLength(2)
  })
})

describe('a token endpoint that gives no token refuses the call, in words of ours', () => {
  const token = numbered(9)
  const later = '2030-01-01T01:00:00Z'
  const say = (status: number, body: string, headers = {}) => {
    return (response: ServerResponse, asked: Asked) => {
      const echo = body.replaceAll('STATEMENT', asked.statement)
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(echo)
    }
  }
  const echo = '{"message":"bad: STATEMENT"}'
  test.each([
    [401, say(401, echo), 'GitHub does not accept the key; look at app_id, at private_key'],
    [403, say(403, echo), 'GitHub refuses a token; the installation is suspended, or asks too often (status 403)'],
    [404, say(404, echo), 'GitHub knows no such installation of this app; look at installation_id (status 404)'],
    [
      422,
      say(422, echo),
      "the app was not granted what the tool's scope needs (repositories: shop; permissions: issues=write)",
    ],
    [429, say(429, echo), 'GitHub wants fewer requests for tokens (status 429)'],
    [500, say(500, echo), 'GitHub fails at the moment (status 500)'],
    ['200 with a token', say(200, `{"token":"${token}","expires_at":"${later}"}`), 'GitHub gave no token (status 200)'],
    ['a redirect', say(307, '', { location: '/elsewhere' }), 'GitHub gave no token (status 307)'],
    ['no JSON', say(201, '<html>STATEMENT'), 'answered with something that is not a token'],
    ['nothing', say(201, ''), 'answered with something that is not a token'],
    ['null', say(201, 'null'), 'answered with something that is not a token'],
    ['deep JSON', say(201, '['.repeat(100_000)), 'answered with something that is not a token'],
    ['a token without end', say(201, `{"token":"${token}"}`), 'answered with something that is not a token'],
    ['a token with no date', say(201, `{"token":"${token}","expires_at":"soon"}`), 'something that is not a token'],
    ['a number', say(201, `{"token":12345678,"expires_at":"${later}"}`), 'something that is not a token'],
    ['a short token', say(201, `{"token":"abc","expires_at":"${later}"}`), 'the token is shorter than 8'],
    [
      'a token with a line break',
      say(201, JSON.stringify({ token: `${token}\r\nx-evil: 1`, expires_at: later })),
      'the token contains a carriage return',
    ],
    ['a huge token', say(201, `{"token":"${'x'.repeat(5_000)}","expires_at":"${later}"}`), 'not a token'],
    ['an expired token', say(201, `{"token":"${token}","expires_at":"2030-01-01T00:00:00Z"}`), 'expired already'],
    ['an encoding', say(201, 'x', { 'content-encoding': 'gzip' }), 'gave no answer that can be used'],
    ['many headers', say(201, 'x', { 'x-long': 'STATEMENT'.repeat(4_000) }), 'gave no answer that can be used'],
    [
      'an endless answer',
      (response: ServerResponse) => {
        const more = () => {
          while (!response.destroyed && response.write('x'.repeat(65_536)));
        }
        response.writeHead(201).on('drain', more)
        more()
      },
      'gave no answer that can be used',
    ],
    ['a reset', (response: ServerResponse) => response.socket?.resetAndDestroy(), 'gave no answer that can be used'],
    [
      'a half answer',
      (response: ServerResponse) => {
        response.writeHead(201, { 'content-length': 100 }).write('{')
        response.socket?.end()
      },
      'gave no answer that can be used',
    ],
  ])('%s', async (_, answer, reason) => {
    endpoint.answer = answer as TokenEndpoint['answer']
    const refused = await leasing({ repositories: ['shop'], permissions: { issues: 'write' } })
      .get()
      .catch((error: Error) => error)
    expect(refused).toMatchObject({ code: 'credential_unavailable', message: expect.stringContaining(reason) })
    expect(endpoint.asked).toHaveLength(1)
    const [{ statement }] = endpoint.asked as [Asked]
    const printed = inspect(refused, { depth: null, showHidden: true })
    for (const hidden of [statement, statement.slice(-60), token, 'x-evil', key.pem.slice(100, 140)]) {
      expect(printed).not.toContain(hidden)
    }
  })

  test('a wrong key', async () => {
    const refused = leasing(undefined, { pem: rsaKey().pem }).get()
    await expect(refused).rejects.toMatchObject({ message: expect.stringContaining('does not accept the key') })
  })

  test('silence, after a limited time; the next call tries again', async () => {
    endpoint.answer = () => {}
    const way = leasing(undefined, { timeoutMs: 300 })
    const [one, two] = await Promise.allSettled([way.get(), way.get()])
    expect(one).toMatchObject({
      reason: { message: 'shop: the token endpoint gave no answer that can be used in time' },
    })
    expect(two).toEqual(one)
    expect(endpoint.asked).toHaveLength(1)
    endpoint.answer = null
    expect(tokenOf(await way.get())).toBe(numbered(2))
  })

  test('a byte now and then, after the same time', async () => {
    let timer: NodeJS.Timeout | undefined
    endpoint.answer = response => {
      response.writeHead(201)
      timer = setInterval(() => response.write(' '), 20)
    }
    await expect(leasing(undefined, { timeoutMs: 300 }).get()).rejects.toMatchObject({
      message: expect.stringContaining('in time'),
    })
    clearInterval(timer)
  })

  test('nobody there', async () => {
    const { url } = endpoint
    await endpoint.close()
    await expect(leasing(undefined, { url }).get()).rejects.toMatchObject({
      code: 'credential_unavailable',
      message: expect.stringMatching(/^shop: the token endpoint gave no answer that can be used: .*ECONNREFUSED/),
    })
    endpoint = await startTokenEndpoint(key.publicKey, () => now)
  })

  test('an address inside of a network is not asked', async () => {
    await expect(leasing(undefined, { url: 'https://10.0.0.1' }).get()).rejects.toMatchObject({
      code: 'credential_unavailable',
      message: expect.stringContaining('private address'),
    })
  })
})
