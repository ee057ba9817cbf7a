import type { AuditLog } from '../audit/log.ts'
import type { ToolConfig } from '../config/config.ts'
import type { Json, Operation } from '../kind.ts'
import { Refusal } from '../refusal.ts'
import type { WorkerResult } from '../workers/protocol.ts'
import type { ToolWorker } from '../workers/tool-worker.ts'

interface Deps {
  readonly audit: AuditLog
  readonly nextCallId: () => string
}

/** What an admin has a worker do outside of any call. */
interface Errand {
  /** Names its two events: `test.opened` and `test.closed`. */
  readonly event: 'test' | 'inspection'
  readonly operation: Pick<Operation, 'summary' | 'access' | 'idempotent'>
  readonly request: Json
}

/**
 * Has a worker make the call that its tool declares for trying the credential. Nothing is done that is not on record first.
 *
 * @throws Refusal
 */
export async function testTool(
  tool: ToolConfig,
  worker: ToolWorker,
  signal: AbortSignal,
  deps: Deps,
): Promise<WorkerResult> {
  const test = tool.kind.test(tool.target)
  if (test === null) throw new TypeError(`the tool ${tool.name} declares no test`)
  return carryOut({ event: 'test', ...test }, tool, worker, signal, deps)
}

/**
 * Has a worker look at what its credential may do at the target; recorded like a test.
 *
 * @throws Refusal
 */
export async function inspectTool(
  tool: ToolConfig,
  worker: ToolWorker,
  signal: AbortSignal,
  deps: Deps,
): Promise<WorkerResult> {
  const inspection = tool.kind.inspection(tool.target, tool.name)
  if (inspection === null) throw new TypeError(`there is nothing to ask the target of ${tool.name}`)
  const operation = { summary: 'look at the rights of the credential', access: 'read', idempotent: true } as const
  return carryOut({ event: 'inspection', operation, request: inspection.request }, tool, worker, signal, deps)
}

async function carryOut(
  { event, operation, request }: Errand,
  tool: ToolConfig,
  worker: ToolWorker,
  signal: AbortSignal,
  deps: Deps,
): Promise<WorkerResult> {
  const facts = { id: deps.nextCallId(), tool: tool.name, credential: tool.credential }
  await recorded(deps.audit, `${event}.opened`, { ...facts, operation: operation.summary })
  try {
    const result = await worker.run({
      request,
      timeoutMs: tool.limits.timeoutMs,
      idempotent: operation.idempotent,
      reads: operation.access === 'read',
      onceKey: null,
      permit: () => null,
      signal,
    })
    await recorded(deps.audit, `${event}.closed`, {
      ...facts,
      outcome: result.isError ? 'failed' : 'ok',
      status: result.status ?? null,
    })
    return result
  } catch (error) {
    const code = error instanceof Refusal ? error.code : 'internal'
    await recorded(deps.audit, `${event}.closed`, { ...facts, outcome: 'refused', code })
    throw error
  }
}

async function recorded(audit: AuditLog, event: string, fields: Record<string, string | number | null>): Promise<void> {
  try {
    await audit.append(event, fields)
  } catch (cause) {
    throw new Refusal('audit_unavailable', `the audit log cannot be written: ${(cause as Error).message}`, { cause })
  }
}
