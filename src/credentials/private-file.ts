import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Refusal } from '../refusal.ts'

/** How a private file may look. */
export interface PrivateFileRules {
  readonly maxBytes: number
  /** Whether the path may be a symbolic link; what is checked is always the file that gets read. */
  readonly links: 'follow' | 'refuse'
  /** Who may read it; only its owner unless said otherwise. */
  readonly readers?: keyof typeof modes
  /** The command that makes the file, for when it does not exist. */
  readonly madeBy?: string
  readonly platform: NodeJS.Platform
}

/** Which bits a file must not have, by who may read it, and what to do about them. */
const modes = {
  owner: { forbidden: 0o077, reason: 'is open to other users; run: chmod 600' },
  group: { forbidden: 0o037, reason: 'is open to more users than its group, or may be changed by it; run: chmod 440' },
  everyone: { forbidden: 0o022, reason: 'may be changed by other users; run: chmod 644' },
} as const

/**
 * Reads a regular file that belongs to us or to root and that nobody else may read, or change.
 * The checks and the reading use one open handle: the file cannot be exchanged in between.
 *
 * @throws Refusal credential_unavailable, with what to do about it
 */
export async function readPrivateFile(path: string, rules: PrivateFileRules): Promise<Buffer> {
  const handle = await openToRead(path, rules)
  try {
    await checkHandle(handle, path, rules)
    return await readUpTo(handle, path, rules.maxBytes)
  } finally {
    await handle.close()
  }
}

async function openToRead(path: string, rules: PrivateFileRules): Promise<FileHandle> {
  // Without O_NONBLOCK, opening a FIFO waits for a writer that may never come.
  // Windows has none of these flags; there they are undefined, and count as 0.
  const { O_RDONLY, O_NONBLOCK, O_NOCTTY, O_NOFOLLOW } = constants
  const flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | (rules.links === 'refuse' ? O_NOFOLLOW : 0)
  try {
    return await open(path, flags)
  } catch (cause) {
    throw new Refusal(
      'credential_unavailable',
      `${path} ${whyNotOpened((cause as NodeJS.ErrnoException).code, rules)}`,
      {
        cause,
      },
    )
  }
}

function whyNotOpened(code: string | undefined, rules: PrivateFileRules): string {
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return rules.madeBy === undefined ? 'does not exist' : `does not exist; ${rules.madeBy} makes it`
    case 'EACCES':
    case 'EPERM':
      return 'may not be read by this user'
    case 'ELOOP':
    case 'EMLINK':
      return rules.links === 'refuse' ? 'is a symbolic link, which is not followed here' : 'is a loop of symbolic links'
    default:
      return `cannot be opened (${code ?? 'unknown error'})`
  }
}

async function checkHandle(handle: FileHandle, path: string, rules: PrivateFileRules): Promise<void> {
  const stats = await handle.stat()
  if (!stats.isFile()) throw new Refusal('credential_unavailable', `${path} is not a regular file`)
  if (rules.platform === 'win32') return // no owners and modes there; access lists are not visible to Node
  if (!isTrustedOwner(stats.uid)) {
    throw new Refusal('credential_unavailable', `${path} belongs to another user (uid ${stats.uid})`)
  }
  const { forbidden, reason } = modes[rules.readers ?? 'owner']
  if ((stats.mode & forbidden) !== 0) throw new Refusal('credential_unavailable', `${path} ${reason} ${path}`)
}

/** Tells whether a file of this owner can be trusted: ours, or root's, who can do anything anyway. */
export function isTrustedOwner(uid: number): boolean {
  return uid === 0 || uid === process.geteuid?.()
}

async function readUpTo(handle: FileHandle, path: string, maxBytes: number): Promise<Buffer> {
  // One byte more than allowed, so that a file that grows after its size was taken is noticed too.
  const buffer = Buffer.alloc(maxBytes + 1)
  let length = 0
  while (length < buffer.length) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length)
    if (bytesRead === 0) return buffer.subarray(0, length)
    length += bytesRead
  }
  throw new Refusal('credential_unavailable', `${path} is larger than ${maxBytes} bytes`)
}

/**
 * Puts a file into place in one step, readable by us alone: whoever reads it, even after a crash in the
 * middle of this, finds the old content or the new.
 */
export async function writePrivateFile(path: string, bytes: Uint8Array, platform: NodeJS.Platform): Promise<void> {
  const temporary = await writeTemporary(path, bytes)
  try {
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncFolder(dirname(path), platform)
}

/** Writes the content beside its final place, under a name that `temporaryOf` recognizes. */
export async function writeTemporary(path: string, bytes: Uint8Array): Promise<string> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}.tmp`)
  const handle = await open(temporary, 'wx', 0o600)
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  } finally {
    await handle.close()
  }
  return temporary
}

/** Tells whether a name in the folder of `path` is what an interrupted write of `path` left behind. */
export function isTemporaryOf(path: string, name: string): boolean {
  const start = `.${basename(path)}.`
  return name.startsWith(start) && /^[0-9a-f]{16}\.tmp$/.test(name.slice(start.length))
}

/** Makes changes of names in a folder last through a power cut. */
export async function syncFolder(folder: string, platform: NodeJS.Platform): Promise<void> {
  if (platform === 'win32') return // a folder cannot be opened there
  const handle = await open(folder, constants.O_RDONLY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
