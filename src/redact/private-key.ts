import { createPrivateKey, type KeyObject } from 'node:crypto'
import type { SecretParts } from './part-strings.ts'

const armour = /-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----\s*([A-Za-z0-9+/=\s]+?)\s*-----END \1-----/g

const types: Readonly<Record<string, 'pkcs1' | 'pkcs8' | 'sec1'>> = {
  'PRIVATE KEY': 'pkcs8',
  'RSA PRIVATE KEY': 'pkcs1',
  'EC PRIVATE KEY': 'sec1',
}

/** How line breaks are written between the lines of a key that is given back: not at all, as they are, or as JSON has them. */
const lineBreaks = ['', '\n', '\\n']

/** Tells whether a text holds private keys in PEM, perhaps within JSON. */
export function holdsPrivateKey(text: string): boolean {
  return text.includes('PRIVATE KEY-----')
}

/**
 * Returns what is secret in private keys in PEM (RFC 7468): the characters that the secret integers alone determine, and these integers.
 * Armour, ASN.1 and everything that the public key has too is known to others. OpenSSH's own format has none of it looked for: its
 * public key comes twice, and a key is searched for as a whole anyway. So it is with keys that are encrypted or that Node cannot read.
 */
export function secretPartsOfKeys(text: string): SecretParts {
  const keys = [...text.replaceAll(/\\r|\\n|\r/g, '\n').matchAll(armour)].map(([, label = '', lines = '']) =>
    secretPartsOfKey(lines, types[label]),
  )
  return { texts: keys.flatMap(key => key.texts), bytes: keys.flatMap(key => key.bytes) }
}

/** The same for the bytes of a key, which some programs keep in base64 without its armour. */
export function secretPartsOfDer(base64: string): SecretParts {
  const type = Object.values(types).find(each => integersIn(Buffer.from(base64, 'base64'), each).length > 0)
  return secretPartsOfKey(base64, type)
}

function secretPartsOfKey(lines: string, type: (typeof types)[string] | undefined): SecretParts {
  if (type === undefined) return { texts: [], bytes: [] }
  const der = Buffer.from(lines, 'base64')
  const integers = integersIn(der, type)
  const stretches = integers.flatMap(integer => stretchOf(integer, der, lines))
  return {
    texts: stretches.flat(),
    bytes: [...integers, ...stretches.map(([, asWritten = '']) => Buffer.from(asWritten))],
  }
}

/** The base64 characters that hold nothing but this integer, once for each way to break lines. */
function stretchOf(integer: Buffer, der: Buffer, lines: string): readonly (readonly string[])[] {
  const at = der.indexOf(integer)
  if (at === -1) return []
  const [start, end] = [Math.ceil((at * 8) / 6), Math.floor(((at + integer.length) * 8) / 6)]
  const stretch: string[] = []
  let place = 0
  for (const line of lines.split(/\s+/)) {
    stretch.push(line.slice(Math.max(0, start - place), Math.max(0, end - place)))
    place += line.length
  }
  return [lineBreaks.map(lineBreak => stretch.filter(line => line !== '').join(lineBreak))]
}

function integersIn(der: Buffer, type: 'pkcs1' | 'pkcs8' | 'sec1'): readonly Buffer[] {
  let key: KeyObject
  try {
    key = createPrivateKey({ key: der, format: 'der', type })
    const { kty, d = '', p = '', q = '', dp = '', dq = '', qi = '' } = key.export({ format: 'jwk' })
    const of = (integer: string) => Buffer.from(integer, 'base64url')
    return kty === 'RSA' ? [lowerHalf(of(d)), ...[p, q, dp, dq, qi].map(of)] : [of(d)]
  } catch {
    return []
  }
}

/**
 * Of an RSA key's `d` the upper half is as good as public: for a small exponent e it is that of k(n+1)/e, with a k below e
 * (Boneh, Durfee, Frankel: An Attack on RSA Given a Small Fraction of the Private Key Bits).
 */
function lowerHalf(d: Buffer): Buffer {
  return d.subarray(Math.ceil(d.length / 2) + 8)
}
