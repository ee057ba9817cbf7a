import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { parse } from 'yaml'
import { isGood, judge, type Outcome, readSummary, type Verdict } from './judge.ts'

/** What must pass, by protocol revision; the suite knows which scenarios each one requires. */
const revisions = ['2026-07-28', '2025-11-25']

/** Longer than every scenario at the suite's own limit of 30 s would be taken for a hang. */
const suiteTimeoutMs = 300_000

const suite = new URL('../../node_modules/@modelcontextprotocol/conformance/dist/index.js', import.meta.url).pathname
const baseline = parse(readFileSync(new URL('baseline.yml', import.meta.url), 'utf8')) as { readonly server: string[] }
const expected = new Set(baseline.server)
const folder = mkdtempSync(join(tmpdir(), 'keyhold-conformance-'))
const server = spawn(process.execPath, [new URL('server.ts', import.meta.url).pathname], {
  stdio: ['pipe', 'pipe', 'ignore'],
})

try {
  const url = await addressOf(server)
  const lines: string[] = []
  const seen = new Set<string>()
  let good = true
  for (const revision of revisions) {
    const { outcomes, output } = await runSuite(revision, url)
    const verdicts = outcomes.map(outcome => judge(outcome, expected))
    const listed = outcomes.map((outcome, index) => row(revision, outcome, verdicts[index] as Verdict)).join('')
    process.stdout.write(`\n${revision}\n${listed}`)
    for (const { scenario } of outcomes) seen.add(scenario)
    lines.push(`${revision}: ${counted(verdicts)}`)
    if (isGood(verdicts)) continue
    good = false
    if (outcomes.length === 0) process.stdout.write(output)
  }
  for (const scenario of expected) {
    if (seen.has(scenario)) continue
    process.stdout.write(`\n${scenario} is expected to fail, but the suite has no such scenario\n`)
    good = false
  }
  process.stdout.write(`\n${lines.join('\n')}\n`)
  process.exitCode = good ? 0 : 1
} finally {
  await end(server)
  rmSync(folder, { recursive: true, force: true })
}

async function addressOf(child: ChildProcessByStdio<Writable, Readable, null>): Promise<string> {
  const [line] = await Promise.race([
    once(createInterface(child.stdout), 'line'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`the server ended with ${code}`))),
  ])
  return String(line)
}

function runSuite(revision: string, url: string): Promise<{ outcomes: Outcome[]; output: string }> {
  const args = [suite, 'server', '--url', url, '--requirements', revision, '--output-dir', join(folder, revision)]
  return new Promise(resolve => {
    // Its exit code counts neither what we expect nor what no revision requires, so its summary is judged instead.
    execFile(
      process.execPath,
      args,
      { cwd: folder, timeout: suiteTimeoutMs, maxBuffer: 64 * 1_048_576 },
      (_error, out, err) => resolve({ outcomes: readSummary(out), output: out + err }),
    )
  })
}

function row(revision: string, outcome: Outcome, verdict: Verdict): string {
  const { scenario, passed, failed } = outcome
  const line = `  ${verdict.padEnd(15)}${scenario.padEnd(48)}${passed}/${passed + failed}\n`
  return verdict === 'failed' ? line + failures(revision, scenario) : line
}

function failures(revision: string, scenario: string): string {
  const files = globSync(`server-${scenario}-[0-9]*/checks.json`, { cwd: join(folder, revision) })
  return files
    .flatMap(file => JSON.parse(readFileSync(join(folder, revision, file), 'utf8')) as Record<string, string>[])
    .filter(check => check['status'] === 'FAILURE')
    .map(check => `    ${check['id']}: ${check['errorMessage'] ?? check['description']}\n`)
    .join('')
}

function counted(verdicts: readonly Verdict[]): string {
  const count = (verdict: Verdict) => verdicts.filter(other => other === verdict).length
  const rest = [
    [count('stale'), 'expected to fail but passed'],
    [count('not applicable'), 'not applicable'],
  ] as const
  return [
    `${count('passed')} passed`,
    `${count('failed')} failed`,
    `${count('expected')} expected`,
    ...rest.filter(([number]) => number > 0).map(([number, what]) => `${number} ${what}`),
  ].join(', ')
}

async function end(child: ChildProcessByStdio<Writable, Readable, null>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}
