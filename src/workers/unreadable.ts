import { createHash } from 'node:crypto'
import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'

/** A program that may be started and not read. */
export interface UnreadableCopy {
  readonly path: string
  /** Whether nobody has changed its mode or its content since it was made. */
  readonly isUntouched: () => boolean
}

const chunkBytes = 1 << 20

/**
 * Copies a program into a file that may be executed and not read, and gives a path to start it by.
 *
 * The copy is made at each start, and loses its name before it has a byte. So nobody can put another file in its place;
 * nothing is left behind, however this process ends; and no program of an earlier start is trusted. It lives as long as this
 * process, which holds it open, and its workers. To keep one would save nothing: it would have to be made readable, read and
 * made unreadable again each time. Its mode and content can still be changed by a process of the same user, by way of what this
 * one has open; that changes its time, which is looked at before each worker is started.
 *
 * @param folder on a file system that may hold programs
 * @throws Error when this user may read every file, as root may, or when the copy cannot be made or is not the same
 */
export function copyUnreadable(source: string, folder: string, random: (size: number) => Buffer): UnreadableCopy {
  const { writer, reader } = openNameless(folder, random)
  try {
    const wanted = fill(writer, reader, source)
    if (digestOf(reader) !== wanted) throw new Error('the copy of the program is not what was copied')
    const made = stateOf(reader)
    return { path: pathOf(reader), isUntouched: () => stateOf(reader) === made }
  } catch (error) {
    closeSync(reader)
    throw error
  }
}

function openNameless(folder: string, random: (size: number) => Buffer) {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const name = join(folder, `.program-${random(8).toString('hex')}`)
  const writer = openSync(name, 'wx', 0o500)
  try {
    return { writer, reader: openSync(pathOf(writer), 'r') }
  } catch (error) {
    closeSync(writer)
    throw error
  } finally {
    unlinkSync(name)
  }
}

/** Writes the program, and closes what it was written through: the kernel starts none that is open for writing. */
function fill(writer: number, reader: number, source: string): string {
  try {
    fchmodSync(writer, 0o111)
    if (mayRead(reader)) throw new Error('this user may read every file, as root may')
    return copyInto(writer, source)
  } finally {
    closeSync(writer)
  }
}

function copyInto(writer: number, source: string): string {
  const original = openSync(source, 'r')
  try {
    return digestOf(original, chunk => {
      for (let done = 0; done < chunk.length; ) done += writeSync(writer, chunk, done)
    })
  } finally {
    closeSync(original)
  }
}

/** SHA-256 of all that a descriptor reads, from its beginning. */
function digestOf(descriptor: number, onChunk: (chunk: Buffer) => void = () => {}): string {
  const sum = createHash('sha256')
  const buffer = Buffer.allocUnsafe(chunkBytes)
  for (let position = 0; ; ) {
    const chunk = buffer.subarray(0, readSync(descriptor, buffer, 0, chunkBytes, position))
    if (chunk.length === 0) return sum.digest('hex')
    position += chunk.length
    sum.update(chunk)
    onChunk(chunk)
  }
}

/** Changes when somebody changes mode, owner or content: the time of the last change is the kernel's to set. */
function stateOf(descriptor: number): string {
  const { mode, uid, size, ctimeNs } = fstatSync(descriptor, { bigint: true })
  return [mode, uid, size, ctimeNs].join()
}

function mayRead(descriptor: number): boolean {
  try {
    accessSync(pathOf(descriptor), constants.R_OK)
    return true
  } catch {
    return false
  }
}

/** What this process has open, by a path that its children can use too. */
function pathOf(descriptor: number): string {
  return `/proc/${process.pid}/fd/${descriptor}`
}
