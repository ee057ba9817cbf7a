import { describe, expect, test } from 'vitest'
import { sameSecrets } from '../../src/credentials/same-secrets.ts'
import { Secret } from '../../src/secret.ts'
import { createLeases } from '../../src/workers/leases.ts'
import { Redaction } from '../../src/workers/redaction.ts'
import { leasingOf } from '../credentials/reading.ts'

/** Leases of a token and of a proxy's password, both variables that can be changed. */
function held(names: { readonly own?: boolean; readonly proxy?: boolean } = {}) {
  const environment: Record<string, string> = { TOKEN: 'first-token-0123', PASSWORD: 'first-password-0123' }
  const leased: (readonly [string | null, string])[] = []
  const redaction = new Redaction(() => {})
  const token = leasingOf({ type: 'bearer', token: { env: 'TOKEN' } }, environment)
  const proxy = leasingOf({ type: 'basic', username: 'squid', password: { env: 'PASSWORD' } }, environment)
  const leases = createLeases(names.own === false ? null : token, names.proxy === false ? {} : { proxy }, {
    leased: (role, lease) => leased.push([role, lease.fingerprint]),
    redact: secrets => redaction.lease(secrets),
  })
  return { environment, leased, leases, redaction }
}

const roles = (leased: readonly (readonly [string | null, string])[]) => leased.map(([role]) => role)

describe('the credentials of a tool, held together', () => {
  test("are the tool's own, and the others by what they are for", async () => {
    const { leases, leased } = held()
    const { credential, others, generation, fingerprint } = await leases.get()
    expect(credential).toMatchObject({ type: 'bearer' })
    expect(credential?.type === 'bearer' && credential.token.use(value => value)).toBe('first-token-0123')
    expect(Object.keys(others)).toEqual(['proxy'])
    expect(others['proxy']).toMatchObject({ type: 'basic' })
    expect(generation).toBe(1)
    expect(leased).toEqual([
      [null, fingerprint],
      ['proxy', expect.stringMatching(/^[0-9a-f]{12}$/)],
    ])
  })

  test('are one object as long as nothing was read again, also for calls at the same time', async () => {
    const { leases, leased } = held()
    const [first, second] = await Promise.all([leases.get(), leases.get()])
    expect(second).toBe(first)
    expect(await leases.get()).toBe(first)
    expect(leased).toHaveLength(2)
  })

  test('may be none at all', async () => {
    const { leases, leased, redaction } = held({ own: false, proxy: false })
    const nothing = await leases.get()
    expect(nothing).toMatchObject({ credential: null, fingerprint: null, others: {} })
    expect(redaction.current.text('anything')).toBe('anything')
    expect(leased).toEqual([])
  })

  test('may be others only', async () => {
    const { leases, leased, redaction } = held({ own: false })
    const { credential, fingerprint, others } = await leases.get()
    expect([credential, fingerprint]).toEqual([null, null])
    expect(others['proxy']?.type).toBe('basic')
    expect(roles(leased)).toEqual(['proxy'])
    expect(redaction.current.text('a first-password-0123 b')).not.toContain('first-password-0123')
  })

  test('are all redacted, whichever of them is presented', async () => {
    const { leases, redaction } = held()
    await leases.get()
    const basic = Buffer.from('squid:first-password-0123').toString('base64')
    for (const value of ['first-token-0123', 'first-password-0123', basic])
      expect(redaction.current.text(`a ${value} b`)).not.toContain(value)
  })
})

describe('after letting go', () => {
  test('the same values are the same credentials, and the reading is told', async () => {
    const { leases, leased } = held()
    const before = await leases.get()
    leases.drop('refused')
    expect(await leases.get()).toBe(before)
    expect(roles(leased)).toEqual([null, 'proxy', null, 'proxy'])
  })

  test.each([
    ['TOKEN', 'second-token-0123'],
    ['PASSWORD', 'second-password-0123'],
  ])('another %s is another generation, and old and new are redacted', async (variable, value) => {
    const { environment, leases, redaction } = held()
    const before = await leases.get()
    const old = environment[variable] ?? ''
    environment[variable] = value
    expect(await leases.get()).toBe(before)
    leases.drop('refused')
    const after = await leases.get()
    expect(after.generation).toBe(2)
    // Connections are made with the others: they stay as long as those do.
    expect(after.others === before.others).toBe(variable === 'TOKEN')
    for (const secret of [old, value]) expect(redaction.current.text(`a ${secret} b`)).not.toContain(secret)
    expect(await leases.get()).toBe(after)
  })

  test('what cannot be read is refused, and held again once it can', async () => {
    const { environment, leases } = held()
    const before = await leases.get()
    leases.drop('refused')
    delete environment['TOKEN']
    await expect(leases.get()).rejects.toMatchObject({ code: 'credential_unavailable' })
    environment['TOKEN'] = 'first-token-0123'
    expect((await leases.get()).generation).toBe(before.generation)
  })
})

describe('two leases present the same', () => {
  const mtls = (certificate: string, key: string) => ({
    credential: { type: 'mtls', certificate, privateKey: new Secret('partner', key) } as const,
  })

  test.each([
    ['certificate and key are', mtls('a', 'k'), mtls('a', 'k'), true],
    ['the key is another', mtls('a', 'k'), mtls('a', 'l'), false],
    ['the certificate was renewed for the same key', mtls('a', 'k'), mtls('b', 'k'), false],
  ])('%s', (_what, left, right, same) => {
    expect(sameSecrets(left, right)).toBe(same)
  })
})
