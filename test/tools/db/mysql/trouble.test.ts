import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CredentialRefused, Refusal } from '../../../../src/refusal.ts'
import { openMysql } from '../../../../tools/db/mysql/open.ts'
import type { Database } from '../../../support/databases.ts'
import { ask, dbContext, dbLimits, dbTarget, passwordOf, rawQuery } from '../../../support/db-executor.ts'
import { login, password, refusalOf, short, troubleDatabase, until, works, write } from './scene.ts'

let database: Database

const open = (written: Record<string, unknown> = {}) =>
  openMysql(dbTarget({ url: database.url, tables: { orders: '*' }, ...written }), dbLimits())

beforeAll(async () => {
  database = await troubleDatabase()
})

afterAll(() => database?.stop())

/** What the server is doing for the agent. */
const running = () =>
  database.rows("SELECT info FROM information_schema.processlist WHERE user = 'agent' AND info IS NOT NULL")

describe('a statement that runs too long ends at the deadline, at the server too', () => {
  test.each([
    'SELECT SLEEP(30)',
    "SELECT BENCHMARK(1000000000, SHA2('a', 512))",
    'SELECT COUNT(*) FROM seq_1_to_100000 AS a, seq_1_to_100000 AS b WHERE a.seq < b.seq',
    'SELECT COUNT(*) FROM information_schema.COLUMNS a, information_schema.COLUMNS b, information_schema.COLUMNS c',
    'WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 900) SELECT COUNT(*) FROM r a, r b, r c, r d',
    'SELECT MAX(CONCAT(a.seq, b.seq)) FROM seq_1_to_100000000 a, seq_1_to_100000000 b',
    "SELECT REGEXP_INSTR(REPEAT('a', 40), '^(a+)+b$'), SLEEP(20)",
  ])('%s', async sql => {
    const executor = await open({ limits: { connections: 1 } })
    assert.equal((await refusalOf(ask(executor, rawQuery(sql), login, short), 700)).code, 'target_timeout')
    await works(executor)
    await until(async () => (await running()).length === 0)
    await executor.close()
  })

  test('a write, of which nothing stays', async () => {
    const executor = await open(write)
    const update = 'UPDATE orders SET total = total + SLEEP(1) + 1'
    assert.equal((await refusalOf(ask(executor, rawQuery(update), login, short), 700)).code, 'target_timeout')
    await until(async () => (await running()).length === 0)
    assert.deepEqual(await database.rows('SELECT SUM(total) FROM orders'), [['210']])
    await works(executor)
    await executor.close()
  })
})

test('a call that is cancelled ends its statement at the server', async () => {
  const executor = await open({ limits: { connections: 1 } })
  const cancel = new AbortController()
  const context = dbContext(dbLimits(), login, { signal: cancel.signal })
  const asked = executor.execute(rawQuery('SELECT SLEEP(30) AS long_sleep'), context)
  const failed = refusalOf(asked, 5_000)
  await until(async () => (await running()).some(([info]) => info?.includes('long_sleep')))
  const killed = async () => Number((await database.rows("SHOW GLOBAL STATUS LIKE 'Com_kill'"))[0]?.[1])
  const before = await killed()
  cancel.abort(new Refusal('cancelled', 'the caller cancelled'))
  assert.equal((await failed).code, 'cancelled')
  await until(async () => (await running()).length === 0)
  assert.equal(await killed(), before + 1)
  await works(executor)
  await executor.close()
})

test('a lock that is not given is an answer, and the next call works', async () => {
  const executor = await open({ ...write, limits: { lock_timeout: '1s' } })
  const other = await open(write)
  const holding = ask(other, rawQuery('UPDATE orders SET total = total + 0 * SLEEP(2.5) WHERE id = 1'), login)
  await until(async () => (await running()).length > 0)
  const execution = await ask(executor, rawQuery('UPDATE orders SET total = 5 WHERE id = 1'), login)
  expect(execution.answer['error']).toMatchObject({ code: '1205' })
  await works(executor)
  await holding
  await Promise.all([executor.close(), other.close()])
})

