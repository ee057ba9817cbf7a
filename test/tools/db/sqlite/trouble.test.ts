import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, describe, expect, test } from 'vitest'
import type { Json } from '../../../../src/kind.ts'
import { Refusal } from '../../../../src/refusal.ts'
import { codeFolders } from '../../../../src/process/code.ts'
import { grantFor } from '../../../../src/workers/permissions.ts'
import { ToolWorker } from '../../../../src/workers/tool-worker.ts'
import { openSqlite } from '../../../../tools/db/sqlite/open.ts'
import { ask, dbContext, dbLimits, dbTarget, rawQuery } from '../../../support/db-executor.ts'
import { asked, makeShop, type Shop, writableTables } from './shop.ts'

const root = new URL('../../../..', import.meta.url).pathname.replace(/\/$/, '')
const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

function shopHere(): Shop {
  const shop = makeShop()
  cleanUps.push(() => shop.remove())
  return shop
}

const orders = { orders: '*' }
const writable = { access: 'write', tables: writableTables }
const runaway = 'WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n'

describe('in the process of a worker', () => {
  /** A worker as the gate starts it, with nothing before it that would judge. */
  function workerOf(shop: Shop, written: Record<string, unknown> = {}) {
    const environment = { PATH: process.env['PATH'] }
    const needs = { files: [shop.file], writes: [], addons: false, children: false, environment: [] }
    const code = codeFolders(root, specifier => import.meta.resolve(specifier))
    const exits: (string | null)[] = []
    const worker = new ToolWorker(
      {
        entry: join(root, 'src/worker.ts'),
        execPath: process.execPath,
        grant: () => grantFor({ network: false, children: false, sqlite: true }, needs, code, environment),
        start: {
          type: 'start',
          kind: 'db',
          target: { ...dbTarget({ url: `sqlite:${shop.file}`, tables: orders, ...written }) },
          limits: dbLimits(),
          credential: null,
          others: {},
          stores: {},
          rights: { repositories: null, permissions: null },
          places: { stateDir: shop.folder, home: shop.folder, platform: process.platform },
          fingerprintKey: '00',
        },
        idleMs: 60_000,
      },
      { leased() {}, partial() {}, warned() {}, malformed() {}, exited: ({ signal }) => void exits.push(signal) },
    )
    cleanUps.push(() => worker.end())
    const run = (sql: string, timeoutMs: number, params: readonly Json[] = []) => {
      const request = rawQuery(sql, params)
      const reads = request.type === 'query' && request.action === 'SELECT'
      const { signal } = new AbortController()
      return worker.run({ request, timeoutMs, idempotent: reads, reads, onceKey: null, permit: () => null, signal })
    }
    return { run, exits }
  }

  test('a statement that runs on ends within a second of its deadline, and the next call works', async () => {
    const { run, exits } = workerOf(shopHere())
    expect(await run('SELECT count(*) FROM orders', 10_000)).toMatchObject({ answer: { rows: [[3]] } })
    const began = performance.now()
    await expect(run(runaway, 500)).rejects.toMatchObject({ code: 'target_timeout' })
    expect(performance.now() - began).toBeLessThan(500 + 1_000 + 400)
    expect(exits).toEqual(['SIGKILL'])
    expect(await run('SELECT count(*) FROM orders', 10_000)).toMatchObject({ answer: { rows: [[3]] } })
  }, 20_000)

  test('a call that waited behind it has an answer in time too', async () => {
    const { run } = workerOf(shopHere())
    await run('SELECT 1', 10_000)
    const lost = run(runaway, 500).catch((error: unknown) => error)
    const other = run('SELECT count(*) FROM orders', 10_000).catch((error: unknown) => error)
    expect(await lost).toMatchObject({ code: 'target_timeout' })
    expect(await other).toBeDefined()
    expect(await run('SELECT count(*) FROM orders', 10_000)).toMatchObject({ answer: { rows: [[3]] } })
  }, 20_000)

  test('a write whose worker is killed leaves the database as it was', async () => {
    const shop = shopHere()
    const { run } = workerOf(shop, writable)
    const slow = `INSERT INTO notes (title) SELECT x FROM (${runaway.replace('count(*)', 'x')})`
    await expect(run(slow, 500)).rejects.toMatchObject({ code: 'outcome_unknown' })
    expect(await run('SELECT count(*) FROM notes', 10_000)).toMatchObject({ answer: { rows: [[2]] } })
    expect(await run("INSERT INTO notes (title) VALUES ('x')", 10_000)).toMatchObject({ answer: { affected_rows: 1 } })
    expect(shop.admin.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
  }, 20_000)

  test('many large values do not end the worker', async () => {
    const { run, exits } = workerOf(shopHere())
    const many = 'WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 200)'
    const result = await run(`${many} SELECT printf('%.*c', 1000000, 'x') FROM n`, 10_000)
    expect(result).toMatchObject({ answer: { truncated: true } })
    expect(
      await run(`${many} SELECT count(*) FROM (SELECT DISTINCT printf('%.*c', 200000, x) FROM n ORDER BY 1)`, 10_000),
    ).toBeDefined()
    expect(exits).toEqual([])
  }, 20_000)
})

describe('a call', () => {
  test('whose deadline has passed, or that was cancelled, does not begin', async () => {
    const shop = shopHere()
    const engine = await shop.engine(writable)
    const limits = dbLimits()
    const insert = rawQuery("INSERT INTO notes (title) VALUES ('x')")
    const late = { ...dbContext(limits, null), remainingMs: () => 0 }
    await expect(engine.execute(insert, late)).rejects.toMatchObject({ code: 'target_timeout' })
    const abort = new AbortController()
    const cancelled = engine.execute(insert, dbContext(limits, null, { signal: abort.signal }))
    abort.abort(new Refusal('cancelled', 'the caller cancelled'))
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' })
    expect((await asked(engine, 'SELECT count(*) FROM notes')).rows).toEqual([[2]])
  })

  test('whose deadline passes between two rows ends there', async () => {
    const engine = await shopHere().engine({ limits: { max_rows: 100_000 } })
    let times = 0
    const context = { ...dbContext(dbLimits(), null), remainingMs: () => (times++ < 100 ? 1_000 : 0) }
    const rows = runaway.replace('count(*)', 'x')
    await expect(engine.execute(rawQuery(rows), context)).rejects.toMatchObject({ code: 'target_timeout' })
    expect((await ask(engine, rawQuery('SELECT 1'), null)).isError).toBe(false)
  })
})

describe('a lock', () => {
  test('that somebody else holds is waited for as long as the limit says, and is told', async () => {
    const shop = shopHere()
    const engine = await shop.engine({ ...writable, limits: { lock_timeout: '100ms' } })
    shop.admin.exec('BEGIN EXCLUSIVE')
    expect((await asked(engine, 'SELECT 1 FROM orders')).error?.code).toBe('SQLITE_BUSY')
    expect((await asked(engine, "INSERT INTO notes (title) VALUES ('x')")).error?.code).toBe('SQLITE_BUSY')
    shop.admin.exec('COMMIT; BEGIN; SELECT count(*) FROM orders')
    // Nobody can commit while somebody reads, other than in a WAL.
    expect((await asked(engine, "INSERT INTO notes (title) VALUES ('x')")).error?.code).toBe('SQLITE_BUSY')
    shop.admin.exec('COMMIT')
    expect((await asked(engine, "INSERT INTO notes (title) VALUES ('x')")).affected).toBe(1)
  })

  test('of a reader keeps nobody from reading, nor in a WAL from writing', async () => {
    const shop = shopHere()
    shop.admin.exec('PRAGMA journal_mode = WAL')
    const engine = await shop.engine({ ...writable, limits: { lock_timeout: '100ms' } })
    shop.admin.exec('BEGIN; SELECT count(*) FROM orders')
    expect((await asked(engine, 'SELECT count(*) FROM orders')).rows).toEqual([[3]])
    expect((await asked(engine, "INSERT INTO notes (title) VALUES ('x')")).affected).toBe(1)
    shop.admin.exec('COMMIT')
    const second = await shop.engine({ tables: writableTables })
    shop.admin.exec("BEGIN IMMEDIATE; INSERT INTO notes (title) VALUES ('y')")
    const answers = await Promise.all([engine, second].map(each => asked(each, 'SELECT count(*) FROM notes')))
    expect(answers.map(({ rows }) => rows)).toEqual([[[3]], [[3]]])
    shop.admin.exec('COMMIT')
    expect((await asked(second, 'SELECT count(*) FROM notes')).rows).toEqual([[4]])
  })

  test('is not kept after a call', async () => {
    const shop = shopHere()
    const engine = await shop.engine(writable)
    await asked(engine, 'SELECT * FROM orders')
    await asked(engine, 'SELECT nowhere FROM orders')
    await asked(engine, "INSERT INTO notes (title) VALUES ('x')", [], { preview: true })
    shop.admin.exec('BEGIN EXCLUSIVE; COMMIT')
  })
})

describe('a schema that changes', () => {
  test('is seen by the next call', async () => {
    const shop = shopHere()
    const engine = await shop.engine({ tables: { orders: '*', vault: ['id'] } })
    expect((await asked(engine, 'SELECT id FROM vault')).rows).toEqual([[1], [2]])
    shop.admin.exec(
      'DROP VIEW broken; ALTER TABLE vault RENAME COLUMN id TO old; ALTER TABLE vault RENAME COLUMN secret TO id',
    )
    shop.admin.exec("ALTER TABLE orders ADD COLUMN more TEXT DEFAULT 'new'")
    expect((await asked(engine, 'SELECT old FROM vault')).error).toBeDefined()
    expect((await asked(engine, 'SELECT more FROM orders LIMIT 1')).rows).toEqual([['new']])
  })

  test('gives a root page to another table, which is then no other than it is', async () => {
    const shop = shopHere()
    const engine = await shop.engine({ tables: { orders: '*', log: '*' } })
    expect((await asked(engine, 'SELECT * FROM log')).error).toBeUndefined()
    shop.admin.exec(`DROP TRIGGER audited_log; DROP TABLE log; CREATE TABLE fresh (id INTEGER, secret TEXT);
      INSERT INTO fresh VALUES (1, 'HIDDEN'); CREATE TABLE log (line TEXT)`)
    expect((await asked(engine, "SELECT 1 FROM fresh NATURAL JOIN (SELECT 'HIDDEN' AS secret)")).error).toBeDefined()
    expect((await asked(engine, 'SELECT * FROM log')).rows).toEqual([])
  })

  test('cannot change while a statement is carried out', async () => {
    for (const mode of ['DELETE', 'WAL']) {
      const shop = shopHere()
      shop.admin.exec(`PRAGMA journal_mode = ${mode}`)
      const engine = await shop.engine({ limits: { max_rows: 100_000 } })
      const began = "ALTER TABLE orders ADD COLUMN late TEXT DEFAULT 'late'"
      let tries = 0
      // Between the check of the program and its rows: a writer either has to wait or is not seen.
      const context = {
        ...dbContext(dbLimits(), null),
        remainingMs() {
          if (tries++ === 3) {
            if (mode === 'WAL') shop.admin.exec(began)
            else expect(() => shop.admin.exec(began)).toThrow(/locked/)
          }
          return 5_000
        },
      }
      const { answer } = await engine.execute(rawQuery('SELECT * FROM orders'), context)
      expect(tries).toBeGreaterThan(3)
      expect(JSON.stringify(answer)).not.toContain('late')
    }
  })
})

describe('a file', () => {
  const opened = async (file: string, written: Record<string, unknown> = {}) => {
    const engine = await openSqlite(dbTarget({ url: `sqlite:${file}`, tables: orders, ...written }), dbLimits())
    cleanUps.push(() => engine.close())
    return engine
  }
  const refused = async (file: string, code: string, written: Record<string, unknown> = {}) => {
    const engine = await opened(file, written)
    const refusal = await ask(engine, rawQuery('SELECT 1 FROM orders'), null).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(Refusal)
    expect(refusal).toMatchObject({ code })
    return engine
  }

  test('that is not there is not made, and is used once it is', async () => {
    const shop = shopHere()
    const file = join(shop.folder, 'later.db')
    const engine = await refused(file, 'target_unreachable', { access: 'write' })
    await expect(ask(engine, rawQuery('DELETE FROM orders WHERE id = 1'), null)).rejects.toMatchObject({
      code: 'target_unreachable',
    })
    expect(existsSync(file)).toBe(false)
    copyFileSync(shop.file, file)
    expect((await asked(engine, 'SELECT count(*) FROM orders')).rows).toEqual([[3]])
  })

  test('that is a folder, a pipe or no database is refused at once', async () => {
    const { folder } = shopHere()
    mkdirSync(join(folder, 'folder'))
    await refused(join(folder, 'folder'), 'target_unreachable')
    execFileSync('mkfifo', [join(folder, 'pipe')])
    await refused(join(folder, 'pipe'), 'target_unreachable')
    await refused('/dev/zero', 'target_unreachable')
    writeFileSync(join(folder, 'text'), 'no database\n'.repeat(1_000))
    await refused(join(folder, 'text'), 'target_refused')
  })

  test('that is damaged is refused, and its content is in no answer', async () => {
    const shop = shopHere()
    shop.admin.close()
    truncateSync(shop.file, 8_192)
    await refused(shop.file, 'target_refused')
  })

  test('that is replaced is opened anew', async () => {
    const shop = shopHere()
    const engine = await shop.engine()
    expect((await asked(engine, 'SELECT count(*) FROM orders')).rows).toEqual([[3]])
    const other = makeShop()
    other.admin.exec('DELETE FROM orders')
    other.admin.close()
    renameSync(other.file, shop.file)
    other.remove()
    expect((await asked(engine, 'SELECT count(*) FROM orders')).rows).toEqual([[0]])
    rmSync(shop.file)
    await expect(asked(engine, 'SELECT 1')).rejects.toMatchObject({ code: 'target_unreachable' })
  })

  test('behind a link is followed, and so is a link that is changed', async () => {
    const [one, other] = [shopHere(), shopHere()]
    other.admin.exec('DELETE FROM orders')
    const link = join(one.folder, 'link.db')
    symlinkSync(one.file, link)
    const engine = await opened(link)
    expect((await asked(engine, 'SELECT count(*) FROM orders')).rows).toEqual([[3]])
    rmSync(link)
    symlinkSync(other.file, link)
    expect((await asked(engine, 'SELECT count(*) FROM orders')).rows).toEqual([[0]])
  })

  test('with a name that looks like options is only a name', async () => {
    const shop = shopHere()
    const file = join(shop.folder, 'a%20b&mode=rwc;x.db')
    copyFileSync(shop.file, file)
    const engine = await opened(file)
    expect((await asked(engine, 'SELECT count(*) FROM orders')).rows).toEqual([[3]])
  })

  test('with a WAL is read while it grows and after it is gone', async () => {
    const shop = shopHere()
    shop.admin.exec('PRAGMA journal_mode = WAL; INSERT INTO orders (id) VALUES (50)')
    const engine = await shop.engine()
    expect((await asked(engine, 'SELECT count(*) FROM orders')).rows).toEqual([[4]])
    shop.admin.exec('INSERT INTO orders (id) VALUES (51); PRAGMA wal_checkpoint(TRUNCATE)')
    expect((await asked(engine, 'SELECT count(*) FROM orders')).rows).toEqual([[5]])
    shop.admin.close()
    expect((await asked(engine, 'SELECT count(*) FROM orders')).rows).toEqual([[5]])
  })

  test('with a journal that a crash has left is refused by who only reads, and is whole again once somebody writes', async () => {
    const shop = shopHere()
    const [file, journal] = [join(shop.folder, 'crashed.db'), join(shop.folder, 'crashed.db-journal')]
    shop.admin.exec(
      'PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL; PRAGMA cache_size = 1; PRAGMA cache_spill = 1',
    )
    shop.admin.exec('BEGIN; UPDATE orders SET note = hex(randomblob(20000)); DELETE FROM customers WHERE id > 100')
    copyFileSync(shop.file, file)
    copyFileSync(`${shop.file}-journal`, journal)
    shop.admin.exec('ROLLBACK')
    await refused(file, 'target_refused')
    const writer = new DatabaseSync(file)
    expect(writer.prepare('SELECT note FROM orders').all()).toEqual([
      { note: 'first' },
      { note: 'second' },
      { note: null },
    ])
    writer.close()
    expect((await asked(await opened(file), 'SELECT note FROM orders WHERE id = 10')).rows).toEqual([['first']])
  })

  test('that may only be read is read, and a write to it is refused', async () => {
    const shop = shopHere()
    shop.admin.close()
    chmodSync(shop.file, 0o400)
    const engine = await opened(shop.file, writable)
    expect((await asked(engine, 'SELECT count(*) FROM orders')).rows).toEqual([[3]])
    const written = await asked(engine, "INSERT INTO notes (title) VALUES ('x')").catch((error: unknown) => error)
    // Root may write into any file.
    if (process.geteuid?.() === 0) expect(written).toMatchObject({ affected: 1 })
    else expect(written).toMatchObject({ code: 'target_refused' })
  })
})
