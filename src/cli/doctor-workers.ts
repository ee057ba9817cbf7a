import type { LoadedConfig } from '../config/build.ts'
import { coreTakenBy } from '../workers/core-dumps.ts'
import type { Hardened } from '../workers/hardened.ts'
import { type Trial, tryWorker } from '../workers/trial.ts'
import type { Finding } from './finding.ts'
import { hardenWorkers } from './harden-workers.ts'
import { launchFor, workerPlan } from './run-gate.ts'
import type { World } from './world.ts'

const startMs = 15_000

/** Nothing is leased in a trial, so nothing is known by a fingerprint. */
const noKey = Buffer.alloc(32)

/** Tries how well workers are kept from others, and whether the worker of each tool starts. */
export async function checkWorkers(world: World, loaded: LoadedConfig | null): Promise<readonly Finding[]> {
  const serve = await hardenWorkers(world, 'node')
  const stdio = await hardenWorkers(world, 'loader')
  const launch = launchFor(world, serve)
  const trials: (readonly [string, Trial])[] = []
  for (const tool of loaded?.config.tools ?? []) {
    const plan = workerPlan({ world, loaded: loaded as LoadedConfig, tool, launch, fingerprintKey: noKey })
    trials.push([tool.name, await tryWorker(plan, startMs)])
  }
  return [
    hardening(serve, stdio),
    coreDumps(
      launch.coreDumpsOff,
      trials.map(([, trial]) => trial),
      serve.holds && stdio.holds,
    ),
    ...trials.map(([name, trial]) => toolFinding(name, trial)),
  ]
}

function hardening(serve: Hardened, stdio: Hardened): Finding {
  const check = 'hardened mode'
  if (serve.holds && stdio.holds) {
    return { check, state: 'ok', found: 'other processes of this user cannot look into workers' }
  }
  const failed = [serve, stdio].find(hardened => !hardened.holds)
  const of = serve.holds ? ' of stdio' : stdio.holds ? ' of serve' : ''
  const reason = failed?.holds === false ? failed.reason : ''
  const found = `other processes of this user can look into workers${of}: ${reason}`
  const todo = reason.includes('root')
    ? 'run keyhold as a user of its own'
    : reason.includes('does not run')
      ? 'have the state folder on a file system that is not mounted noexec'
      : 'let nothing that you do not trust run as this user'
  return { check, state: 'warn', found, todo }
}

function coreDumps(off: boolean, trials: readonly Trial[], hardened: boolean): Finding {
  const check = 'core dumps'
  if (trials.some(trial => trial.answers && trial.mayDumpCore === true) && off) {
    return { check, state: 'fail', found: 'a crash of a worker may leave its memory in a file', todo: 'ulimit -c 0' }
  }
  if (!off) {
    const todo = 'start keyhold with a limit of 0 on core files (LimitCORE=0, ulimit -c 0)'
    return { check, state: 'warn', found: 'there is no /bin/sh and /usr/bin/env to switch them off with', todo }
  }
  const taker = hardened ? null : coreTakenBy()
  if (taker === null) return { check, state: 'ok', found: 'off for workers' }
  const todo = 'use hardened mode, or another kernel.core_pattern'
  return { check, state: 'warn', found: `off, but the kernel gives every core to ${taker}, whatever the limit`, todo }
}

function toolFinding(name: string, trial: Trial): Finding {
  const check = `tool ${name}`
  if (trial.answers) return { check, state: 'ok', found: `its worker starts and answers (${trial.ms} ms)` }
  const todo = 'call the tool once; `keyhold audit tail` then says how its worker ended'
  return { check, state: 'fail', found: 'its worker does not start', todo }
}
