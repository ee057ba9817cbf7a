import type { AuditLog } from '../audit/log.ts'
import type { ToolConfig } from '../config/config.ts'
import { Refusal } from '../refusal.ts'
import type { WorkerResult } from '../workers/protocol.ts'
import type { ToolWorker } from '../workers/tool-worker.ts'

/**
 * Has a worker make the call that its tool declares for trying the credential. Nothing is done that is not on record first.
 *
 * @throws Refusal
 */
export async function testTool(
  tool: ToolConfig,
  worker: ToolWorker,
  signal: AbortSignal,
  deps: { readonly audit: AuditLog; readonly nextCallId: () => string },
): Promise<WorkerResult> {
  const test = tool.kind.test(tool.target)
  if (test === null) throw new TypeError(`the tool ${tool.name} declares no test`)
  const facts = { id: deps.nextCallId(), tool: tool.name, credential: tool.credential }
  await recorded(deps.audit, 'test.opened', { ...facts, operation: test.operation.summary })
  try {
    const result = await worker.run({
      request: test.request,
      timeoutMs: tool.limits.timeoutMs,
      idempotent: test.operation.idempotent,
      reads: test.operation.access === 'read',
      onceKey: null,
      permit: () => null,
      signal,
    })
    await recorded(deps.audit, 'test.closed', {
      ...facts,
      outcome: result.isError ? 'failed' : 'ok',
      status: result.status ?? null,
    })
    return result
  } catch (error) {
    const code = error instanceof Refusal ? error.code : 'internal'
    await recorded(deps.audit, 'test.closed', { ...facts, outcome: 'refused', code })
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
