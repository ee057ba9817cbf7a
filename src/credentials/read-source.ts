import type { Secret } from '../secret.ts'
import { expandHome } from './needs.ts'
import type { Places } from './places.ts'
import type { AnySource } from './source.ts'
import type { Stores } from './stores.ts'

/** What the sources of one credential are read with; made for one reading, so that what several fields share is fetched once. */
export interface Fetching {
  readonly places: Places
  readonly stores: Stores
  readonly clock: () => number
  /** How long a source may take. */
  readonly timeoutMs: number
  /** Present where somebody may end the reading before its time. */
  readonly signal?: AbortSignal
  /** What was fetched in this reading already, by a key of the source's choice. */
  readonly session: Map<string, Promise<unknown>>
  /** Has a secret redacted that a value was fetched with, such as the token of a store. */
  readonly hold: (secret: Secret) => void
  /** Has something done when the reading is over, however it went; it may not throw. */
  readonly afterwards: (task: () => Promise<void>) => void
}

/** What a source gave. */
export interface Fetched {
  readonly value: string
  /** Until when it can be used, in milliseconds; null when the source does not say. */
  readonly expiresAt: number | null
  /** Present when the source made the value for us and wants to be told what becomes of it. Fields of one secret share one object. */
  readonly lease: SourceLease | null
}

/** A value that a source has made for a time. */
export interface SourceLease {
  /**
   * Extends it, and gives the new end in milliseconds.
   *
   * @throws Refusal credential_unavailable when it cannot be extended any more
   */
  readonly renew: () => Promise<number>
  /** Has the source end it now. Never throws: what cannot be revoked ends by itself. */
  readonly revoke: () => Promise<void>
}

/**
 * Reads the value of a source. Runs in a worker or in a command of the admin, never in the gate.
 *
 * @throws Refusal credential_unavailable, with a reason that does not contain the value
 */
export async function fetchSource(source: AnySource, fetching: Fetching): Promise<Fetched> {
  if ('vault' in source) return (await import('./vault.ts')).readVault(source.vault, fetching)
  return { value: await lasting(source, fetching), expiresAt: null, lease: null }
}

/** Reads a source that needs nothing but this machine. */
export async function readSource(source: AnySource, places: Places): Promise<string> {
  const none = () => {}
  const rest = { stores: {}, clock: Date.now, timeoutMs: 10_000, session: new Map(), hold: none, afterwards: none }
  return (await fetchSource(source, { places, ...rest })).value
}

async function lasting(source: Exclude<AnySource, { readonly vault: string }>, fetching: Fetching): Promise<string> {
  const { places } = fetching
  if ('sealed' in source) return (await import('./sealed.ts')).unseal(source.sealed, places)
  if ('keychain' in source) return (await import('./keychain.ts')).readKeychain(source.keychain, places)
  if ('env' in source) return (await import('./env.ts')).readVariable(source.env, places)
  if ('file' in source) {
    return (await import('./file.ts')).readSecretFile(expandHome(source.file, places), places)
  }
  if ('command' in source) return (await import('./command.ts')).readCommand(source, fetching)
  if ('aws_secrets' in source) return (await import('./aws-secrets.ts')).readAwsSecret(source.aws_secrets, fetching)
  if ('systemd' in source) return (await import('./mounted.ts')).readSystemd(source.systemd, places)
  if ('kubernetes' in source) {
    return (await import('./mounted.ts')).readKubernetes(expandHome(source.kubernetes, places), places)
  }
  if ('kept' in source) return (await import('./kept.ts')).readKept(source.kept, places)
  return source satisfies never
}
