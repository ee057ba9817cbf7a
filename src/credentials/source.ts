import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { itemPattern, itemRule } from './item.ts'
import type { Places } from './places.ts'
import { identityFile, identityMarker, sealedFile } from './sealed-places.ts'

const howToName = '{ sealed: NAME }, { keychain: ITEM }, { env: NAME } or { file: PATH }'

/** What is said about a value that stands where its source belongs. */
export const literalSecret = `a literal secret does not belong in this file; name a source: ${howToName}`

/** What is said where no source can be made out. */
export const sourceRule = `exactly one source belongs here: ${howToName}`

const Variable = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a variable is named with letters, digits and underscores only')
  .describe('A variable of the environment that keyhold is started with')

const Item = z.string().regex(itemPattern, itemRule)

// A path becomes a value of --allow-fs-read, where `*` means everything below and a closing slash a whole folder.
const Path = z
  .string()
  .regex(/^(?:~?\/|[A-Za-z]:[\\/])/, 'a path is absolute or begins with ~/')
  .regex(/^[^*\p{Cc}]+(?<![\\/])$/u, 'a path names one file: no *, no closing slash, no control characters')
  .describe('A file that nobody else may read; ~/ is the home folder')

/** Where a value comes from. An error never repeats what was written: it may be the secret itself. */
export const Source = z.union(
  [
    z.strictObject({ sealed: Item.describe("An item in keyhold's own encrypted files") }),
    z.strictObject({ keychain: Item.describe('An item in the keychain of the system') }),
    z.strictObject({ env: Variable }),
    z.strictObject({ file: Path }),
  ],
  { error: issue => (typeof issue.input === 'string' ? literalSecret : sourceRule) },
)

export type Source = z.output<typeof Source>

/** What a worker's process must be allowed to read one source, and nothing more. */
export interface SourceNeeds {
  readonly files: readonly string[]
  /** Names of variables to pass on, where they are set. */
  readonly environment: readonly string[]
  /** Whether native add-ons have to be loaded. */
  readonly addons: boolean
}

/** Names a source for people: its type and its name, never a value. */
export function describeSource(source: Source): string {
  if ('sealed' in source) return `sealed ${source.sealed}`
  if ('keychain' in source) return `keychain ${source.keychain}`
  if ('env' in source) return `env ${source.env}`
  if ('file' in source) return `file ${source.file}`
  return source satisfies never
}

/** Says what reading a source takes, without reading it. */
export function sourceNeeds(source: Source, places: Places): SourceNeeds {
  if ('sealed' in source) {
    const marker = identityMarker(places.stateDir)
    const files = [sealedFile(places.stateDir, source.sealed), marker]
    if (existsSync(marker)) return { ...keychainNeeds(places), files }
    return { files: [...files, identityFile(places.stateDir)], environment: [], addons: false }
  }
  if ('keychain' in source) return keychainNeeds(places)
  if ('env' in source) return { files: [], environment: [source.env], addons: false }
  if ('file' in source) return { files: [expandHome(source.file, places)], environment: [], addons: false }
  return source satisfies never
}

/**
 * Reads the value of a source. Runs in a worker or in a command of the admin, never in the gate.
 *
 * @throws Refusal credential_unavailable, with a reason that does not contain the value
 */
export async function readSource(source: Source, places: Places): Promise<string> {
  if ('sealed' in source) return (await import('./sealed.ts')).unseal(source.sealed, places)
  if ('keychain' in source) return (await import('./keychain.ts')).readKeychain(source.keychain, places)
  if ('env' in source) return (await import('./env.ts')).readVariable(source.env, places)
  if ('file' in source) {
    const { readSecretFile } = await import('./file.ts')
    return readSecretFile(expandHome(source.file, places), places)
  }
  return source satisfies never
}

function keychainNeeds(places: Places): SourceNeeds {
  // The Secret Service is reached over the session's D-Bus, which these two variables lead to.
  const environment = places.platform === 'linux' ? ['DBUS_SESSION_BUS_ADDRESS', 'XDG_RUNTIME_DIR'] : []
  return { files: [], environment, addons: true }
}

function expandHome(path: string, places: Places): string {
  return path.startsWith('~/') ? join(places.home, path.slice(2)) : path
}
