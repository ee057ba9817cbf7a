import { createRedactor, type Redactor } from '../../src/redact/redactor.ts'
import { Secret } from '../../src/secret.ts'

/** Made-up secrets of the shapes that real ones have. */
export const samples = {
  'a GitHub token': 'ghp_x7Kq2LmN9pRsT4uVwXyZ0aBcDeFgHiJk1234',
  'a password with marks': `pa"ss\\w&o%r<d>+ 'x/1=;#{}[]\`~!`,
  'a password that looks escaped': '100%25%2525&amp;&#65;\\u0041\\n%',
  'a private key':
    '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSjAgEAAoIB+/x=\n-----END PRIVATE KEY-----',
  'a passphrase that is not ASCII': 'пароль-ключ-日本😀é!',
  'a base64 key': 'q83vEjRWeJq83vEjRWeJ+/8/Zm9vYmFyCg==',
  'a hexadecimal key': '9f86d081884c7d659a2feaa0c55ad015',
  'a UUID': '123e4567-e89b-12d3-a456-426614174000',
  'the shortest secret': 'aB3$xY9z',
} as const

/** Those of which every twelve characters are found as well. */
const foundInParts: readonly string[] = [
  samples['a GitHub token'],
  samples['a base64 key'],
  samples['a hexadecimal key'],
]

/** How much of the beginning of a form comes out as it was. */
export function unfinished(form: string, secret: string): string {
  const half = Math.floor(form.length / 2)
  return form.slice(0, isFoundInParts(secret) ? Math.min(half, 11) : half)
}

/** Tells whether a secret is found in parts. */
export function isFoundInParts(secret: string): boolean {
  return foundInParts.includes(secret)
}

export const label = '[credential github]'

/** Makes the redactor of secrets that all bear the same label. */
export function redactorOf(...values: readonly string[]): Redactor {
  return createRedactor(values.map(value => new Secret('github', value)))
}

/** Passes a text through `collect()` in pieces. */
export function collected(redactor: Redactor, parts: Iterable<string>): string {
  const text = redactor.collect()
  for (const part of parts) text.push(part)
  return text.end('text').value as string
}

export type Random = (below: number) => number

/** Makes a generator of the same numbers for the same seed (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed
  return below => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

/** Cuts a text into pieces of random length. */
export function pieces(text: string, random: Random, longest = 12): string[] {
  const result: string[] = []
  for (let at = 0; at < text.length; ) {
    const length = 1 + random(longest)
    result.push(text.slice(at, at + length))
    at += length
  }
  return result
}
