import { afterAll, assert, beforeAll, describe, test } from 'vitest'
import type { Finding } from '../../../../tools/db/findings.ts'
import { rawQuery } from '../../../support/db-executor.ts'
import { type EngineScene, engineScene, outcome, roleOf, rowsIn } from './engine-scene.ts'

let scene: EngineScene

beforeAll(async () => {
  scene = await engineScene(`
    CREATE TABLE items (id int PRIMARY KEY, name text, secret text);
    CREATE TABLE other (id int, note text);
    CREATE SCHEMA hidden; CREATE TABLE hidden.away (id int); GRANT SELECT ON hidden.away TO PUBLIC;
    CREATE ROLE exact LOGIN PASSWORD 'exact'; GRANT SELECT (id, name) ON items TO exact;
    CREATE ROLE grp NOLOGIN; GRANT SELECT ON other TO grp;
  `)
})
afterAll(() => scene?.stop())

const written = { tables: { items: ['id', 'name'] } }

/** What a role may have, how it gets it, and what is said of it. */
const cases: readonly (readonly [string, string, RegExp])[] = [
  ['refused', 'ALTER ROLE r SUPERUSER', /superuser$/],
  ['refused', 'GRANT postgres TO r', /member of a superuser: postgres/],
  ['refused', 'ALTER ROLE r NOINHERIT; GRANT postgres TO r', /member of a superuser: postgres/],
  ['refused', 'GRANT pg_read_server_files TO r', /files.*: pg_read_server_files/],
  ['refused', 'GRANT pg_write_server_files TO r', /files.*: pg_write_server_files/],
  ['refused', 'GRANT pg_execute_server_program TO r', /programs.*: pg_execute_server_program/],
  ['refused', 'GRANT pg_execute_server_program TO grp; GRANT grp TO r', /programs.*: pg_execute_server_program/],
  ['refused', 'GRANT EXECUTE ON FUNCTION pg_read_file(text) TO r', /functions that reach files.*: pg_read_file/],
  ['refused', 'GRANT EXECUTE ON FUNCTION lo_import(text) TO r', /functions that reach files.*: lo_import/],
  ['warning', 'ALTER ROLE r BYPASSRLS', /BYPASSRLS/],
  ['warning', 'ALTER ROLE r CREATEROLE', /CREATEROLE/],
  ['warning', 'ALTER ROLE r CREATEDB', /CREATEDB/],
  ['warning', 'ALTER ROLE r REPLICATION', /REPLICATION/],
  ['warning', 'GRANT pg_read_all_data TO r', /predefined role: pg_read_all_data/],
  ['warning', 'GRANT pg_read_all_data TO r', /tables that are not in the scope: .*public\.other/],
  ['warning', 'GRANT pg_write_all_data TO r', /predefined role: pg_write_all_data/],
  ['warning', 'GRANT pg_monitor TO r', /predefined role: pg_monitor/],
  ['warning', 'GRANT pg_signal_backend TO r', /predefined role: pg_signal_backend/],
  ['warning', 'ALTER ROLE grp CREATEROLE; GRANT grp TO r', /attributes of an administrator: grp/],
  ['warning', 'ALTER ROLE r NOINHERIT; GRANT grp TO r', /SET ROLE: grp/],
  ['warning', 'ALTER TABLE items OWNER TO r', /owns tables of the scope: public\.items/],
  ['warning', 'GRANT CREATE ON DATABASE postgres TO r', /create schemas in the database: postgres/],
  ['warning', 'GRANT CREATE ON SCHEMA public TO r', /objects in a schema: public/],
  ['warning', 'GRANT SELECT ON other TO r', /tables that are not in the scope: public\.other$/],
  ['warning', 'GRANT SELECT (note) ON other TO r', /tables that are not in the scope: public\.other$/],
  ['warning', 'GRANT grp TO r', /tables that are not in the scope: public\.other$/],
  ['warning', 'GRANT USAGE ON SCHEMA hidden TO r', /tables that are not in the scope: hidden\.away$/],
  ['warning', 'GRANT SELECT ON items TO r', /columns that are not in the scope: public\.items\.secret$/],
  ['warning', 'GRANT SELECT (secret) ON items TO r', /columns that are not in the scope: public\.items\.secret$/],
  ['warning', 'GRANT INSERT ON items TO r', /insert into tables beyond the scope: public\.items/],
  ['warning', 'GRANT UPDATE (name) ON items TO r', /update tables beyond the scope: public\.items/],
  ['warning', 'GRANT DELETE ON other TO r', /delete from tables beyond the scope: public\.other/],
  ['warning', 'GRANT TRUNCATE ON items TO r', /truncate tables.*: public\.items/],
  [
    'warning',
    'CREATE FUNCTION grab() RETURNS int LANGUAGE sql SECURITY DEFINER AS $$ SELECT 1 $$',
    /SECURITY DEFINER\): public\.grab/,
  ],
  [
    'warning',
    'CREATE FUNCTION lower(int) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$',
    /names of built-in ones: public\.lower/,
  ],
  [
    'warning',
    'CREATE FUNCTION eq(mood text, x int) RETURNS bool LANGUAGE sql AS $$ SELECT true $$; CREATE OPERATOR public.= (leftarg = text, rightarg = int, function = eq)',
    /operators have the names of built-in ones: public\.=/,
  ],
  [
    'warning',
    'CREATE TYPE own AS (a int); CREATE FUNCTION to_own(int) RETURNS own LANGUAGE sql AS $$ SELECT ROW(1)::own $$; CREATE CAST (int AS own) WITH FUNCTION to_own(int) AS IMPLICIT',
    /casts run functions that are not built in: integer to public\.own/,
  ],
  [
    'warning',
    'CREATE FOREIGN DATA WRAPPER w; CREATE SERVER far FOREIGN DATA WRAPPER w; GRANT USAGE ON FOREIGN SERVER far TO r',
    /foreign servers: far/,
  ],
]

