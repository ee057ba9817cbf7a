import { closeSync, constants, lstatSync, openSync, type Stats } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { Refusal } from '../refusal.ts'
import { isTrustedOwner } from './private-file.ts'

/** The database of one kept item, open. Every failure of it is a Refusal credential_unavailable with the path and a reason. */
export interface KeptDatabase {
  /** Gives what is stored; null when nothing is. */
  value(): Promise<Uint8Array | null>
  /**
   * Takes the one lock that all processes share; it ends with `commit`, `rollback`, or the process. Waits without blocking.
   * Whoever only reads is not kept out.
   */
  lock(): Promise<void>
  /** Stores a value; it counts from `commit` on. */
  store(value: Uint8Array): void
  /** Writes something that changes nothing, so that a full or a read-only disk is found before it matters. */
  tryWriting(): void
  /** Ends the lock; when this is done the value survives a power cut. */
  commit(): Promise<void>
  /** Ends the lock, leaving everything as it was. Never throws. */
  rollback(): void
  close(): void
}

/** How often it is looked whether a lock is free. */
const retryMs = 50

/** What is stored is one age file; nothing larger is read. */
const maxBytes = 128 * 1024

/**
 * Opens the database of a kept item.
 *
 * @param files the database and its journal
 * @param waitMs how long a lock is waited for
 */
export async function openKeptDatabase(
  files: readonly string[],
  options: { readonly waitMs: number; readonly create: boolean; readonly platform: NodeJS.Platform },
): Promise<KeptDatabase> {
  const [path = ''] = files
  const { DatabaseSync } = await import('node:sqlite')
  const explained = <T>(act: () => T): T => {
    try {
      return act()
    } catch (cause) {
      throw cause instanceof Refusal ? cause : new Refusal('credential_unavailable', `${path} ${whyNot(cause)}`)
    }
  }
  checkFolder(dirname(path), options.platform)
  if (options.create) createFile(path)
  const [isDatabaseMissing] = files.map(file => isMissing(file, options.platform))
  if (isDatabaseMissing)
    throw new Refusal('credential_unavailable', `${path} does not exist; keyhold credential login makes it`)
  const patiently = async <T>(act: () => T): Promise<T> => {
    const deadline = performance.now() + options.waitMs
    for (;;) {
      try {
        return act()
      } catch (error) {
        if (!isBusy(error) || performance.now() >= deadline) return explained(() => rethrow(error))
      }
      await sleep(retryMs)
    }
  }
  // Without a timeout of its own SQLite never waits, and so never blocks this process.
  const database = explained(() => new DatabaseSync(existing(path), { timeout: 0 }))
  try {
    // EXTRA syncs the folder too: a journal that comes back after a power cut would undo what was committed.
    await patiently(() => database.exec('PRAGMA synchronous = EXTRA; PRAGMA trusted_schema = OFF'))
    if (options.create) await patiently(() => database.exec(schema))
  } catch (error) {
    database.close()
    throw error
  }
  return {
    value: () => patiently(() => valueIn(database)),
    lock: () => patiently(() => database.exec('BEGIN IMMEDIATE')),
    store(value) {
      explained(() => database.prepare(storing).run(value))
    },
    tryWriting() {
      explained(() => database.prepare(trying).run())
    },
    commit: () => patiently(() => database.exec('COMMIT')),
    rollback() {
      try {
        if (database.isTransaction) database.exec('ROLLBACK')
      } catch {
        // Closing it undoes the rest, as would the next one who opens it.
      }
    },
    close: () => database.close(),
  }
}

const schema = `CREATE TABLE IF NOT EXISTS kept (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  value BLOB NOT NULL,
  uses INTEGER NOT NULL DEFAULT 0
) STRICT`

const storing = 'INSERT INTO kept (id, value) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET value = excluded.value'

const trying = 'INSERT INTO kept (id, value) VALUES (1, zeroblob(8192)) ON CONFLICT (id) DO UPDATE SET uses = uses + 1'

/** SQLite would make a file that was removed since it was checked, and leave it open to others (https://sqlite.org/uri.html). */
function existing(path: string): URL {
  const url = pathToFileURL(path)
  url.searchParams.set('mode', 'rw')
  return url
}

