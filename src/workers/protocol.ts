import * as z from 'zod'
import { Credential } from '../credentials/credential.ts'
import { Stores } from '../credentials/stores.ts'
import { refusalCodes } from '../refusal.ts'

/*
 * What the gate and a worker say to each other over the IPC channel. Both ends parse what they receive:
 * the worker because its orders must be whole, the gate because a worker talks to the outside world.
 */

const Limits = z.strictObject({
  rate: z.strictObject({ points: z.number(), windowMs: z.number() }).nullable(),
  concurrency: z.number(),
  timeoutMs: z.number(),
  maxRequestBytes: z.number(),
  maxResponseBytes: z.number(),
})

const Reference = z.strictObject({ name: z.string(), config: Credential })

const Rights = z.strictObject({
  repositories: z.array(z.string()).nullable(),
  permissions: z.record(z.string(), z.enum(['read', 'write'])).nullable(),
})

/** Gate to worker: who you are. Holds references to a credential, never a value. */
export const StartMessage = z.strictObject({
  type: z.literal('start'),
  kind: z.string(),
  target: z.record(z.string(), z.unknown()),
  limits: Limits,
  credential: Reference.nullable(),
  /** Those beside the tool's own, by what they are for. */
  others: z.record(z.string(), Reference),
  /** The stores that its sources may name. */
  stores: Stores,
  /** What the tool's scope needs, for credentials that can be limited to that. */
  rights: Rights,
  places: z.strictObject({ stateDir: z.string(), home: z.string(), platform: z.string() }),
  /** Hex; makes fingerprints that can be compared within one installation only. */
  fingerprintKey: z.string(),
})

const JobMessage = z.strictObject({
  type: z.literal('job'),
  id: z.int(),
  request: z.unknown(),
  timeoutMs: z.number(),
  /** Whether the worker must say `started` before it acts, since this job cannot be done twice. */
  announce: z.boolean(),
  /** Under which the target can tell that this is the same call again. */
  onceKey: z.string().nullable(),
})
/** The answer to a worker that asked whether it may take a further step: what to carry out, or null. */
const PermittedMessage = z.strictObject({ type: z.literal('permitted'), id: z.int(), request: z.unknown() })
/** The values of credentials may have changed: they are read again when they are needed next. */
const DropMessage = z.strictObject({ type: z.literal('drop') })
const CancelMessage = z.strictObject({ type: z.literal('cancel'), id: z.int() })

/** Everything a gate may say to a worker. */
const ToWorker = z.discriminatedUnion('type', [StartMessage, JobMessage, PermittedMessage, DropMessage, CancelMessage])

const Timings = z.strictObject({ upstreamMs: z.number(), redactMs: z.number() })

const Media = z.strictObject({ type: z.string(), base64: z.string() })

const ResultMessage = z.strictObject({
  type: z.literal('result'),
  id: z.int(),
  /** Redacted already: nothing else leaves a worker. */
  answer: z.record(z.string(), z.unknown()),
  /** Searched already. */
  media: z.array(Media).optional(),
  isError: z.boolean(),
  status: z.int().optional(),
  rows: z.int().optional(),
  bytesIn: z.number(),
  bytesOut: z.number(),
  fingerprint: z.string().nullable(),
  timings: Timings,
})

const RefusedMessage = z.strictObject({
  type: z.literal('refused'),
  id: z.int(),
  code: z.enum(refusalCodes as [(typeof refusalCodes)[number]]),
  /** For the record; redacted already. */
  detail: z.string(),
  fingerprint: z.string().nullable(),
})

/** Said once per lease, so that the record shows when a credential was read, and what was asked for. */
const LeasedMessage = z.strictObject({
  type: z.literal('leased'),
  credential: z.string(),
  fingerprint: z.string(),
  asked: z.string().nullable(),
})

/** An answer held a part of a secret, which was redacted. Both are fingerprints. */
const PartialMessage = z.strictObject({
  type: z.literal('partial'),
  credential: z.string(),
  secret: z.string(),
  part: z.string(),
})

/** Something about the target weakens a promise. Redacted already. */
const WarnedMessage = z.strictObject({ type: z.literal('warned'), findings: z.array(z.string()) })

/** A worker asks whether it may take a further step within a job, such as following a redirect. */
const PermitMessage = z.strictObject({ type: z.literal('permit'), id: z.int(), step: z.unknown() })

/** Said, and handed to the kernel, before anything of an announced job leaves the process. */
const StartedMessage = z.strictObject({ type: z.literal('started'), id: z.int() })

/** Everything a worker may say to the gate. */
const FromWorker = z.discriminatedUnion('type', [
  StartedMessage,
  PermitMessage,
  LeasedMessage,
  PartialMessage,
  WarnedMessage,
  ResultMessage,
  RefusedMessage,
])

/** Messages travel in batches: under load, one write carries what one turn of the event loop produced. */
export const ToWorkerBatch = z.array(ToWorker)
export const FromWorkerBatch = z.array(FromWorker)

export type StartMessage = z.output<typeof StartMessage>
export type ToWorker = z.output<typeof ToWorker>
export type FromWorker = z.output<typeof FromWorker>
export type Leased = z.output<typeof LeasedMessage>
export type PartialSecret = z.output<typeof PartialMessage>
export type WorkerResult = z.output<typeof ResultMessage>
