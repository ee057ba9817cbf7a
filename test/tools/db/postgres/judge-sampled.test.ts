import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Judge } from '../../../../tools/db/judge.ts'
import { judgePostgres } from '../../../../tools/db/postgres/judge.ts'
import { scopeOf } from '../../../../tools/db/scope.ts'
import { type DatabaseServer, startPostgres } from '../../../support/database-server.ts'
import { dbTarget } from '../../../support/db-executor.ts'
import { fixtureScope, fixtureSql, markerPattern } from './fixture.ts'
import { legitimate, legitimateWrites } from './legitimate.ts'
import { connectSuperuser } from './superuser.ts'

let server: DatabaseServer
let client: Client
let judge: Judge

beforeAll(async () => {
  judge = await judgePostgres(scopeOf(dbTarget({ url: 'postgres://127.0.0.1/postgres', ...fixtureScope, tables })))
  server = await startPostgres()
  client = await connectSuperuser(server)
  await client.query(fixtureSql)
  await client.query(
    'CREATE TABLE sales.notes (id int, order_id int, remark text); INSERT INTO sales.notes VALUES (3, 4)',
  )
  await client.query('SET search_path = pg_catalog, pg_temp')
})
afterAll(async () => {
  await client?.end()
  await server?.stop()
})

const tables = {
  ...fixtureScope.tables,
  'sales.notes': { columns: '*', write: ['insert', 'update', 'delete'] },
  'sales.regions': { columns: '*', write: ['update', 'delete'] },
}

const ofNotes = ['id', 'order_id', 'body', 'done']
const ofEvents = ['id', 'kind', 'at']

/** Writes, the columns that a preview shows of each, and of how many rows. */
const writes: readonly (readonly [sql: string, columns: readonly string[], rows: number])[] = [
  ["INSERT INTO notes (id, body) VALUES (100, 'a'), (101, 'b')", ofNotes, 2],
  ["INSERT INTO notes AS n (id, body) VALUES (100, 'a')", ofNotes, 1],
  ['INSERT INTO notes (id, body) SELECT id + 100, status FROM orders WHERE id < 4', ofNotes, 3],
  ['WITH x AS (SELECT id FROM customers) INSERT INTO notes (id) SELECT id + 100 FROM x', ofNotes, 7],
  ["INSERT INTO notes (id, body) VALUES (1, 'a'), (100, 'b') ON CONFLICT DO NOTHING", ofNotes, 1],
  ["INSERT INTO notes (id, body) VALUES (1, 'a') ON CONFLICT (id) DO UPDATE SET body = excluded.body", ofNotes, 1],
  ["INSERT INTO notes AS excluded_ (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET body = 'x' WHERE false", ofNotes, 0],
  ["INSERT INTO events (kind) VALUES ('a')", ofEvents, 1],
  ['INSERT INTO events DEFAULT VALUES', ofEvents, 1],
  ["UPDATE notes SET body = 'x' WHERE id < 4", ofNotes, 3],
  ["UPDATE ONLY notes AS n SET body = 'x' WHERE n.id = 1", ofNotes, 1],
  ["UPDATE notes old SET body = 'x' WHERE old.id = 1", ofNotes, 1],
  ['UPDATE notes n SET body = c.country FROM customers c WHERE c.id = n.id', ofNotes, 7],
  ["UPDATE notes SET body = 'x' FROM sales.notes WHERE true", ofNotes, 8],
  ["UPDATE sales.notes SET remark = 'x' FROM notes n WHERE n.id = 1", ['id', 'order_id', 'remark'], 1],
  ["UPDATE sales.regions SET parent = 'EU' WHERE code = 'EU'", ['code', 'name', 'parent'], 1],
  [
    "WITH big AS (SELECT id FROM orders WHERE total > 10) UPDATE notes SET body = 'x' FROM big b WHERE b.id = notes.id",
    ofNotes,
    5,
  ],
  ['DELETE FROM notes WHERE id > 6', ofNotes, 2],
  ['DELETE FROM notes AS "a ""b" WHERE "a ""b".id = 1', ofNotes, 1],
  ['DELETE FROM notes n USING orders o, customers AS c WHERE o.id = n.order_id AND c.id = n.id', ofNotes, 7],
  ['WITH x AS (SELECT max(id) AS m FROM orders) DELETE FROM notes WHERE id < (SELECT x.m FROM x)', ofNotes, 8],
]

describe('what a preview carries out changes the same, and gives what is allowed of each changed row', () => {
  test.each(writes)('%s', async (sql, columns, rows) => {
    const { text, sampled } = judge(sql)
    const [plain, shown] = [await outcomeOf(text), await outcomeOf(sampled ?? '')]
    expect(shown.columns).toEqual(columns)
    expect(shown.rows).toHaveLength(rows)
    expect(shown.rowCount).toBe(plain.rowCount)
    expect(shown.left).toEqual(plain.left)
    expect(JSON.stringify(shown.rows)).not.toMatch(markerPattern)
  })

  test('every other write that an agent may make', async () => {
    const others = legitimateWrites.filter(({ sql }) => !/returning/i.test(sql))
    expect(others.length).toBeGreaterThan(5)
    for (const { sql, params } of others) {
      const { text, sampled } = judge(sql)
      const [plain, shown] = [await outcomeOf(text, params), await outcomeOf(sampled ?? '', params)]
      expect([shown.rowCount, shown.left, shown.columns], sql).toEqual([plain.rowCount, plain.left, ofNotes])
    }
  })
})

/** Carries out a statement and undoes it. */
async function outcomeOf(text: string, params: readonly unknown[] = []) {
  await client.query('BEGIN')
  try {
    const { fields, rows, rowCount } = await client.query({ text, values: [...params], rowMode: 'array' })
    const left = await client.query(
      'SELECT n, NULL FROM public.notes n UNION ALL SELECT NULL, s FROM sales.notes s ORDER BY 1, 2',
    )
    return { columns: fields.map(({ name }) => name), rows, rowCount, left: left.rows }
  } finally {
    await client.query('ROLLBACK')
  }
}

test('a write that says itself what it gives, and a query, have no such text', () => {
  for (const { sql } of [...legitimate, ...legitimateWrites.filter(each => /returning/i.test(each.sql))])
    expect(judge(sql).sampled, sql).toBeNull()
})

test.each([
  [
    'UPDATE notes SET done = true WHERE id = $1',
    'UPDATE "public"."notes" SET "done" = TRUE WHERE ("id" = $1) RETURNING "public"."notes"."id", "public"."notes"."order_id", "public"."notes"."body", "public"."notes"."done"',
  ],
  [
    'DELETE FROM sales.regions AS "r""" WHERE true',
    'DELETE FROM "sales"."regions" AS "r""" WHERE TRUE RETURNING "r""".*',
  ],
])('%s is made to give its rows', (sql, sampled) => {
  expect(judge(sql).sampled).toBe(sampled)
})
