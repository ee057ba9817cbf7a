import { existsSync } from 'node:fs'
import { access, link, readdir, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Refusal } from '../refusal.ts'
import { isInKeychain, readKeychain, writeKeychain } from './keychain.ts'
import type { Places } from './places.ts'
import { readPrivateFile, syncFolder, writePrivateFile, writeTemporary } from './private-file.ts'
import { identityFile, identityMarker, sealedFolder } from './sealed-places.ts'

/** Where the identity that opens sealed items is kept. */
export type IdentityPlace = 'file' | 'keychain'

const keychainItem = 'sealed-identity'
const maxIdentityBytes = 16 * 1024

/**
 * Reads the identity: one line `AGE-SECRET-KEY-...`.
 *
 * @throws Refusal credential_unavailable, when there is none too
 */
export async function readIdentity(places: Places): Promise<string> {
  if (await isInKeychainInstead(places)) return readKeychain(keychainItem, places)
  const path = identityFile(places.stateDir)
  const bytes = await readPrivateFile(path, {
    maxBytes: maxIdentityBytes,
    links: 'refuse',
    platform: places.platform,
  })
  const keys = bytes
    .toString('utf8')
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'))
  const [key] = keys
  if (key === undefined || keys.length > 1 || !/^AGE-SECRET-KEY-[A-Z0-9-]+$/.test(key)) {
    throw new Refusal('credential_unavailable', `${path} does not hold exactly one age identity`)
  }
  return key
}

async function isInKeychainInstead(places: Places): Promise<boolean> {
  const marker = identityMarker(places.stateDir)
  try {
    await access(marker)
    return true
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') return false
    // Not knowing is no reason to take the identity from somewhere else.
    throw new Refusal('credential_unavailable', `${marker} cannot be looked at (${code})`, { cause })
  }
}

/** Reads the identity or, the first time something is sealed, makes one. */
export async function readOrMakeIdentity(places: Places, wanted: IdentityPlace | undefined): Promise<string> {
  // Looked at first: an item cannot be there before its identity, whatever other processes do meanwhile.
  const itemsExist = (await readdir(sealedFolder(places.stateDir))).some(name => name.endsWith('.age'))
  const inKeychain = await isInKeychainInstead(places)
  const inFile = existsSync(identityFile(places.stateDir))
  if (inKeychain || inFile) {
    const place = inKeychain ? 'keychain' : 'file'
    if (wanted !== undefined && wanted !== place) {
      throw new Refusal('invalid_input', `sealed items have their identity in the ${place} already`)
    }
    return readIdentity(places)
  }
  if (itemsExist) {
    // A new identity would hide that the old one is lost, and with it everything that it opens.
    throw new Refusal(
      'credential_unavailable',
      `${identityFile(places.stateDir)} is missing, but there are items sealed with it; restore it, or remove them`,
    )
  }
  if (wanted === 'keychain') await makeInKeychain(places)
  else await makeInFile(places)
  // Another process may have been first; the one that counts is the one that is stored.
  return readIdentity(places)
}

async function makeInFile(places: Places): Promise<void> {
  const { generateX25519Identity, identityToRecipient } = await import('age-encryption')
  const identity = await generateX25519Identity()
  const text = `# Opens the sealed items of keyhold; whoever has this file can read them.\n# public key: ${await identityToRecipient(identity)}\n${identity}\n`
  const path = identityFile(places.stateDir)
  const temporary = await writeTemporary(path, Buffer.from(text))
  try {
    // link() fails if the name exists, where rename() would replace the identity of another process.
    await link(temporary, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await rm(temporary, { force: true })
  }
  await syncFolder(dirname(path), places.platform)
}

async function makeInKeychain(places: Places): Promise<void> {
  // One that is there already may open the items of another state folder of the same person.
  if (!(await isInKeychain(keychainItem, places))) {
    const { generateX25519Identity } = await import('age-encryption')
    await writeKeychain(keychainItem, await generateX25519Identity(), places)
  }
  await writePrivateFile(identityMarker(places.stateDir), new Uint8Array(), places.platform)
}
