import { rmSync } from 'node:fs'
import { Refusal } from '../refusal.ts'
import { type KeptDatabase, openKeptDatabase } from './kept-database.ts'
import type { Places } from './places.ts'
import { readOrMakeIdentity } from './identity.ts'
import { syncFolder } from './private-file.ts'
import { ensurePrivateFolder } from './private-folder.ts'
import { decrypted, encrypted, sealFile, unsealFile } from './sealed.ts'
import { keptFiles, keptFolder, keptKeyFile, sealedFolder } from './sealed-places.ts'

/*
 * Values that keyhold replaces by itself. Each is encrypted in a database of its own: SQLite gives locks that end with the
 * process that has them, and commits that survive a crash.
 */

/** How long a command waits for another process that is replacing the value. */
const patienceMs = 10_000

/**
 * Reads a kept item.
 *
 * @throws Refusal credential_unavailable
 */
export async function readKept(item: string, places: Places): Promise<string> {
  return withDatabase(item, places, { waitMs: patienceMs, create: false }, database => current(database, item, places))
}

/**
 * Finds out whether a value could be put into a kept item, and makes what that needs. A value that is there stays.
 *
 * @throws Refusal credential_unavailable
 */
export async function prepareKept(item: string, places: Places): Promise<void> {
  await ensureFolders(places)
  await withDatabase(item, places, { waitMs: patienceMs, create: true }, async database => {
    await database.lock()
    const isEmpty = (await database.value()) === null
    database.tryWriting()
    if (isEmpty) await readOrMakeKey(item, places)
    else await readKey(item, places).catch(() => prepareKey(places))
  })
}

/** The key of a value that is there is replaced together with that, and not before. */
async function prepareKey(places: Places): Promise<void> {
  await ensureFolder(sealedFolder(places.stateDir), 'readers', places.platform)
  await readOrMakeIdentity(places, undefined)
}

/**
 * Puts a value into a kept item, waiting for whoever is replacing it.
 *
 * @throws Refusal credential_unavailable
 */
export async function writeKept(item: string, value: string, places: Places): Promise<void> {
  await ensureFolders(places)
  await withDatabase(item, places, { waitMs: patienceMs, create: true }, async database => {
    await database.lock()
    database.store(await encrypted(value, await readOrMakeKey(item, places)))
    await database.commit()
  })
}

/** Removes a kept item; false when there was none. */
export async function removeKept(item: string, places: Places): Promise<boolean> {
  const folder = keptFolder(places.stateDir)
  const [database = '', ...journals] = keptFiles(places.stateDir, item)
  // The journal first: left behind, it would be played back into the next database of this name.
  const removed = [...journals, database, keptKeyFile(places.stateDir, item)].filter(remove)
  if (removed.length === 0) return false
  await syncFolder(folder, places.platform)
  return true
}

/**
 * Replaces a value by what comes of using it, for values that can be used once: of all processes one at a time. The next
 * one waits and is given the new value. Nothing is returned before the new value is on the disk; only a process that ends between
 * the sending of its request and that moment can lose the value.
 *
 * @param work is given the value, and gives the one that takes its place
 * @throws Refusal credential_unavailable, and what `work` throws; then the value stays
 */
export async function replaceKept<T>(
  item: string,
  places: Places,
  waitMs: number,
  work: (value: string) => Promise<{ readonly value: string; readonly result: T }>,
): Promise<T> {
  return withDatabase(item, places, { waitMs, create: false }, async database => {
    await database.lock()
    const before = await current(database, item, places)
    const key = await readKey(item, places)
    database.tryWriting()
    const { value, result } = await work(before)
    if (value === before) return result
    try {
      database.store(await encrypted(value, key))
      await database.commit()
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : 'it could not be encrypted'
      throw new Refusal('credential_unavailable', `the new value of ${item} is lost, and the old one used up: ${why}`)
    }
    return result
  })
}

async function ensureFolders({ stateDir, platform }: Places): Promise<void> {
  await ensureFolder(stateDir, 'writers', platform)
  await ensureFolder(keptFolder(stateDir), 'readers', platform)
}

async function ensureFolder(...[folder, ...rest]: Parameters<typeof ensurePrivateFolder>): Promise<void> {
  await ensurePrivateFolder(folder, ...rest).catch((cause: unknown) => {
    if (cause instanceof Refusal) throw cause
    const { code } = cause as NodeJS.ErrnoException
    const why = code === 'EEXIST' ? 'is not a folder' : `cannot be made (${code})`
    throw new Refusal('credential_unavailable', `${folder} ${why}`, { cause })
  })
}

async function withDatabase<T>(
  item: string,
  places: Places,
  how: { readonly waitMs: number; readonly create: boolean },
  act: (database: KeptDatabase) => Promise<T>,
): Promise<T> {
  const files = keptFiles(places.stateDir, item)
  const database = await openKeptDatabase(files, { ...how, platform: places.platform })
  try {
    return await act(database)
  } finally {
    database.rollback()
    database.close()
  }
}

async function current(database: KeptDatabase, item: string, places: Places): Promise<string> {
  const [path = ''] = keptFiles(places.stateDir, item)
  const stored = await database.value()
  if (stored === null) {
    throw new Refusal('credential_unavailable', `${path} holds no value yet; keyhold credential login puts one there`)
  }
  return decrypted(stored, await readKey(item, places), path)
}

function readKey(item: string, places: Places): Promise<string> {
  return unsealFile(keptKeyFile(places.stateDir, item), places)
}

/** Only while the database is locked: two keys that are made at once would leave a value that neither opens. */
async function readOrMakeKey(item: string, places: Places): Promise<string> {
  try {
    return await readKey(item, places)
  } catch {
    // Whatever it opened is being replaced.
    const { generateX25519Identity } = await import('age-encryption')
    const key = await generateX25519Identity()
    await sealFile(keptKeyFile(places.stateDir, item), key, places)
    return key
  }
}

function remove(path: string): boolean {
  try {
    rmSync(path)
    return true
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') return false
    throw new Refusal('credential_unavailable', `${path} cannot be removed (${code})`, { cause })
  }
}
