import { join } from 'node:path'
import { itemPattern } from './item.ts'

/** The folder of the sealed items. */
export function sealedFolder(stateDir: string): string {
  return join(stateDir, 'sealed')
}

/** The file of one sealed item; refuses to make a path of anything but an item's name. */
export function sealedFile(stateDir: string, item: string): string {
  if (!itemPattern.test(item)) throw new TypeError('not the name of an item')
  return join(sealedFolder(stateDir), `${item}.age`)
}

/** The identity that opens sealed items, in the format of the `age` tool. */
export function identityFile(stateDir: string): string {
  return join(stateDir, 'identity.txt')
}

/** An empty file whose presence says that the identity is in the keychain instead of in a file. */
export function identityMarker(stateDir: string): string {
  return join(stateDir, 'identity.keychain')
}

/** The files of one kept item: a SQLite database, and what SQLite puts beside it. */
export function keptFiles(stateDir: string, item: string): readonly string[] {
  if (!itemPattern.test(item)) throw new TypeError('not the name of an item')
  const database = join(keptFolder(stateDir), `${item}.db`)
  return [database, `${database}-journal`]
}

/**
 * The sealed key of one kept item, which opens that item alone: the permissions of a worker keep it from every other key,
 * but not SQLite from opening another database.
 */
export function keptKeyFile(stateDir: string, item: string): string {
  if (!itemPattern.test(item)) throw new TypeError('not the name of an item')
  return join(keptFolder(stateDir), `${item}.age`)
}

/** The folder of the kept items. */
export function keptFolder(stateDir: string): string {
  return join(stateDir, 'kept')
}
