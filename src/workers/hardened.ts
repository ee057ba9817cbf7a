import { loaderOf } from './loader.ts'
import { probe } from './probe.ts'
import { copyUnreadable } from './unreadable.ts'

/**
 * Whether workers can be kept from every process of the same user, and how they are started for that. The kernel of Linux
 * gives nobody the memory, environment, mappings and open files of a process whose program its user may not read
 * (fs/exec.c: would_dump), nor lets it be traced, and writes no core file of it.
 */
export type Hardened =
  | {
      readonly holds: true
      readonly node: readonly [string, ...string[]]
      /** Whether what workers are started with is still what was checked. */
      readonly isUntouched: () => boolean
    }
  | { readonly holds: false; readonly reason: string }

/** What hardening takes. */
export interface HardenOptions {
  /** The Node that runs workers. */
  readonly node: string
  /**
   * What is copied. `node`: what was checked at the start is what every later worker runs, whatever becomes of the file
   * that it was copied from; a fifth of a second and 120 MB of disk. `loader`: the kernel looks at the program that it
   * is told to start, so a copy of the small one that loads Node does it too, in a thousandth of that.
   */
  readonly copied: 'node' | 'loader'
  /** Where the copy is made. */
  readonly folder: string
  readonly platform: NodeJS.Platform
  readonly random: (size: number) => Buffer
}

/** Makes the copy, and tries whether it does what it is for. */
export async function harden(options: HardenOptions): Promise<Hardened> {
  if (options.platform !== 'linux') return { holds: false, reason: 'only Linux can do this' }
  try {
    const { node, copied, folder, random } = options
    const copy = copyUnreadable(copied === 'node' ? node : loaderOf(node), folder, random)
    const start: readonly [string, ...string[]] = copied === 'node' ? [copy.path] : [copy.path, node]
    const reason = await probe(start)
    return reason === null ? { holds: true, node: start, isUntouched: copy.isUntouched } : { holds: false, reason }
  } catch (error) {
    return { holds: false, reason: (error as Error).message }
  }
}
