import { randomBytes } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'

const keyBytes = 32

/** The folder for what this installation keeps: `$XDG_STATE_HOME/keyhold`, else `~/.local/state/keyhold`. */
export function stateFolder(environment: Readonly<Record<string, string | undefined>>, home: string): string {
  const base = environment['XDG_STATE_HOME']
  return join(base === undefined || base === '' ? join(home, '.local', 'state') : base, 'keyhold')
}

/**
 * The key that is local to this installation; made at first use. It seals the audit log and makes digests
 * and fingerprints that mean nothing elsewhere. It protects no credential.
 *
 * @throws Error when the folder cannot be written or the file is damaged
 */
export function installationKey(folder: string): Buffer {
  const file = join(folder, 'installation.key')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return readKey(file) ?? createKey(file)
}

function readKey(file: string): Buffer | null {
  try {
    if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0)
      throw new Error(`${file} can be read by others: chmod 600 ${file}`)
    const key = Buffer.from(readFileSync(file, 'utf8').trim(), 'hex')
    if (key.length !== keyBytes) throw new Error(`${file} is damaged: it must hold ${keyBytes} bytes in hex`)
    return key
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

function createKey(file: string): Buffer {
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  const descriptor = openSync(draft, 'wx', 0o600)
  try {
    writeSync(descriptor, `${randomBytes(keyBytes).toString('hex')}\n`)
    fsyncSync(descriptor)
    // A link fails where a rename would replace: of two processes that start together, the first key stays.
    linkSync(draft, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    closeSync(descriptor)
    unlinkSync(draft)
  }
  const key = readKey(file)
  if (key === null) throw new Error(`${file} vanished`)
  return key
}
