import { afterEach, describe, expect, test } from 'vitest'
import { readCredential } from '../../src/credentials/read.ts'
import { fetchSource, type Fetched } from '../../src/credentials/read-source.ts'
import { Source } from '../../src/credentials/source.ts'
import { Stores } from '../../src/credentials/stores.ts'
import { Credential } from '../../src/credentials/credential.ts'
import { createAuthority } from '../support/certificates.ts'
import { fetchingOf } from '../support/fetching.ts'
import {
  appRole,
  rootToken,
  serviceAccount,
  startVault,
  type VaultOptions,
  type VaultServer,
} from '../support/vault-server.ts'
import { fingerprintKey, leasingOf } from './reading.ts'

const secret = 'tok_0123456789abcdef'
const secrets = {
  'secret/shop': {
    token: secret,
    port: 8_080,
    empty: '',
    nul: `${secret}\0`,
    huge: 'x'.repeat(65_537),
    constructed: 'as it is',
  },
  'secret/team/shop': { token: 'of the team, 0123' },
}
const environment = { VAULT_TOKEN: rootToken, SECRET_ID: appRole.secret_id, JWT: serviceAccount.jwt }
const logins = {
  token: { token: { env: 'VAULT_TOKEN' } },
  approle: { approle: { role_id: appRole.role_id, secret_id: { env: 'SECRET_ID' } } },
  kubernetes: { kubernetes: { role: serviceAccount.role, jwt: { env: 'JWT' } } },
} as const

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function vaultWith(options: VaultOptions = {}): Promise<VaultServer> {
  const vault = await startVault({ secrets, ...options })
  cleanUps.push(() => vault.close())
  return vault
}

const storesOf = (vault: Pick<VaultServer, 'url'>, login: object = logins.approle, rest: object = {}) => ({
  vault: { address: vault.url, login, ...rest },
})

function fetchingFrom(vault: Pick<VaultServer, 'url'>, login?: object, rest?: object, timeoutMs = 5_000) {
  return fetchingOf({ environment, stores: storesOf(vault, login, rest), timeoutMs })
}

const read = (written: string, fetching: ReturnType<typeof fetchingOf>): Promise<Fetched> =>
  fetchSource(Source.parse({ vault: written }), fetching)

async function refusalOf(written: string, fetching: ReturnType<typeof fetchingOf>): Promise<string> {
  const refused = await read(written, fetching).then(
    () => expect.fail('it gave a value'),
    (error: Error & { code: string }) => error,
  )
  await fetching.end()
  expect(refused.code).toBe('credential_unavailable')
  for (const hidden of [secret, ...Object.values(environment), 'as the server says']) {
    expect(`${refused.message} ${String(refused.cause)}`).not.toContain(hidden)
  }
  return refused.message
}

