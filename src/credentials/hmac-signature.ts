import { createHmac, hash, randomUUID } from 'node:crypto'
import type { Signature, UnsignedRequest } from '../leased.ts'
import { invalidInput } from '../refusal.ts'
import { Secret } from '../secret.ts'
import { spelledBytes } from './binary-secret.ts'
import type { HmacCredential } from './hmac.ts'
import { endlessFields, filled, parseTemplate } from './template.ts'

/** What a request is signed with. */
interface HmacKey {
  /** The credential's, which labels what is derived. */
  readonly name: string
  readonly bytes: Buffer
  /** Empty when there is none. */
  readonly id: string
}

/** Fields with values that an agent, or the API, has a say in. */
const free = new Set(['host', 'path', 'query', 'path_and_query', 'content_type', 'body'])

/**
 * Signs a request in the way that a credential declares. Where text separates the fields of a message, no two requests have the same one.
 * Where fields stand directly beside each other, as some APIs demand (`{method}{path}{body}`), they can: `/orders` with the body
 * `/1` signs like `/orders/1` without one. No check can tell these apart without refusing what such an API is there for.
 *
 * @throws Refusal invalid_input when a field contains the text that separates it from the next ones
 */
export async function signHmac(
  request: UnsignedRequest,
  credential: HmacCredential,
  key: HmacKey,
  now: Date,
): Promise<Signature> {
  const { algorithm, encoding } = credential
  const values = valuesOf(request, credential, key, now)
  const message = parseTemplate(credential.message)
  const endless = endlessFields(message, values, free)
  if (endless.length > 0) throw invalidInput(`${endless.join(', ')}: contains the text that ends it in what is signed`)
  const mac = createHmac(algorithm, key.bytes).update(filled(message, values)).digest()
  const signature = mac.toString(encoding)
  const headers = Object.entries(credential.headers).map(([name, text]): [string, Secret] => [
    name.toLowerCase(),
    new Secret(key.name, filled(parseTemplate(text), { ...values, signature })),
  ])
  return { headers: Object.fromEntries(headers), derived: spelledBytes(mac).map(text => new Secret(key.name, text)) }
}

function valuesOf(
  { method, url, headers, body }: UnsignedRequest,
  { algorithm, timestamp, body_hash }: HmacCredential,
  key: HmacKey,
  now: Date,
): Readonly<Record<string, string>> {
  return {
    timestamp: written(now, timestamp),
    nonce: randomUUID(),
    key_id: key.id,
    method,
    host: url.host,
    path: url.pathname,
    query: url.search.slice(1),
    path_and_query: `${url.pathname}${url.search}`,
    content_type: headers['content-type'] ?? '',
    body: body ?? '',
    body_hash: hash(algorithm, body ?? '', body_hash),
  }
}

function written(now: Date, form: HmacCredential['timestamp']): string {
  if (form === 'rfc3339') return now.toISOString()
  return String(form === 'seconds' ? Math.floor(now.getTime() / 1_000) : now.getTime())
}
