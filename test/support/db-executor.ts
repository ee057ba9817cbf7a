import type { ExecuteContext, Execution, Executor, Json, Limits } from '../../src/kind.ts'
import type { LeasedCredential } from '../../src/leased.ts'
import { Redaction } from '../../src/workers/redaction.ts'
import { Secret } from '../../src/secret.ts'
import type { DbRequest, QueryRequest } from '../../tools/db/request.ts'
import { DbLimits, DbTarget } from '../../tools/db/target.ts'

/** A target as the configuration makes it of what an admin writes. */
export function dbTarget(written: Record<string, unknown>): DbTarget {
  const { limits = {}, ...rest } = written
  return { ...DbTarget.parse(rest), limits: DbLimits.parse(limits) }
}

/** The limits that every tool has, for the worker's side. */
export function dbLimits(limits: Partial<Limits> = {}): Limits {
  return {
    rate: null,
    concurrency: 8,
    timeoutMs: 10_000,
    maxRequestBytes: 262_144,
    maxResponseBytes: 262_144,
    ...limits,
  }
}

/** A user of a database with a password. */
export function passwordOf(username: string, password: string): LeasedCredential {
  return { type: 'password', username, password: new Secret('db', password) }
}

/** What a worker gives an executor for one call; `warned` collects the findings. */
export function dbContext(
  limits: Limits,
  credential: LeasedCredential | null,
  options: { readonly signal?: AbortSignal; readonly warned?: string[] } = {},
): ExecuteContext {
  const redaction = new Redaction(() => {})
  const deadline = performance.now() + limits.timeoutMs
  return {
    credential,
    others: {},
    limits,
    signal: options.signal ?? AbortSignal.timeout(limits.timeoutMs),
    remainingMs: () => Math.max(0, deadline - performance.now()),
    onceKey: null,
    learned() {},
    permit: async () => null,
    warn: findings => void options.warned?.push(...findings),
    redactedText: () => redaction.current.collect(),
    redactedBytes: bytes => redaction.current.bytes(bytes),
    upstreamTook() {},
  }
}

/** A request that an engine carries out as if a judge had made it: the engine's own defences are all there is. */
export function rawQuery(text: string, params: readonly Json[] = [], rest: Partial<QueryRequest> = {}): DbRequest {
  const action = (/^\s*(insert|update|delete)/i.exec(text)?.[1] ?? 'select').toUpperCase() as QueryRequest['action']
  return {
    type: 'query',
    action,
    text,
    sampled: null,
    params: [...params] as never,
    preview: false,
    expected: null,
    ...rest,
  }
}

/** Carries out one request on an executor. */
export async function ask(
  executor: Executor,
  request: DbRequest,
  credential: LeasedCredential | null,
  limits: Limits = dbLimits(),
): Promise<Execution> {
  return executor.execute(request, dbContext(limits, credential))
}
