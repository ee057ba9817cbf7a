import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { AuditLog } from '../../src/audit/log.ts'
import { startAppender } from './processes.ts'
import { auditDirectory, closing, opening, record } from './scene.ts'

const isRoot = process.getuid?.() === 0

function expectRefused(log: AuditLog): void {
  expect(() => log.open(opening())).toThrow(expect.objectContaining({ code: 'audit_unavailable' }))
  expect(() => log.append('config.loaded')).toThrow(expect.objectContaining({ code: 'audit_unavailable' }))
}

test('a directory that cannot be made refuses every call, and serves as soon as it can be made', async () => {
  const scene = auditDirectory()
  writeFileSync(scene.dir, 'a file where the directory should be')
  const log = scene.open()
  expect(scene.problems).toMatchObject([{ code: 'audit_unavailable' }])
  expectRefused(log)
  rmSync(scene.dir)
  record(log, 2)
  expect(await scene.verify()).toMatchObject({ records: 5, problems: [] })
})

test('a directory that was removed refuses every call; when it is back, the next record says what is missing', async () => {
  const scene = auditDirectory()
  const log = scene.open()
  record(log, 2)
  const [chain] = scene.chains()
  rmSync(scene.dir, { recursive: true })
  expectRefused(log)
  mkdirSync(scene.dir)
  record(log, 1)
  expect((await scene.verify()).problems).toMatchObject([{ chain, line: null, kind: 'missing' }])
})

test('a directory that was moved away and comes back goes on where it was', async () => {
  let now = 1_800_000_000_000
  const scene = auditDirectory()
  const log = scene.open('batch', () => now)
  record(log, 2)
  renameSync(scene.dir, `${scene.dir}.away`)
  now += 1000
  expectRefused(log)
  renameSync(`${scene.dir}.away`, scene.dir)
  record(log, 1)
  expect(scene.chains()).toHaveLength(1)
  expect(await scene.verify()).toMatchObject({ records: 7, problems: [] })
})

test('a closing that could not be written is written when the log is back, with its own time', async () => {
  let now = 1_800_000_000_000
  const scene = auditDirectory()
  const log = scene.open('batch', () => now)
  const attempt = log.open(opening())
  rmSync(scene.dir, { recursive: true })
  expect(() => attempt.close(closing())).toThrow(expect.objectContaining({ code: 'audit_unavailable' }))
  now += 60_000
  mkdirSync(scene.dir)
  void log.append('config.loaded')
  const [closed] = scene.calls()
  expect(closed).toMatchObject({
    call: attempt.call,
    closed: { record: { time: '2027-01-15T08:00:00.000Z', outcome: 'ok' } },
  })
})

test('chains that cannot be read, and things that are no chains, do not stop the log', async () => {
  const scene = auditDirectory()
  mkdirSync(join(scene.dir, '20200101T000000.000Z-00000000.jsonl'), { recursive: true })
  symlinkSync('/nowhere', join(scene.dir, '20200101T000000.000Z-00000001.jsonl'))
  writeFileSync(join(scene.dir, '20200101T000000.000Z-00000002.jsonl'), '')
  mkdirSync(join(scene.dir, '20200101T000000.000Z-00000002.jsonl.lock'))
  record(scene.open(), 1)
  expect((await scene.verify()).problems).toMatchObject([
    { chain: '20200101T000000.000Z-00000002.jsonl', kind: 'bad_head' },
  ])
  expect(scene.calls()).toHaveLength(1)
})

test('a directory that may not be written refuses every call', async () => {
  const scene = auditDirectory()
  record(scene.open(), 1)
  const parent = join(scene.dir, '..')
  // To root no permission bit says no, so another user tries.
  const uid = isRoot ? 65534 : undefined
  chmodSync(parent, 0o755)
  const dir = join(parent, 'read-only')
  mkdirSync(dir)
  chmodSync(dir, 0o555)
  const appender = startAppender({ dir, ...(uid !== undefined && { uid }) })
  appender.go()
  await appender.ended()
  expect(appender.lines).toEqual(['ready', ...Array(3).fill('refused audit_unavailable'), 'done'])
  expect(readdirSync(dir)).toEqual([])
})

test('a file that may not grow refuses, leaves nothing half-written, and what was acknowledged is there', async () => {
  const scene = auditDirectory()
  const appender = startAppender({ dir: scene.dir, maxFileKb: 32 })
  appender.go()
  await appender.ended()
  expect(appender.lines.filter(line => line.startsWith('refused'))).toEqual(Array(3).fill('refused audit_unavailable'))
  const acknowledged = appender.lines.filter(line => /^[0-9a-f-]{36}$/.test(line))
  expect(acknowledged.length).toBeGreaterThan(10)
  expect(scene.calls().map(({ call }) => call)).toEqual(expect.arrayContaining(acknowledged))
  const report = await scene.verify()
  expect(report.problems).toEqual([])
  expect(report.chains[0]?.notes).toEqual([])
})

test.skipIf(!canMount())(
  'a disk that is full refuses; when there is room again the log goes on, and no file is left over',
  async () => {
    const mountPoint = mkdtempSync(join(tmpdir(), 'keyhold-full-'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', mountPoint])
    onTestFinished(() => {
      execFileSync('umount', ['--lazy', mountPoint])
      rmSync(mountPoint, { recursive: true })
    })
    const scene = auditDirectory(join(mountPoint, 'state', 'audit'))
    const ballast = join(mountPoint, 'ballast')
    mkdirSync(join(mountPoint, 'state'))
    writeFileSync(ballast, Buffer.alloc(64 * 1024))

    const log = scene.open()
    const running: ReturnType<AuditLog['open']>[] = []
    for (;;) {
      try {
        const attempt = log.open(opening())
        running.push(attempt)
        if (running.length > 5) void running.shift()?.close(closing())
      } catch (error) {
        expect(error).toMatchObject({ code: 'audit_unavailable', cause: { code: 'ENOSPC' } })
        break
      }
    }
    const attempt = running.pop()
    expect(() => attempt?.close(closing())).toThrow(expect.objectContaining({ code: 'audit_unavailable' }))
    expectRefused(log)
    expect((await scene.verify()).problems).toEqual([])

    // Another process finds no room to begin, and leaves nothing behind when it tries.
    const before = readdirSync(scene.dir)
    const other = startAppender({ dir: scene.dir, calls: 5 })
    other.go()
    await other.ended()
    expect(other.lines.filter(line => line.startsWith('refused'))).toHaveLength(3)
    expect(readdirSync(scene.dir)).toEqual(before)

    rmSync(ballast)
    for (const each of running) void each.close(closing())
    record(log, 3)
    expect((await scene.verify()).problems).toEqual([])
    expect(scene.calls().filter(({ state }) => state !== 'closed')).toEqual([])
    expect(scene.calls().find(({ call }) => call === attempt?.call)).toMatchObject({ state: 'closed' })
  },
)

function canMount(): boolean {
  if (!isRoot || process.platform !== 'linux') return false
  const probe = mkdtempSync(join(tmpdir(), 'keyhold-probe-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', probe], { stdio: 'ignore' })
    execFileSync('umount', [probe], { stdio: 'ignore' })
    return true
  } catch {
    return false
  } finally {
    rmSync(probe, { recursive: true, force: true })
  }
}
