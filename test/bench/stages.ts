import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Stage } from '../../src/gate/invoke.ts'
import type { Effort } from './effort.ts'
import type { Installation } from './installation.ts'
import { runLoad } from './load.ts'
import { quantile } from './quantile.ts'
import { startOverStdio } from './stdio-caller.ts'

/** How long one stage took, in microseconds. */
export interface Spread {
  readonly count: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
}

/** `call` is all of it as the client saw it; `worker` contains `upstream` and `redact`. */
export type Histogram = Partial<Record<Stage | 'call', Spread>>

/** Reduces what was measured, without the first `skip` calls. */
export function histogram(took: ReadonlyMap<Stage, readonly number[]>, skip: number): Histogram {
  return Object.fromEntries([...took].map(([stage, ms]) => [stage, spreadOf(ms.slice(skip))]))
}

function spreadOf(ms: readonly number[]): Spread {
  const ascending = ms.map(value => value * 1_000).sort((a, b) => a - b)
  const at = (q: number) => quantile(ascending, q)
  return { count: ascending.length, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) }
}

/** Has a gate with a watch carry out a load, over stdio. */
export async function measureStages(
  installation: Installation,
  effort: Effort,
  load: { readonly calls: number; readonly inFlight: number },
): Promise<Histogram> {
  const out = join(installation.folder, `stages-${load.inFlight}.json`)
  const args = ['--out', out, '--skip', String(effort.warmUpCalls)]
  const caller = startOverStdio(installation.script(new URL('./gate.ts', import.meta.url), args))
  await runLoad(caller, { calls: effort.warmUpCalls, inFlight: load.inFlight })
  const { p50Ms, p90Ms, p99Ms, maxMs } = await runLoad(caller, load)
  await caller.close()
  const call = { count: load.calls, p50: p50Ms * 1e3, p90: p90Ms * 1e3, p99: p99Ms * 1e3, max: maxMs * 1e3 }
  return { ...(JSON.parse(readFileSync(out, 'utf8')) as Histogram), call }
}
