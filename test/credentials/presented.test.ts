import { generateKeyPairSync } from 'node:crypto'
import { inspect } from 'node:util'
import { afterAll, describe, expect, test } from 'vitest'
import { fingerprintOf } from '../../src/credentials/fingerprint.ts'
import { sameSecrets } from '../../src/credentials/same-secrets.ts'
import { createAuthority } from '../support/certificates.ts'
import { fingerprintKey, leasingOf, redactedBy, rsaKey } from './reading.ts'

const environment = { NAME: 'acct_0123456789', PASS: 'correct horse', SHORT: 'admin', KEY: 'key_0123456789' }
const [name, password] = [{ env: 'NAME' }, { env: 'PASS' }]

describe('a name and a password', () => {
  test.each([
    ['a name as text', 'ann', password, 'ann:correct horse', ['ann:correct horse', 'correct horse'], 'PASS'],
    ['no name', '', password, ':correct horse', [':correct horse', 'correct horse'], 'PASS'],
    ['no password', name, { value: '' }, 'acct_0123456789:', ['acct_0123456789:', 'acct_0123456789'], 'NAME'],
    [
      'two secrets',
      name,
      password,
      'acct_0123456789:correct horse',
      ['acct_0123456789:correct horse', 'acct_0123456789', 'correct horse'],
      'PASS',
    ],
  ] as const)('%s', async (_, username, pass, pair, redacted, stored) => {
    const lease = await leasingOf({ type: 'basic', username, password: pass }, environment).get()
    const { credential } = lease
    expect(credential.type === 'basic' && credential.userAndPassword.use(value => value)).toBe(pair)
    const sent = Buffer.from(pair).toString('base64').replace(/=+$/, '')
    expect(redactedBy(lease)).toEqual([pair, sent, ...redacted.slice(1)])
    expect(lease.fingerprint).toBe(fingerprintOf(fingerprintKey, environment[stored]))
    expect(inspect(lease, { depth: null, showHidden: true }) + JSON.stringify(lease)).not.toContain(environment[stored])
  })

  test.each([
    ['a short password', 'ann', 'abcdefg', 'the password of shop is shorter than 8'],
    ['a password of two lines', 'ann', 'correct\nhorse', 'the password of shop contains a line break'],
    ['a short secret name', { env: 'SHORT' }, 'correct horse', 'a username that is no secret is written'],
    ['a secret name with a colon', { env: 'COLON' }, 'correct horse', "the username of shop contains a ':'"],
  ])('%s is refused', async (_, username, pass, reason) => {
    const all = { ...environment, PASS: pass, COLON: 'acct:0123456789' }
    const refused = await leasingOf({ type: 'basic', username, password }, all)
      .get()
      .catch((error: Error) => error)
    expect(refused).toMatchObject({ code: 'credential_unavailable', message: expect.stringContaining(reason) })
    expect((refused as Error).message).not.toContain(pass)
  })
})

describe('a key in a place of its own', () => {
  test.each([
    [{ in: 'header', name: 'X-Api-Key' }, { in: 'header', name: 'x-api-key' }, 'key_0123456789'],
    [
      { in: 'header', name: 'Authorization', prefix: 'Token token=' },
      { in: 'header', name: 'authorization' },
      'Token token=key_0123456789',
    ],
    [{ in: 'query', name: 'apiKey' }, { in: 'query', name: 'apiKey' }, 'key_0123456789'],
  ])('%j', async (written, sent, value) => {
    const lease = await leasingOf({ type: 'api_key', value: { env: 'KEY' }, ...written }, environment).get()
    const { credential } = lease
    expect(credential).toMatchObject({ type: 'api_key', ...sent })
    expect(credential.type === 'api_key' && credential.value.use(text => text)).toBe(value)
    expect(redactedBy(lease)).toEqual(['key_0123456789'])
    expect(lease.fingerprint).toBe(fingerprintOf(fingerprintKey, 'key_0123456789'))
  })

  test('several keys, each in its header', async () => {
    const headers = { 'DD-Api-Key': { env: 'KEY' }, 'DD-Application-Key': { env: 'PASS' } }
    const lease = await leasingOf({ type: 'api_key', headers }, environment).get()
    const { credential } = lease
    if (credential.type !== 'headers') throw new Error(`became ${credential.type}`)
    const sent = Object.entries(credential.headers).map(([header, value]) => [header, value.use(text => text)])
    expect(sent).toEqual([
      ['dd-api-key', environment.KEY],
      ['dd-application-key', environment.PASS],
    ])
    expect(redactedBy(lease)).toEqual([environment.KEY, environment.PASS])
    expect(inspect(lease, { depth: null, showHidden: true }) + JSON.stringify(lease)).not.toContain(environment.KEY)
  })

  test.each(['abcdefg', 'key_0123\r\nx-evil: 1', 'kéy_0123456', ' key_0123456'])('%j is refused', async value => {
    const leasing = leasingOf({ type: 'api_key', in: 'header', name: 'x-key', value: { env: 'KEY' } }, { KEY: value })
    await expect(leasing.get()).rejects.toMatchObject({ code: 'credential_unavailable' })
  })
})

