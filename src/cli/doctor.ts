import { existsSync } from 'node:fs'
import type { LoadedConfig } from '../config/build.ts'
import { ConfigError, formatProblem } from '../config/problem.ts'
import { sourcesOf } from '../credentials/credential.ts'
import { isInKeychain } from '../credentials/keychain.ts'
import { identityMarker } from '../credentials/sealed-places.ts'
import { sourcesOfAws, sourcesOfVault } from '../credentials/stores.ts'
import { checkFiles } from './doctor-files.ts'
import { checkWorkers } from './doctor-workers.ts'
import { type Finding, findingsText } from './finding.ts'
import { loadFrom, placesOf, type World } from './world.ts'

/**
 * `keyhold doctor`: tries what this installation needs, and says what to do about what is wrong. It makes no call,
 * reads no credential, and writes no record.
 *
 * @returns the exit code: 0 when nothing fails
 */
export async function doctor(
  world: World,
  options: { readonly config?: string; readonly json?: boolean },
  write: (text: string) => void,
): Promise<number> {
  const { loaded, findings } = await configuration(world, options.config)
  const checks: readonly Finding[] = [
    node(),
    ...findings,
    ...(await checkFiles(world, loaded)),
    ...(loaded === null ? [] : await keychain(world, loaded)),
    ...(await checkWorkers(world, loaded)),
  ]
  const failed = checks.filter(({ state }) => state === 'fail').length
  const warned = checks.filter(({ state }) => state === 'warn').length
  if (options.json === true) write(`${JSON.stringify({ ok: failed === 0, checks })}\n`)
  else write(`${findingsText(checks)}\n${verdict(failed, warned)}\n`)
  return failed === 0 ? 0 : 1
}

function verdict(failed: number, warned: number): string {
  if (failed + warned === 0) return 'All is well.'
  return [failed > 0 ? `${failed} failed` : 'Nothing failed', ...(warned > 0 ? [`${warned} to look at`] : [])].join(
    ', ',
  )
}

function node(): Finding {
  const { node: version } = process.versions
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > 24 || (major === 24 && minor >= 12)) return { check: 'Node', state: 'ok', found: version }
  return { check: 'Node', state: 'fail', found: version, todo: 'install Node 24.12 or newer' }
}

async function configuration(
  world: World,
  given: string | undefined,
): Promise<{ readonly loaded: LoadedConfig | null; readonly findings: readonly Finding[] }> {
  const check = 'configuration'
  try {
    const loaded = await loadFrom(world, given)
    const { file, tools, unsafe } = loaded.config
    const found = `${file} is fine (${tools.length === 1 ? '1 tool' : `${tools.length} tools`})`
    const todo = 'see what it gives up, and whether it is still needed'
    const switched = unsafe.map(key => ({ check, state: 'warn', found: `${key} is switched on`, todo }) as const)
    return { loaded, findings: [{ check, state: 'ok', found }, ...switched] }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return {
      loaded: null,
      findings: error.problems.map(problem => ({ check, state: 'fail', found: formatProblem(problem) })),
    }
  }
}

/** Asks the keychain for an item that nobody has, where it is used. */
async function keychain(world: World, { config }: LoadedConfig): Promise<readonly Finding[]> {
  const check = 'keychain'
  const { credentials, stores } = config
  const places = placesOf(world)
  const sources = [...[...credentials.values()].flatMap(sourcesOf), ...sourcesOfVault(stores), ...sourcesOfAws(stores)]
  const used = sources.some(source => 'keychain' in source) || existsSync(identityMarker(places.stateDir))
  if (!used) return []
  try {
    await isInKeychain('doctor', places)
    return [{ check, state: 'ok', found: 'it answers' }]
  } catch (error) {
    return [{ check, state: 'fail', found: (error as Error).message }]
  }
}
