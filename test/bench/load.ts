import type { Caller } from './caller.ts'
import { quantile } from './quantile.ts'

/** How much is asked of a server, and how much of it at once. */
export interface Load {
  readonly calls: number
  readonly inFlight: number
}

/** How a server answered a load. */
export interface Pace {
  readonly callsPerSecond: number
  readonly p50Ms: number
  readonly p90Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

/** Makes calls; as soon as one is answered the next is sent, so that `inFlight` are always under way. */
export async function runLoad(caller: Caller, { calls, inFlight }: Load): Promise<Pace> {
  const took = new Float64Array(calls)
  let next = 0
  const began = performance.now()
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (next < calls) {
        const index = next++
        const sent = performance.now()
        await caller.request('tools/call')
        took[index] = performance.now() - sent
      }
    }),
  )
  const wallMs = performance.now() - began
  took.sort()
  return {
    callsPerSecond: (calls * 1_000) / wallMs,
    p50Ms: quantile(took, 0.5),
    p90Ms: quantile(took, 0.9),
    p99Ms: quantile(took, 0.99),
    maxMs: quantile(took, 1),
  }
}
