import { existsSync } from 'node:fs'

/** What a worker's process is started with: a program, and what stands before the arguments of Node. */
export interface Launch {
  readonly execPath: string
  readonly args: readonly string[]
  /** Whether what is started may write no core file, which would hold its credential. */
  readonly coreDumpsOff: boolean
  /** Whether what is started is still what was checked. */
  readonly isUntouched: () => boolean
}

const shell = '/bin/sh'
const emptier = '/usr/bin/env'

/**
 * What a worker may take of memory beside the heap of JavaScript, in kilobytes: SQLite and the buffers of answers. Node itself
 * has more than a third of it, most of it stacks that are never used.
 */
const maxDataKb = 1_572_864

// Node can set no limit of a process; a shell can, and then becomes what it was given, argument by argument: nothing is
// put together as text. What shells add to an environment on their own (bash even while it execs) is taken out again.
// A limit on data that is lower already stays.
const script = `ulimit -c 0 && { ulimit -d ${maxDataKb} 2>/dev/null || :; } && exec ${emptier} -u PWD -u OLDPWD -u SHLVL -u _ "$0" "$@"`

/**
 * Works out how workers are started, with no core dumps where the system has a shell to switch them off.
 *
 * @param node Node, and what it has to be started through
 * @param isUntouched whether that is still what was checked
 */
export function launchOf(
  node: readonly [string, ...string[]],
  platform: NodeJS.Platform,
  isUntouched: () => boolean = () => true,
  exists: (path: string) => boolean = existsSync,
): Launch {
  const [execPath, ...args] = node
  if (platform === 'win32' || ![shell, emptier].every(exists))
    return { execPath, args, coreDumpsOff: false, isUntouched }
  return { execPath: shell, args: ['-c', script, ...node], coreDumpsOff: true, isUntouched }
}
