import type { LeasedCredential, UnsignedRequest } from '../../src/leased.ts'
import { Secret } from '../../src/secret.ts'
import type { LeaseOptions } from '../../src/credentials/lend.ts'
import { leasingOf, redactedBy } from './reading.ts'

/** What a signer came to, in plain. */
export interface Signed {
  readonly headers: Readonly<Record<string, string>>
  readonly derived: readonly string[]
  /** What is redacted from the start. */
  readonly redacted: readonly string[]
}

/** Leases a credential whose values are variables, and signs one request with it. */
export async function signedWith(
  written: object,
  environment: Record<string, string>,
  request: Partial<UnsignedRequest> = {},
  rest: Partial<LeaseOptions> = {},
): Promise<Signed> {
  const lease = await leasingOf(written, environment, rest).get()
  const whole = { method: 'GET', url: new URL('https://api.example/'), headers: {}, body: null, ...request }
  const { headers, derived } = await signerOf(lease.credential).sign(whole)
  return {
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, opened(value)])),
    derived: derived.map(opened),
    redacted: redactedBy(lease),
  }
}

/** The signer that a credential was leased as. */
export function signerOf(credential: LeasedCredential): Extract<LeasedCredential, { type: 'signer' }> {
  if (credential.type !== 'signer') throw new Error(`leased as ${credential.type}`)
  return credential
}

/** How others may write the bytes of a signature: none of these may come back. */
export function spellingsOf(bytes: Buffer): readonly string[] {
  const hex = bytes.toString('hex')
  return [hex, hex.toUpperCase(), bytes.toString('base64'), bytes.toString('base64url')]
}

/** The text of what may be a secret. */
export function opened(value: string | Secret | undefined): string {
  return value instanceof Secret ? value.use(text => text) : (value ?? '')
}
