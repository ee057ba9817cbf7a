import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { realpathSync, rmSync } from 'node:fs'
import {
  chmod,
  chown,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { prepareKept, readKept, removeKept, replaceKept, writeKept } from '../../src/credentials/kept.ts'
import { openKeptDatabase } from '../../src/credentials/kept-database.ts'
import { sourceNeeds } from '../../src/credentials/needs.ts'
import type { Places } from '../../src/credentials/places.ts'
import { Refusal } from '../../src/refusal.ts'

const secret = 'rt_0123456789abcdef'
const script = join(import.meta.dirname, '../support/use-kept.ts')
let parent = ''
let places: Places = { stateDir: '', home: '', environment: {}, platform: process.platform }
const inKept = (name: string) => join(places.stateDir, 'kept', name)
const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8)
const log = () => join(parent, 'log')

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'kept-'))
  places = { ...places, stateDir: join(parent, 'state', 'keyhold'), home: parent }
})
afterEach(() => rm(parent, { recursive: true }))

const next = (value: string) => value.replace(/^\d+/, number => String(Number(number) + 1))

function order(times: number, holdMs = 0): string {
  return JSON.stringify({ stateDir: places.stateDir, item: 'billing', log: log(), times, holdMs })
}

async function refusalOf(attempt: Promise<unknown>): Promise<string> {
  const refused = await attempt.then(
    () => expect.fail('it was not refused'),
    (error: Error & { code: string }) => error,
  )
  expect(refused).toMatchObject({ name: 'Refusal', code: 'credential_unavailable' })
  expect(refused.message).not.toContain(secret)
  return refused.message
}

describe('a kept item', () => {
  test.each([secret, 'x', 'ünï\n\0cödé\ufeff', 'x'.repeat(65_536)])(
    'gives back what was put into it (%#)',
    async value => {
      await writeKept('billing', value, places)
      expect(await readKept('billing', places)).toBe(value)
    },
  )

  test('is encrypted, in files of ours alone, in a folder of ours alone', async () => {
    await writeKept('billing', secret, places)
    expect((await readdir(inKept('.'))).sort()).toEqual(['billing.age', 'billing.db'])
    expect([await modeOf(places.stateDir), await modeOf(inKept('.'))]).toEqual(['700', '700'])
    expect([await modeOf(inKept('billing.db')), await modeOf(inKept('billing.age'))]).toEqual(['600', '600'])
    for (const name of await readdir(inKept('.'))) expect(await readFile(inKept(name), 'latin1')).not.toContain(secret)
    await replaceKept('billing', places, 1_000, async () => {
      expect(await modeOf(inKept('billing.db-journal'))).toBe('600')
      return { value: 'another', result: null }
    })
  })

  test('is replaced by writing again, and can be removed', async () => {
    await writeKept('billing', 'the old value', places)
    await writeKept('billing', secret, places)
    expect(await readKept('billing', places)).toBe(secret)
    expect(await removeKept('billing', places)).toBe(true)
    expect(await readdir(inKept('.'))).toEqual([])
    expect(await removeKept('billing', places)).toBe(false)
    expect(await refusalOf(readKept('billing', places))).toBe(
      `${inKept('billing.db')} does not exist; keyhold credential login makes it`,
    )
  })

  test('can be written by several at once, and then be read', async () => {
    const values = Array.from({ length: 6 }, (_, index) => `value ${index}`)
    await Promise.all(values.map(value => writeKept('billing', value, places)))
    expect(values).toContain(await readKept('billing', places))
  })

  test('is opened by its own key alone', async () => {
    await writeKept('billing', secret, places)
    await writeKept('shop', 'of another', places)
    await copyFile(inKept('billing.db'), inKept('shop.db'))
    expect(await refusalOf(readKept('shop', places))).toBe(`${inKept('shop.db')} was sealed with another identity`)
  })
})

