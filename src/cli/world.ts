import { createHmac } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { LoadedConfig } from '../config/build.ts'
import { loadConfig } from '../config/load.ts'
import { configError } from '../config/problem.ts'
import type { Places } from '../credentials/places.ts'
import type { Kind } from '../kind.ts'
import { installationKey, stateFolder } from '../process/state.ts'

/** Everything that a command gets from outside; made once by the process entry. */
export interface World {
  readonly kinds: readonly Kind[]
  readonly version: string
  readonly argv: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly home: string
  readonly platform: NodeJS.Platform
  readonly input: NodeJS.ReadStream
  readonly output: NodeJS.WriteStream
  readonly errorOutput: NodeJS.WriteStream
  readonly execPath: string
  /** The module that a worker process runs. */
  readonly workerEntry: string
  /** Holds the presets for common APIs. */
  readonly presetsFolder: string
  /** The folders of program code a worker must be able to read. */
  readonly code: readonly string[]
  readonly random: (size: number) => Buffer
  readonly clock: () => number
  readonly onSignal: (signal: 'SIGTERM' | 'SIGINT' | 'SIGHUP', listener: () => void) => void
}

/**
 * Where the configuration file of a server is: `--config`, `$KEYHOLD_CONFIG`, then the user's own. Never one that merely
 * lies in the working folder: a client starts servers in whatever repository it works on, and a file that came with that
 * could send a stored key to any host.
 */
export function serverConfigFile(world: World, given: string | undefined): string {
  return namedConfigFile(world, given) ?? ownConfigFile(world)
}

/** Where the configuration file of a command that a person types is: `./keyhold.yaml` comes before the user's own. */
export function configFile(world: World, given: string | undefined): string {
  const named = namedConfigFile(world, given)
  if (named !== null) return named
  const here = join(world.cwd, 'keyhold.yaml')
  if (existsSync(here)) return here
  const own = ownConfigFile(world)
  return existsSync(own) ? own : here
}

function namedConfigFile(world: World, given: string | undefined): string | null {
  return given ?? (world.environment['KEYHOLD_CONFIG'] || null)
}

function ownConfigFile(world: World): string {
  const base = world.environment['XDG_CONFIG_HOME'] || join(world.home, '.config')
  return join(base, 'keyhold', 'keyhold.yaml')
}

/**
 * Loads the configuration that a server runs with.
 *
 * @throws ConfigError
 */
export async function loadForServing(world: World, given: string | undefined): Promise<LoadedConfig> {
  const file = serverConfigFile(world, given)
  const here = join(world.cwd, 'keyhold.yaml')
  if (namedConfigFile(world, given) === null && !existsSync(file) && existsSync(here)) {
    const reason = `no such file; ${here} is not used unasked, since a repository could have brought it: name it with --config`
    throw configError(file, '', reason)
  }
  return await loadConfig(file, world.kinds)
}

/**
 * Loads the configuration that is in force.
 *
 * @throws ConfigError
 */
export function loadFrom(world: World, given: string | undefined): Promise<LoadedConfig> {
  return loadConfig(configFile(world, given), world.kinds)
}

/** Loads the configuration when there is one; a command that can do without it gets null. */
export async function loadIfPresent(world: World, given: string | undefined): Promise<LoadedConfig | null> {
  if (given === undefined && !existsSync(configFile(world, undefined))) return null
  return await loadFrom(world, given)
}

/** The surroundings of this user's credentials. */
export function placesOf(world: World): Places {
  return {
    stateDir: stateFolder(world.environment, world.home),
    home: world.home,
    environment: world.environment,
    platform: world.platform,
  }
}

/** Keys for the three uses of the installation key, each derived so that none tells anything about another. */
export function derivedKeys(world: World): {
  readonly seal: Buffer
  readonly digest: Buffer
  readonly fingerprint: Buffer
} {
  const key = installationKey(placesOf(world).stateDir)
  const derive = (use: string) => createHmac('sha256', key).update(`keyhold ${use}`).digest()
  return {
    seal: derive('audit seal'),
    digest: derive('argument digest'),
    fingerprint: derive('credential fingerprint'),
  }
}

/** Where the audit log is kept. */
export function auditFolder(world: World, loaded: LoadedConfig | null): string {
  const configured = loaded?.config.audit.dir ?? null
  if (configured === null) return join(placesOf(world).stateDir, 'audit')
  return configured.startsWith('~/') ? join(world.home, configured.slice(2)) : configured
}
