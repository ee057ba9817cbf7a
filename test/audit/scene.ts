import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { callIds } from '../../src/audit/call-id.ts'
import { type AuditLog, openAuditLog } from '../../src/audit/log.ts'
import { readCalls, readRecords } from '../../src/audit/read.ts'
import type { ClosedFields, OpenedFields } from '../../src/audit/record.ts'
import { verifyAudit } from '../../src/audit/verify.ts'

export const sealKey = Buffer.alloc(32, 7)
export const newCallId = callIds(Date.now, randomBytes)

/** A directory of its own for one test, with the log that stands in it. */
export function auditDirectory(dir = join(mkdtempSync(join(tmpdir(), 'keyhold-audit-')), 'audit')) {
  const problems: Error[] = []
  onTestFinished(() => rmSync(join(dir, '..'), { recursive: true, force: true }))
  return {
    dir,
    /** What the log reported besides refusing. */
    problems,
    open: (sync: 'batch' | 'always' = 'batch', clock: () => number = Date.now): AuditLog => {
      const log = openAuditLog({
        dir,
        sync,
        sealKey,
        clock,
        random: randomBytes,
        onProblem: error => problems.push(error),
      })
      onTestFinished(() => log.close().catch(() => {}))
      return log
    },
    verify: () => verifyAudit(dir, sealKey),
    records: () => [...readRecords(dir)].map(stored => stored.record),
    calls: () => [...readCalls(dir)],
    chains: () => (existsSync(dir) ? readdirSync(dir).filter(name => name.endsWith('.jsonl')) : []).sort(),
    lines: (chain: string) => readFileSync(join(dir, chain), 'utf8').split('\n').slice(0, -1),
    rewrite: (chain: string, lines: readonly string[]) =>
      writeFileSync(join(dir, chain), lines.map(line => `${line}\n`).join('')),
  }
}

export function opening(fields: Partial<OpenedFields> = {}): OpenedFields {
  return {
    call: newCallId(),
    agent: 'local',
    transport: 'stdio',
    tool: 'github',
    kind: 'http',
    mcp_tool: 'github_call_api',
    args_digest: null,
    config: 'c0ffee',
    ...fields,
  }
}

export function closing(fields: Partial<ClosedFields> = {}): ClosedFields {
  const summary = 'GET /repos/acme/shop/issues'
  return {
    tool: 'github',
    kind: 'http',
    operation: { action: 'GET', resource: '/repos/acme/shop/issues', access: 'read', summary },
    outcome: 'ok',
    status: 200,
    duration_ms: 12.5,
    ...fields,
  }
}

/** Records whole calls. */
export function record(log: AuditLog, calls: number): void {
  for (let index = 0; index < calls; index++) void log.open(opening()).close(closing())
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
