import { type Effort, inFlight } from './effort.ts'
import type { Caller } from './caller.ts'
import { type Load, type Pace, runLoad } from './load.ts'
import { childrenOf, cpuMs, residentMb } from './process-cost.ts'
import { median } from './quantile.ts'

/** What one server did under one load: medians over the rounds. */
export interface Performance extends Pace {
  /** The process that the client talks to: the bare server, or the gate. */
  readonly serverCpuMsPerCall: number
  readonly workerCpuMsPerCall: number
  /** The load generator's own, to see whether it was the bottleneck. */
  readonly clientCpuMsPerCall: number
}

/** What a process and its worker hold after all loads. */
export interface Memory {
  readonly serverMb: number
  readonly workerMb: number
}

/** Everything that was measured of one server over one transport. */
export interface Measured {
  readonly sequential: Performance
  readonly parallel: Performance
  readonly memory: Memory
}

/** The two that are compared. */
export type Pair<T> = { readonly bare: T; readonly keyhold: T }

/** Measures both servers in turns, so that whatever else the machine does strikes both alike. */
export async function compare(callers: Pair<Caller>, effort: Effort): Promise<Pair<Measured>> {
  for (const caller of [callers.bare, callers.keyhold]) await runLoad(caller, { calls: effort.warmUpCalls, inFlight })
  const sequential = await inTurns(callers, effort.rounds, { calls: effort.sequentialCalls, inFlight: 1 })
  const parallel = await inTurns(callers, effort.rounds, { calls: effort.parallelCalls, inFlight })
  const measured = (name: keyof Pair<unknown>): Measured => ({
    sequential: sequential[name],
    parallel: parallel[name],
    memory: memoryOf(callers[name]),
  })
  return { bare: measured('bare'), keyhold: measured('keyhold') }
}

async function inTurns(callers: Pair<Caller>, rounds: number, load: Load): Promise<Pair<Performance>> {
  const bare: Performance[] = []
  const keyhold: Performance[] = []
  for (let round = 0; round < rounds; round++) {
    bare.push(await perform(callers.bare, load))
    keyhold.push(await perform(callers.keyhold, load))
  }
  return { bare: medians(bare), keyhold: medians(keyhold) }
}

async function perform(caller: Caller, load: Load): Promise<Performance> {
  const workers = childrenOf(caller.pid)
  const used = () => ({
    server: cpuMs(caller.pid),
    worker: workers.reduce((sum, pid) => sum + cpuMs(pid), 0),
    client: cpuMs(process.pid),
  })
  const before = used()
  const pace = await runLoad(caller, load)
  const after = used()
  return {
    ...pace,
    serverCpuMsPerCall: (after.server - before.server) / load.calls,
    workerCpuMsPerCall: (after.worker - before.worker) / load.calls,
    clientCpuMsPerCall: (after.client - before.client) / load.calls,
  }
}

function medians(rounds: readonly Performance[]): Performance {
  const of = (key: keyof Performance) => median(rounds.map(round => round[key]))
  return {
    callsPerSecond: of('callsPerSecond'),
    p50Ms: of('p50Ms'),
    p90Ms: of('p90Ms'),
    p99Ms: of('p99Ms'),
    maxMs: of('maxMs'),
    serverCpuMsPerCall: of('serverCpuMsPerCall'),
    workerCpuMsPerCall: of('workerCpuMsPerCall'),
    clientCpuMsPerCall: of('clientCpuMsPerCall'),
  }
}

function memoryOf({ pid }: Caller): Memory {
  return { serverMb: residentMb(pid), workerMb: childrenOf(pid).reduce((sum, child) => sum + residentMb(child), 0) }
}
