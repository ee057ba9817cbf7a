import { kinds } from '../tools/index.ts'
import { fingerprintOf, secretFingerprint } from './credentials/fingerprint.ts'
import { createLease } from './credentials/lease.ts'
import type { ExecuteContext, Execution, Executor, Limits } from './kind.ts'
import type { LeasedCredential } from './leased.ts'
import { Outbox } from './process/outbox.ts'
import { unlessAborted } from './process/unless-aborted.ts'
import { withBareForms } from './credentials/same-secrets.ts'
import type { Redactor } from './redact/redactor.ts'
import { CredentialRefused, Refusal } from './refusal.ts'
import { createLeases, type Held, type Leases } from './workers/leases.ts'
import { Permits } from './workers/permits.ts'
import { Redaction } from './workers/redaction.ts'
import { type FromWorker, type StartMessage, type ToWorker, ToWorkerBatch } from './workers/protocol.ts'

/*
 * A worker process: serves one configured tool, is the only process that holds its credential,
 * and lets nothing out that did not pass its redactor.
 */

interface Duty {
  /** The name of the credential that a session with the target belongs to; null when there is none. */
  readonly credential: string | null
  readonly limits: Limits
  readonly leases: Leases
  readonly redaction: Redaction
  readonly executor: () => Promise<Executor>
  /** Says each sentence to the gate once. */
  readonly warn: (findings: readonly string[]) => void
}

type Job = Extract<ToWorker, { type: 'job' }>

const running = new Map<number, AbortController>()
const outbox = new Outbox<FromWorker>(messages => void sendNow(messages))
const permits = new Permits((id, step) => outbox.push({ type: 'permit', id, step }))

