import { closeSync, existsSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

/** The exclusive right to write to one chain, until released or until the process is gone. */
export interface Ownership {
  release(): void
}

/**
 * Takes a lock file, or returns null when a living process holds it.
 *
 * The lock is the operating system's, taken through SQLite because Node has no call for it: an open transaction on
 * an empty database. The kernel drops it the moment the process dies, however it dies. A file with a process id
 * in it would need a guess instead: ids are used again, and a process in another container that shares the
 * directory cannot be seen, so its chain would get a second writer.
 */
export function takeOwnership(path: string): Ownership | null {
  createEmpty(path)
  const database = new DatabaseSync(path, { timeout: 0 })
  try {
    // Nothing is ever committed; in memory, so that no journal file is made, which a full disk would not allow.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN IMMEDIATE')
  } catch (error) {
    database.close()
    if (isBusy(error)) return null
    throw error
  }
  return { release: () => database.close() }
}

/** Whether a living process holds a lock file. Says no when the file cannot be opened by the one who asks. */
export function hasLivingOwner(path: string): boolean {
  if (!existsSync(path)) return false
  try {
    const ownership = takeOwnership(path)
    ownership?.release()
    return ownership === null
  } catch {
    return false
  }
}

/** Only ever with `wx`: closing a second descriptor of a file drops this process's lock on it (POSIX, fcntl). */
function createEmpty(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

const sqliteBusy = 5

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (error.errcode as number) % 256 === sqliteBusy
}