describe('preparing an item', () => {
  test('makes all that it needs but a value', async () => {
    await prepareKept('billing', places)
    expect((await readdir(inKept('.'))).sort()).toEqual(['billing.age', 'billing.db'])
    expect(await modeOf(inKept('billing.db'))).toBe('600')
    expect(await refusalOf(readKept('billing', places))).toContain('holds no value yet')
  })

  test('leaves a value that is there, even one that cannot be read at the moment', async () => {
    await writeKept('billing', secret, places)
    await prepareKept('billing', places)
    expect(await readKept('billing', places)).toBe(secret)
    await chmod(inKept('billing.age'), 0o644)
    await prepareKept('billing', places)
    await chmod(inKept('billing.age'), 0o600)
    expect(await readKept('billing', places)).toBe(secret)
  })

  test('is refused where no key could be made', async () => {
    await mkdir(join(places.stateDir, 'identity.txt'), { recursive: true })
    await chmod(places.stateDir, 0o700)
    expect(await refusalOf(prepareKept('billing', places))).toContain('identity.txt is not a regular file')
  })
})

describe('using a value up', () => {
  test('stores what comes of it before it is told', async () => {
    await writeKept('billing', '1', places)
    const result = await replaceKept('billing', places, 1_000, async value => ({ value: next(value), result: value }))
    expect(result).toBe('1')
    expect(await readKept('billing', places)).toBe('2')
  })

  test('leaves the value where using it failed, and lets others have it', async () => {
    await writeKept('billing', secret, places)
    const failed = replaceKept('billing', places, 1_000, async () => {
      throw new Refusal('credential_unavailable', 'the provider is down')
    })
    expect(await refusalOf(failed)).toBe('the provider is down')
    expect(await replaceKept('billing', places, 0, async value => ({ value, result: value }))).toBe(secret)
  })

  test('one after the other, though many want to, and nobody is blocked meanwhile', async () => {
    await writeKept('billing', '1', places)
    const used: string[] = []
    let ticks = 0
    const ticking = setInterval(() => ticks++, 5)
    const use = () =>
      replaceKept('billing', places, 30_000, async value => {
        used.push(value)
        await sleep(20)
        return { value: next(value), result: null }
      })
    await Promise.all(Array.from({ length: 10 }, use))
    clearInterval(ticking)
    expect(used).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9', '10'])
    expect(ticks).toBeGreaterThan(20)
  })

  test('over processes too: no value is used twice, none is lost', async () => {
    await writeKept('billing', '1', places)
    const run = () => promisify(execFile)(process.execPath, [script, order(10)])
    await Promise.all([run(), run(), run(), run()])
    const used = (await readFile(log(), 'utf8')).trim().split('\n')
    expect(used).toEqual(Array.from({ length: 40 }, (_, index) => String(index + 1)))
    expect(await readKept('billing', places)).toBe('41')
  }, 60_000)

  test('does not keep readers out', async () => {
    await writeKept('billing', secret, places)
    await replaceKept('billing', places, 1_000, async () => {
      expect(await readKept('billing', places)).toBe(secret)
      return { value: 'another', result: null }
    })
    expect(await readKept('billing', places)).toBe('another')
  })

  test('waits no longer than it may', async () => {
    await writeKept('billing', secret, places)
    await replaceKept('billing', places, 1_000, async value => {
      const began = performance.now()
      const waiting = replaceKept('billing', places, 200, async other => ({ value: other, result: null }))
      expect(await refusalOf(waiting)).toBe(
        `${inKept('billing.db')} is in use by another process, which did not finish in time`,
      )
      expect(performance.now() - began).toBeLessThan(2_000)
      return { value, result: null }
    })
  })

  test('a process that is killed meanwhile leaves the old value, and nobody waits for it', async () => {
    await writeKept('billing', '1', places)
    const child = spawn(process.execPath, [script, order(1, 60_000)])
    for await (const line of createInterface(child.stdout)) if (line === 'using 1') break
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(await replaceKept('billing', places, 0, async value => ({ value: next(value), result: value }))).toBe('1')
    expect(await readKept('billing', places)).toBe('2')
  })

  test('a process that is killed at any moment leaves a value that can be read', async () => {
    await writeKept('billing', `1:${'x'.repeat(30_000)}`, places)
    for (let round = 0; round < 10; round++) {
      const child = spawn(process.execPath, [script, order(1_000)])
      await once(child.stdout, 'data')
      child.stdout.resume()
      await sleep(round * 23)
      child.kill('SIGKILL')
      await once(child, 'exit')
      const used = (await readFile(log(), 'utf8').catch(() => '')).trim().split('\n').filter(Boolean)
      const last = Number(used.at(-1)?.split(':')[0] ?? 0)
      const stored = Number((await readKept('billing', places)).split(':')[0])
      expect([last, last + 1]).toContain(stored)
      rmSync(log(), { force: true })
    }
  }, 60_000)
})

