import { kinds } from '../tools/index.ts'
import { createLease } from './credentials/lease.ts'
import type { ExecuteContext, Executor, Limits } from './kind.ts'
import { Outbox } from './process/outbox.ts'
import { createRedactor, type Redactor } from './redact/redactor.ts'
import { Refusal } from './refusal.ts'
import { type FromWorker, type StartMessage, type ToWorker, ToWorkerBatch } from './workers/protocol.ts'

/*
 * A worker process: serves one configured tool, is the only process that holds its credential,
 * and lets nothing out that did not pass its redactor.
 */

type Lease = Awaited<ReturnType<ReturnType<typeof createLease>['get']>>

interface Duty {
  readonly limits: Limits
  readonly lease: ReturnType<typeof createLease> | null
  readonly executor: Promise<Executor>
}

const withoutCredential = { credential: null, secrets: [], fingerprint: null } as const
const running = new Map<number, AbortController>()
const redactors = new WeakMap<object, Redactor>()

const outbox = new Outbox<FromWorker>(messages => void sendNow(messages))

/** Resolves when the messages have been handed to the kernel. */
function sendNow(messages: readonly FromWorker[]): Promise<void> {
  return new Promise(resolve => {
    if (process.send === undefined || !process.connected) return resolve()
    process.send([...messages], () => resolve())
  })
}

function takeUp(start: StartMessage): Duty {
  const kind = kinds.find(candidate => candidate.name === start.kind)
  if (kind === undefined) process.exit(1)
  const fingerprintKey = Buffer.from(start.fingerprintKey, 'hex')
  const places = { ...start.places, platform: start.places.platform as NodeJS.Platform, environment: process.env }
  const lease =
    start.credential === null
      ? null
      : createLease({ name: start.credential.name, credential: start.credential.config, places, fingerprintKey })
  const executor = kind.start(start.target as never, start.limits)
  executor.catch(() => {}) // each job that awaits it reports the failure
  return { limits: start.limits, lease, executor }
}

function redactorFor(lease: Lease | typeof withoutCredential): Redactor {
  let redactor = redactors.get(lease)
  if (redactor === undefined) {
    redactor = createRedactor(lease.secrets)
    redactors.set(lease, redactor)
    if (lease.fingerprint !== null) outbox.push({ type: 'leased', fingerprint: lease.fingerprint })
  }
  return redactor
}

async function carryOut(duty: Duty, job: Extract<ToWorker, { type: 'job' }>): Promise<void> {
  const abort = new AbortController()
  const timer = setTimeout(() => abort.abort(new Refusal('target_timeout', 'the deadline passed')), job.timeoutMs)
  running.set(job.id, abort)
  const timings = { upstreamMs: 0, redactMs: 0 }
  let lease: Lease | typeof withoutCredential = withoutCredential
  try {
    if (duty.lease !== null) lease = await unlessAborted(duty.lease.get(), abort.signal)
    const redactor = redactorFor(lease)
    const executor = await duty.executor
    const context: ExecuteContext = {
      credential: lease.credential,
      limits: duty.limits,
      signal: abort.signal,
      redactedText: () => redactor.collect(),
      upstreamTook: ms => {
        timings.upstreamMs += ms
      },
    }
    abort.signal.throwIfAborted()
    if (job.announce) await sendNow([{ type: 'started', id: job.id }])
    const { answer, ...facts } = await executor.execute(job.request, context)
    if (facts.status === 401) duty.lease?.drop()
    const redactionBegan = performance.now()
    const shown = redactor.value(answer) as Record<string, unknown>
    timings.redactMs = performance.now() - redactionBegan
    outbox.push({ type: 'result', id: job.id, answer: shown, ...facts, fingerprint: lease.fingerprint, timings })
  } catch (error) {
    const refusal = error instanceof Refusal ? error : new Refusal('internal', 'the worker failed', { cause: error })
    const detail = (redactors.get(lease)?.text(detailOf(refusal)) ?? refusal.message).slice(0, 1_000)
    outbox.push({ type: 'refused', id: job.id, code: refusal.code, detail, fingerprint: lease.fingerprint })
  } finally {
    clearTimeout(timer)
    running.delete(job.id)
  }
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

function detailOf(refusal: Refusal): string {
  const cause = refusal.cause instanceof Error ? `: ${refusal.cause.name}: ${refusal.cause.message}` : ''
  return `${refusal.message}${cause}`
}

// A Ctrl-C or a service stop reaches the whole process group; the gate decides when a worker ends.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})
process.on('disconnect', () => process.exit(0))

let duty: Duty | null = null

function obey(message: ToWorker): void {
  switch (message.type) {
    case 'start':
      duty ??= takeUp(message)
      return
    case 'job':
      if (duty === null) process.exit(1)
      void carryOut(duty, message)
      return
    case 'cancel':
      running.get(message.id)?.abort(new Refusal('cancelled', 'the caller cancelled'))
      return
    default:
      message satisfies never
  }
}

process.on('message', (raw: unknown) => {
  const parsed = ToWorkerBatch.safeParse(raw)
  if (!parsed.success) process.exit(1)
  for (const message of parsed.data) obey(message)
})
