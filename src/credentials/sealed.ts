import { readdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Refusal } from '../refusal.ts'
import { type IdentityPlace, readIdentity, readOrMakeIdentity } from './identity.ts'
import { itemPattern } from './item.ts'
import type { Places } from './places.ts'
import { isTemporaryOf, type PrivateFileRules, readPrivateFile, syncFolder, writePrivateFile } from './private-file.ts'
import { ensurePrivateFolder } from './private-folder.ts'
import { sealedFile, sealedFolder } from './sealed-places.ts'

/** A value of 64 kB and what encryption adds to it. */
const maxSealedBytes = 66 * 1024

/**
 * Encrypts a value into the file of an item, in one step: a crash leaves the old value or the new.
 * The file is a plain age file; `age -d -i identity.txt sealed/ITEM.age` opens it too.
 *
 * @param identityPlace where to keep the identity, if this is the first item; a file unless said otherwise
 */
export async function seal(item: string, value: string, places: Places, identityPlace?: IdentityPlace): Promise<void> {
  const path = sealedFile(places.stateDir, item)
  await sealFile(path, value, places, identityPlace)
}

/** Encrypts a value into a file of the state folder, in one step. */
export async function sealFile(
  path: string,
  value: string,
  places: Places,
  identityPlace?: IdentityPlace,
): Promise<void> {
  await withoutErrno(path, async () => {
    await ensurePrivateFolder(places.stateDir, 'writers', places.platform)
    await ensurePrivateFolder(sealedFolder(places.stateDir), 'readers', places.platform)
    const identity = await readOrMakeIdentity(places, identityPlace)
    await writePrivateFile(path, await encrypted(value, identity), places.platform)
  })
}

/** Encrypts a value so that an identity opens it. */
export async function encrypted(value: string, identity: string): Promise<Uint8Array> {
  const { Encrypter, identityToRecipient } = await import('age-encryption')
  const encrypter = new Encrypter()
  encrypter.addRecipient(await withoutItsWords(() => identityToRecipient(identity)))
  return encrypter.encrypt(value)
}

/**
 * Decrypts the value of an item.
 *
 * @throws Refusal credential_unavailable
 */
export async function unseal(item: string, places: Places): Promise<string> {
  return unsealFile(sealedFile(places.stateDir, item), places, { madeBy: `keyhold credential set ${item}` })
}

/**
 * Decrypts a file that `sealFile` has written.
 *
 * @throws Refusal credential_unavailable
 */
export async function unsealFile(
  path: string,
  places: Places,
  rules: Pick<PrivateFileRules, 'madeBy'> = {},
): Promise<string> {
  const { platform } = places
  const sealed = await readPrivateFile(path, { maxBytes: maxSealedBytes, links: 'refuse', platform, ...rules })
  return decrypted(sealed, await readIdentity(places), path)
}

/**
 * Decrypts a value.
 *
 * @param path where it comes from, for error messages
 * @throws Refusal credential_unavailable
 */
export async function decrypted(sealed: Uint8Array, identity: string, path: string): Promise<string> {
  const { Decrypter } = await import('age-encryption')
  const decrypter = new Decrypter()
  await withoutItsWords(async () => decrypter.addIdentity(identity))
  try {
    const bytes = await decrypter.decrypt(sealed)
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (error) {
    const isForAnother = error instanceof Error && error.message.startsWith('no identity matched')
    throw new Refusal(
      'credential_unavailable',
      isForAnother ? `${path} was sealed with another identity` : `${path} is damaged; set the credential again`,
    )
  }
}

/** Lists the items that are sealed, in order. */
export async function listSealed(places: Places): Promise<readonly string[]> {
  const suffix = '.age'
  return (await namesIn(sealedFolder(places.stateDir)))
    .filter(name => name.endsWith(suffix))
    .map(name => name.slice(0, -suffix.length))
    .filter(item => itemPattern.test(item))
    .sort()
}

/** Removes an item and what an interrupted write of it may have left; false when there was no item. */
export async function removeSealed(item: string, places: Places): Promise<boolean> {
  const folder = sealedFolder(places.stateDir)
  const path = sealedFile(places.stateDir, item)
  return withoutErrno(path, async () => {
    const names = await namesIn(folder)
    for (const name of names.filter(candidate => isTemporaryOf(path, candidate))) await rm(join(folder, name))
    if (!names.includes(basename(path))) return false
    await rm(path, { force: true })
    await syncFolder(folder, places.platform)
    return true
  })
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** The decoder of identities quotes the characters it stumbles over, and they are the key's. */
async function withoutItsWords<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch {
    throw new Refusal('credential_unavailable', 'the identity of the sealed items is damaged')
  }
}

async function withoutErrno<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (cause) {
    if (!(cause instanceof Error && 'syscall' in cause && 'code' in cause)) throw cause
    throw new Refusal(
      'credential_unavailable',
      `${path} cannot be changed (${String(cause.syscall)}: ${String(cause.code)})`,
      {
        cause,
      },
    )
  }
}
