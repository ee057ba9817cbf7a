import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createHmac, verify } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { Credential, presentedBy } from '../../src/credentials/credential.ts'
import { leasingOf, rsaKey } from './reading.ts'
import { signedWith, spellingsOf } from './signing.ts'

const env = (name: string) => ({ env: name })
const at = Date.parse('2026-01-02T03:04:05.678Z')
const clock = () => at
const seconds = Math.floor(at / 1_000)
const shared = 'sh4red-s3cret/R4nd0m+value-that-is-long-enough'
const pemOf = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }) as string
const curve = (namedCurve: string) => pemOf(generateKeyPairSync('ec', { namedCurve }).privateKey)
const keys = {
  rsa: rsaKey().pem,
  p256: curve('P-256'),
  p384: curve('P-384'),
  ed25519: pemOf(generateKeyPairSync('ed25519').privateKey),
  shared,
}
const written = { type: 'jwt', key: env('KEY'), algorithm: 'ES256' }

/** Checks a signature as RFC 7518 says, with nothing of ours. */
function isSigned(token: string, algorithm: string, key: string): boolean {
  const [header, payload, signature = ''] = token.split('.')
  const message = Buffer.from(`${header}.${payload}`)
  const bytes = Buffer.from(signature, 'base64url')
  const hash = `sha${algorithm.slice(2)}`
  if (algorithm.startsWith('HS')) return createHmac(hash, key).update(message).digest().equals(bytes)
  const publicKey = createPublicKey(key)
  if (algorithm === 'EdDSA') return verify(null, message, publicKey, bytes)
  if (algorithm.startsWith('ES')) return verify(hash, message, { key: publicKey, dsaEncoding: 'ieee-p1363' }, bytes)
  return verify(
    hash,
    message,
    { key: publicKey, ...(algorithm === 'PS256' ? { padding: 6, saltLength: 32 } : {}) },
    bytes,
  )
}

const part = (token: string, index: number) =>
  JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString()) as Record<string, unknown>

describe('a token is made for every request', () => {
  test.each([
    ['RS256', keys.rsa],
    ['PS256', keys.rsa],
    ['ES256', keys.p256],
    ['ES384', keys.p384],
    ['EdDSA', keys.ed25519],
    ['HS256', keys.shared],
    ['HS384', keys.shared],
    ['HS512', keys.shared],
  ])('%s', async (algorithm, key) => {
    const { headers, derived, redacted } = await signedWith({ ...written, algorithm }, { KEY: key }, {}, { clock })
    const token = (headers['authorization'] ?? '').replace(/^Bearer /, '')
    expect(headers).toEqual({ authorization: `Bearer ${token}` })
    expect(isSigned(token, algorithm, key)).toBe(true)
    expect(isSigned(token.replace(/^./, 'f'), algorithm, key)).toBe(false)
    expect(part(token, 0)).toEqual({ alg: algorithm, typ: 'JWT' })
    expect(part(token, 1)).toEqual({ iat: seconds, exp: seconds + 60, jti: expect.stringMatching(/^[0-9a-f-]{36}$/) })
    const spellings = spellingsOf(Buffer.from(token.split('.')[2] ?? '', 'base64url')).map(text =>
      text.replace(/=+$/, ''),
    )
    expect(derived).toContain(token.split('.')[2])
    expect(derived).toEqual([...new Set(spellings)])
    expect(redacted.map(value => value.trim())).toEqual([key.trim()])
  })

  test('with everything that can be said in it', async () => {
    const said = {
      key_id: 'key-1',
      issuer: 'keyhold',
      subject: 'agent',
      audience: ['https://api.example', 'b'],
      lifetime: '5m',
      claims: { scope: 'read', nested: { a: [1, null, true] } },
      header: 'X-Assertion',
    }
    const { headers } = await signedWith({ ...written, ...said }, { KEY: keys.p256 }, {}, { clock })
    const token = headers['x-assertion'] ?? ''
    expect(isSigned(token, 'ES256', keys.p256)).toBe(true)
    expect(part(token, 0)).toEqual({ alg: 'ES256', typ: 'JWT', kid: 'key-1' })
    expect(part(token, 1)).toEqual({
      iss: 'keyhold',
      sub: 'agent',
      aud: ['https://api.example', 'b'],
      iat: seconds,
      exp: seconds + 300,
      jti: expect.any(String),
      scope: 'read',
      nested: { a: [1, null, true] },
    })
  })

  test('with a scheme of its own, or none', async () => {
    const of = async (more: object) => (await signedWith({ ...written, ...more }, { KEY: keys.p256 })).headers
    expect(await of({ scheme: 'JWT' })).toEqual({ authorization: expect.stringMatching(/^JWT ey/) })
    expect(await of({ header: 'x-token', scheme: 'JWT' })).toEqual({ 'x-token': expect.stringMatching(/^JWT ey/) })
    expect(await of({ header: 'x-token' })).toEqual({ 'x-token': expect.stringMatching(/^ey/) })
  })

  test('a secret in hex signs as its bytes, and is redacted in every spelling', async () => {
    const hex = Buffer.from(shared).toString('hex')
    const { headers, redacted } = await signedWith(
      { ...written, algorithm: 'HS256', key_encoding: 'hex' },
      { KEY: hex },
    )
    expect(isSigned((headers['authorization'] ?? '').slice(7), 'HS256', shared)).toBe(true)
    const base64 = Buffer.from(shared).toString('base64').replace(/=+$/, '')
    expect(redacted).toEqual([hex, hex.toUpperCase(), base64])
  })

  test('no two tokens have one jti', async () => {
    const ids = new Set<unknown>()
    for (let index = 0; index < 50; index++) {
      const { headers } = await signedWith({ ...written, algorithm: 'HS256' }, { KEY: shared })
      ids.add(part(headers['authorization'] ?? '', 1)['jti'])
    }
    expect(ids.size).toBe(50)
  })
})

