import type { Config } from '../config/config.ts'
import { type Credential, sourcesOf } from '../credentials/credential.ts'
import type { Places } from '../credentials/places.ts'
import { type AnySource, describeSource } from '../credentials/source.ts'
import { Refusal } from '../refusal.ts'

/** What the commands about credentials work with. */
export interface CredentialCommand {
  readonly places: Places
  readonly fingerprintKey: Uint8Array
  readonly clock: () => number
  /** Null when there is no configuration; setting a credential is often what comes before writing one. */
  readonly config: Pick<Config, 'credentials' | 'stores' | 'tools'> | null
  readonly write: (text: string) => void
  readonly json: boolean
}

/** A credential that reads a source, and the tools that use it. */
export interface User {
  readonly credential: string
  readonly tools: readonly string[]
}

/** Lists what in the configuration counts on a source. */
export function usersOf(source: AnySource, config: CredentialCommand['config']): User[] {
  return [...(config?.credentials ?? [])]
    .filter(([, credential]) => sourcesOf(credential).some(other => describeSource(other) === describeSource(source)))
    .map(([credential]) => ({ credential, tools: toolsOf(credential, config) }))
}

/** Names the tools that use a credential, as their own or beside it. */
export function toolsOf(credential: string, config: CredentialCommand['config']): string[] {
  return (config?.tools ?? [])
    .filter(tool => tool.credential === credential || tool.others.some(other => other.name === credential))
    .map(tool => tool.name)
}

/**
 * Finds a credential by its name.
 *
 * @throws Refusal invalid_input, which says what there is
 */
export function credentialNamed(name: string, config: CredentialCommand['config']): Credential {
  const credentials = config?.credentials ?? new Map<string, Credential>()
  const found = credentials.get(name)
  if (found !== undefined) return found
  // The name itself is not repeated: it may be the secret, typed in the wrong place.
  const holder = [...credentials].find(([, other]) => sourcesOf(other).some(source => itemIn(source) === name))
  if (holder !== undefined)
    throw new Refusal('invalid_input', `this is an item of the credential ${holder[0]}; name that`)
  const names = [...credentials.keys()]
  const known = names.length === 0 ? 'it has none' : `it has: ${names.join(', ')}`
  throw new Refusal('invalid_input', `the configuration has no credential of this name (${known})`)
}

function itemIn(source: AnySource): string | null {
  if ('sealed' in source) return source.sealed
  if ('keychain' in source) return source.keychain
  return 'kept' in source ? source.kept : null
}

/** Prints an answer for programs. */
export function writeJson({ write }: Pick<CredentialCommand, 'write'>, value: unknown): void {
  write(`${JSON.stringify(value, null, 2)}\n`)
}