describe('a client certificate', () => {
  const authority = createAuthority()
  afterAll(() => authority.remove())
  const ann = authority.issue('ann', { alt: 'DNS:ann.test', for: 'client' })
  const bob = authority.issue('bob', { alt: 'DNS:bob.test', for: 'client' })
  const written = { type: 'mtls', certificate: { env: 'CERT' }, private_key: { env: 'KEY' } }
  const leaseOf = (CERT: string, KEY: string) => leasingOf(written, { CERT, KEY }).get()

  test('is presented with the certificates that follow it', async () => {
    const chain = ann.certificate + authority.ca.certificate
    const lease = await leaseOf(chain, ann.privateKey)
    expect(lease.credential).toMatchObject({ type: 'mtls', certificate: chain })
    expect(redactedBy(lease)).toEqual([ann.privateKey.trim()])
    expect(lease.fingerprint).toBe(fingerprintOf(fingerprintKey, ann.privateKey))
    expect(sameSecrets(lease, await leaseOf(chain, ann.privateKey))).toBe(true)
    // A certificate that was renewed for the same key has to be presented anew.
    expect(sameSecrets(lease, await leaseOf(ann.certificate, ann.privateKey))).toBe(false)
    expect(sameSecrets(lease, await leaseOf(bob.certificate, bob.privateKey))).toBe(false)
  })

  test('is taken alone from a file that holds the key too', async () => {
    const both = ann.privateKey + ann.certificate
    const { credential } = await leaseOf(both, both)
    expect(credential).toMatchObject({ certificate: ann.certificate })
    expect(JSON.stringify(credential)).not.toContain('PRIVATE KEY')
  })

  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const encrypted = (type: 'pkcs8' | 'sec1') =>
    privateKey.export({ type, format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }) as string
  const damaged = (pem: string) => pem.replace(/\n(.{20}).{4}/, '\n$1****')
  test.each([
    ['of somebody else', ann.certificate, bob.privateKey, 'do not belong together'],
    ['with an encrypted key', ann.certificate, encrypted('pkcs8'), 'is encrypted with a passphrase'],
    ['with a key encrypted in the old way', ann.certificate, encrypted('sec1'), 'is encrypted with a passphrase'],
    ['with no key', ann.certificate, ann.certificate, 'the private key of shop is not a private key in PEM form'],
    ['with two keys', ann.certificate, ann.privateKey + bob.privateKey, 'holds more than one private key'],
    ['with a damaged key', ann.certificate, damaged(ann.privateKey), 'is not a private key that can be read'],
    ['with a key on one line', ann.certificate, ann.privateKey.replaceAll('\n', '\\n'), 'has \\n written out'],
    [
      'with a key of OpenSSH',
      ann.certificate,
      ann.privateKey.replaceAll('PRIVATE KEY', 'OPENSSH PRIVATE KEY'),
      'is in the form of OpenSSH',
    ],
    ['that is a key', ann.privateKey, ann.privateKey, 'the certificate of shop is not a certificate in PEM form'],
    ['that is damaged', damaged(ann.certificate), ann.privateKey, 'holds a certificate that cannot be read'],
  ])('%s is refused', async (_, certificate, key, reason) => {
    const refused = await leaseOf(certificate, key).catch((error: Error) => error)
    expect(refused).toMatchObject({ code: 'credential_unavailable', message: expect.stringContaining(reason) })
    expect(inspect(refused, { depth: null })).not.toContain(key.slice(60, 80))
  })
})

test('secrets of different types are never the same', async () => {
  const bearer = await leasingOf({ type: 'bearer', token: { env: 'KEY' } }, environment).get()
  const key = await leasingOf({ type: 'api_key', in: 'query', name: 'k', value: { env: 'KEY' } }, environment).get()
  expect(sameSecrets(bearer, key)).toBe(false)
  expect(sameSecrets(key, key)).toBe(true)
})

test.each([
  ['too small', rsaKey(1024).pem],
  ['of another kind', generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string],
  ['a token', 'ghp_0123456789abcdef'],
])('the key of an app that is %s is refused before anything is sent', async (_, pem) => {
  const written = { type: 'github_app', app_id: '1', installation_id: '2', private_key: { env: 'KEY' } }
  const refused = await leasingOf({ ...written, api_url: 'http://127.0.0.1:1' }, { KEY: pem })
    .get()
    .catch((error: Error) => error)
  expect(refused).toMatchObject({ code: 'credential_unavailable', message: expect.stringContaining('the private key') })
  expect((refused as Error).message).not.toContain(pem.slice(40, 60) || pem)
})
