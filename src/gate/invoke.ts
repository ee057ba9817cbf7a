import type { Agent } from '../agents/agent.ts'
import { invalidInput, Refusal } from '../refusal.ts'
import type { WorkerResult } from '../workers/protocol.ts'
import type { ToolWorker } from '../workers/tool-worker.ts'
import type { Answer } from './answer.ts'
import { authorize } from './authorize.ts'
import type { Offer } from './catalogue.ts'
import type { Freezes } from './freezes.ts'
import { type Books, Ledger } from './ledger.ts'
import type { LimitBook } from './limit.ts'
import type { OnceBook } from './once.ts'
import { permitFurther, type Planned, plan, requireAllowed } from './plan.ts'

/** One attempt of an agent to use an MCP tool. */
export interface Call {
  readonly agent: Agent
  readonly mcpTool: string
  /** As the client sent them; nothing has looked at them yet. */
  readonly args: unknown
  readonly transport: 'stdio' | 'http'
  readonly trace: string | null
  /** Aborts when the client cancels or goes away. */
  readonly signal: AbortSignal
}

/** The parts of a call's time that are measured, in the order they come. */
export type Stage = 'record' | 'decide' | 'limit' | 'queue' | 'worker' | 'upstream' | 'redact'

/** The world of a call. */
export interface GateDeps extends Books {
  readonly catalogue: ReadonlyMap<string, Offer>
  readonly limits: LimitBook
  readonly once: OnceBook
  readonly freezes: Freezes
  readonly workerOf: (offer: Offer) => ToolWorker
  readonly accepting: () => boolean
  readonly onStage?: (stage: Stage, ms: number) => void
}

/**
 * A call, step by step. Every attempt takes this one way, in this order; nothing can be switched off
 * or put elsewhere, and this is the only catch. It never throws.
 */
export async function invoke(call: Call, deps: GateDeps): Promise<Answer> {
  const stages = new Stopwatch(deps)
  const ledger = new Ledger(call, deps)
  try {
    await ledger.open(deps.catalogue.get(call.mcpTool))
    stages.mark('record')
    requireOpen(deps)
    const offer = authorize(call.agent, call.mcpTool, deps.catalogue)
    requireShallow(ledger)
    const planned = plan(offer, call.agent, call.args)
    ledger.planned(offer, planned)
    requireAllowed(planned)
    deps.freezes.requireThawed(offer.tool.name)
    stages.mark('decide')
    await deps.limits.take(call.agent, offer.tool)
    stages.mark('limit')
    const once = ledger.once(planned)
    const began = performance.now()
    const work = (onceKey: string | null) => dispatch({ call, offer, planned, began, onceKey, ledger }, deps, stages)
    const result = once === null ? await work(null) : await deps.once.run(once, patience(call, offer), work)
    return await ledger.answered(result)
  } catch (error) {
    return await ledger.refused(error)
  }
}

/** How long a call waits for an equal one. */
function patience(call: Call, offer: Offer): AbortSignal {
  return AbortSignal.any([call.signal, AbortSignal.timeout(offer.tool.limits.timeoutMs)])
}

interface Work {
  readonly call: Call
  readonly offer: Offer
  readonly planned: Planned
  /** When its time began, by `performance.now()`. */
  readonly began: number
  readonly onceKey: string | null
  readonly ledger: Ledger
}

/** Has the tool's worker carry out what was planned, when a slot is free and before the deadline. */
async function dispatch(
  { call, offer, planned, began, onceKey, ledger }: Work,
  deps: GateDeps,
  stages: Stopwatch,
): Promise<WorkerResult> {
  const deadline = began + offer.tool.limits.timeoutMs
  const slots = deps.limits.slotsOf(offer.tool)
  await slots.acquire({ timeoutMs: deadline - performance.now(), signal: call.signal })
  stages.mark('queue')
  try {
    // It may have been frozen while this call waited.
    deps.freezes.requireThawed(offer.tool.name)
    const result = await deps.workerOf(offer).run({
      request: planned.request,
      timeoutMs: deadline - performance.now(),
      idempotent: planned.operation.idempotent,
      reads: planned.operation.access === 'read',
      onceKey,
      permit: step => {
        const request = permitFurther(offer, call.agent, step)
        if (request !== null) ledger.tookFurther()
        return request
      },
      signal: call.signal,
    })
    deps.freezes.requireShowable(offer.tool.name)
    stages.mark('worker')
    deps.onStage?.('upstream', result.timings.upstreamMs)
    deps.onStage?.('redact', result.timings.redactMs)
    return result
  } finally {
    slots.release()
  }
}

/** @throws Refusal `busy` when the process is ending */
function requireOpen(deps: GateDeps): void {
  if (!deps.accepting()) throw new Refusal('busy', 'the gate is stopping')
}

/** Deep nesting overflows the stack of whoever walks it; no honest argument needs it. */
function requireShallow(ledger: Ledger): void {
  if (ledger.argsDigest === null) throw invalidInput('arguments: nested deeper than 64 levels')
}

class Stopwatch {
  readonly #onStage: GateDeps['onStage']
  #last: number

  constructor(deps: GateDeps) {
    this.#onStage = deps.onStage
    this.#last = this.#onStage === undefined ? 0 : performance.now()
  }

  mark(stage: Stage): void {
    if (this.#onStage === undefined) return
    const now = performance.now()
    this.#onStage(stage, now - this.#last)
    this.#last = now
  }
}