describe('a credential in the configuration', () => {
  test('says which header it fills, and is the same when a worker parses it again', () => {
    const credential = Credential.parse({ ...written, header: 'X-Assertion', lifetime: '1h' })
    expect(presentedBy(credential)).toEqual({ headers: ['x-assertion'], query: [] })
    expect(presentedBy(Credential.parse(written))).toEqual({ headers: ['authorization'], query: [] })
    expect(Credential.parse(JSON.parse(JSON.stringify(credential)))).toEqual(credential)
  })

  test.each<[string, object, string, string]>([
    ['a literal key', { key: shared }, 'key', 'a literal secret'],
    ['no signature at all', { algorithm: 'none' }, 'algorithm', 'Invalid option'],
    ['a long life', { lifetime: '61m' }, 'lifetime', 'from 1s to 1h'],
    ['no life', { lifetime: '500ms' }, 'lifetime', 'from 1s to 1h'],
    ['a life that is no duration', { lifetime: 'forever' }, 'lifetime', 'from 1s to 1h'],
    ['a header that steers', { header: 'host' }, 'header', 'steers the request'],
    ['a header with a line break', { header: 'a\r\nb' }, 'header', 'a header is named with'],
    ['a scheme of two words', { scheme: 'a b' }, 'scheme', 'a scheme is one word'],
    ['a private key in hex', { key_encoding: 'hex' }, 'key_encoding', 'a private key is PEM'],
    ['an issuer with a line break', { issuer: 'a\nb' }, 'issuer', 'without control characters'],
    ['no audience', { audience: [] }, 'audience', 'Too small'],
    ...['iss', 'sub', 'aud', 'exp', 'iat', 'nbf', 'jti'].map((claim): [string, object, string, string] => [
      `the claim ${claim}`,
      { claims: { [claim]: 'x' } },
      'claims',
      `"${claim}"`,
    ]),
  ])('%s is refused', (_, more, key, reason) => {
    const { error } = Credential.safeParse({ ...written, ...more })
    expect(error?.issues.map(issue => issue.path[0])).toEqual([key])
    expect(JSON.stringify(error?.issues)).toContain(reason)
    expect(JSON.stringify(error?.issues)).not.toContain(shared)
  })

  test.each([
    ['a key of another curve', 'ES256', keys.p384, 'cannot sign with ES256'],
    ['a key of another kind', 'RS256', keys.ed25519, 'cannot sign with RS256'],
    ['a short RSA key', 'RS256', rsaKey(1024).pem, 'fewer than 2048 bits'],
    ['a secret where a key belongs', 'RS256', shared, 'is not a private key in PEM form'],
    ['a short secret', 'HS256', 'short', 'is shorter than 8'],
    ['a private key where a secret belongs', 'HS256', keys.rsa, 'contains a line break'],
  ])('%s: not leased, and the record says why', async (_, algorithm, key, detail) => {
    await expect(leasingOf({ ...written, algorithm }, { KEY: key }).get()).rejects.toMatchObject({
      code: 'credential_unavailable',
      message: expect.stringContaining(detail),
    })
  })
})
