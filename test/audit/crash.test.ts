import { createSecretKey } from 'node:crypto'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Attempt, AuditLog } from '../../src/audit/log.ts'
import { sealHead } from '../../src/audit/seal.ts'
import { startAppender } from './processes.ts'
import { auditDirectory, closing, opening, record, sealKey, sha256 } from './scene.ts'

test('after a kill -9 at any moment nothing acknowledged is lost, verify passes, and interrupted calls are unknown', {
  timeout: 60_000,
}, async () => {
  const scene = auditDirectory()
  const acknowledged: string[] = []
  for (let round = 0; round < 10; round++) {
    const appender = startAppender({ dir: scene.dir, sync: round % 5 === 4 ? 'always' : 'batch' })
    await appender.said('ready')
    appender.go()
    // The first id says that it is under way; the moment after that is left to chance.
    await appender.said(/^[0-9a-f-]{36}$/)
    await new Promise(resolve => setTimeout(resolve, Math.random() * 40))
    appender.child.kill('SIGKILL')
    expect(await appender.ended()).toMatchObject({ signal: 'SIGKILL' })
    acknowledged.push(...appender.lines.filter(line => /^[0-9a-f-]{36}$/.test(line)))

    expect((await scene.verify()).problems).toEqual([])
    const interrupted = scene.calls().filter(({ state }) => state !== 'closed')
    expect(interrupted.map(({ state }) => state)).toEqual(interrupted.map(() => 'unknown'))

    await scene.open().close()
    expect((await scene.verify()).problems).toEqual([])
    const calls = new Map(scene.calls().map(call => [call.call, call]))
    for (const { call } of interrupted) {
      expect(calls.get(call)?.closed?.record).toMatchObject({
        outcome: 'unknown',
        code: 'outcome_unknown',
        tool: 'github',
      })
    }
    expect([...calls.values()].filter(({ state }) => state !== 'closed')).toEqual([])
    expect(acknowledged.filter(call => !calls.has(call))).toEqual([])
  }
  expect(scene.chains()).toHaveLength(1)
  expect(scene.problems).toEqual([])
})

test('a start after a crash closes the calls that were open, however far back, and no others', async () => {
  const scene = auditDirectory()
  const child = startAppender({ dir: scene.dir, calls: 400, finish: 'wait' })
  child.go()
  await child.said('done')
  child.child.kill('SIGKILL')
  await child.ended()
  const open = scene.calls().filter(({ state }) => state === 'unknown')
  expect(open).toHaveLength(3)
  const log = scene.open()
  record(log, 3)
  await log.close()
  const unknown = scene.calls().filter(({ closed }) => closed?.record.outcome === 'unknown')
  expect(unknown.map(({ call }) => call).sort()).toEqual(open.map(({ call }) => call).sort())
  expect(scene.calls().filter(({ closed }) => closed?.record.outcome === 'ok')).toHaveLength(400)
})

test('a call is running while the process that opened it lives', async () => {
  const scene = auditDirectory()
  const child = startAppender({ dir: scene.dir, calls: 1, finish: 'wait' })
  child.go()
  await child.said('done')
  expect(scene.calls()).toMatchObject([{ state: 'running', closed: null }])
  child.child.kill('SIGKILL')
  await child.ended()
  expect(scene.calls()).toMatchObject([{ state: 'unknown', closed: null }])
})

test.each<[string, (log: AuditLog, early: Attempt) => unknown, number]>([
  ['opens a call', log => log.open(opening()), 3],
  ['closes a call', (_, early) => early.close(closing()), 1],
  ['is another event', log => log.append('config.loaded'), 2],
])(
  'a crash after a line that %s, and before the head was moved, is put right, twice as well',
  async (_, last, open) => {
    const scene = auditDirectory()
    const log = scene.open()
    const early = log.open(opening())
    record(log, 5)
    log.open(opening())
    const [chain = ''] = scene.chains()
    const head = join(scene.dir, `${chain}.head`)
    await new Promise(setImmediate) // the head follows at the end of a turn
    const before = readFileSync(head)
    last(log, early)
    await log.close()
    writeFileSync(head, before)
    expect((await scene.verify()).problems).toEqual([])

    // The process that goes on dies in the same way at its first line.
    const second = scene.open()
    const [continued = ''] = scene.lines(chain).filter(line => line.includes('chain.continued'))
    await second.close()
    const lines = scene.lines(chain)
    const end = lines.indexOf(continued) + 1
    const sealedBefore = JSON.parse(lines[end - 2] as string).seq
    scene.rewrite(chain, lines.slice(0, end))
    writeFileSync(
      head,
      sealHead(createSecretKey(sealKey), chain, { seq: sealedBefore, hash: sha256(lines[end - 2] as string), open }),
    )
    expect((await scene.verify()).problems).toEqual([])

    await scene.open().close()
    expect(scene.chains()).toEqual([chain])
    expect((await scene.verify()).problems).toEqual([])
    expect(scene.calls().filter(({ closed }) => closed?.record.outcome === 'unknown')).toHaveLength(open)
    expect(scene.problems).toEqual([])
  },
)

