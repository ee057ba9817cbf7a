import { mayDumpCore } from './core-dumps.ts'
import { WorkerProcess, WorkerRefusal } from './process.ts'
import type { WorkerPlan } from './tool-worker.ts'

/** How a worker did that was started to see whether it starts. */
export type Trial =
  | { readonly answers: true; readonly ms: number; readonly mayDumpCore: boolean | null }
  | { readonly answers: false }

/**
 * Starts the worker of a tool as a call would, but without its credential, and gives it a job that is cancelled before it
 * begins: it has to say so, and does nothing else. Nothing is read or sent.
 */
export async function tryWorker(plan: WorkerPlan, timeoutMs: number): Promise<Trial> {
  const { entry, execPath, start } = plan
  const began = performance.now()
  const worker = new WorkerProcess({
    entry,
    execPath,
    grant: { ...plan.grant(), environment: {} },
    start: { ...start, credential: null, others: {} },
    events: { leased() {}, partial() {}, warned() {}, exited() {}, malformed() {} },
  })
  try {
    await worker.run({
      request: null,
      timeoutMs,
      idempotent: true,
      reads: true,
      onceKey: null,
      permit: () => null,
      signal: AbortSignal.abort(),
    })
    return { answers: false } // with a result, it did not take notice
  } catch (error) {
    if (!(error instanceof WorkerRefusal && error.code === 'cancelled')) return { answers: false }
    const ms = Math.round(performance.now() - began)
    return { answers: true, ms, mayDumpCore: worker.pid === null ? null : mayDumpCore(worker.pid) }
  } finally {
    await worker.stop()
  }
}
