import { Refusal } from '../refusal.ts'
import type { Secret } from '../secret.ts'
import type { Credential } from './credential.ts'
import { fingerprintOf } from './fingerprint.ts'
import { sourceNeeds } from './needs.ts'
import type { Places } from './places.ts'
import { type Fetching, fetchSource, type SourceLease } from './read-source.ts'
import type { ExchangeReading, Reader, Reading } from './reading.ts'
import type { Stores } from './stores.ts'
import { within } from './within.ts'

/** Which credential is read, and from where. */
export interface ReadInput {
  readonly name: string
  readonly credential: Credential
  readonly places: Places
  readonly stores: Stores
  readonly fingerprintKey: Uint8Array
  readonly clock: () => number
  /** How long a source may take; 10 seconds unless said otherwise, and 30 where somebody may have to unlock a keychain. */
  readonly timeoutMs?: number
}

/** How long anything is waited for that a credential needs. */
export const patienceMs = 10_000
const patienceWithPeopleMs = 30_000

/** What was read: what a tool presents, or what has to be exchanged for it. */
export type Read = (({ readonly type: 'ready' } & Reading) | ({ readonly type: 'exchange' } & ExchangeReading)) & {
  /** When the first of its values ends, in milliseconds; null when no source says. */
  readonly expiresAt: number | null
  /** Of values that a source has made for this reading. */
  readonly sourceLeases: readonly SourceLease[]
}

/**
 * Reads the values of a credential from their sources and checks them; of the network, only stores are asked.
 *
 * @throws Refusal credential_unavailable
 */
export async function readCredential(input: ReadInput): Promise<Read> {
  const reading = new Readings(input)
  try {
    const read = await readType(input.credential, reading)
    const secrets = [...read.secrets, ...reading.held]
    return { ...read, secrets, expiresAt: reading.expiresAt, sourceLeases: [...reading.leases] }
  } catch (error) {
    // What a store has made for a reading that failed is of no use to anybody.
    await Promise.all([...reading.leases].map(lease => lease.revoke()))
    throw error
  } finally {
    reading.end()
  }
}

type ReadType = ({ readonly type: 'ready' } & Reading) | ({ readonly type: 'exchange' } & ExchangeReading)

async function readType(credential: Credential, reader: Reader): Promise<ReadType> {
  switch (credential.type) {
    case 'bearer':
      return ready((await import('./bearer.ts')).readBearer(credential, reader))
    case 'basic':
      return ready((await import('./basic.ts')).readBasic(credential, reader))
    case 'api_key':
      return ready((await import('./api-key.ts')).readApiKey(credential, reader))
    case 'password':
      return ready((await import('./password.ts')).readPassword(credential, reader))
    case 'mtls':
      return ready((await import('./mtls.ts')).readMtls(credential, reader))
    case 'ssh_key':
      return ready((await import('./ssh-key.ts')).readSshKey(credential, reader))
    case 'aws_sigv4':
      return ready((await import('./aws-sigv4.ts')).readAwsSigv4(credential, reader))
    case 'hmac':
      return ready((await import('./hmac.ts')).readHmac(credential, reader))
    case 'jwt':
      return ready((await import('./jwt.ts')).readJwt(credential, reader))
    case 'github_app':
      return { type: 'exchange', ...(await (await import('./github-app.ts')).readAppKey(credential, reader)) }
    case 'oauth2':
      return { type: 'exchange', ...(await (await import('./oauth2.ts')).readOauth2(credential, reader)) }
    default:
      return credential satisfies never
  }
}

async function ready(reading: Promise<Reading>): Promise<ReadType> {
  return { type: 'ready', ...(await reading) }
}

/** The reading of one credential, and what its sources said along the way. */
class Readings implements Reader {
  readonly name: string
  readonly clock: () => number
  readonly held: Secret[] = []
  readonly leases = new Set<SourceLease>()
  expiresAt: number | null = null
  readonly #input: ReadInput
  readonly #session: Fetching['session'] = new Map()
  readonly #afterwards: (() => Promise<void>)[] = []

  constructor(input: ReadInput) {
    this.name = input.name
    this.clock = input.clock
    this.#input = input
  }

  async read(...[source, part, problemOf]: Parameters<Reader['read']>): Promise<string> {
    const { places, stores, clock } = this.#input
    const { addons } = sourceNeeds(source, places, stores)
    const timeoutMs = this.#input.timeoutMs ?? (addons ? patienceWithPeopleMs : patienceMs)
    const fetching = {
      places,
      stores,
      clock,
      timeoutMs,
      session: this.#session,
      hold: (secret: Secret) => void this.held.push(secret),
      afterwards: (task: () => Promise<void>) => void this.#afterwards.push(task),
    }
    const what = `the source of the ${part} of ${this.name}`
    const { value, expiresAt, lease } = await within(timeoutMs, what, fetchSource(source, fetching))
    if (lease !== null) this.leases.add(lease)
    if (expiresAt !== null) this.expiresAt = Math.min(expiresAt, this.expiresAt ?? expiresAt)
    const problem = problemOf(value)
    if (problem !== null) throw new Refusal('credential_unavailable', `the ${part} of ${this.name} ${problem}`)
    return value
  }

  /** Has sources tidy up; nobody waits for that. */
  end(): void {
    for (const task of this.#afterwards.splice(0)) void task()
  }

  fingerprint(value: string): string {
    return fingerprintOf(this.#input.fingerprintKey, value)
  }
}
