import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { type Credential, partsOf, pathOfPart } from '../credentials/credential.ts'

/** A credential of the same type with made-up values, which are searched for. */
export interface Canary {
  /** As it is written in a configuration; every value comes from a file. */
  readonly written: Record<string, unknown>
  /** The files, by name. */
  readonly files: Readonly<Record<string, string>>
  /** Items that Keyhold itself keeps. */
  readonly kept: Readonly<Record<string, string>>
  readonly values: readonly string[]
}

/**
 * Makes up values for a credential.
 *
 * @param written the credential as an admin wrote it
 * @param fileOf where the file of a name lies
 * @param origin of the echo, which gives tokens too
 * @returns what of it stands in, or why nothing can
 */
export function canaryOf(
  name: string,
  credential: Credential,
  written: Readonly<Record<string, unknown>>,
  fileOf: (name: string) => string,
  origin: string,
): Canary | string {
  if (credential.type === 'mtls') return 'a certificate cannot be made up here'
  const files: Record<string, string> = {}
  const kept: Record<string, string> = {}
  const sources: Record<string, unknown> = {}
  for (const { key, source, problemOf } of partsOf(credential)) {
    const value = candidates.map(make => make()).find(each => problemOf(each) === null)
    if (value === undefined) return `no made-up value is accepted as its ${key}`
    if ('kept' in source) {
      kept[source.kept] = value
      continue
    }
    files[`${name}-${key}`] = value
    put(sources, pathOfPart({ key }), { file: fileOf(`${name}-${key}`) })
  }
  const same = Object.fromEntries(Object.entries(written).filter(([key]) => !endpointKeys.includes(key)))
  return {
    written: { ...same, ...sources, ...tokenEndpoint(credential, origin) },
    files,
    kept,
    values: [...Object.values(files), ...Object.values(kept)],
  }
}

/** Puts a value where its path leads, within others that it makes. */
function put(into: Record<string, unknown>, [first = '', ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) into[first] = value
  else put((into[first] ??= {}) as Record<string, unknown>, rest, value)
}

const endpointKeys = ['ca', 'unsafe_allow_private']

function tokenEndpoint({ type }: Credential, origin: string): Record<string, string> {
  if (type === 'oauth2') return { token_url: `${origin}${tokenPath}` }
  return type === 'github_app' ? { api_url: origin } : {}
}

/** Where the echo gives tokens. */
export const tokenPath = '/selftest-token'

/** Makes a value that looks like what providers issue. */
export function token(): string {
  return `canary_${randomBytes(30).toString('base64url')}+/${randomBytes(3).toString('hex')}`
}

const candidates: readonly (() => string)[] = [
  token,
  () => `AKIA${randomBytes(16).toString('hex').toUpperCase().slice(0, 16)}`,
  () => randomBytes(48).toString('base64'),
  () => randomBytes(48).toString('hex'),
  () => pem(generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey),
  () => pem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey),
  () => pem(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey),
  () => pem(generateKeyPairSync('ed25519').privateKey),
]

function pem(key: { export: (options: { type: 'pkcs8'; format: 'pem' }) => string | Buffer }): string {
  return String(key.export({ type: 'pkcs8', format: 'pem' }))
}