/** Before anything is leased. */
const nothingHeld: Held = { credential: null, fingerprint: null, others: {}, generation: 0 }

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
  const { rights, stores } = start
  const leasing = ({ name, config }: NonNullable<StartMessage['credential']>) =>
    createLease({ name, credential: config, places, stores, fingerprintKey, rights, clock: Date.now })
  const others = Object.fromEntries(Object.entries(start.others).map(([role, other]) => [role, leasing(other)]))
  // Where a client certificate is all that a tool shows, it is what a session belongs to.
  const identity = start.credential?.name ?? start.others['certificate']?.name ?? null
  const redaction = new Redaction((secret, part) => {
    // Not the part itself: the gate holds no piece of a key, and its log shows none.
    const [of, found] = [secretFingerprint(fingerprintKey, secret), fingerprintOf(fingerprintKey, part)]
    outbox.push({ type: 'partial', credential: secret.credential, secret: of, part: found })
  })
  const leases = createLeases(start.credential === null ? null : leasing(start.credential), others, {
    leased(role, lease) {
      const credential = (role === null ? start.credential : start.others[role])?.name ?? ''
      outbox.push({ type: 'leased', credential, fingerprint: lease.fingerprint, asked: lease.asked })
    },
    redact: secrets => redaction.lease(secrets),
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
  return { credential: identity, limits: start.limits, leases, redaction, executor, warn: warnings(redaction) }
}

/** Gives what says each sentence to the gate once. */
function warnings(redaction: Redaction): Duty['warn'] {
  const said = new Set<string>()
  return findings => {
    const fresh = findings.map(finding => redaction.current.text(finding)).filter(finding => !said.has(finding))
    for (const finding of fresh) said.add(finding)
    if (fresh.length > 0) outbox.push({ type: 'warned', findings: fresh })
  }
}

async function carryOut(duty: Duty, job: Job): Promise<void> {
  const abort = new AbortController()
  const deadline = performance.now() + job.timeoutMs
  const timer = setTimeout(() => abort.abort(new Refusal('target_timeout', 'the deadline passed')), job.timeoutMs)
  running.set(job.id, abort)
  const timings = { upstreamMs: 0, redactMs: 0 }
  const passedBy = new Set<Redactor>()
  let held = nothingHeld
  const { redaction } = duty
  const contextOf = ({ credential, others }: Held): ExecuteContext => ({
    credential: signingFor(job, credential, redaction),
    others,
    limits: duty.limits,
    signal: abort.signal,
    remainingMs: () => Math.max(0, deadline - performance.now()),
    onceKey: job.onceKey,
    learned: values => {
      if (duty.credential !== null) redaction.learn(duty.credential, values)
    },
    warn: findings => duty.warn(findings),
    permit: step => permits.ask(job.id, step, abort.signal),
    redactedText: () => redaction.current.collect(),
    redactedBytes(bytes) {
      passedBy.add(redaction.current)
      return redaction.current.bytes(bytes)
    },
    upstreamTook: ms => {
      timings.upstreamMs += ms
    },
  })
  try {
    held = await unlessAborted(duty.leases.get(), abort.signal)
    const executor = await duty.executor()
    abort.signal.throwIfAborted()
    if (job.announce) await sendNow([{ type: 'started', id: job.id }])
    let execution = await executor.execute(job.request, contextOf(held)).catch(asRefused)
    if (execution instanceof CredentialRefused || execution.status === 401) {
      const renewed = await renewedLease(duty, held, abort.signal)
      if (renewed !== null) {
        held = renewed
        execution = await executor.execute(job.request, contextOf(held))
      }
      if (execution instanceof CredentialRefused) throw execution
    }
    const redactionBegan = performance.now()
    const result = resultOf(execution, redaction.current, passedBy)
    timings.redactMs = performance.now() - redactionBegan
    outbox.push({ type: 'result', id: job.id, ...result, fingerprint: held.fingerprint, timings })
  } catch (error) {
    const refusal = error instanceof Refusal ? error : new Refusal('internal', 'the worker failed', { cause: error })
    const detail = redaction.current.text(detailOf(refusal)).slice(0, 1_000)
    outbox.push({ type: 'refused', id: job.id, code: refusal.code, detail, fingerprint: held.fingerprint })
    // Whatever is left of the job, such as a body that nobody read, ends with it.
    abort.abort(refusal)
  } finally {
    clearTimeout(timer)
    running.delete(job.id)
    redaction.ended(job.id)
  }
}

function asRefused(error: unknown): CredentialRefused {
  if (error instanceof CredentialRefused) return error
  throw error
}

/**
 * After a 401 nothing was done, and the credential is read again. When that gives another one (a token that had been
 * revoked, a file that was replaced) the request is worth one more attempt; with the same one it is not.
 */
async function renewedLease(duty: Duty, held: Held, signal: AbortSignal): Promise<Held | null> {
  if (held.credential === null) return null
  // Another call may have had it read again already.
  if (duty.leases.newest()?.generation === held.generation) duty.leases.drop('refused')
  const again = await unlessAborted(duty.leases.get(), signal).catch(() => held)
  return again.generation === held.generation ? null : again
}

/** The credential as a kind gets it for one call: what it signs is redacted from then on, without the kind doing anything for it. */
function signingFor(job: Job, credential: LeasedCredential | null, redaction: Redaction): LeasedCredential | null {
  if (credential?.type !== 'signer') return credential
  return {
    ...credential,
    async sign(request) {
      const signature = await credential.sign(request)
      redaction.sign(job.id, withBareForms(signature.derived))
      return signature
    },
  }
}

/**
 * What leaves the worker. While a call was under way another one may have had the credential read again, and an answer that
 * took long can hold the new key: the newest redactor looks over what an older one has passed.
 */
function resultOf({ answer, media = [], ...facts }: Execution, redactor: Redactor, passedBy: ReadonlySet<Redactor>) {
  const isPassed = passedBy.size === 1 && passedBy.has(redactor)
  const shown = media.flatMap(({ type, data }) => {
    const again = isPassed ? data : redactor.bytes(Buffer.from(data.base64, 'base64'))
    return again === null ? [] : [{ type: redactor.text(type), base64: again.base64 }]
  })
  return {
    answer: redactor.value(answer) as Record<string, unknown>,
    ...(shown.length === 0 ? {} : { media: shown }),
    ...facts,
  }
}

function detailOf(refusal: Refusal): string {
  const { cause, message, code } = refusal
  // Why a credential cannot be had is said in full; other causes often repeat what they are the cause of.
  if (code === 'credential_unavailable' || !(cause instanceof Error) || message.includes(cause.message)) return message
  return `${message}: ${cause.name}: ${cause.message}`
}

// A Ctrl-C or a service stop reaches the whole process group; the gate decides when a worker ends.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})
process.on('disconnect', () => void leave())

let duty: Duty | null = null

/** What stores have made for us is given back, for as long as the gate waits for that; see `stopGraceMs` in workers/permissions.ts. */
async function leave(): Promise<void> {
  await duty?.leases.end().catch(() => {})
  process.exit(0)
}

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
    case 'drop':
      return duty?.leases.drop('changed')
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
