import { connect, createServer, type Socket } from 'node:net'
import { afterAll, assert, beforeAll, describe, test } from 'vitest'
import type { Limits } from '../../../../src/kind.ts'
import { Refusal } from '../../../../src/refusal.ts'
import { openPostgres } from '../../../../tools/db/postgres/open.ts'
import { dbLimits, dbTarget, rawQuery } from '../../../support/db-executor.ts'
import {
  type EngineScene,
  engineScene,
  itemsAndWriter,
  listening,
  outcome,
  roleOf,
  rowsIn,
  until,
  writable,
} from './engine-scene.ts'

let scene: EngineScene

beforeAll(async () => {
  scene = await engineScene(itemsAndWriter)
})
afterAll(() => scene?.stop())

const reader = roleOf('reader')
const writer = roleOf('writer')
const short = dbLimits({ timeoutMs: 1_000 })

/** Carries out a call that goes wrong, and asserts that it ends in time and that the next one works. */
async function goesWrong(sql: string, limits: Limits = short) {
  const executor = await scene.executor()
  const began = performance.now()
  const found = await outcome(executor, rawQuery(sql), reader, { limits })
  assert.isBelow(performance.now() - began, limits.timeoutMs + 1_000)
  const next = await outcome(executor, rawQuery('SELECT 1'), reader)
  assert.deepEqual(rowsIn(next.answer), [[1]])
  return found
}

const busyBackends = `SELECT pid FROM pg_stat_activity WHERE application_name = 'keyhold' AND state = 'active'`

describe('a statement that does not end', () => {
  for (const sql of [
    'SELECT pg_sleep(60)::text',
    'SELECT count(*) FROM generate_series(1, 100000000) a, generate_series(1, 100000) b',
    'WITH RECURSIVE x AS (SELECT 1 AS n UNION ALL SELECT n FROM x) SELECT count(*) FROM x',
  ]) {
    test(`is stopped at the deadline, at the server too: ${sql.slice(0, 40)}`, async () => {
      assert.equal((await goesWrong(sql)).refused, 'target_timeout')
      await until(async () => (await scene.admin(busyBackends)).length === 0)
    })
  }

  test('is stopped when the caller cancels, at the server too', async () => {
    const executor = await scene.executor()
    const abort = new AbortController()
    const call = outcome(executor, rawQuery('SELECT pg_sleep(60)::text'), reader, { signal: abort.signal })
    await until(async () => (await scene.admin(busyBackends)).length === 1)
    abort.abort(new Refusal('cancelled', 'the caller cancelled'))
    assert.equal((await call).refused, 'cancelled')
    await until(async () => (await scene.admin(busyBackends)).length === 0)
    const next = await outcome(executor, rawQuery('SELECT 1'), reader)
    assert.deepEqual(rowsIn(next.answer), [[1]])
  })
})

describe('an answer that is too large', () => {
  test('in one value is not collected', async () => {
    const before = process.memoryUsage().rss
    const limits = dbLimits({ timeoutMs: 20_000 })
    const { refused } = await goesWrong("SELECT repeat('x', 600000000)", limits)
    assert.equal(refused, 'response_too_large')
    assert.isBelow(process.memoryUsage().rss - before, 200_000_000)
  })

  test('of a gigabyte in rows is cut', async () => {
    const { answer } = await goesWrong("SELECT repeat('x', 1000000) FROM generate_series(1, 1000)")
    assert.equal(answer['truncated'], true)
  })

  test('of a row that has no place at all is cut, too', async () => {
    const { answer } = await goesWrong(
      `SELECT ${Array.from({ length: 20 }, () => "repeat('x', 60000)").join(', ')} FROM generate_series(1, 3)`,
    )
    assert.deepEqual(rowsIn(answer), [])
    assert.equal(answer['truncated'], true)
  })
})

