import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Lease } from '../../src/credentials/lend.ts'
import { Stores } from '../../src/credentials/stores.ts'
import { appRole, startVault, type VaultServer } from '../support/vault-server.ts'
import { leasingOf, rsaKey } from './reading.ts'
import { startTokenEndpoint, type TokenEndpoint } from './token-endpoint.ts'

/* What happens to calls while a credential is renewed, and to what stores have made, whatever else happens. */

const minute = 60_000
const key = rsaKey()
let now = 0
let endpoint: TokenEndpoint
beforeEach(async () => {
  now = 1_800_000_000_000
  endpoint = await startTokenEndpoint(key.publicKey, () => now)
})
afterEach(() => endpoint.close())

const app = (timeoutMs = 5_000) =>
  leasingOf(
    {
      type: 'github_app',
      app_id: '1',
      installation_id: '2',
      private_key: { env: 'KEY' },
      api_url: endpoint.url,
    },
    { KEY: key.pem },
    { clock: () => now, timeoutMs },
  )

const tokenOf = ({ credential }: Lease) => (credential.type === 'bearer' ? credential.token.use(value => value) : '')

describe('a renewal', () => {
  test('that takes long does not hold up calls while the token can be used, and is one request for all of them', async () => {
    const leasing = app()
    const first = tokenOf(await leasing.get())
    const { promise: goOn, resolve } = Promise.withResolvers<void>()
    endpoint.answer = (response, asked) => {
      void goOn.then(() => {
        endpoint.answer = null
        expect(asked.method).toBe('POST')
        response.writeHead(201, { 'content-type': 'application/json' })
        response.end(
          JSON.stringify({ token: `ghs_${'x'.repeat(36)}`, expires_at: new Date(now + 60 * minute).toISOString() }),
        )
      })
    }
    now += 56 * minute
    const began = performance.now()
    const during = await Promise.all(Array.from({ length: 20 }, () => leasing.get()))
    expect(performance.now() - began).toBeLessThan(4_000)
    expect(during.map(tokenOf)).toEqual(during.map(() => first))
    resolve()
    await expect.poll(async () => tokenOf(await leasing.get())).toBe(`ghs_${'x'.repeat(36)}`)
    expect(endpoint.asked).toHaveLength(2)
  })

  test('that fails leaves the token in use, is tried again later, and never hands out one that has expired', async () => {
    const leasing = app()
    const first = tokenOf(await leasing.get())
    endpoint.answer = response => void response.writeHead(500).end()
    now += 56 * minute
    expect(tokenOf(await leasing.get())).toBe(first)
    expect(tokenOf(await leasing.get())).toBe(first)
    expect(endpoint.asked).toHaveLength(2)
    now += 11_000
    expect(tokenOf(await leasing.get())).toBe(first)
    expect(endpoint.asked).toHaveLength(3)
    now += 4 * minute
    await expect(leasing.get()).rejects.toMatchObject({ code: 'credential_unavailable' })
    endpoint.answer = null
    expect(tokenOf(await leasing.get())).not.toBe(first)
  })

  test('of a lease that was let go of meanwhile does not come back', async () => {
    const leasing = app()
    await leasing.get()
    leasing.drop('changed')
    const [left, right] = await Promise.all([leasing.get(), leasing.get()])
    expect(left).toBe(right)
    leasing.drop('changed')
    expect(tokenOf(await leasing.get())).not.toBe(tokenOf(left))
  })
})

describe('a value that is refused', () => {
  const leaseOf = (environment: Record<string, string>) =>
    leasingOf({ type: 'bearer', token: { env: 'TOKEN' } }, environment, { clock: () => now })

  test('and is the same when it is read again, is not read for every call after that', async () => {
    const counted = { reads: 0 }
    const environment = {
      get TOKEN() {
        counted.reads += 1
        return 'tok_0123456789abcdef'
      },
    }
    const leasing = leaseOf(environment)
    for (let call = 0; call < 20; call += 1) {
      await leasing.get()
      leasing.drop('refused')
    }
    expect(counted.reads).toBe(2)
    now += 11_000
    leasing.drop('refused')
    await leasing.get()
    expect(counted.reads).toBe(3)
  })

  test('is read again when an admin says that it has changed, at any time', async () => {
    const environment = { TOKEN: 'tok_0123456789abcdef' }
    const leasing = leaseOf(environment)
    for (let call = 0; call < 3; call += 1) {
      await leasing.get()
      leasing.drop('refused')
    }
    environment.TOKEN = 'tok_of_another_day'
    leasing.drop('changed')
    expect(tokenOf(await leasing.get())).toBe('tok_of_another_day')
  })
})

test('a clock that is set back does not keep a token beyond its end', async () => {
  const leasing = app()
  now += 24 * 60 * minute
  const early = await leasing.get()
  now -= 24 * 60 * minute
  expect(tokenOf(await leasing.get())).not.toBe(tokenOf(early))
})

describe('what a store has made', () => {
  let vault: VaultServer
  beforeEach(async () => {
    vault = await startVault({ seconds: 100, tokenSeconds: 100, maxSeconds: 250, clock: () => now })
  })
  afterEach(() => vault.close())

  const field = (name: string) => ({ vault: `database/creds/readonly#${name}` })
  const leasing = (written: object = { type: 'password', username: field('username'), password: field('password') }) =>
    leasingOf(
      written,
      { SECRET_ID: appRole.secret_id, KEY: key.pem },
      {
        stores: Stores.parse({
          vault: {
            address: vault.url,
            login: { approle: { role_id: appRole.role_id, secret_id: { env: 'SECRET_ID' } } },
          },
        }),
        clock: () => now,
      },
    )

  test('is given back when the worker ends while it is still being read', async () => {
    const one = leasing()
    const reading = one.get().catch((error: unknown) => error)
    await one.end()
    await reading
    expect(vault.users()).toEqual([])
    await expect(one.get()).rejects.toMatchObject({ code: 'credential_unavailable' })
  })

  test('is given back when what it is exchanged for cannot be had', async () => {
    endpoint.answer = response => void response.writeHead(401).end()
    const one = leasing({
      type: 'oauth2',
      grant: 'client_credentials',
      token_url: endpoint.url,
      client_id: 'agent',
      client_secret: field('password'),
    })
    await expect(one.get()).rejects.toMatchObject({ code: 'credential_unavailable' })
    await expect.poll(() => vault.users()).toEqual([])
  })

  test('is extended by one request for many callers, and nobody waits for a Vault that is slow', async () => {
    const one = leasing()
    const first = await one.get()
    now += 60_000
    const all = await Promise.all(Array.from({ length: 20 }, () => one.get()))
    expect(new Set(all.map(({ credential }) => credential))).toEqual(new Set([first.credential]))
    expect(vault.asked().filter(asked => asked.endsWith('sys/leases/renew'))).toHaveLength(1)
    await one.end()
    expect(vault.users()).toEqual([])
  })
})
