import { hash, type KeyObject } from 'node:crypto'
import {
  closeSync,
  constants,
  fdatasync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { promisify } from 'node:util'
import type { Ownership } from './lock.ts'
import { chainPaths } from './names.ts'
import { beginning, type Link, type Position } from './record.ts'
import { type Head, sealHead } from './seal.ts'
import { SyncSchedule } from './sync.ts'

/** Where a chain stands: its head, and the length of its file. */
export interface Tip extends Head {
  readonly size: number
}

interface ChainOptions {
  readonly dir: string
  readonly name: string
  readonly sealKey: KeyObject
  readonly ownership: Ownership
  readonly onProblem: (error: Error) => void
}

const syncDelayMs = 1000
const placeCheckMs = 1000
const syncData = promisify(fdatasync)

/** One append-only file of records, open for writing by its one owner. */
export class Chain {
  readonly name: string
  readonly #paths: ReturnType<typeof chainPaths>
  readonly #options: ChainOptions
  readonly #log: number
  readonly #head: number
  readonly #inode: number
  readonly #syncs: SyncSchedule
  #tip: Tip
  /** A line was written in part and could not be cut off again yet. */
  #torn = false
  /** The head may be one line behind. */
  #headBehind: boolean
  #headDue: NodeJS.Immediate | undefined
  #condemned = false
  #placeCheckedMs = Number.NEGATIVE_INFINITY

  /** Begins a chain: its head first, so that a chain without one is never a crash's doing. */
  static create(options: ChainOptions): Chain {
    const paths = chainPaths(options.dir, options.name)
    const head = openSync(paths.head, 'wx', 0o600)
    let log: number | null = null
    try {
      const tip = { ...beginning, open: 0, size: 0 }
      writeSync(head, sealHead(options.sealKey, options.name, tip), 0, 'latin1')
      log = openSync(paths.log, 'ax', 0o600)
      syncDirectory(options.dir)
      return new Chain(options, log, head, tip, false)
    } catch (error) {
      closeSync(head)
      rmSync(paths.head, { force: true })
      if (log !== null) {
        closeSync(log)
        rmSync(paths.log, { force: true })
      }
      throw error
    }
  }

  /** Goes on with a chain whose end has been found to be in order. */
  static resume(options: ChainOptions, tip: Tip): Chain {
    const paths = chainPaths(options.dir, options.name)
    const log = openSync(paths.log, constants.O_RDWR | constants.O_APPEND)
    try {
      // The head counts as behind even where it is not: after a second crash it would be two lines behind.
      return new Chain(options, log, openSync(paths.head, 'r+'), tip, true)
    } catch (error) {
      closeSync(log)
      throw error
    }
  }

  private constructor(options: ChainOptions, log: number, head: number, tip: Tip, headBehind: boolean) {
    this.name = options.name
    this.#paths = chainPaths(options.dir, options.name)
    this.#options = options
    this.#log = log
    this.#head = head
    this.#tip = tip
    this.#headBehind = headBehind
    this.#inode = fstatSync(log).ino
    this.#syncs = new SyncSchedule(() => this.#sync(), syncDelayMs)
  }

  /** The last line that is certain. The next one follows it. */
  get position(): Position {
    return this.#tip
  }

  /** The same, for the record of another chain. */
  get link(): Link {
    return { chain: this.name, seq: this.#tip.seq, hash: this.#tip.hash }
  }

  /**
   * Whether the file is still in its place, with all and only what this process wrote: a record in a deleted file is
   * no record. Asked before every line, so that deleting, replacing, cutting and adding are met at once; a file that was
   * moved, which loses nothing, within a second.
   */
  intact(nowMs: number): boolean {
    if (this.#torn) this.#cutBack()
    const { nlink, size } = fstatSync(this.#log)
    if (this.#condemned || nlink === 0 || size !== this.#tip.size) return false
    if (Math.abs(nowMs - this.#placeCheckedMs) < placeCheckMs) return true
    if (statSync(this.#paths.log, { throwIfNoEntry: false })?.ino !== this.#inode) return false
    this.#placeCheckedMs = nowMs
    return true
  }

  /**
   * Appends one line and moves the head. Throws when the line is not there as a whole, and leaves no part of it.
   * The head follows at the end of this turn of the event loop, while the call is already under way, and before the
   * next line in any case: one line more than the head is what a crash between the two leaves as well. A head that
   * cannot be moved is reported and holds up the next line.
   */
  write(line: string, openDelta: -1 | 0 | 1): void {
    if (this.#headBehind) this.#moveHead()
    const bytes = Buffer.from(`${line}\n`)
    this.#append(bytes)
    this.#tip = {
      seq: this.#tip.seq + 1,
      hash: hash('sha256', bytes.subarray(0, -1), 'hex'),
      open: this.#tip.open + openDelta,
      size: this.#tip.size + bytes.length,
    }
    this.#headBehind = true
    this.#headDue ??= setImmediate(() => this.#catchUp())
  }

  /** Resolves when everything written so far is on the disk; waiters share one sync. */
  synced(): Promise<void> {
    return this.#syncs.now()
  }

  /** Makes what was written reach the disk within a second. */
  syncSoon(): void {
    this.#syncs.soon()
  }

  /** Waits for a running sync, closes the files, and lets another process take over at once. */
  async retire(): Promise<void> {
    await this.#syncs.stop()
    this.letGo()
  }

  /** The same at once, for a chain that no sync was asked of yet. */
  letGo(): void {
    this.#catchUp()
    closeSync(this.#log)
    closeSync(this.#head)
    this.#options.ownership.release()
  }

  /** Removes a chain whose first line could not be written, so that retries on a full disk leave no files behind. */
  discard(): void {
    rmSync(this.#paths.log, { force: true })
    rmSync(this.#paths.head, { force: true })
    this.letGo()
    rmSync(this.#paths.lock, { force: true })
  }

  #append(bytes: Buffer): void {
    let written = 0
    try {
      while (written < bytes.length) written += writeSync(this.#log, bytes, written)
    } catch (error) {
      this.#torn = true
      throw error
    } finally {
      if (this.#torn) this.#cutBack()
    }
  }

  #cutBack(): void {
    ftruncateSync(this.#log, this.#tip.size)
    this.#torn = false
  }

  #moveHead(): void {
    const sealed = Buffer.from(sealHead(this.#options.sealKey, this.name, this.#tip), 'latin1')
    writeSync(this.#head, sealed, 0, sealed.length, 0)
    this.#headBehind = false
  }

  #catchUp(): void {
    clearImmediate(this.#headDue)
    this.#headDue = undefined
    if (!this.#headBehind || this.#torn) return
    try {
      this.#moveHead()
    } catch (error) {
      this.#options.onProblem(error as Error)
    }
  }

  async #sync(): Promise<void> {
    this.#catchUp()
    try {
      await Promise.all([syncData(this.#log), syncData(this.#head)])
    } catch (error) {
      // After a failed sync the kernel may have dropped the data and report success next time: this file is not trusted again.
      this.#condemned = true
      this.#options.onProblem(error as Error)
      throw error
    }
  }
}

/** Makes a new file's name survive a loss of power. */
function syncDirectory(dir: string): void {
  const fd = openSync(dir, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
