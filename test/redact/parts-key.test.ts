import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createRedactor } from '../../src/redact/redactor.ts'
import { Secret } from '../../src/secret.ts'
import { randomBytesOf } from './random-values.ts'
import { label, redactorOf, seeded } from './samples.ts'

const random = seeded(11)

const keys = {
  'an RSA key (PKCS #8)': generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  }),
  'an RSA key (PKCS #1)': generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
    type: 'pkcs1',
    format: 'pem',
  }),
  'a P-256 key (SEC 1)': generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    type: 'sec1',
    format: 'pem',
  }),
  'a P-384 key (PKCS #8)': generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  }),
  'an Ed25519 key': generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }),
} as Record<string, string>

function bodyOf(pem: string): string {
  return pem.replaceAll(/-----[^-]+-----|\s/g, '')
}

/** The bytes of a key's secret integers, and of what the public key has as well. */
function integersOf(pem: string) {
  const jwk = new Map(Object.entries(createPublicKey(pem).export({ format: 'jwk' })))
  const publicOnes = [...jwk]
    .filter(([name]) => /^[nxye]$/.test(name))
    .map(([, value]) => Buffer.from(String(value), 'base64url'))
  return { publicOnes, spki: createPublicKey(pem).export({ type: 'spki', format: 'der' }) }
}

describe.each(Object.entries(keys))('%s', (_, pem) => {
  const body = bodyOf(pem)
  const redactor = redactorOf(pem)
  const { publicOnes, spki } = integersOf(pem)

  test('gives nothing away to who has the public key: no echo of that, nor of the armour, is redacted', () => {
    const texts = [spki, ...publicOnes].flatMap(bytes => [
      bytes.toString('hex'),
      bytes.toString('hex').toUpperCase(),
      ...[0, 1, 2].map(offset => Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')),
      ...[0, 1, 2].map(offset => Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64url')),
    ])
    const armour = pem.match(/-----[^-]+-----/g) ?? []
    for (const text of [...texts, ...armour, ...armour.map(line => Buffer.from(line).toString('base64'))]) {
      expect(redactor.text(`"${text}"`)).toBe(`"${text}"`)
    }
  })

  test('gives nothing away at its beginning, where the structure of all such keys is', () => {
    const d = Buffer.from(createPrivateKey(pem).export({ format: 'jwk' }).d ?? '', 'base64url')
    const head = Math.ceil((Buffer.from(body, 'base64').indexOf(d) * 8) / 6)
    expect(head).toBeGreaterThan(5)
    const start = body.slice(0, head + 11)
    for (let at = 0; at + 12 <= start.length; at += 1) {
      const part = start.slice(at, at + 12)
      expect(redactor.text(part)).toBe(part)
    }
  })

  test('has parts that are found: in its lines, joined, in JSON, in hexadecimal digits and packed once more', () => {
    const found = Array.from(
      { length: body.length - 19 },
      (_at, at) => redactor.text(body.slice(at, at + 20)) === label,
    )
    const places = found.flatMap((isFound, at) => (isFound ? [at] : []))
    expect(places.length).toBeGreaterThan(body.length > 1_000 ? body.length / 2 : 18)
    const middle = places[Math.floor(places.length / 2)] ?? 0
    const part = body.slice(middle, middle + 20)
    const spot = pem.replaceAll('\n', '').indexOf(part)
    expect(spot).toBeGreaterThan(0)
    const bytes = Buffer.from(body, 'base64').subarray(Math.ceil((middle * 6) / 8), Math.floor(((middle + 20) * 6) / 8))
    expect(redactor.text(`"${bytes.toString('hex')}"`)).toBe(`"${label}"`)
    expect(redactor.bytes(Buffer.from(`x ${part} y`))).toBeNull()
  })
})

describe('an RSA key', () => {
  const pem = keys['an RSA key (PKCS #1)'] ?? ''
  const body = bodyOf(pem)
  const redactor = redactorOf(pem)

  test('is found in each whole line of its second half, as it stands, in JSON and with other line breaks', () => {
    const lines = pem.trim().split('\n').slice(1, -1)
    for (const line of lines.slice(-10, -1)) {
      expect(redactor.text(`key ${line} end`)).toContain(label)
      expect(redactor.text(`key ${line} end`).length).toBeLessThan(70)
    }
    const tail = lines.slice(-9, -5)
    for (const lineBreak of ['\n', '\\n', '', '\r\n']) {
      const shown = redactor.text(tail.join(lineBreak))
      for (let at = 0; at + 12 < 64; at += 1) expect(shown).not.toContain(tail[1]?.slice(at, at + 12))
    }
    expect(redactor.text(body.slice(-400, -336))).toContain(label)
  })

  test('is found in parts of the base64 that a Kubernetes secret has of it', () => {
    const packed = Buffer.from(pem).toString('base64')
    const shown = redactor.text(packed.slice(-500, -350))
    expect(shown).toContain(label)
    expect(shown.length).toBeLessThan(100)
  })

  test('shows the upper half of its private exponent, which the public key gives away', () => {
    const d = Buffer.from(createPrivateKey(pem).export({ format: 'jwk' }).d ?? '', 'base64url')
    const upper = d.subarray(0, d.length / 2)
    for (const text of [
      upper.toString('hex'),
      upper.toString('base64'),
      Buffer.concat([Buffer.alloc(1), upper]).toString('base64'),
    ]) {
      expect(redactor.text(text)).toBe(text)
    }
    expect(redactor.text(d.subarray(d.length / 2).toString('hex'))).toContain(label)
  })

  test('within a document that holds more is found in parts as well, and the document is not', () => {
    const file = JSON.stringify({
      type: 'service_account',
      project_id: 'acme-4711',
      private_key: pem,
      client_id: '1234567890123456',
    })
    const account = createRedactor([new Secret('github', file)])
    expect(account.text(body.slice(-400, -336))).toContain(label)
    expect(account.text('"project_id":"acme-4711"')).toBe('"project_id":"acme-4711"')
  })

  test('without its armour is found in parts as well', () => {
    const bare = redactorOf(body)
    expect(bare.text(body.slice(-400, -336))).toContain(label)
    expect(bare.text(body.slice(0, 60))).toBe(body.slice(0, 60))
  })
})

test('of a key of OpenSSH, and of what cannot be read, no parts are looked for', () => {
  const bytes = Buffer.concat([Buffer.from('openssh-key-v1\0'), randomBytesOf(300, random)])
  const pem = `-----BEGIN OPENSSH PRIVATE KEY-----\n${bytes.toString('base64')}\n-----END OPENSSH PRIVATE KEY-----\n`
  for (const value of [pem, bodyOf(pem), pem.replaceAll('OPENSSH ', ''), pem.replaceAll('OPENSSH', 'ENCRYPTED')]) {
    const redactor = redactorOf(value)
    expect(redactor.text(bodyOf(pem).slice(0, 200))).toBe(bodyOf(pem).slice(0, 200))
    expect(redactor.text(value.trim())).toBe(label)
  }
})
