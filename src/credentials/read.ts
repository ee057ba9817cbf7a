import { Refusal } from '../refusal.ts'
import { readApiKey } from './api-key.ts'
import { readBasic } from './basic.ts'
import { readBearer } from './bearer.ts'
import type { Credential } from './credential.ts'
import { fingerprintOf } from './fingerprint.ts'
import { readAppKey } from './github-app.ts'
import { readMtls } from './mtls.ts'
import type { Places } from './places.ts'
import type { Reader } from './reading.ts'
import { readSource, sourceNeeds } from './source.ts'
import { within } from './within.ts'

/** Which credential is read, and from where. */
interface ReadInput {
  readonly name: string
  readonly credential: Credential
  readonly places: Places
  readonly fingerprintKey: Uint8Array
  /** How long a source may take; 10 seconds unless said otherwise, and 30 where somebody may have to unlock a keychain. */
  readonly timeoutMs?: number
}

/** How long anything is waited for that a credential needs. */
export const patienceMs = 10_000
const patienceWithPeopleMs = 30_000

/** What was read: what a tool presents, or the key that has to be exchanged for it. */
export type Read =
  | ({ readonly type: 'ready' } & Awaited<ReturnType<typeof readBearer>>)
  | ({ readonly type: 'key' } & Awaited<ReturnType<typeof readAppKey>>)

/**
 * Reads the values of a credential from their sources and checks them; nothing is asked over the network.
 *
 * @throws Refusal credential_unavailable
 */
export async function readCredential(input: ReadInput): Promise<Read> {
  const { credential } = input
  const reader = readerOf(input)
  switch (credential.type) {
    case 'bearer':
      return { type: 'ready', ...(await readBearer(credential, reader)) }
    case 'basic':
      return { type: 'ready', ...(await readBasic(credential, reader)) }
    case 'api_key':
      return { type: 'ready', ...(await readApiKey(credential, reader)) }
    case 'mtls':
      return { type: 'ready', ...(await readMtls(credential, reader)) }
    case 'github_app':
      return { type: 'key', ...(await readAppKey(credential, reader)) }
    default:
      return credential satisfies never
  }
}

function readerOf({ name, places, fingerprintKey, timeoutMs }: ReadInput): Reader {
  return {
    name,
    async read(source, part, problemOf) {
      const patience = timeoutMs ?? (sourceNeeds(source, places).addons ? patienceWithPeopleMs : patienceMs)
      const value = await within(patience, `the source of the ${part} of ${name}`, readSource(source, places))
      const problem = problemOf(value)
      if (problem !== null) throw new Refusal('credential_unavailable', `the ${part} of ${name} ${problem}`)
      return value
    },
    fingerprint: value => fingerprintOf(fingerprintKey, value),
  }
}
