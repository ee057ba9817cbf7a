import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Credential, presentedBy } from '../../src/credentials/credential.ts'
import { leasingOf, redactedBy } from './reading.ts'
import { createSshKeys, sshKeyForms, type SshKeys } from './ssh-keys.ts'

const written = { type: 'ssh_key', private_key: { env: 'KEY' } }
const passphrase = 'correct horse battery'
let keys: SshKeys
beforeAll(() => {
  keys = createSshKeys()
})
afterAll(() => keys.remove())

async function read(value: string) {
  const lease = await leasingOf(written, { KEY: value }).get()
  const { credential } = lease
  if (credential.type !== 'ssh_key') throw new Error(`leased as ${credential.type}`)
  return { privateKey: credential.privateKey.use(text => text), redacted: redactedBy(lease) }
}

const detailOf = (value: string) =>
  read(value).then(
    () => 'it was read',
    (error: unknown) => (error as Error).message,
  )

describe('a key', () => {
  test.each(sshKeyForms)('%s: is leased as it was written, and redacted', async (_, options) => {
    const { privateKey } = keys.make(options)
    expect(await read(privateKey)).toEqual({ privateKey, redacted: [privateKey.trim()] })
  })

  test('text around it, other line breaks and none at the end change nothing', async () => {
    const { privateKey } = keys.make({ type: 'ed25519' })
    const around = `# the key of the robot\r\n${privateKey.trim().replaceAll('\n', '\r\n')}`
    expect((await read(around)).privateKey).toBe(privateKey)
  })

  test('fills nothing of a request, and has a source', () => {
    expect(presentedBy(Credential.parse(written))).toEqual({ headers: [], query: [] })
    expect(Credential.safeParse({ ...written, private_key: 'AAAAB3NzaC1yc2EAAAA' }).success).toBe(false)
  })
})

describe('what is refused, in words without the key', () => {
  const cases: [string, () => string, string][] = [
    ['an encrypted key', () => keys.make({ type: 'ed25519', passphrase }).privateKey, 'is encrypted with a passphrase'],
    ['an encrypted RSA key', () => keys.make({ type: 'rsa', passphrase }).privateKey, 'is encrypted with a passphrase'],
    [
      'an encrypted key in PEM',
      () => keys.make({ type: 'rsa', format: 'PEM', passphrase }).privateKey,
      'is encrypted with a passphrase',
    ],
    [
      'an encrypted key in PKCS #8',
      () => keys.make({ type: 'rsa', format: 'PKCS8', passphrase }).privateKey,
      'is encrypted with a passphrase',
    ],
    ['two keys', () => keys.make({ type: 'ed25519' }).privateKey.repeat(2), 'holds more than one private key'],
    ['the public key', () => keys.make({ type: 'ed25519' }).publicKey, 'is not a private key in PEM form'],
    ['no end', () => keys.make({ type: 'rsa' }).privateKey.slice(0, 900), 'damaged'],
    ['text', () => 'a text of some length', 'is not a private key in PEM form'],
    [
      'Ed25519 in PEM, which ssh does not read',
      () => generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
      'is a key in PEM that ssh does not read',
    ],
  ]
  test.each(cases)('%s', async (_, make, detail) => {
    const value = make()
    const said = await detailOf(value)
    expect(said).toContain(`the private key of shop ${detail}`.replace('shop damaged', 'shop'))
    expect(said).toContain(detail)
    for (const line of value.split('\n').filter(each => each.length > 20)) expect(said).not.toContain(line)
  })

  test('a key that was damaged anywhere but in its numbers', async () => {
    const { privateKey } = keys.make({ type: 'ed25519' })
    const [begin = '', ...lines] = privateKey.trim().split('\n')
    const end = lines.pop() ?? ''
    const bytes = Buffer.from(lines.join(''), 'base64')
    const wrapped = (changed: Buffer) => `${begin}\n${changed.toString('base64')}\n${end}\n`
    expect(await detailOf(wrapped(bytes))).toBe('it was read')
    for (const length of [0, 1, 14, 15, 16, 40, 98, bytes.length - 40, bytes.length - 1])
      expect(await detailOf(wrapped(bytes.subarray(0, length))), `${length} bytes`).not.toBe('it was read')
    for (const index of [0, 14, 18, 22, 26, 30, 31, 34, 42, 60, 90, bytes.length - 1]) {
      const changed = Buffer.from(bytes)
      changed[index] = (changed[index] ?? 0) ^ 0x5a
      expect(await detailOf(wrapped(changed)), `byte ${index}`).not.toBe('it was read')
    }
  })

  test('lengths that a hostile file makes up end in a refusal, quickly', async () => {
    const magic = Buffer.from('openssh-key-v1\0')
    for (const length of [0, 4, 0x7fffffff, 0xffffffff]) {
      const made = Buffer.alloc(64)
      made.writeUInt32BE(length)
      const text = Buffer.concat([magic, made]).toString('base64')
      const value = `-----BEGIN OPENSSH PRIVATE KEY-----\n${text}\n-----END OPENSSH PRIVATE KEY-----\n`
      expect(await detailOf(value)).not.toBe('it was read')
    }
  })
})