describe('a kept item that cannot be used is refused, and why is said', () => {
  beforeEach(() => writeKept('billing', secret, places))
  const database = () => inKept('billing.db')

  test.each<[string, () => Promise<unknown>, string]>([
    [
      'a symbolic link',
      () => rename(database(), inKept('other')).then(() => symlink('other', database())),
      'is a symbolic link, which is not followed here',
    ],
    ['open to others', () => chmod(database(), 0o644), 'is open to other users; run: chmod 600 FILE'],
    ['a folder', () => rm(database()).then(() => mkdir(database())), 'is not a regular file'],
    [
      'something else',
      () => writeFile(database(), 'x'.repeat(10_000)),
      'is damaged; remove the item, then run keyhold credential login',
    ],
    ['cut off', () => truncate(database(), 5_000), 'holds no value yet; keyhold credential login puts one there'],
    ['empty', () => truncate(database(), 0), 'holds no value yet; keyhold credential login puts one there'],
    ['not there', () => rm(database()), 'does not exist; keyhold credential login makes it'],
  ])('%s', async (_what, spoil, why) => {
    await spoil()
    const expected = `${database()} ${why.replace('FILE', database())}`
    expect(await refusalOf(readKept('billing', places))).toBe(expected)
    let isUsed = false
    const use = replaceKept('billing', places, 200, async value => {
      isUsed = true
      return { value, result: null }
    })
    expect(await refusalOf(use)).toBe(expected)
    expect(isUsed).toBe(false)
  })

  test('a journal that is a link', async () => {
    await symlink('elsewhere', inKept('billing.db-journal'))
    expect(await refusalOf(readKept('billing', places))).toContain('billing.db-journal is a symbolic link')
  })

  test('a value that was changed', async () => {
    const opened = new DatabaseSync(database())
    const value = opened.prepare('SELECT value FROM kept').get()?.['value'] as Uint8Array
    value[value.length - 1] = (value.at(-1) ?? 0) ^ 1
    opened.prepare('UPDATE kept SET value = ?').run(value)
    opened.close()
    expect(await refusalOf(readKept('billing', places))).toBe(`${database()} is damaged; set the credential again`)
  })

  test('its key is gone', async () => {
    await rm(inKept('billing.age'))
    expect(await refusalOf(readKept('billing', places))).toBe(`${inKept('billing.age')} does not exist`)
    await writeKept('billing', 'a new login', places)
    expect(await readKept('billing', places)).toBe('a new login')
  })

  test.skipIf(process.geteuid?.() !== 0)('it belongs to someone else (needs root to try)', async () => {
    await chown(database(), 65_534, 65_534)
    expect(await refusalOf(readKept('billing', places))).toBe(`${database()} belongs to another user (uid 65534)`)
  })

  test.each([0o755, 0o777])('its folder is open to others (%o)', async mode => {
    await chmod(inKept('.'), mode)
    const why = 'kept is open to other users; run: chmod 700'
    expect(await refusalOf(readKept('billing', places))).toContain(why)
    expect(await refusalOf(writeKept('billing', 'x', places))).toContain(why)
    expect(await refusalOf(replaceKept('billing', places, 200, () => expect.fail('it was used')))).toContain(why)
  })

  test('its folder cannot be made', async () => {
    const under = { ...places, stateDir: join(database(), 'state') }
    expect(await refusalOf(writeKept('billing', 'x', under))).toBe(`${under.stateDir} cannot be made (ENOTDIR)`)
    await rm(inKept('.'), { recursive: true })
    await writeFile(inKept('.'), '')
    expect(await refusalOf(writeKept('billing', 'x', places))).toBe(`${join(places.stateDir, 'kept')} is not a folder`)
    expect(await refusalOf(readKept('billing', places))).toBe(`${join(places.stateDir, 'kept')} is not a folder`)
  })

  test('it is removed while others have it open: it is not made again', async () => {
    const how = { waitMs: 200, create: false, platform: process.platform }
    const opened = await openKeptDatabase([database(), `${database()}-journal`], how)
    await opened.lock()
    opened.tryWriting()
    await removeKept('billing', places)
    expect(() => opened.rollback()).not.toThrow()
    opened.close()
    expect(() => opened.rollback()).not.toThrow()
    expect(await readdir(inKept('.'))).toEqual([])
  })

  test.skipIf(process.platform === 'win32')('files may not grow: the value is not used at all', async () => {
    // In blocks of 512 bytes: there is no room for a journal.
    const limited = ['-c', 'ulimit -f 1; exec "$0" "$@"', process.execPath, script, order(1)]
    const { stdout } = await promisify(execFile)('/bin/sh', limited)
    expect(stdout).toMatch(/^credential_unavailable: .*billing\.db cannot be (?:read or )?written; the disk/)
    expect(await readKept('billing', places)).toBe(secret)
  })

  test.skipIf(!canMount())(
    'the disk is full or read-only: the value is not used at all (needs to mount to try)',
    async () => {
      const mountPoint = await mkdtemp(join(tmpdir(), 'kept-disk-'))
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k,mode=700', 'tmpfs', mountPoint])
      onTestFinished(() => {
        execFileSync('umount', ['--lazy', mountPoint])
        rmSync(mountPoint, { recursive: true })
      })
      const there = { ...places, stateDir: join(mountPoint, 'keyhold') }
      await writeKept('billing', '1', there)
      const use = () => replaceKept('billing', there, 200, () => expect.fail('it was used'))
      await prepareKept('other', there)
      await writeFile(join(mountPoint, 'ballast'), Buffer.alloc(1_000_000)).catch(() => {})
      expect(await refusalOf(use())).toContain('cannot be written; the disk is full')
      for (const item of ['billing', 'other'])
        expect(await refusalOf(prepareKept(item, there))).toContain('cannot be written; the disk is full')
      await rm(join(mountPoint, 'ballast'))
      execFileSync('mount', ['-o', 'remount,ro', mountPoint])
      expect(await refusalOf(use())).toContain('cannot be written; it, its folder or its disk is read-only')
      expect(await readKept('billing', there)).toBe('1')
    },
  )
})

