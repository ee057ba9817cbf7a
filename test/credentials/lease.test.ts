import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BearerCredential } from '../../src/credentials/bearer.ts'
import { fingerprintOf } from '../../src/credentials/fingerprint.ts'
import { createLease } from '../../src/credentials/lease.ts'
import type { Lease } from '../../src/credentials/lend.ts'
import { sameSecrets } from '../../src/credentials/same-secrets.ts'
import { within } from '../../src/credentials/within.ts'

const secret = 'tok_0123456789abcdef'
const fingerprintKey = Buffer.from('the key of this installation')
let home = ''

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'lease-'))
})
afterEach(() => rm(home, { recursive: true }))

const put = (value: string) => writeFile(join(home, 'key'), value, { mode: 0o600 })

function leaseOf(credential: object, environment: Record<string, string> = {}) {
  return createLease({
    name: 'github',
    credential: BearerCredential.parse({ type: 'bearer', ...credential }),
    places: { stateDir: home, home, environment, platform: process.platform },
    stores: {},
    fingerprintKey,
    rights: { repositories: null, permissions: null },
    clock: () => 0,
  })
}

/** The credential of a lease, which is a bearer token here. */
function tokenOf({ credential }: Lease) {
  if (credential.type !== 'bearer') throw new Error(`a bearer token became ${credential.type}`)
  return { scheme: credential.scheme, value: credential.token.use(value => value) }
}

/** An environment that counts how often the variable is read. */
function counted(): { readonly environment: Record<string, string>; reads: number } {
  const counter = {
    reads: 0,
    environment: {
      get TOKEN() {
        counter.reads += 1
        return secret
      },
    },
  }
  return counter
}

describe('a lease', () => {
  test('holds what a tool presents, what has to be redacted, and a fingerprint', async () => {
    await put(`${secret}\n`)
    const lease = await leaseOf({ token: { file: '~/key' } }).get()
    expect(tokenOf(lease)).toEqual({ scheme: 'Bearer', value: secret })
    expect(lease).toMatchObject({ expiresAt: null, asked: null })
    expect(lease.secrets.map(each => each.use(value => value))).toEqual([secret])
    expect(lease.fingerprint).toBe(fingerprintOf(fingerprintKey, secret))
    const other = await leaseOf({ token: { file: '~/key' }, scheme: 'token' }).get()
    expect(tokenOf(other).scheme).toBe('token')
  })

  test('never shows its value, however it is printed', async () => {
    await put(secret)
    const lease = await leaseOf({ token: { file: '~/key' } }).get()
    for (const printed of [inspect(lease, { depth: null, showHidden: true }), JSON.stringify(lease)]) {
      expect(printed).not.toContain(secret)
      expect(printed).toContain('[credential github]')
    }
  })

  test('is read when it is first asked for, once for all who ask at the same time and after', async () => {
    const counter = counted()
    const leasing = leaseOf({ token: { env: 'TOKEN' } }, counter.environment)
    expect(counter.reads).toBe(0)
    const leases = await Promise.all(Array.from({ length: 50 }, () => leasing.get()))
    leases.push(await leasing.get())
    expect(new Set(leases).size).toBe(1)
    expect(counter.reads).toBe(1)
  })

  test('is read anew once it was dropped', async () => {
    await put('the value of yesterday')
    const leasing = leaseOf({ token: { file: '~/key' } })
    const before = await leasing.get()
    await put(secret)
    expect(await leasing.get()).toBe(before)
    leasing.drop('refused')
    expect(tokenOf(await leasing.get()).value).toBe(secret)
  })

  test('tells whether reading again gave another secret, and goes on redacting the earlier one', async () => {
    const values = ['the value of yesterday', 'the value of yesterday', secret, 'three', 'four', 'five'].map(value =>
      value.padEnd(8, '!'),
    )
    const leasing = leaseOf({ token: { file: '~/key' } })
    const leases: Lease[] = []
    for (const value of values) {
      await put(value)
      leasing.drop('changed')
      leases.push(await leasing.get())
    }
    const [first, again, other] = leases as [Lease, Lease, Lease]
    expect([sameSecrets(first, again), sameSecrets(again, other)]).toEqual([true, false])
    const redacted = leases.map(lease => lease.secrets.map(each => each.use(value => value)))
    expect(redacted.slice(0, 3)).toEqual([[values[0]], [values[0]], [secret, values[0]]])
    expect(redacted[5]).toEqual([values[5], values[4], values[3], secret])
  })

  test('does not wait for ever', async () => {
    const never = within(20, 'the source', new Promise(() => {}))
    await expect(never).rejects.toMatchObject({
      code: 'credential_unavailable',
      message: 'the source did not answer within 0.02 s',
    })
    expect(await within(1_000, 'the source', Promise.resolve(1))).toBe(1)
    await expect(within(1_000, 'the source', Promise.reject(new TypeError('no')))).rejects.toThrow('no')
  })

  test('that was dropped while it was read is not held', async () => {
    const counter = counted()
    const leasing = leaseOf({ token: { env: 'TOKEN' } }, counter.environment)
    const first = leasing.get()
    leasing.drop('refused')
    const second = leasing.get()
    expect(await second).not.toBe(await first)
    expect(await leasing.get()).toBe(await second)
    expect(counter.reads).toBe(2)
  })

  test('that failed is tried again, and all who asked at the same time hear of the failure', async () => {
    const leasing = leaseOf({ token: { file: '~/key' } })
    const outcomes = await Promise.allSettled([leasing.get(), leasing.get()])
    expect(outcomes).toMatchObject([
      { status: 'rejected', reason: { code: 'credential_unavailable' } },
      { status: 'rejected', reason: { code: 'credential_unavailable' } },
    ])
    await put(secret)
    expect((await leasing.get()).fingerprint).toBe(fingerprintOf(fingerprintKey, secret))
  })
})

