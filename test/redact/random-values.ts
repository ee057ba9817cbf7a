import type { Random } from './samples.ts'

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
export const base62 = `${letters}0123456789`

/** Makes text of characters taken by chance. */
export function textOf(random: Random, length: number, alphabet = base62): string {
  return Array.from({ length }, () => alphabet[random(alphabet.length)]).join('')
}

/** Makes bytes by chance. */
export function randomBytesOf(length: number, random: Random): Buffer {
  return Buffer.from(Array.from({ length }, () => random(256)))
}

/** Makes the digits of `bytes` bytes. */
export function hexOf(random: Random, bytes: number): string {
  return randomBytesOf(bytes, random).toString('hex')
}

/** Makes a UUID of version 4. */
export function uuidOf(random: Random): string {
  const hex = hexOf(random, 16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`
}

/** Makes a JWT as it is signed with RSA. */
export function jwtOf(random: Random): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = { iss: 'https://id.example.com', sub: textOf(random, 8), iat: 1_767_225_600, exp: 1_767_229_200 }
  return [part({ alg: 'RS256', typ: 'JWT' }), part(claims), randomBytesOf(256, random).toString('base64url')].join('.')
}

/** Something that looks like a private key in PEM; it is none, and is searched for as a whole. */
function pemOf(random: Random): string {
  const lines =
    randomBytesOf(600, random)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----'].join('\n')
}

const kinds: readonly ((random: Random) => string)[] = [
  random => `ghp_${textOf(random, 36)}`,
  random => hexOf(random, 32),
  uuidOf,
  random => randomBytesOf(32, random).toString('base64'),
  random => textOf(random, 16, `${base62}!$%&()*+,-./:;<=>?@[]^_{|}~`),
  random => randomBytesOf(32, random).toString('base64url'),
  jwtOf,
  random => `sk_live_${textOf(random, 24)}`,
  random => hexOf(random, 16),
  pemOf,
]

/** Makes values of all kinds in turns. */
export function randomValues(count: number, random: Random): readonly string[] {
  return Array.from({ length: count }, (_, index) => kinds[index % kinds.length]?.(random) ?? '')
}