describe('connections that are lost', () => {
  test('a read whose idle connection was closed by the server is carried out', async () => {
    const executor = await open({ limits: { connections: 1 } })
    await works(executor)
    await killAgents('KILL CONNECTION')
    await works(executor)
    await executor.close()
  })

  test('a read that is cut off is tried once more', async () => {
    const executor = await open({ limits: { connections: 1 } })
    const asked = ask(executor, rawQuery('SELECT SLEEP(1)'), login)
    await until(async () => (await running()).some(([info]) => info?.includes('SLEEP')))
    await killAgents('KILL CONNECTION')
    assert.deepEqual((await asked).answer['rows'], [[0]])
    await executor.close()
  })

  test('a write that is cut off before its commit changed nothing, and is not tried again', async () => {
    const executor = await open(write)
    const asked = ask(executor, rawQuery('UPDATE orders SET total = total + 1 + SLEEP(1) WHERE id = 2'), login)
    const failed = refusalOf(asked, 10_000)
    await until(async () => (await running()).some(([info]) => info?.includes('SLEEP')))
    await killAgents('KILL CONNECTION')
    assert.equal((await failed).code, 'target_unreachable')
    assert.deepEqual(await database.rows('SELECT total FROM orders WHERE id = 2'), [['2']])
    await executor.close()
  })

  test('a statement that an operator ended is an answer', async () => {
    const executor = await open()
    const asked = ask(executor, rawQuery('SELECT COUNT(*) FROM seq_1_to_1000000 a, seq_1_to_1000000 b'), login)
    await until(async () => (await running()).length > 0)
    await killAgents('KILL QUERY')
    expect((await asked).answer['error']).toMatchObject({ code: '70100' })
    await works(executor)
    await executor.close()
  })

  test('a server that is started again is used again, and is unreachable meanwhile', async () => {
    const executor = await open()
    await works(executor)
    await database.server?.restart()
    await works(executor)
    await database.server?.kill()
    assert.equal((await refusalOf(ask(executor, rawQuery('SELECT 1'), login), 10_000)).code, 'target_unreachable')
    await database.server?.restart()
    await works(executor)
    await executor.close()
  })

  test('a server that ends during a read is unreachable', async () => {
    const executor = await open()
    const failed = refusalOf(ask(executor, rawQuery('SELECT SLEEP(20)'), login), 10_000)
    await until(async () => (await running()).length > 0)
    await database.server?.kill()
    assert.equal((await failed).code, 'target_unreachable')
    await database.server?.restart()
    await works(executor)
    await executor.close()
  })
})

async function killAgents(how: string): Promise<void> {
  const ids = await database.rows("SELECT id FROM information_schema.processlist WHERE user = 'agent'")
  for (const [id] of ids) await database.admin(`${how} ${id}`).catch(() => {})
}

describe('pools', () => {
  test('no more connections than allowed; calls beyond wait, and are told that it is busy when none comes back', async () => {
    const executor = await open({ limits: { connections: 2 } })
    const asked = Array.from({ length: 6 }, () => ask(executor, rawQuery('SELECT SLEEP(0.1)'), login))
    await Promise.all(asked)
    const long = [1, 2].map(() => ask(executor, rawQuery('SELECT SLEEP(1.5)'), login))
    await until(async () => (await running()).length === 2)
    assert.equal((await refusalOf(ask(executor, rawQuery('SELECT 1'), login, short), 700)).code, 'busy')
    const connections = await database.rows("SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'agent'")
    assert.ok(Number(connections[0]?.[0]) <= 2)
    await Promise.all(long)
    await works(executor)
    await executor.close()
  })

  test('a server that takes no more connections of a user is busy', async () => {
    await database.setPassword('few', 'few')
    await database.admin("GRANT SELECT ON shop.* TO 'few'@'%' WITH MAX_USER_CONNECTIONS 1")
    const executor = await open()
    const few = passwordOf('few', 'few')
    const first = ask(executor, rawQuery('SELECT SLEEP(1)'), few)
    await until(
      async () =>
        (await database.rows("SELECT 1 FROM information_schema.processlist WHERE user = 'few' AND info LIKE '%SLEEP%'"))
          .length > 0,
    )
    assert.equal((await refusalOf(ask(executor, rawQuery('SELECT 1'), few), 10_000)).code, 'busy')
    await first
    await works(executor, few)
    await executor.close()
  })

  test('another credential gets connections of its own, and those of the old one are closed', async () => {
    await database.setPassword('rotated', 'first')
    await database.admin("GRANT SELECT ON shop.* TO 'rotated'@'%'")
    const executor = await open()
    const first = passwordOf('rotated', 'first')
    await works(executor, first)
    await database.setPassword('rotated', 'second')
    await works(executor, first) // the session goes on
    await works(executor, passwordOf('rotated', 'second'))
    await until(async () => {
      const [[count] = []] = await database.rows(
        "SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'rotated'",
      )
      return count === '1'
    })
    const failed = await refusalOf(ask(executor, rawQuery('SELECT 1'), first), 10_000)
    assert.ok(failed instanceof CredentialRefused)
    await executor.close()
  })
})

describe('the password', () => {
  test('a wrong one is a refused credential that is not repeated anywhere', async () => {
    const executor = await open()
    const wrong = 'not the right password'
    const error = await refusalOf(ask(executor, rawQuery('SELECT 1'), passwordOf('agent', wrong)), 10_000)
    assert.ok(error instanceof CredentialRefused)
    for (let cause: unknown = error; cause !== undefined; cause = (cause as Error).cause)
      assert.ok(!inspect(cause, { depth: 9, showHidden: true }).includes(wrong))
    await works(executor)
    await executor.close()
  })

  test('is not in an error of a statement or a lost connection, nor in the list of processes', async () => {
    const executor = await open()
    const asked = ask(executor, rawQuery('SELECT SLEEP(20)'), login, short)
    assert.ok(!execFileSync('ps', ['axeww']).toString().includes(password))
    const error = await refusalOf(asked, 700)
    assert.ok(!inspect(error, { depth: 12, showHidden: true }).includes(password))
    await executor.close()
  })

  test('without any credential nobody logs in', async () => {
    const executor = await open()
    const error = await refusalOf(executor.execute(rawQuery('SELECT 1'), dbContext(dbLimits(), null)), 10_000)
    assert.equal(error.code, 'credential_unavailable')
    await executor.close()
  })
})
