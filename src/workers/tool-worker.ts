import { Refusal } from '../refusal.ts'
import { type Job, WorkerDied, type WorkerEvents, WorkerProcess } from './process.ts'
import type { WorkerGrant } from './permissions.ts'
import type { StartMessage, WorkerResult } from './protocol.ts'

/** What it takes to start the worker of one tool, as often as needed. */
export interface WorkerPlan {
  readonly entry: string
  readonly execPath: string
  /** Asked for at each start, so that a credential's variable is read then and not kept. */
  readonly grant: () => WorkerGrant
  readonly start: StartMessage
  readonly idleMs: number
}

/**
 * The one worker of a tool: started on first use, kept warm, replaced when it died, stopped when idle.
 * A crash, a hang or a memory blow-up costs at most the calls it was carrying out.
 */
export class ToolWorker {
  readonly #plan: WorkerPlan
  readonly #events: WorkerEvents
  #process: WorkerProcess | null = null
  #idleTimer: NodeJS.Timeout | null = null
  #idleMs: number
  #ended = false

  constructor(plan: WorkerPlan, events: WorkerEvents) {
    this.#plan = plan
    this.#idleMs = plan.idleMs
    this.#events = events
  }

  /**
   * Carries out one job. When the worker dies and the job can be repeated without harm, a fresh
   * worker gets it once more; otherwise its outcome is unknown.
   *
   * @throws Refusal
   */
  async run(job: Job): Promise<WorkerResult> {
    const started = performance.now()
    try {
      return await this.#attempt(job)
    } catch (error) {
      if (!(error instanceof WorkerDied)) throw error
      const timeoutMs = job.timeoutMs - (performance.now() - started)
      if (this.#ended || !error.repeatable || error.atDeadline || timeoutMs <= 0 || job.signal.aborted)
        throw refusalOf(error, job, error.atDeadline || timeoutMs <= 0)
      return await this.#attempt({ ...job, timeoutMs }).catch(again => {
        throw again instanceof WorkerDied ? refusalOf(again, job, again.atDeadline) : afterDeath(again, job)
      })
    } finally {
      this.#restIfIdle()
    }
  }

  /** Has it read its credentials again when they are needed next. */
  dropLeases(): void {
    this.#process?.dropLeases()
  }

  /** Ends the process as soon as it has nothing to do, and its leases with it. */
  retire(): void {
    this.#idleMs = 0
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer)
    this.#idleTimer = null
    this.#restIfIdle()
  }

  /** Ends the process and waits until it has ended; the next job starts a new one. */
  async stop(): Promise<void> {
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer)
    const process = this.#process
    this.#process = null
    await process?.stop()
  }

  /** Ends the process for good: a job that it had is not given to another one. */
  async end(): Promise<void> {
    this.#ended = true
    await this.stop()
  }

  #attempt(job: Job): Promise<WorkerResult> {
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer)
    this.#idleTimer = null
    if (this.#ended)
      return Promise.reject(new WorkerDied('the gate is stopping', { repeatable: true, atDeadline: false }))
    if (!this.#process?.alive) {
      const { entry, execPath, grant, start } = this.#plan
      this.#process = new WorkerProcess({ entry, execPath, grant: grant(), start, events: this.#events })
    }
    return this.#process.run(job)
  }

  #restIfIdle(): void {
    if (this.#process === null || this.#process.busy || this.#idleTimer !== null) return
    this.#idleTimer = setTimeout(() => void this.stop(), this.#idleMs).unref()
  }
}

/** A second worker that did nothing says nothing about the first, which may have sent a request that writes. */
function afterDeath(error: unknown, job: Job): unknown {
  const unknown = job.idempotent && !job.reads && error instanceof Refusal
  return unknown ? new Refusal('outcome_unknown', error.message, { cause: error }) : error
}

function refusalOf(death: WorkerDied, job: Job, atDeadline: boolean): Refusal {
  const nothingDone = job.reads || (death.repeatable && !job.idempotent)
  const code = !nothingDone ? 'outcome_unknown' : atDeadline ? 'target_timeout' : 'internal'
  return new Refusal(code, death.message, { cause: death })
}