function valueIn(database: DatabaseSync): Uint8Array | null {
  // A login that was interrupted leaves a file without a table.
  const table = database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'kept'").get()
  if (table === undefined) return null
  const value = database.prepare(`SELECT value FROM kept WHERE id = 1 AND length(value) <= ${maxBytes}`).get()?.[
    'value'
  ]
  return value instanceof Uint8Array ? value : null
}

/** SQLite would make the file with the usual mode. Opened and closed at once: closing ends the locks of this process on it. */
function createFile(path: string): void {
  try {
    closeSync(openSync(path, constants.O_CREAT | constants.O_EXCL | constants.O_RDWR, 0o600))
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code !== 'EEXIST') throw new Refusal('credential_unavailable', `${path} cannot be made (${code})`, { cause })
  }
}

/**
 * Checks the folder of the kept items, in which others could exchange files. A worker may not look at it: who may look at
 * a folder may read all that is in it, the keys of other items too.
 */
function checkFolder(folder: string, platform: NodeJS.Platform): void {
  if (platform === 'win32' || !mayLookAt(folder)) return
  const stats = lookAt(folder)
  if (stats === null) return
  const unusable = (what: string) => new Refusal('credential_unavailable', `${folder} ${what}`)
  if (!stats.isDirectory()) throw unusable('is not a folder')
  if (!isTrustedOwner(stats.uid)) throw unusable(`belongs to another user (uid ${stats.uid})`)
  if ((stats.mode & 0o077) !== 0) throw unusable(`is open to other users; run: chmod 700 ${folder}`)
}

/** Node's permission model, where it is on (https://nodejs.org/api/permissions.html). */
function mayLookAt(folder: string): boolean {
  const { permission } = process as { readonly permission?: { has(scope: string, path: string): boolean } }
  return permission?.has('fs.read', folder) ?? true
}

/**
 * Checks a file that SQLite is going to open by its path; nobody else can exchange it meanwhile, since its folder is ours alone.
 * Not by opening it: closing it again would end the locks that this process has on it (fcntl(2)).
 */
function isMissing(path: string, platform: NodeJS.Platform): boolean {
  const stats = lookAt(path)
  if (stats === null) return true
  const unusable = (what: string) => new Refusal('credential_unavailable', `${path} ${what}`)
  if (stats.isSymbolicLink()) throw unusable('is a symbolic link, which is not followed here')
  if (!stats.isFile()) throw unusable('is not a regular file')
  if (platform === 'win32') return false
  if (!isTrustedOwner(stats.uid)) throw unusable(`belongs to another user (uid ${stats.uid})`)
  if ((stats.mode & 0o077) !== 0) throw unusable(`is open to other users; run: chmod 600 ${path}`)
  return false
}

function lookAt(path: string): Stats | null {
  try {
    return lstatSync(path)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') return null
    throw new Refusal('credential_unavailable', `${path} cannot be looked at (${code})`, { cause })
  }
}

/** The result codes of SQLite that mean something to whoever has to help (https://sqlite.org/rescode.html). */
const reasons: Readonly<Record<number, string>> = {
  3: 'may not be used by this user',
  5: 'is in use by another process, which did not finish in time',
  8: 'cannot be written; it, its folder or its disk is read-only',
  10: 'cannot be read or written; the disk reports an error',
  11: 'is damaged; remove the item, then run keyhold credential login',
  13: 'cannot be written; the disk is full',
  14: 'cannot be opened; it or its folder may not be used by this user',
  26: 'is damaged; remove the item, then run keyhold credential login',
}

function whyNot(error: unknown): string {
  const code = resultCode(error)
  return reasons[code] ?? `cannot be used (SQLite error ${code})`
}

function isBusy(error: unknown): boolean {
  return resultCode(error) === 5
}

/** The primary one; the rest says more than anybody needs. */
function resultCode(error: unknown): number {
  return Number((error as { readonly errcode?: unknown }).errcode ?? 0) & 0xff
}

function rethrow(error: unknown): never {
  throw error
}
