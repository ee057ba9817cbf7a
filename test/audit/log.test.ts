import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startAppender } from './processes.ts'
import { auditDirectory, closing, newCallId, opening, record, sha256 } from './scene.ts'

test('a call leaves two lines with the agreed fields in the agreed order, chained by hash', async () => {
  const scene = auditDirectory()
  const log = scene.open()
  const call = newCallId()
  const attempt = log.open(
    opening({ call, trace: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', bytes_in: 42 }),
  )
  const decision = { effect: 'allow', by: 'GET /repos/acme/shop/issues', reason: 'scope' } as const
  const credential = { name: 'github', fingerprint: '0123456789ab' }
  void attempt.close(closing({ decision, credential, bytes_in: 42, bytes_out: 1000, detail: 'why' }))

  const [chain = ''] = scene.chains()
  const lines = scene.lines(chain)
  const [started, opened, closed] = lines.map(line => JSON.parse(line))
  expect(Object.keys(started)).toEqual(['v', 'seq', 'prev', 'time', 'event', 'links'])
  expect(Object.keys(opened).join()).toBe(
    'v,seq,prev,time,event,call,agent,transport,trace,tool,kind,mcp_tool,args_digest,bytes_in,config',
  )
  expect(Object.keys(closed).join()).toBe(
    'v,seq,prev,time,event,call,tool,kind,operation,decision,credential,outcome,status,bytes_in,bytes_out,duration_ms,detail',
  )
  expect(opened).toMatchObject({ v: 1, seq: 2, event: 'call.opened', call, prev: sha256(lines[0] as string) })
  expect(closed).toMatchObject({
    v: 1,
    seq: 3,
    event: 'call.closed',
    call,
    prev: sha256(lines[1] as string),
    decision,
    credential,
  })
  expect(opened.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  expect(started).toMatchObject({ seq: 1, prev: '0'.repeat(64), event: 'chain.started', links: [] })
  expect(await scene.verify()).toMatchObject({ records: 3, problems: [] })
})

test('an opening is in the file before open() returns', () => {
  const scene = auditDirectory()
  const log = scene.open()
  const call = newCallId()
  log.open(opening({ call }))
  expect(readFileSync(join(scene.dir, scene.chains()[0] as string), 'utf8')).toContain(call)
})

test('the directory and its files are for their owner only', async () => {
  const scene = auditDirectory()
  const log = scene.open()
  record(log, 1)
  expect(statSync(scene.dir).mode & 0o777).toBe(0o700)
  const [chain = ''] = scene.chains()
  for (const name of [chain, `${chain}.head`, `${chain}.lock`]) {
    expect(statSync(join(scene.dir, name)).mode & 0o777).toBe(0o600)
  }
})

test('with sync always, a record is durable only when the disk has it, and a hundred at once are no problem', async () => {
  const scene = auditDirectory()
  const log = scene.open('always')
  await Promise.all(
    Array.from({ length: 100 }, async () => {
      const attempt = log.open(opening())
      expect(attempt.durable).toBeInstanceOf(Promise)
      await attempt.durable
      await attempt.close(closing())
    }),
  )
  await log.append('config.loaded', { digest: 'c0ffee' })
  expect(await scene.verify()).toMatchObject({ records: 202, problems: [] })
})

test('only the first close of an attempt counts', async () => {
  const scene = auditDirectory()
  const attempt = scene.open().open(opening())
  void attempt.close(closing({ outcome: 'ok' }))
  void attempt.close(closing({ outcome: 'failed' }))
  expect(scene.calls()).toMatchObject([{ closed: { record: { outcome: 'ok' } } }])
})

test('starting and stopping goes on with the same file', async () => {
  const scene = auditDirectory()
  for (let start = 0; start < 3; start++) {
    const log = scene.open()
    void log.append('server.started')
    record(log, 2)
    await log.close()
  }
  expect(scene.chains()).toHaveLength(1)
  expect(scene.records().filter(({ event }) => event === 'chain.started')).toHaveLength(1)
  expect(scene.records().filter(({ event }) => event === 'chain.continued')).toHaveLength(2)
  expect(await scene.verify()).toMatchObject({ records: 3 * 6, problems: [] })
  expect(scene.problems).toEqual([])
})

test('a closed log refuses', async () => {
  const scene = auditDirectory()
  const log = scene.open()
  await log.close()
  expect(() => log.open(opening())).toThrow(expect.objectContaining({ code: 'audit_unavailable' }))
  await log.close()
})

test('a process that forgets to close the log still ends by itself', async () => {
  const scene = auditDirectory()
  const appender = startAppender({ dir: scene.dir, calls: 5 })
  appender.go()
  expect(await appender.ended()).toEqual({ code: 0, signal: null })
  expect(scene.calls()).toHaveLength(5)
})

test('a name of five megabytes is recorded in a line of a few kilobytes', async () => {
  const scene = auditDirectory()
  const log = scene.open()
  void log.open(opening({ mcp_tool: 'x'.repeat(5_000_000) })).close(closing())
  const [, opened = ''] = scene.lines(scene.chains()[0] as string)
  expect(opened.length).toBeLessThan(6_000)
  expect(JSON.parse(opened).mcp_tool).toMatch(/^x{4096}\.\.\. \(4995904 more characters\)$/)
  expect((await scene.verify()).problems).toEqual([])
})

test('a line of three megabytes is verified, read and continued after', async () => {
  const scene = auditDirectory()
  const log = scene.open()
  void log.append('config.loaded', { names: Array.from({ length: 100_000 }, (_, index) => `${index}`.padStart(27)) })
  await log.close()
  await scene.open().close()
  expect(scene.chains()).toHaveLength(1)
  expect(scene.records().map(({ event }) => event)).toEqual(['chain.started', 'config.loaded', 'chain.continued'])
  expect((await scene.verify()).problems).toEqual([])
})

test('text of every script, broken surrogates and control characters come back as they were, and none acts on a terminal', async () => {
  const scene = auditDirectory()
  const mcp_tool = '\u001b[31m \u009b2J \u202eabc \u2028 \ud800 日本語 😀 "quoted" \\'
  void scene.open().open(opening({ mcp_tool })).close(closing())
  const raw = readFileSync(join(scene.dir, scene.chains()[0] as string), 'utf8')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
  expect(raw).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e]/)
  expect(scene.calls()[0]?.opened?.record.mcp_tool).toBe(mcp_tool)
})