describe('locks', () => {
  test('are not waited for longer than the tool allows', async () => {
    const executor = await scene.executor({ ...writable, limits: { lock_timeout: '300ms' } })
    const held = scene.admin('BEGIN; LOCK TABLE items; SELECT pg_sleep(3); ROLLBACK').catch(() => [])
    await until(
      async () =>
        (
          await scene.admin(
            "SELECT 1 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 'items'::regclass",
          )
        ).length > 0,
    )
    const { answer } = await outcome(executor, rawQuery('UPDATE public.items SET name = name WHERE id = 1'), writer)
    assert.equal((answer['error'] as { code: string }).code, '55P03')
    await scene.admin("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'BEGIN; LOCK%'")
    await held
  })
})

describe('a lost connection', () => {
  test('has a read begun once more', async () => {
    const executor = await scene.executor({ limits: { connections: 1 } })
    await outcome(executor, rawQuery('SELECT 1'), reader)
    await scene.admin("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'keyhold'")
    const next = await outcome(executor, rawQuery('SELECT 2'), reader)
    assert.deepEqual(rowsIn(next.answer), [[2]])
  })

  test('twice is told, and the next call works', async () => {
    const executor = await scene.executor()
    const call = outcome(executor, rawQuery('SELECT pg_sleep(30)::text'), reader)
    const killed: number[] = []
    for (const _ of [1, 2]) {
      const sleeping = `${busyBackends} AND query LIKE 'SELECT pg_sleep%' AND pid <> ALL ($1)`
      await until(async () => (await scene.admin(sleeping, [killed])).length > 0)
      const [row] = await scene.admin(sleeping, [killed])
      killed.push(Number(row?.['pid']))
      await scene.admin('SELECT pg_terminate_backend($1)', [row?.['pid']])
    }
    assert.equal((await call).refused, 'target_unreachable')
    const next = await outcome(executor, rawQuery('SELECT 1'), reader)
    assert.deepEqual(rowsIn(next.answer), [[1]])
  })

  test('by a restart of the server is made again, for reads and writes', async () => {
    const executor = await scene.executor(writable)
    await Promise.all([1, 2, 3].map(() => outcome(executor, rawQuery('SELECT pg_sleep(0.1)::text'), writer)))
    await scene.server.restart()
    await until(async () => (await scene.admin('SELECT 1')).length === 1)
    const read = await outcome(executor, rawQuery('SELECT 1'), writer)
    assert.deepEqual(rowsIn(read.answer), [[1]])
    await scene.server.restart()
    await until(async () => (await scene.admin('SELECT 1')).length === 1)
    const written = await outcome(executor, rawQuery("UPDATE public.items SET name = 'again' WHERE id = 7"), writer)
    assert.equal(written.answer['affected_rows'], 1)
  })

  test('behind a commit leaves the outcome unknown', async () => {
    const proxy = await silentAfter(scene.server.port, 'COMMIT\0')
    try {
      const executor = await openPostgres(
        dbTarget({ ...writable, url: `postgres://127.0.0.1:${proxy.port}/postgres` }),
        dbLimits(),
      )
      const update = rawQuery("UPDATE public.items SET name = 'perhaps' WHERE id = 8")
      const { refused } = await outcome(executor, update, writer, { limits: short })
      assert.equal(refused, 'outcome_unknown')
      await executor.close()
    } finally {
      proxy.close()
    }
  })
})

/** A way to the server that stops passing answers on once a word was sent. */
async function silentAfter(port: number, word: string): Promise<{ readonly port: number; close(): void }> {
  const sockets: Socket[] = []
  const server = createServer(client => {
    const upstream = connect(port, '127.0.0.1')
    sockets.push(
      client.on('error', () => {}),
      upstream.on('error', () => {}),
    )
    let isSilent = false
    client.on('data', chunk => {
      isSilent ||= chunk.includes(word)
      upstream.write(chunk)
    })
    upstream.on('data', chunk => {
      if (!isSilent) client.write(chunk)
    })
  })
  const own = await listening(server)
  return {
    port: own,
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