describe('a value is refused, in words that do not contain it', () => {
  test.each([
    ['seven characters', 'abcdefg', 'is shorter than 8 characters'],
    ['a line break', 'tok_01234\n56789', 'contains a line break (U+000A)'],
    ['a carriage return and more', 'tok_01234\r\nx-evil: 1', 'contains a carriage return (U+000D)'],
    ['a tab', 'tok_01234\t56789', 'contains a tab (U+0009)'],
    ['an escape', 'tok_01234\x1b[D', 'contains a control character (U+001B)'],
    ['a DEL', 'tok_01234\x7f', 'contains a control character (U+007F)'],
    ['a C1 control', 'tok_01234\x85', 'contains a control character (U+0085)'],
    ['a space at its end', 'tok_0123456 ', 'begins or ends with a space'],
    ['a space before it', ' tok_0123456', 'begins or ends with a space'],
    ['an umlaut', 'tök_0123456', 'contains a character that is not ASCII'],
  ])('%s', async (_, value, reason) => {
    const refused = await leaseOf({ token: { env: 'TOKEN' } }, { TOKEN: value })
      .get()
      .catch((error: Error) => error)
    expect(refused).toMatchObject({ code: 'credential_unavailable' })
    expect((refused as Error).message).toContain(`the value of github ${reason}`)
    expect((refused as Error).message).not.toContain(value)
  })

  test.each(['12345678', '1|abcdefghij', 'a.b-c_d~e+f/g==', 'with a space inside', '!"#$%&\'()*,:;<=>?@[\\]^`{}'])(
    '%s is none of these',
    async value => {
      const lease = await leaseOf({ token: { env: 'TOKEN' } }, { TOKEN: value }).get()
      expect(tokenOf(lease).value).toBe(value)
    },
  )
})

describe('a fingerprint', () => {
  test('is 12 hex digits, the same for the same value and key, and else another', () => {
    const fingerprint = fingerprintOf(fingerprintKey, secret)
    expect(fingerprint).toMatch(/^[0-9a-f]{12}$/)
    expect(fingerprintOf(fingerprintKey, secret)).toBe(fingerprint)
    expect(fingerprintOf(fingerprintKey, `${secret}x`)).not.toBe(fingerprint)
    expect(fingerprintOf(Buffer.from('another key'), secret)).not.toBe(fingerprint)
  })

  test('is the HMAC-SHA256 of the value (RFC 4231, test case 2)', () => {
    expect(fingerprintOf(Buffer.from('Jefe'), 'what do ya want for nothing?')).toBe('5bdcc146bf60')
  })
})

test.each(['', 'two words', 'Bearer:', 'Bearer\n', 'schéma'])('%j is not a scheme', scheme => {
  expect(BearerCredential.safeParse({ type: 'bearer', token: { env: 'TOKEN' }, scheme }).success).toBe(false)
})
