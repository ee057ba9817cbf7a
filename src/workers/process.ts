import { type ChildProcess, fork } from 'node:child_process'
import { Outbox } from '../process/outbox.ts'
import { Refusal } from '../refusal.ts'
import type { WorkerGrant } from './permissions.ts'
import {
  type FromWorker,
  FromWorkerBatch,
  type Leased,
  type PartialSecret,
  type StartMessage,
  type ToWorker,
  type WorkerResult,
} from './protocol.ts'

/** How long after a call's deadline a worker may still answer before it is killed. */
const graceMs = 1_000

/** What a worker process reports besides results. */
export interface WorkerEvents {
  leased(lease: Pick<Leased, 'credential' | 'fingerprint' | 'asked'>): void
  /** An answer held a part of a secret; heard before that answer is. */
  partial(found: Pick<PartialSecret, 'credential' | 'secret' | 'part'>): void
  /** Something about the target weakens a promise. */
  warned(findings: readonly string[]): void
  exited(reason: { readonly code: number | null; readonly signal: string | null; readonly expected: boolean }): void
  /** A message that the protocol does not know; the worker is killed. */
  malformed(): void
}

/** The worker died while it had the job. */
export class WorkerDied extends Error {
  /** True when the job cannot have had an effect, or having it twice is harmless. */
  readonly repeatable: boolean
  readonly atDeadline: boolean

  constructor(message: string, options: { readonly repeatable: boolean; readonly atDeadline: boolean }) {
    super(message)
    this.name = 'WorkerDied'
    this.repeatable = options.repeatable
    this.atDeadline = options.atDeadline
  }
}

/** A refusal that a worker decided on, with the fingerprint of the credential it held by then. */
export class WorkerRefusal extends Refusal {
  readonly fingerprint: string | null

  constructor(code: Refusal['code'], detail: string, fingerprint: string | null) {
    super(code, detail)
    this.fingerprint = fingerprint
  }
}

/** One planned request for a worker. */
export interface Job {
  /** What the kind's plan made. */
  readonly request: unknown
  /** From now on; after it and a grace period the worker is killed. */
  readonly timeoutMs: number
  readonly idempotent: boolean
  /** Whether it only reads, so that without an answer nothing has happened. */
  readonly reads: boolean
  readonly onceKey: string | null
  /** Judges a further step that the worker wants to take; gives what to carry out, or null. */
  readonly permit: (step: unknown) => unknown
  readonly signal: AbortSignal
}

interface Pending {
  readonly resolve: (result: WorkerResult) => void
  readonly reject: (error: WorkerRefusal | WorkerDied) => void
  readonly cleanUp: () => void
  readonly permit: Job['permit']
  repeatable: boolean
}

/** One worker process: the gate's end of its channel. */
export class WorkerProcess {
  readonly #child: ChildProcess
  readonly #outbox: Outbox<ToWorker>
  readonly #pending = new Map<number, Pending>()
  readonly #events: WorkerEvents
  readonly #stopGraceMs: number
  #nextId = 1
  #stopping = false
  /** The job for whose deadline it was killed. */
  #expired: number | null = null
  readonly #gone = Promise.withResolvers<void>()
  #ending = false

