import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { auditDirectory, closing, opening, record, sealKey } from './scene.ts'

/** Runs a piece of code in a process of its own and gives back what it prints: [number of things read, peak memory in MB]. */
function measured(code: string, dir: string): [number, number] {
  const script = `
    import { verifyAudit } from ${JSON.stringify(new URL('../../src/audit/verify.ts', import.meta.url).href)}
    import { readCalls } from ${JSON.stringify(new URL('../../src/audit/read.ts', import.meta.url).href)}
    const dir = ${JSON.stringify(dir)}
    const key = Buffer.from('${sealKey.toString('hex')}', 'hex')
    const count = ${code}
    console.log(JSON.stringify([count, process.resourceUsage().maxRSS / 1024]))`
  // A small heap, so that what is kept would show and what is merely not collected yet does not.
  const args = ['--max-old-space-size=48', '--max-semi-space-size=1', '--input-type=module', '-e', script]
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }))
}

test('memory stays flat while 100,000 records are verified and read', { timeout: 60_000 }, async () => {
  const small = auditDirectory()
  const smallLog = small.open()
  record(smallLog, 50)
  await smallLog.close()
  const large = auditDirectory()
  const largeLog = large.open()
  record(largeLog, 50_000)
  await largeLog.close()
  for (const code of [
    `await verifyAudit(dir, key).then(report => report.problems.length === 0 ? report.records : -1)`,
    `readCalls(dir).reduce(count => count + 2, 1)`,
  ]) {
    const [few, fewMb] = measured(code, small.dir)
    const [many, manyMb] = measured(code, large.dir)
    expect([few, many]).toEqual([101, 100_001])
    expect(manyMb - fewMb).toBeLessThan(25)
  }
})

test('a start after a crash takes milliseconds, however long the chain is', { timeout: 60_000 }, async () => {
  const scene = auditDirectory()
  const log = scene.open()
  record(log, 50_000)
  const interrupted = log.open(opening())
  record(log, 10)
  await log.close()
  const begin = performance.now()
  const next = scene.open()
  const tookMs = performance.now() - begin
  void next.open(opening()).close(closing())
  expect(tookMs).toBeLessThan(250)
  expect(scene.chains()).toHaveLength(1)
  expect(scene.calls().find(({ call }) => call === interrupted.call)?.closed?.record.outcome).toBe('unknown')
})
