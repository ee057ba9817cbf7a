import type { SourceNeeds } from '../credentials/needs.ts'
import type { WorkerPermissions } from '../kind.ts'

/** What one worker process is given; everything else is denied by Node's permission model or absent. */
export interface WorkerGrant {
  /** Arguments of `node` before the entry file. */
  readonly execArgv: readonly string[]
  /** The whole environment. */
  readonly environment: Readonly<Record<string, string>>
  /** How long its end is waited for when it is stopped. */
  readonly stopGraceMs: number
}

/** How long a worker that is stopped may take to give back what stores have made for it. */
const stopGraceMs = 3_000

/**
 * The same where a refresh token may be under way: its provider may have replaced it already, and a worker that is killed
 * before the answer loses it. Longer than a worker waits for a token endpoint.
 */
const exchangeGraceMs = 12_000

/** The largest old generation of a worker in megabytes; a response is capped far below it. */
const maxHeapMb = 128

/** Given a small old generation, V8 would also choose a tiny young one, and spend a third of its time collecting it. */
const youngHeapMb = 16

/**
 * Works out the least a worker needs: to read the program's own code, and what reading its credential takes.
 *
 * @param needs what reading its credential takes
 * @param code the folders that hold the program
 */
export function grantFor(
  permissions: WorkerPermissions,
  needs: SourceNeeds,
  code: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): WorkerGrant {
  const execArgv = [
    '--permission',
    ...[...code, ...needs.files].map(path => `--allow-fs-read=${path}`),
    ...needs.writes.map(path => `--allow-fs-write=${path}`),
    ...(needs.addons ? ['--allow-addons'] : []),
    ...(permissions.children || needs.children ? ['--allow-child-process'] : []),
    `--max-old-space-size=${maxHeapMb}`,
    `--max-semi-space-size=${youngHeapMb}`,
    // SQLite opens files without asking the permission model; whoever keeps no items and reads no such database does without it.
    ...(needs.writes.length === 0 && !permissions.sqlite ? ['--no-experimental-sqlite'] : []),
    '--disable-sigusr1', // a signal must not open a debugger into a process that holds a credential
  ]
  const passed = needs.environment.flatMap(name => {
    const value = environment[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return {
    execArgv,
    environment: Object.fromEntries(passed),
    stopGraceMs: needs.writes.length === 0 ? stopGraceMs : exchangeGraceMs,
  }
}