describe('a field of a secret is read', () => {
  test.each(Object.entries(logins))('after a login by %s', async (_, login) => {
    const vault = await vaultWith()
    const fetching = fetchingFrom(vault, login)
    expect(await read('secret/shop#token', fetching)).toEqual({ value: secret, expiresAt: null, lease: null })
    expect(vault.asked().slice(-2)).toEqual(['GET sys/internal/ui/mounts/secret/shop', 'GET secret/data/shop'])
  })

  test.each([
    ['version 2', { secret: { version: '2' } }, 'GET secret/data/team/shop'],
    ['version 2 under a path of its own', { 'secret/team': { version: '2' } }, 'GET secret/team/data/shop'],
    ['version 1', { secret: { version: '1' } }, 'GET secret/team/shop'],
  ] as const)('from a key/value store of %s', async (_, mounts, asked) => {
    const vault = await vaultWith({ mounts })
    expect((await read('secret/team/shop#token', fetchingFrom(vault))).value).toBe('of the team, 0123')
    expect(vault.asked().at(-1)).toBe(asked)
  })

  test('in its namespace', async () => {
    const vault = await vaultWith({ namespace: 'admin/shop' })
    const fetching = fetchingFrom(vault, logins.approle, { namespace: 'admin/shop' })
    expect((await read('secret/shop#token', fetching)).value).toBe(secret)
    expect(await refusalOf('secret/shop#token', fetchingFrom(vault))).toContain('does not accept role_id and secret_id')
  })

  test('from logins that are mounted elsewhere', async () => {
    const vault = await vaultWith()
    const login = { approle: { ...logins.approle.approle, mount: 'team/approle' } }
    expect(await refusalOf('secret/shop#token', fetchingFrom(vault, login))).toContain('auth/team/approle')
    expect(vault.asked()).toEqual(['POST auth/team/approle/login'])
  })

  test('below the path of a proxy', async () => {
    const vault = await vaultWith()
    const address = `${vault.url}/vault/`
    await refusalOf('secret/shop#token', fetchingFrom({ url: address }))
    expect(vault.requests[0]?.url).toBe('/vault/v1/auth/approle/login')
  })

  test('over TLS, with an authority of its own and not without', async () => {
    const authority = createAuthority()
    const { createServer } = await import('node:https')
    const issued = authority.issue('vault', { alt: 'IP:127.0.0.1', for: 'server' })
    const server = createServer({ cert: issued.certificate, key: issued.privateKey }, (_request, response) => {
      response.end('{"data":{"type":"kv","path":"secret/","options":{"version":"1"},"token":"tok_0123456789abcdef"}}')
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    cleanUps.push(
      () => authority.remove(),
      () => server.close(),
    )
    const url = `https://127.0.0.1:${(server.address() as { port: number }).port}`
    const trusting = fetchingFrom({ url }, logins.token, { ca: authority.ca.certificateFile })
    expect((await read('secret/shop#token', trusting)).value).toBe(secret)
    expect(await refusalOf('secret/shop#token', fetchingFrom({ url }, logins.token))).toContain('could not be reached')
    const missing = fetchingFrom({ url }, logins.token, { ca: '/nowhere/ca.pem' })
    expect(await refusalOf('secret/shop#token', missing)).toBe('/nowhere/ca.pem (ca) cannot be read')
  })
})

describe('one reading', () => {
  test('logs in once, reads each path once, and ends its token when it is over', async () => {
    const vault = await vaultWith()
    const fetching = fetchingFrom(vault)
    const values = await Promise.all(['secret/shop#token', 'secret/shop#constructed'].map(each => read(each, fetching)))
    await read('secret/team/shop#token', fetching)
    expect(values.map(({ value }) => value)).toEqual([secret, 'as it is'])
    const asked = vault.asked()
    expect(asked.filter(each => each.includes('login'))).toHaveLength(1)
    expect(asked.filter(each => each === 'GET secret/data/shop')).toHaveLength(1)
    expect(vault.tokens()).toHaveLength(1)
    await fetching.end()
    expect(vault.tokens()).toEqual([])
  })

  test('leaves a token alone that it was given', async () => {
    const vault = await vaultWith()
    const fetching = fetchingFrom(vault, logins.token)
    await read('secret/shop#token', fetching)
    await fetching.end()
    expect(vault.asked().some(each => each.includes('revoke'))).toBe(false)
  })

  test('has everything redacted that it was made with', async () => {
    const vault = await vaultWith()
    for (const [login, key] of [
      [logins.token, rootToken],
      [logins.approle, appRole.secret_id],
      [logins.kubernetes, serviceAccount.jwt],
    ] as const) {
      const fetching = fetchingFrom(vault, login)
      await read('secret/shop#token', fetching)
      const held = fetching.held.map(each => each.use(value => value))
      expect(held).toContain(key)
      expect(held).toContain(vault.requests.at(-1)?.headers['x-vault-token'])
    }
  })

  test('that fails ends its token too', async () => {
    const vault = await vaultWith()
    await refusalOf('secret/shop#wrong', fetchingFrom(vault))
    expect(vault.tokens()).toEqual([])
  })
})

describe('a read that does not succeed says why, and nothing that the server said', () => {
  test.each([
    ['a field that is not there', 'secret/shop#tokne', 'Vault has no field tokne at secret/shop'],
    ['what every object has', 'secret/shop#constructor', 'Vault has no field constructor at secret/shop'],
    ['a field that is a number', 'secret/shop#port', 'the field port at secret/shop in Vault is not text'],
    ['an empty field', 'secret/shop#empty', 'the field empty at secret/shop in Vault is empty'],
    ['a NUL', 'secret/shop#nul', 'contains a NUL character'],
    ['a field that is too large', 'secret/shop#huge', 'is larger than 65536 bytes'],
    ['a path that is not there', 'secret/other#token', 'Vault has nothing at secret/other (status 404)'],
    ['a mount that is not there', 'kv/other#token', 'Vault does not let kv/other be read'],
    ['the path of the API', 'secret/data/shop#token', 'the data/ of the API does not belong into the path here'],
  ])('%s', async (_, written, reason) => {
    expect(await refusalOf(written, fetchingFrom(await vaultWith()))).toContain(reason)
  })

  test('a mount of two segments, with nothing below it', async () => {
    const vault = await vaultWith({ mounts: { 'secret/shop': { version: '2' } } })
    expect(await refusalOf('secret/shop#token', fetchingFrom(vault))).toContain(
      'is a mount of Vault and no path in one',
    )
  })

  test('a path that no policy grants', async () => {
    const vault = await vaultWith({ forbidden: ['secret'] })
    expect(await refusalOf('secret/shop#token', fetchingFrom(vault))).toBe(
      'Vault does not let secret/shop be read: the login is no longer valid, or none of its policies allows it (status 403)',
    )
  })

  test('a Vault that is sealed', async () => {
    const vault = await vaultWith()
    vault.sealed = true
    expect(await refusalOf('secret/shop#token', fetchingFrom(vault))).toBe(
      'Vault is sealed, or cannot serve requests at the moment (status 503)',
    )
  })

  test.each([
    ['token', 'is no longer valid'],
    ['approle', 'does not accept role_id and secret_id of stores.vault'],
    ['kubernetes', 'does not accept this service account for the role in stores.vault'],
  ] as const)('a login by %s that is not accepted', async (name, reason) => {
    const wrong = 'not what it takes, 01234'
    const stores = storesOf(await vaultWith(), logins[name])
    const fetching = fetchingOf({
      environment: { VAULT_TOKEN: wrong.replaceAll(' ', '-'), SECRET_ID: wrong, JWT: wrong },
      stores,
    })
    expect(await refusalOf('secret/shop#token', fetching)).toContain(reason)
  })

  test.each([
    ['token', 'the token of stores.vault contains a line break (U+000A)'],
    ['approle', 'SECRET_ID'],
  ] as const)('a login by %s whose key is broken', async (name, reason) => {
    const stores = storesOf(await vaultWith(), logins[name])
    const fetching = fetchingOf({ environment: { VAULT_TOKEN: 'two\nlines-01234', SECRET_ID: '' }, stores })
    expect(await refusalOf('secret/shop#token', fetching)).toContain(reason)
  })

  test.each([
    ['HTML', 200, 'text/html', '<html>as the server says</html>', 'something that is not of its API'],
    ['JSON of something else', 200, 'application/json', '["as the server says"]', 'something that is not of its API'],
    ['a login without a token', 200, 'application/json', '{}', 'answered a login without a token'],
    [
      'a token with a line break',
      200,
      'application/json',
      loginGiving('hvs.two\\nlines-0123'),
      'the token that Vault gave contains a line break',
    ],
    [
      'a failure',
      500,
      'application/json',
      '{"errors":["as the server says"]}',
      'Vault fails at the moment (status 500)',
    ],
    ['a limit', 429, 'application/json', '{"errors":["as the server says"]}', 'wants fewer requests'],
    [
      'an answer of 10 MB',
      200,
      'application/json',
      loginGiving('x'.repeat(10_000_000)),
      'it is too large, or broke off',
    ],
  ])('%s', async (_, status, type, body, reason) => {
    const vault = await vaultWith()
    vault.answer = response => void response.writeHead(status, { 'content-type': type }).end(body)
    expect(await refusalOf('secret/shop#token', fetchingFrom(vault))).toContain(reason)
  })

  test('a standby node, whose redirect is not followed', async () => {
    const [vault, active] = [await vaultWith(), await vaultWith()]
    vault.answer = response => void response.writeHead(307, { location: `${active.url}/v1/auth/approle/login` }).end()
    const refused = await refusalOf('secret/shop#token', fetchingFrom(vault))
    expect(refused).toContain('let stores.vault.address lead to the active node (status 307)')
    expect(active.requests).toEqual([])
  })

  test.each([
    ['never answers', () => {}],
    ['begins an answer and goes on forever', (response: { write(text: string): void }) => response.write('{')],
  ])('a Vault that %s, within the time that a source has', async (_, answer) => {
    const vault = await vaultWith()
    vault.answer = answer
    const began = performance.now()
    expect(await refusalOf('secret/shop#token', fetchingFrom(vault, undefined, {}, 300))).toBe(
      'Vault did not answer in time',
    )
    expect(performance.now() - began).toBeLessThan(2_000)
  })

  test('a Vault that is not there', async () => {
    const vault = await startVault()
    await vault.close()
    expect(await refusalOf('secret/shop#token', fetchingFrom(vault))).toContain('Vault could not be reached: ')
  })

  test('a configuration without a Vault', async () => {
    expect(await refusalOf('secret/shop#token', fetchingOf({ environment }))).toContain('there is no stores.vault')
  })
})

function loginGiving(token: string): string {
  return `{"auth":{"client_token":"${token}","lease_duration":60,"renewable":true}}`
}

describe('a user that Vault makes', () => {
  const written = {
    type: 'password',
    username: { vault: 'database/creds/readonly#username' },
    password: { vault: 'database/creds/readonly#password' },
  }
  const stepMs = 1_000
  let now = 1_800_000_000_000
  const clock = () => now

  async function setUp(options: VaultOptions = {}, by: object = logins.approle) {
    now = 1_800_000_000_000
    const vault = await vaultWith({ clock, seconds: 100, tokenSeconds: 100, maxSeconds: 250, ...options })
    const stores = Stores.parse(storesOf(vault, by))
    return { vault, leasing: leasingOf(written, environment, { stores, clock }) }
  }

  async function userOf(leasing: ReturnType<typeof leasingOf>) {
    const lease = await leasing.get()
    if (lease.credential.type !== 'password') throw new Error('that is no user')
    const { username, password } = lease.credential
    return { username, password: password.use(value => value), lease }
  }

  test('is one user for both fields, until its lease ends', async () => {
    const { vault, leasing } = await setUp()
    const { username, password, lease } = await userOf(leasing)
    expect(vault.valid(username, password)).toBe(true)
    expect(vault.asked().filter(each => each.startsWith('GET database'))).toHaveLength(1)
    expect(lease.expiresAt).toBe(now + 100 * stepMs)
    now += 100 * stepMs
    expect(vault.valid(username, password)).toBe(false)
  })

  test.each(['approle', 'token'] as const)('ends when its holder does (login by %s)', async by => {
    const { vault, leasing } = await setUp({ forbidden: by === 'token' ? [] : ['sys/leases/revoke'] }, logins[by])
    await userOf(leasing)
    expect(vault.users()).toHaveLength(1)
    await leasing.end()
    expect(vault.users()).toEqual([])
    expect(vault.tokens()).toEqual([])
  })

  test('is kept by renewing its lease and the token that holds it, once for many callers', async () => {
    const { vault, leasing } = await setUp()
    const first = await userOf(leasing)
    now += 60 * stepMs
    const users = await Promise.all(Array.from({ length: 20 }, () => userOf(leasing)))
    expect(new Set(users.map(({ username }) => username))).toEqual(new Set([first.username]))
    const renewals = vault.asked().filter(each => each.includes('renew'))
    expect(renewals).toEqual(['POST auth/token/renew-self', 'PUT sys/leases/renew'])
    expect(users[0]?.lease.expiresAt).toBe(now + 100 * stepMs)
    now += 90 * stepMs
    expect(vault.valid(first.username, first.password)).toBe(true)
  })

  test('is replaced by a new one when it cannot be renewed for longer', async () => {
    const { vault, leasing } = await setUp()
    const first = await userOf(leasing)
    for (let step = 0; step < 5; step++) {
      now += 49 * stepMs
      const { username, password } = await userOf(leasing)
      expect(vault.valid(username, password)).toBe(true)
    }
    now += 30 * stepMs
    const other = await userOf(leasing)
    expect(other.username).not.toBe(first.username)
    expect(vault.valid(other.username, other.password)).toBe(true)
    expect(vault.valid(first.username, first.password)).toBe(false)
  })

  test('is replaced by a new one when its lease is not renewable', async () => {
    const { vault, leasing } = await setUp({ renewable: false })
    const first = await userOf(leasing)
    now += 60 * stepMs
    expect((await userOf(leasing)).username).not.toBe(first.username)
    expect(vault.asked()).not.toContain('PUT sys/leases/renew')
  })

  test('is no longer than the token that it was made with', async () => {
    const { leasing } = await setUp({ tokenSeconds: 40 })
    expect((await userOf(leasing)).lease.expiresAt).toBe(now + 40 * stepMs)
  })

  test('is no longer than the token that was given, which is left to whoever renews it', async () => {
    const { vault } = await setUp({ tokenSeconds: 40 })
    const given = await fetch(`${vault.url}/v1/auth/approle/login`, { method: 'POST', body: JSON.stringify(appRole) })
    const { auth } = (await given.json()) as { readonly auth: { readonly client_token: string } }
    const stores = Stores.parse(storesOf(vault, logins.token))
    const leasing = leasingOf(written, { VAULT_TOKEN: auth.client_token }, { stores, clock })
    const first = await userOf(leasing)
    expect(first.lease.expiresAt).toBe(now + 40 * stepMs)
    now += 30 * stepMs
    const renew = { method: 'POST', body: '{}', headers: { 'x-vault-token': auth.client_token } }
    await fetch(`${vault.url}/v1/auth/token/renew-self`, renew)
    const same = await userOf(leasing)
    expect([same.username, same.lease.expiresAt]).toEqual([first.username, now + 40 * stepMs])
    expect(vault.asked().filter(each => each.includes('renew-self'))).toHaveLength(1)
  })

  test('goes on being used while Vault is down, as long as it is valid', async () => {
    const { vault, leasing } = await setUp()
    const first = await userOf(leasing)
    vault.sealed = true
    now += 60 * stepMs
    expect((await userOf(leasing)).username).toBe(first.username)
    now += 60 * stepMs
    await expect(leasing.get()).rejects.toMatchObject({ code: 'credential_unavailable' })
  })

  test.each([
    ['its field is not there', { ...written, password: { vault: 'database/creds/readonly#passwrd' } }],
    [
      'it was for nothing else',
      { ...written, username: 'fixed', password: { vault: 'database/creds/readonly#passwrd' } },
    ],
    ['another source fails', { ...written, password: { env: 'ABSENT' } }],
  ])('is not left behind when the reading fails: %s', async (_, credential) => {
    const { vault } = await setUp()
    const stores = Stores.parse(storesOf(vault))
    const places = { stateDir: '/nonexistent', home: '/nonexistent', environment, platform: process.platform }
    const reading = readCredential({
      name: 'orders',
      credential: Credential.parse(credential),
      places,
      stores,
      fingerprintKey,
      clock,
    })
    await expect(reading).rejects.toMatchObject({ code: 'credential_unavailable' })
    expect(vault.asked().some(each => each.startsWith('GET database'))).toBe(true)
    await expect.poll(() => [...vault.users(), ...vault.tokens()]).toEqual([])
  })

  test('is not left behind when Vault made it but did not answer in time', async () => {
    const { vault } = await setUp()
    vault.held = { paths: /^\/v1\/database/, until: new Promise(() => {}) }
    const fetching = fetchingOf({ environment, stores: storesOf(vault), timeoutMs: 400, clock })
    const refused = read('database/creds/readonly#password', fetching).catch((error: Error) => error.message)
    await expect.poll(() => vault.users()).toHaveLength(1)
    expect(await refused).toBe('Vault did not answer in time')
    await fetching.end()
    expect([...vault.users(), ...vault.tokens()]).toEqual([])
  })

  test('is not left behind when the reading was over before Vault answered, because another value failed', async () => {
    const { vault } = await setUp({ forbidden: [] })
    const { promise: until, resolve: release } = Promise.withResolvers<void>()
    vault.held = { paths: /^\/v1\/database/, until }
    const fetching = fetchingOf({ environment, stores: storesOf(vault, logins.token), clock })
    const refused = read('database/creds/readonly#password', fetching).catch((error: Error) => error.message)
    await expect.poll(() => vault.users()).toHaveLength(1)
    await fetching.end()
    release()
    expect(await refused).toBe('Vault made a lease that nobody waits for any more')
    expect(vault.users()).toEqual([])
  })
})
