import { createSecretKey } from 'node:crypto'
import type { Agent } from '../agents/agent.ts'
import { callIds } from '../audit/call-id.ts'
import { argsDigest } from '../audit/digest.ts'
import type { AuditLog } from '../audit/log.ts'
import type { LoadedConfig } from '../config/build.ts'
import type { ToolConfig } from '../config/config.ts'
import type { WorkerResult } from '../workers/protocol.ts'
import { ToolWorker, type WorkerPlan } from '../workers/tool-worker.ts'
import type { Answer } from './answer.ts'
import { createCatalogue, type Offer, offersFor } from './catalogue.ts'
import { inspectTool, testTool } from './test-tool.ts'
import { Freezes } from './freezes.ts'
import { type Call, type GateDeps, invoke, type Stage } from './invoke.ts'
import { LimitBook } from './limit.ts'
import { OnceBook } from './once.ts'
import { Rejections } from './rejections.ts'

/** The process that talks to agents: decides, records, limits and routes. It holds no credential. */
export interface Gate {
  offersFor(agent: Agent): readonly Offer[]
  invoke(call: Call): Promise<Answer>
  /** Records something that is not a call; a log that cannot be written is reported, not thrown. */
  note(event: string, fields?: Record<string, string | number | boolean | null>): void
  /**
   * Makes the call that a tool declares for trying its credential. Recorded before and after, like every call.
   *
   * @throws Refusal
   */
  test(tool: ToolConfig, signal: AbortSignal): Promise<WorkerResult>
  /**
   * Looks at what the credential of a tool may do at its target. Recorded before and after.
   *
   * @throws Refusal
   */
  inspect(tool: ToolConfig, signal: AbortSignal): Promise<WorkerResult>
  /** Has every worker read its credentials again when they are needed next. */
  dropLeases(): void
  /** Records that something was turned away before it was a call; false when it was only counted. */
  reject(transport: 'stdio' | 'http', reason: string): boolean
  /** Refuses new calls, lets running ones finish for at most `graceMs`, ends the workers, closes the log. */
  stop(graceMs: number): Promise<void>
}

/** How long calls may take to be recorded once their workers have ended. */
const closingMs = 1_000

/** What a gate is made of. */
export interface GateOptions {
  readonly loaded: LoadedConfig
  readonly audit: AuditLog
  readonly digestKey: Buffer
  readonly clock: () => number
  readonly random: (size: number) => Uint8Array
  readonly workerPlan: (tool: ToolConfig) => WorkerPlan
  readonly onProblem: (error: Error) => void
  readonly onStage?: (stage: Stage, ms: number) => void
}

/** Builds everything that depends on the configuration only, once. */
export function createGate(options: GateOptions): Gate {
  const { loaded, audit } = options
  const workers = new Map<string, ToolWorker>()
  const digestKey = createSecretKey(options.digestKey)
  const running = new Set<Promise<Answer>>()
  const freezes = new Freezes()
  let accepting = true

  const note: Gate['note'] = (event, fields = {}) => {
    try {
      void audit.append(event, fields)
    } catch (error) {
      options.onProblem(error as Error)
    }
  }

  const rejections = new Rejections((transport, reason, times) =>
    note('request.rejected', { transport, reason, times }),
  )

  const workerFor = (tool: ToolConfig): ToolWorker => {
    let worker = workers.get(tool.name)
    if (worker === undefined) {
      worker = new ToolWorker(options.workerPlan(tool), {
        leased: ({ credential, fingerprint, asked }) =>
          note('credential.leased', {
            tool: tool.name,
            credential,
            fingerprint,
            ...(asked === null ? {} : { asked }),
          }),
        partial({ credential, secret, part }) {
          const { isNew, freezes: freezesNow } = freezes.saw(tool.name, secret, part)
          if (isNew) note('credential.partial', { tool: tool.name, credential, part })
          if (!freezesNow) return
          note('tool.frozen', { tool: tool.name })
          workers.get(tool.name)?.retire()
          options.onProblem(new Error(`${tool.name} is frozen: its answers held parts of the credential ${credential}`))
        },
        warned(findings) {
          for (const finding of findings) {
            note('tool.warned', { tool: tool.name, finding })
            options.onProblem(new Error(`${tool.name}: ${finding}`))
          }
        },
        exited: ({ code, signal, expected }) => note('worker.exited', { tool: tool.name, code, signal, expected }),
        malformed: () => options.onProblem(new Error(`the worker of ${tool.name} broke the protocol and was ended`)),
      })
      workers.set(tool.name, worker)
    }
    return worker
  }

  const deps: GateDeps = {
    audit,
    config: loaded.config,
    nextCallId: callIds(options.clock, options.random),
    digest: args => argsDigest(args, digestKey),
    onProblem: options.onProblem,
    catalogue: createCatalogue(loaded),
    limits: new LimitBook(),
    freezes,
    once: new OnceBook(options.clock, callIds(options.clock, options.random)),
    workerOf: ({ tool }) => workerFor(tool),
    accepting: () => accepting,
    ...(options.onStage === undefined ? {} : { onStage: options.onStage }),
  }

  return {
    offersFor: agent => offersFor(agent, deps.catalogue),
    invoke(call) {
      const answer = invoke(call, deps)
      running.add(answer)
      void answer.finally(() => running.delete(answer))
      return answer
    },
    note,
    test: (tool, signal) => testTool(tool, workerFor(tool), signal, deps),
    inspect: (tool, signal) => inspectTool(tool, workerFor(tool), signal, deps),
    dropLeases() {
      for (const worker of workers.values()) worker.dropLeases()
      note('credentials.changed')
    },
    reject: (transport, reason) => rejections.add(transport, reason),
    async stop(graceMs) {
      accepting = false
      await settled(running, graceMs)
      await Promise.all([...workers.values()].map(worker => worker.end()))
      // Calls that lost their worker just now still write their closing lines.
      await settled(running, closingMs)
      rejections.flush()
      await audit.close()
    },
  }
}

/** Waits until all have settled, but no longer than `maxMs`. */
async function settled(running: ReadonlySet<Promise<unknown>>, maxMs: number): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, maxMs)
  await Promise.race([Promise.all(running), late])
  clearTimeout(timer)
}
