import { afterAll, assert, beforeAll, describe, test } from 'vitest'
import { rawQuery } from '../../../support/db-executor.ts'
import { type EngineScene, engineScene, itemsAndWriter, outcome, roleOf, rowsIn, writable } from './engine-scene.ts'

let scene: EngineScene

beforeAll(async () => {
  scene = await engineScene(itemsAndWriter)
})
afterAll(() => scene?.stop())

const reader = roleOf('reader')
const writer = roleOf('writer')
describe('a session', () => {
  test('shows no call what another one left', async () => {
    const executor = await scene.executor({ ...writable, limits: { connections: 1 } })
    const left = [
      "SELECT set_config('search_path', 'public', false)",
      "SELECT set_config('app.secret', 'seen', false)",
      'SELECT pg_advisory_lock(42)',
      "SELECT set_config('role', 'postgres', false)",
    ]
    for (const sql of left) await outcome(executor, rawQuery(sql), writer)
    for (const [sql, expected] of [
      ["SELECT current_setting('search_path')", 'pg_catalog, pg_temp'],
      ["SELECT coalesce(current_setting('app.secret', true), '')", ''],
      ["SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory'", 0],
      ['SELECT current_user::text', 'writer'],
      ['SELECT count(*)::int FROM pg_prepared_statements', 0],
      ['SELECT count(*)::int FROM pg_cursors', 1],
      ["SELECT current_setting('transaction_read_only')", 'on'],
      ['SELECT count(*)::int FROM pg_listening_channels()', 0],
    ] as const) {
      const { answer } = await outcome(executor, rawQuery(sql), writer)
      assert.deepEqual(rowsIn(answer), [[expected]], sql)
    }
    const [locks] = await scene.admin("SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory'")
    assert.equal(locks?.['n'], 0)
  })

  test('is used again, is one of as many as there may be, and the rest waits', async () => {
    const executor = await scene.executor({ limits: { connections: 2 } })
    const pids = await Promise.all(
      Array.from({ length: 12 }, () => outcome(executor, rawQuery('SELECT pg_backend_pid()'), reader)),
    )
    const seen = new Set(pids.map(({ answer }) => JSON.stringify(rowsIn(answer))))
    assert.isAtMost(seen.size, 2)
    const one = await outcome(executor, rawQuery('SELECT pg_backend_pid()'), reader)
    const two = await outcome(executor, rawQuery('SELECT pg_backend_pid()'), reader)
    assert.isTrue(seen.has(JSON.stringify(rowsIn(one.answer))) && seen.has(JSON.stringify(rowsIn(two.answer))))
  })

  test('goes over a unix socket, without a password where the server asks for none', async () => {
    const executor = await scene.executor({
      url: `postgres://localhost:${scene.server.port}/postgres`,
      socket: scene.server.folder,
      user: 'reader',
    })
    const sql = 'SELECT current_user::text, inet_client_addr() IS NULL'
    const { answer, detail } = await outcome(executor, rawQuery(sql), null)
    assert.deepEqual(rowsIn(answer), [['reader', true]], detail)
  })

  test('of a server that the role check could not be asked of is not used', async () => {
    await scene.admin('REVOKE SELECT ON pg_catalog.pg_roles FROM PUBLIC')
    try {
      const executor = await scene.executor()
      assert.equal((await outcome(executor, rawQuery('SELECT 1'), reader)).refused, 'target_refused')
    } finally {
      await scene.admin('GRANT SELECT ON pg_catalog.pg_roles TO PUBLIC')
    }
  })

  test('takes a statement with temporary tables, cursors and listeners of a role that writes, and keeps none', async () => {
    const executor = await scene.executor({ ...writable, limits: { connections: 1 } })
    await scene.admin(`CREATE OR REPLACE FUNCTION public.leave() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
      CREATE TEMP TABLE left_over (id int); LISTEN somewhere; PERFORM set_config('work_mem', '64kB', false);
      PERFORM pg_advisory_lock(7); EXECUTE 'PREPARE left_over AS SELECT 1'; RETURN 1; END $$`)
    const insert = rawQuery('INSERT INTO public.items (id, name) VALUES (6000 + public.leave(), $1)', ['x'])
    const { answer } = await outcome(executor, insert, writer)
    assert.equal(answer['affected_rows'], 1, JSON.stringify(answer))
    for (const [sql, expected] of [
      ["SELECT count(*)::int FROM pg_class WHERE relname = 'left_over'", 0],
      ['SELECT count(*)::int FROM pg_prepared_statements', 0],
      ['SELECT count(*)::int FROM pg_listening_channels()', 0],
      ["SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory'", 0],
      ["SELECT current_setting('work_mem')", '16MB'],
    ] as const) {
      const next = await outcome(executor, rawQuery(sql), writer)
      assert.deepEqual(rowsIn(next.answer), [[expected]], sql)
    }
  })

  test('belongs to the credential that opened it', async () => {
    const executor = await scene.executor()
    const as = async (role: typeof reader) =>
      rowsIn((await outcome(executor, rawQuery('SELECT current_user::text'), role)).answer)
    assert.deepEqual(await as(reader), [['reader']])
    assert.deepEqual(await as(writer), [['writer']])
    assert.deepEqual(await as(reader), [['reader']])
  })

  test('says who it is, and shows no password', async () => {
    const executor = await scene.executor()
    await outcome(executor, rawQuery('SELECT 1'), reader)
    const rows = await scene.admin("SELECT * FROM pg_stat_activity WHERE usename = 'reader'")
    assert.isAbove(rows.length, 0)
    for (const row of rows) {
      assert.equal(row['application_name'], 'keyhold')
      assert.notInclude(JSON.stringify(row).replaceAll('"usename":"reader"', ''), 'reader')
    }
  })
})
