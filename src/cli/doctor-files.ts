import { accessSync, constants, existsSync, lstatSync, type Stats } from 'node:fs'
import { dirname, join } from 'node:path'
import type { LoadedConfig } from '../config/build.ts'
import { isTrustedOwner } from '../credentials/private-file.ts'
import { identityFile, identityMarker } from '../credentials/sealed-places.ts'
import { listSealed } from '../credentials/sealed.ts'
import { installationKey } from '../process/state.ts'
import type { Finding } from './finding.ts'
import { auditFolder, placesOf, type World } from './world.ts'

const atFirstUse = 'not there yet; made when it is needed'

/** Looks at what this installation keeps; makes nothing. */
export async function checkFiles(world: World, loaded: LoadedConfig | null): Promise<readonly Finding[]> {
  return [stateFolder(world), installation(world), audit(world, loaded), await identity(world)]
}

function stateFolder(world: World): Finding {
  const { stateDir } = placesOf(world)
  const check = 'state folder'
  const stats = look(stateDir)
  if (stats === null) return { check, state: 'ok', found: `${stateDir} is ${atFirstUse}` }
  if (!stats.isDirectory()) return { check, state: 'fail', found: `${stateDir} is not a folder`, todo: 'move it away' }
  if (world.platform !== 'win32' && !isTrustedOwner(stats.uid)) {
    const todo = 'run keyhold as that user, or set XDG_STATE_HOME to a folder of yours'
    return { check, state: 'fail', found: `${stateDir} belongs to another user (uid ${stats.uid})`, todo }
  }
  if (world.platform !== 'win32' && (stats.mode & 0o022) !== 0) {
    return { check, state: 'fail', found: `others may write into ${stateDir}`, todo: `chmod 700 ${stateDir}` }
  }
  return { check, state: 'ok', found: `${stateDir}, ${modeOf(stats, world)}` }
}

function installation(world: World): Finding {
  const check = 'installation key'
  const { stateDir } = placesOf(world)
  const file = join(stateDir, 'installation.key')
  if (look(file) === null) return { check, state: 'ok', found: atFirstUse }
  try {
    installationKey(stateDir)
    return { check, state: 'ok', found: 'whole, and for this user only' }
  } catch (error) {
    const todo = `restore ${file}; without it, the seals of the audit log cannot be checked`
    return { check, state: 'fail', found: (error as Error).message, todo }
  }
}

function audit(world: World, loaded: LoadedConfig | null): Finding {
  const check = 'audit folder'
  const folder = auditFolder(world, loaded)
  let nearest = folder
  while (!existsSync(nearest) && dirname(nearest) !== nearest) nearest = dirname(nearest)
  try {
    accessSync(nearest, constants.W_OK | constants.X_OK)
    const found = nearest === folder ? `${folder} can be written` : `${folder} is ${atFirstUse}`
    return { check, state: 'ok', found }
  } catch {
    const todo = 'give this user the right to write there; without a record there is no call'
    return { check, state: 'fail', found: `${nearest} cannot be written`, todo }
  }
}

async function identity(world: World): Promise<Finding> {
  const check = 'sealed identity'
  const places = placesOf(world)
  const file = identityFile(places.stateDir)
  if (look(identityMarker(places.stateDir)) !== null) return { check, state: 'ok', found: 'in the keychain' }
  const stats = look(file)
  if (stats === null) {
    const items = (await listSealed(places).catch(() => [])).length
    if (items === 0) return { check, state: 'ok', found: atFirstUse }
    const todo = `restore it, or remove those items and set them again`
    return { check, state: 'fail', found: `${file} is missing, and ${items} sealed items need it`, todo }
  }
  const isPrivate = stats.isFile() && isTrustedOwner(stats.uid) && (stats.mode & 0o077) === 0
  if (isPrivate || world.platform === 'win32') return { check, state: 'ok', found: `${file}, ${modeOf(stats, world)}` }
  return { check, state: 'fail', found: `${file} is not a file for this user only`, todo: `chmod 600 ${file}` }
}

function modeOf({ mode }: Stats, { platform }: World): string {
  return platform === 'win32' ? 'yours' : `mode ${(mode & 0o777).toString(8).padStart(4, '0')}`
}

function look(path: string): Stats | null {
  return lstatSync(path, { throwIfNoEntry: false }) ?? null
}