const undo = `DROP OPERATOR IF EXISTS public.= (text, int); DROP FUNCTION IF EXISTS eq, grab, lower(int); DROP FOREIGN DATA WRAPPER IF EXISTS w CASCADE;
  DROP TYPE IF EXISTS own CASCADE; ALTER TABLE items OWNER TO postgres; REVOKE ALL ON FUNCTION pg_read_file(text), lo_import(text) FROM r;
  ALTER ROLE grp NOCREATEROLE; REVOKE pg_execute_server_program FROM grp; DROP OWNED BY r; DROP ROLE r`

describe('a role', () => {
  test(`is told apart by what it may do, in ${cases.length} ways`, async () => {
    for (const [level, sql, pattern] of cases) {
      await scene.admin("CREATE ROLE r LOGIN PASSWORD 'r'; GRANT SELECT (id, name) ON items TO r")
      try {
        await scene.admin(sql)
        const executor = await scene.executor(written)
        const { answer, detail } = await outcome(executor, { type: 'inspect' }, roleOf('r'))
        const findings = answer['findings'] as Finding[] | undefined
        const found = findings?.find(({ message }) => pattern.test(message))
        assert.equal(found?.level, level, `${sql}: ${detail} ${JSON.stringify(findings)}`)
        const warned: string[] = []
        const { refused } = await outcome(executor, rawQuery('SELECT 1'), roleOf('r'), { warned })
        assert.equal(refused, level === 'refused' ? 'role_refused' : null, sql)
        if (level === 'warning')
          assert.isTrue(
            warned.some(message => pattern.test(message)),
            sql,
          )
        await executor.close()
      } finally {
        await scene.admin(undo)
      }
    }
  })

  test('of exactly the scope has nothing said of it', async () => {
    const executor = await scene.executor(written)
    const warned: string[] = []
    const { answer } = await outcome(executor, { type: 'inspect' }, roleOf('exact'))
    assert.deepEqual(answer['findings'], [])
    assert.equal(answer['role'], 'exact')
    assert.match(answer['server_version'] as string, /^PostgreSQL \d+/)
    await outcome(executor, rawQuery('SELECT id FROM public.items'), roleOf('exact'), { warned })
    assert.deepEqual(warned, [])
  })

  test('that reads what a filter of rows needs is not too wide', async () => {
    await scene.admin("CREATE ROLE filtering LOGIN PASSWORD 'filtering'; GRANT SELECT ON items TO filtering")
    const tables = { items: { columns: ['id', 'name'], rows: "secret = 'no'" } }
    const executor = await scene.executor({ tables })
    const { answer } = await outcome(executor, { type: 'inspect' }, roleOf('filtering'))
    assert.deepEqual(answer['findings'], [])
  })

  test('with the rights of a superuser works where an admin has said so, and is told of once', async () => {
    const executor = await scene.executor({ unsafe_allow_privileged_role: true })
    const warned: string[] = []
    const { answer } = await outcome(executor, rawQuery('SELECT 1'), roleOf('postgres'), { warned })
    assert.deepEqual(rowsIn(answer), [[1]])
    assert.include(warned, 'the role is a superuser')
    const again: string[] = []
    await outcome(executor, rawQuery('SELECT 1'), roleOf('postgres'), { warned: again })
    assert.deepEqual(again, [])
  })

  test('is looked at again when the credential is another one', async () => {
    const executor = await scene.executor(written)
    assert.equal((await outcome(executor, rawQuery('SELECT 1'), roleOf('exact'))).refused, null)
    assert.equal((await outcome(executor, rawQuery('SELECT 1'), roleOf('postgres'))).refused, 'role_refused')
    assert.equal((await outcome(executor, { type: 'describe' }, roleOf('postgres'))).refused, 'role_refused')
  })
})
