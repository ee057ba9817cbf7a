import { existsSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import type { Places } from './places.ts'
import { identityFile, identityMarker, keptFiles, keptKeyFile, sealedFile } from './sealed-places.ts'
import type { AnySource, Source } from './source.ts'
import { sourcesOfAws, sourcesOfVault, type Stores } from './stores.ts'

/** What a worker's process must be allowed to read one source, and nothing more. */
export interface SourceNeeds {
  readonly files: readonly string[]
  /** Files that are written too, or all that begin with this where it ends in `*`. */
  readonly writes: readonly string[]
  /** Names of variables to pass on, where they are set. */
  readonly environment: readonly string[]
  /** Whether native add-ons have to be loaded. */
  readonly addons: boolean
  /** Whether a program has to be started. */
  readonly children: boolean
}

/** What a program that prints a value gets of the environment, whatever else is asked for. */
export const commandVariables = ['HOME', 'PATH']

/** Where systemd puts the credentials of a unit (systemd.exec(5)). */
export const credentialsDirectory = 'CREDENTIALS_DIRECTORY'

const nothing: SourceNeeds = { files: [], writes: [], environment: [], addons: false, children: false }

/** Says what reading a source takes, without reading it. */
export function sourceNeeds(source: AnySource, places: Places, stores: Stores): SourceNeeds {
  if ('sealed' in source) {
    return together({ ...nothing, files: [sealedFile(places.stateDir, source.sealed)] }, identityNeeds(places))
  }
  if ('keychain' in source) return keychainNeeds(places)
  if ('env' in source) return { ...nothing, environment: [source.env] }
  if ('file' in source) return { ...nothing, files: [expandHome(source.file, places)] }
  if ('command' in source)
    return { ...nothing, environment: [...commandVariables, ...source.environment], children: true }
  if ('vault' in source) return storeNeeds(sourcesOfVault(stores), stores.vault?.ca, places, stores)
  if ('aws_secrets' in source) return storeNeeds(sourcesOfAws(stores), stores.aws?.ca, places, stores)
  if ('systemd' in source) return systemdNeeds(source.systemd, places)
  if ('kubernetes' in source) return { ...nothing, files: [expandHome(source.kubernetes, places)] }
  if ('kept' in source) {
    const files = keptFiles(places.stateDir, source.kept)
    const key = keptKeyFile(places.stateDir, source.kept)
    return together(identityNeeds(places), { ...nothing, files: [...files, key], writes: files })
  }
  return source satisfies never
}

/** Adds needs up. */
export function together(...needs: readonly SourceNeeds[]): SourceNeeds {
  return {
    files: [...new Set(needs.flatMap(need => need.files))],
    writes: [...new Set(needs.flatMap(need => need.writes))],
    environment: [...new Set(needs.flatMap(need => need.environment))],
    addons: needs.some(need => need.addons),
    children: needs.some(need => need.children),
  }
}

function storeNeeds(sources: readonly Source[], ca: string | undefined, places: Places, stores: Stores): SourceNeeds {
  return together(
    { ...nothing, files: ca === undefined ? [] : [ca] },
    ...sources.map(source => sourceNeeds(source, places, stores)),
  )
}

function identityNeeds(places: Places): SourceNeeds {
  const marker = identityMarker(places.stateDir)
  if (existsSync(marker)) return together({ ...nothing, files: [marker] }, keychainNeeds(places))
  return { ...nothing, files: [marker, identityFile(places.stateDir)] }
}

function keychainNeeds(places: Places): SourceNeeds {
  // The Secret Service is reached over the session's D-Bus, which these two variables lead to.
  const environment = places.platform === 'linux' ? ['DBUS_SESSION_BUS_ADDRESS', 'XDG_RUNTIME_DIR'] : []
  return { ...nothing, environment, addons: true }
}

function systemdNeeds(name: string, places: Places): SourceNeeds {
  const folder = places.environment[credentialsDirectory]
  return {
    ...nothing,
    environment: [credentialsDirectory],
    files: folder !== undefined && isAbsolute(folder) ? [join(folder, name)] : [],
  }
}

/** Replaces `~/` at the beginning of a path by the home folder. */
export function expandHome(path: string, places: Pick<Places, 'home'>): string {
  return path.startsWith('~/') ? join(places.home, path.slice(2)) : path
}