describe('under the permissions of a worker', () => {
  const root = join(import.meta.dirname, '../..')
  const code = [
    join(root, 'test/support'),
    join(root, 'src'),
    realpathSync(join(root, 'node_modules')),
    join(root, 'package.json'),
  ]

  async function useWith(less: (path: string) => boolean = () => false, item = 'billing'): Promise<string> {
    const needs = sourceNeeds({ kept: 'billing' }, places, {})
    const flags = [
      ...[...code, ...needs.files].filter(path => !less(path)).map(path => `--allow-fs-read=${path}`),
      ...needs.writes.map(path => `--allow-fs-write=${path}`),
      `--allow-fs-write=${log()}`,
    ]
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--permission',
      ...flags,
      script,
      JSON.stringify({ ...JSON.parse(order(1)), item }),
    ])
    return stdout
  }

  test('an item can be used up with what it needs', async () => {
    await writeKept('billing', '1', places)
    expect(await useWith()).toBe('using 1\nused 1\n')
    expect(await readKept('billing', places)).toBe('2')
  })

  test('and not with less', async () => {
    await writeKept('billing', '1', places)
    for (const file of ['billing.db', 'billing.age']) {
      expect(await useWith(path => path.endsWith(file))).toMatch(/^credential_unavailable: .*ERR_ACCESS_DENIED/)
    }
  })

  test('and no other item', async () => {
    await writeKept('billing', '1', places)
    await writeKept('shop', secret, places)
    expect(await useWith(undefined, 'shop')).toMatch(/^credential_unavailable: .*ERR_ACCESS_DENIED/)
  })

  // SQLite opens files by itself: what keeps another item closed is its key, which is not SQLite's to open.
  test('nor the key of another item', async () => {
    await writeKept('billing', '1', places)
    await writeKept('shop', secret, places)
    const flags = sourceNeeds({ kept: 'billing' }, places, {}).files.map(path => `--allow-fs-read=${path}`)
    const reading = (item: string) =>
      promisify(execFile)(process.execPath, [
        '--permission',
        ...flags,
        '--eval',
        `console.log(fs.readFileSync(${JSON.stringify(inKept(`${item}.age`))}).length > 0)`,
      ])
    expect((await reading('billing')).stdout).toBe('true\n')
    await expect(reading('shop')).rejects.toMatchObject({ stderr: expect.stringContaining('ERR_ACCESS_DENIED') })
  })
})

function canMount(): boolean {
  if (process.platform !== 'linux' || process.geteuid?.() !== 0) return false
  try {
    execFileSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', tmpdir()], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
