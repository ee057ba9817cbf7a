import type { Config } from '../config/config.ts'
import { sourcesOf } from '../credentials/credential.ts'
import type { Places } from '../credentials/places.ts'
import { type AnySource, describeSource } from '../credentials/source.ts'

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

/** Prints an answer for programs. */
export function writeJson({ write }: Pick<CredentialCommand, 'write'>, value: unknown): void {
  write(`${JSON.stringify(value, null, 2)}\n`)
}