test('a last line that was torn is cut off, the record says so, and verify passes and tells', async () => {
  const scene = auditDirectory()
  const log = scene.open()
  record(log, 3)
  await log.close()
  const [chain = ''] = scene.chains()
  const torn = '{"v":1,"seq":8,"prev":"\u0000\u0000'
  appendFileSync(join(scene.dir, chain), torn)
  const before = await scene.verify()
  expect(before.problems).toEqual([])
  expect(before.chains[0]?.notes.join()).toContain(`incomplete last line (${torn.length} bytes)`)

  record(scene.open(), 1)
  const cut = { bytes: torn.length, sha256: sha256(torn) }
  expect(scene.records().find(({ event }) => event === 'audit.repaired')).toMatchObject({ cut })
  const after = await scene.verify()
  expect(after.problems).toEqual([])
  expect(after.chains[0]?.notes.join()).toContain(cut.sha256)
  expect(scene.chains()).toEqual([chain])
})

test.each([
  ['empty', 0],
  ['with one dead chain', 1],
])(
  'eight processes started at once in a directory that is %s never write to the same chain',
  {
    timeout: 60_000,
  },
  async (_, dead) => {
    const scene = auditDirectory()
    if (dead > 0) {
      const log = scene.open()
      log.open(opening({ agent: 'earlier' }))
      await log.close()
    }
    const agents = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
    const processes = agents.map(agent => startAppender({ dir: scene.dir, agent, calls: 200, finish: 'wait' }))
    await Promise.all(processes.map(process => process.said('ready')))
    for (const process of processes) process.go()
    for (const process of processes) expect(await process.said('done')).toBe('done')
    expect((await scene.verify()).problems).toEqual([])
    for (const process of processes) process.go()
    for (const process of processes) expect(await process.ended()).toEqual({ code: 0, signal: null })

    const writers = scene.chains().map(chain => {
      const opened = scene
        .lines(chain)
        .map(line => JSON.parse(line))
        .filter(({ event }) => event === 'call.opened')
      return [...new Set(opened.map(({ agent }) => agent))].filter(agent => agent !== 'earlier').join()
    })
    expect(writers.toSorted()).toEqual(agents)
    expect(scene.calls().filter(({ closed }) => closed?.record.outcome === 'ok')).toHaveLength(8 * 200)
    expect((await scene.verify()).problems).toEqual([])
  },
)

test('many starts and ends of many processes leave no more chains than ran at once', { timeout: 60_000 }, async () => {
  const scene = auditDirectory()
  for (let round = 0; round < 4; round++) {
    const processes = ['a', 'b', 'c'].map(agent => startAppender({ dir: scene.dir, agent, calls: 20, finish: 'wait' }))
    for (const process of processes) process.go()
    for (const process of processes) await process.said('done')
    for (const [index, process] of processes.entries()) {
      if (index === round % 3) process.child.kill('SIGKILL')
      else process.go()
    }
    for (const process of processes) await process.ended()
  }
  expect(scene.chains()).toHaveLength(3)
  expect((await scene.verify()).problems).toEqual([])
})

test('a closing that outlives its chain is found by whoever reads the call', async () => {
  const scene = auditDirectory()
  const first = scene.open()
  const attempt = first.open(opening())
  await scene.open().close()
  void attempt.close(closing())
  expect(scene.calls()).toMatchObject([{ state: 'closed' }])
})
