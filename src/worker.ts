import { kinds } from '../tools/index.ts'
import { createLease } from './credentials/lease.ts'
import type { ExecuteContext, Execution, Executor, Limits } from './kind.ts'
import { Outbox } from './process/outbox.ts'
import { unlessAborted } from './process/unless-aborted.ts'
import { createRedactor } from './redact/redactor.ts'
import { Refusal } from './refusal.ts'
import { createLeases, type Held, type Leases } from './workers/leases.ts'
import { Permits } from './workers/permits.ts'
import { type FromWorker, type StartMessage, type ToWorker, ToWorkerBatch } from './workers/protocol.ts'

/*
 * A worker process: serves one configured tool, is the only process that holds its credential,
 * and lets nothing out that did not pass its redactor.
 */

interface Duty {
  readonly limits: Limits
  readonly leases: Leases
  readonly executor: () => Promise<Executor>
}

type Job = Extract<ToWorker, { type: 'job' }>

const running = new Map<number, AbortController>()
const outbox = new Outbox<FromWorker>(messages => void sendNow(messages))
const permits = new Permits((id, step) => outbox.push({ type: 'permit', id, step }))

/** Before anything is leased there is nothing to redact. */
const nothingHeld: Held = {
  credential: null,
  fingerprint: null,
  others: {},
  redactor: createRedactor([]),
  generation: 0,
}

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
  const leasing = ({ name, config }: NonNullable<StartMessage['credential']>) =>
    createLease({ name, credential: config, places, fingerprintKey, rights: start.rights, clock: Date.now })
  const others = Object.fromEntries(Object.entries(start.others).map(([role, other]) => [role, leasing(other)]))
  const leases = createLeases(start.credential === null ? null : leasing(start.credential), others, (role, lease) => {
    const credential = (role === null ? start.credential : start.others[role])?.name ?? ''
    outbox.push({ type: 'leased', credential, fingerprint: lease.fingerprint, asked: lease.asked })
  })
  let started: Promise<Executor> | null = null
  const executor = () => {
    started ??= kind.start(start.target as never, start.limits).catch((error: unknown) => {
      started = null // the next job tries again
      throw error
    })
    return started
  }
  executor().catch(() => {}) // each job that awaits it reports the failure
  return { limits: start.limits, leases, executor }
}

async function carryOut(duty: Duty, job: Job): Promise<void> {
  const abort = new AbortController()
  const deadline = performance.now() + job.timeoutMs
  const timer = setTimeout(() => abort.abort(new Refusal('target_timeout', 'the deadline passed')), job.timeoutMs)
  running.set(job.id, abort)
  const timings = { upstreamMs: 0, redactMs: 0 }
  let held = nothingHeld
  const contextOf = ({ credential, others, redactor }: Held): ExecuteContext => ({
    credential,
    others,
    limits: duty.limits,
    signal: abort.signal,
    remainingMs: () => Math.max(0, deadline - performance.now()),
    onceKey: job.onceKey,
    permit: step => permits.ask(job.id, step, abort.signal),
    redactedText: () => redactor.collect(),
    redactedBytes: bytes => redactor.bytes(bytes),
    upstreamTook: ms => {
      timings.upstreamMs += ms
    },
  })
  try {
    held = await unlessAborted(duty.leases.get(), abort.signal)
    const executor = await duty.executor()
    abort.signal.throwIfAborted()
    if (job.announce) await sendNow([{ type: 'started', id: job.id }])
    let execution = await executor.execute(job.request, contextOf(held))
    if (execution.status === 401) {
      const renewed = await renewedLease(duty, held, abort.signal)
      if (renewed !== null) {
        held = renewed
        execution = await executor.execute(job.request, contextOf(held))
      }
    }
    const redactionBegan = performance.now()
    const result = resultOf(execution, held, duty.leases.newest() ?? held)
    timings.redactMs = performance.now() - redactionBegan
    outbox.push({ type: 'result', id: job.id, ...result, fingerprint: held.fingerprint, timings })
  } catch (error) {
    const refusal = error instanceof Refusal ? error : new Refusal('internal', 'the worker failed', { cause: error })
    const newest = duty.leases.newest() ?? held
    const detail = newest.redactor.text(detailOf(refusal)).slice(0, 1_000)
    outbox.push({ type: 'refused', id: job.id, code: refusal.code, detail, fingerprint: held.fingerprint })
    // Whatever is left of the job, such as a body that nobody read, ends with it.
    abort.abort(refusal)
  } finally {
    clearTimeout(timer)
    running.delete(job.id)
  }
}

/**
 * After a 401 nothing was done, and the credential is read again. When that gives another one (a token that had been
 * revoked, a file that was replaced) the request is worth one more attempt; with the same one it is not.
 */
async function renewedLease(duty: Duty, held: Held, signal: AbortSignal): Promise<Held | null> {
  if (held.credential === null) return null
  // Another call may have had it read again already.
  if (duty.leases.newest()?.generation === held.generation) duty.leases.drop()
  const again = await unlessAborted(duty.leases.get(), signal).catch(() => held)
  return again.generation === held.generation ? null : again
}

/**
 * What leaves the worker. While a call was under way another one may have had the credential read again, and an answer that
 * took long can hold the new key: the newest redactor looks over what an older one has passed.
 */
function resultOf({ answer, media = [], ...facts }: Execution, held: Held, newest: Held) {
  const { redactor } = newest
  const shown = media.flatMap(({ type, data }) => {
    const again = newest === held ? data : redactor.bytes(Buffer.from(data.base64, 'base64'))
    return again === null ? [] : [{ type: redactor.text(type), base64: again.base64 }]
  })
  return {
    answer: redactor.value(answer) as Record<string, unknown>,
    ...(shown.length === 0 ? {} : { media: shown }),
    ...facts,
  }
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
    case 'permitted':
      return permits.answered(message.id, message.request)
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
