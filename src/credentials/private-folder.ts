import { lstat, mkdir } from 'node:fs/promises'
import { Refusal } from '../refusal.ts'
import { isTrustedOwner } from './private-file.ts'

/**
 * Makes a folder for us alone if there is none, and checks the one that is there.
 *
 * @param closedTo `readers`: nobody else may list or enter it; `writers`: nobody else may change what is in it
 * @throws Refusal credential_unavailable, with what to do about it
 */
export async function ensurePrivateFolder(
  folder: string,
  closedTo: 'readers' | 'writers',
  platform: NodeJS.Platform,
): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const stats = await lstat(folder)
  if (!stats.isDirectory()) throw new Refusal('credential_unavailable', `${folder} is not a folder`)
  if (platform === 'win32') return
  if (!isTrustedOwner(stats.uid)) {
    throw new Refusal('credential_unavailable', `${folder} belongs to another user (uid ${stats.uid})`)
  }
  if ((stats.mode & (closedTo === 'readers' ? 0o077 : 0o022)) !== 0) {
    throw new Refusal('credential_unavailable', `${folder} is open to other users; run: chmod 700 ${folder}`)
  }
}