  constructor(options: {
    readonly entry: string
    readonly execPath: string
    readonly grant: WorkerGrant
    readonly start: StartMessage
    readonly events: WorkerEvents
  }) {
    this.#events = options.events
    this.#stopGraceMs = options.grant.stopGraceMs
    this.#child = fork(options.entry, [], {
      execPath: options.execPath,
      execArgv: [...options.grant.execArgv],
      env: options.grant.environment,
      // Not the agent's folder: a core file, or a relative path, must not end up there.
      cwd: '/',
      serialization: 'json',
      // A crashing process prints source lines and values; nothing of a worker's output is kept.
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    this.#outbox = new Outbox(messages => {
      // A worker that has gone is reported by its exit event, not by this callback.
      if (this.#child.connected) this.#child.send([...messages], () => {})
    })
    this.#child.on('message', batch => this.#received(batch))
    // `disconnect` comes after the last message was read; `exit` may come before it.
    this.#child.on('disconnect', () => this.#whenGone())
    this.#child.on('error', () => this.#ended())
    this.#outbox.push(options.start)
  }

  /** Null when it could not be started at all. */
  get pid(): number | null {
    return this.#child.pid ?? null
  }

  get alive(): boolean {
    return !this.#ending && !this.#stopping && this.#child.connected
  }

  get busy(): boolean {
    return this.#pending.size > 0
  }

  /**
   * Has the worker carry out one job.
   *
   * @throws WorkerRefusal what the worker said; WorkerDied when it ended without an answer
   */
  run(job: Job): Promise<WorkerResult> {
    const id = this.#nextId++
    return new Promise<WorkerResult>((resolve, reject) => {
      if (!this.alive) return reject(new WorkerDied('the worker has ended', { repeatable: true, atDeadline: false }))
      const onAbort = () => this.#outbox.push({ type: 'cancel', id })
      const timer = setTimeout(() => this.#killForDeadline(id), job.timeoutMs + graceMs)
      const cleanUp = () => {
        clearTimeout(timer)
        job.signal.removeEventListener('abort', onAbort)
      }
      job.signal.addEventListener('abort', onAbort, { once: true })
      this.#pending.set(id, { resolve, reject, cleanUp, permit: job.permit, repeatable: true })
      const { request, timeoutMs, onceKey } = job
      this.#outbox.push({ type: 'job', id, request, timeoutMs, announce: !job.idempotent, onceKey })
      if (job.signal.aborted) onAbort()
    })
  }

  /** Has the worker read its credentials again when they are needed next. */
  dropLeases(): void {
    this.#outbox.push({ type: 'drop' })
  }

  /** Ends the process and waits until it has ended; running jobs should be left to finish first. */
  async stop(): Promise<void> {
    this.#stopping = true
    if (this.#child.connected) this.#child.disconnect()
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), this.#stopGraceMs)
    await this.#gone.promise
    clearTimeout(timer)
  }

  #received(raw: unknown): void {
    const parsed = FromWorkerBatch.safeParse(raw)
    if (!parsed.success) {
      this.#events.malformed()
      this.#child.kill('SIGKILL')
      return
    }
    for (const message of parsed.data) this.#heard(message)
  }

  #heard(message: FromWorker): void {
    switch (message.type) {
      case 'started': {
        const pending = this.#pending.get(message.id)
        if (pending !== undefined) pending.repeatable = false
        return
      }
      case 'permit':
        this.#outbox.push({
          type: 'permitted',
          id: message.id,
          request: this.#pending.get(message.id)?.permit(message.step) ?? null,
        })
        return
      case 'partial':
        return this.#events.partial(message)
      case 'warned':
        return this.#events.warned(message.findings)
      case 'leased':
        return this.#events.leased(message)
      case 'result':
        return this.#take(message.id)?.resolve(message)
      case 'refused':
        return this.#take(message.id)?.reject(new WorkerRefusal(message.code, message.detail, message.fingerprint))
      default:
        return message satisfies never
    }
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id)
    pending?.cleanUp()
    this.#pending.delete(id)
    return pending
  }

  #killForDeadline(id: number): void {
    this.#expired ??= id
    this.#child.kill('SIGKILL')
  }

  #whenGone(): void {
    const { exitCode, signalCode } = this.#child
    if (exitCode !== null || signalCode !== null) return this.#ended()
    this.#child.once('exit', () => this.#ended())
    // Without its channel a worker is of no use, whatever it is doing.
    if (!this.#stopping) this.#child.kill('SIGKILL')
  }

  #ended(): void {
    if (this.#ending) return
    this.#ending = true
    const { exitCode, signalCode } = this.#child
    for (const id of this.#pending.keys()) {
      const pending = this.#take(id)
      const { repeatable } = pending ?? { repeatable: false }
      pending?.reject(
        new WorkerDied('the worker ended during the call', { repeatable, atDeadline: this.#expired === id }),
      )
    }
    this.#events.exited({ code: exitCode, signal: signalCode, expected: this.#stopping })
    this.#gone.resolve()
  }
}
