import { beforeAll, expect, test } from 'vitest'
import { Refusal } from '../../../../src/refusal.ts'
import { type Judge, OutOfScope } from '../../../../tools/db/judge.ts'
import { judgePostgres } from '../../../../tools/db/postgres/judge.ts'
import { scopeOf } from '../../../../tools/db/scope.ts'
import { dbTarget } from '../../../support/db-executor.ts'
import { fixtureScope, fixtureTables } from './fixture.ts'

let judge: Judge

beforeAll(async () => {
  judge = await judgeOf(fixtureScope)
})

function judgeOf(written: object): Promise<Judge> {
  return judgePostgres(scopeOf(dbTarget({ url: 'postgres://127.0.0.1/postgres', ...written })))
}

function refusalOf(sql: string, by = judge): OutOfScope | Refusal {
  try {
    by(sql)
  } catch (error) {
    if (error instanceof OutOfScope || error instanceof Refusal) return error
    throw error
  }
  throw new Error('was let through')
}

const labels = Object.keys(fixtureTables)

const reasons: readonly (readonly [string, string, readonly string[]])[] = [
  ['SELECT * FROM sales.orders', 'no table sales.orders here', labels],
  ['SELECT email FROM customers', 'no column email here', ['id', 'country', 'created_at']],
  ['SELECT c.email FROM customers c', 'no column c.email here', ['id', 'country', 'created_at']],
  ['SELECT pg_sleep(1)', 'the function pg_sleep() is not available', fixtureScope.functions],
  ['SELECT public.reveal()', 'the function public.reveal() is not available', fixtureScope.functions],
  ["SELECT 'x'::regclass", 'the type regclass is not available', []],
  ["UPDATE events SET kind = 'x' WHERE id = 1", 'UPDATE is not allowed on events', ['insert']],
  ["UPDATE notes SET internal = 'x' WHERE id = 1", 'no column notes.internal here', ['id', 'order_id', 'body', 'done']],
  [
    'UPDATE notes SET body = country FROM customers c WHERE c.id = notes.id',
    'no column country in the table that is written to; qualify it if it belongs to another table',
    ['id', 'order_id', 'body', 'done'],
  ],
  [
    'DELETE FROM notes WHERE id = 1 RETURNING *',
    '* is not available here; name the columns',
    ['id', 'order_id', 'body', 'done'],
  ],
  ['SELECT id FROM orders FOR UPDATE', 'not available here: locking clause', []],
]

test.each(reasons)('%s', (sql, reason, allowed) => {
  const refusal = refusalOf(sql)
  expect(refusal).toBeInstanceOf(OutOfScope)
  expect(refusal.message).toBe(reason)
  expect((refusal as OutOfScope).allowed).toEqual(allowed)
})

const problems: readonly (readonly [string, string])[] = [
  ['SELEC 1', 'sql: is not valid PostgreSQL, at character 1'],
  ['SELECT 1 FROM FROM x', 'sql: is not valid PostgreSQL, at character 15'],
  ['SELECT 1; SELECT 2', 'sql: holds more than one statement'],
  ['-- x', 'sql: holds no statement'],
  ['SELECT $2', 'sql: $1 is missing; number the parameters from $1 on'],
  ['SELECT public.orders.id FROM orders', 'sql: name a column as table.column or alias.column, without its schema'],
]

test.each(problems)('%s', (sql, problem) => {
  const refusal = refusalOf(sql) as Refusal
  expect(refusal.code).toBe('invalid_input')
  expect(refusal.fields.problems).toEqual([problem])
})

const touched: readonly (readonly [string, readonly string[]])[] = [
  ['SELECT 1', []],
  ['SELECT * FROM orders a JOIN orders b USING (id)', ['read orders']],
  ['WITH x AS (SELECT id FROM customers) SELECT * FROM x, sales.regions', ['read customers', 'read sales.regions']],
  ['SELECT (SELECT max("Titel") FROM "Bücher")', ['read "Wäre 店"."Bücher"']],
  ['WITH orders AS (SELECT 1 AS a) SELECT * FROM orders', []],
  ['INSERT INTO notes (id) VALUES (1)', ['write notes']],
  ['INSERT INTO notes (id) VALUES (1) RETURNING id', ['write notes', 'read notes']],
  ['INSERT INTO notes (id) SELECT id FROM orders ON CONFLICT DO NOTHING', ['write notes', 'read orders', 'read notes']],
  ['UPDATE notes SET done = true WHERE id = 1', ['write notes', 'read notes']],
  ['DELETE FROM notes USING orders o WHERE o.id = notes.id', ['write notes', 'read notes', 'read orders']],
]

test.each(touched)('%s touches %j', (sql, expected) => {
  expect(judge(sql).touches.map(({ access, resource }) => `${access} ${resource}`)).toEqual(expected)
})

const made: readonly (readonly [string, string])[] = [
  ['select ID from Orders', 'SELECT "id" FROM "public"."orders"'],
  [
    'SELECT * FROM customers',
    'SELECT * FROM (SELECT "customers"."id", "customers"."country", "customers"."created_at" FROM "public"."customers") AS "customers"',
  ],
  [
    'SELECT x.b FROM customers x(a, b)',
    'SELECT "x"."b" FROM (SELECT "customers"."id", "customers"."country", "customers"."created_at" FROM "public"."customers") AS "x" ("a", "b")',
  ],
  [
    'SELECT * FROM tickets t',
    'SELECT * FROM ((SELECT "tickets".* FROM "public"."tickets" WHERE "tickets"."is_public") UNION ALL (SELECT "tickets".* FROM "public"."tickets" WHERE FALSE) OFFSET 0) AS "t"',
  ],
  [
    'SELECT 1 FROM ONLY customers',
    'SELECT 1 FROM (SELECT "customers"."id", "customers"."country", "customers"."created_at" FROM ONLY "public"."customers") AS "customers"',
  ],
  ["SELECT 'a\\b', 'it''s', E'\\n'", "SELECT E'a\\\\b', 'it''s', '\n'"],
  ['SELECT twice(1)', 'SELECT "public"."twice"(1)'],
  ["SELECT E'\\x1b[2J\\u0085'", "SELECT E'\\u001b[2J\\u0085'"],
  ['DELETE FROM ONLY notes n WHERE n.id = $1', 'DELETE FROM ONLY "public"."notes" AS "n" WHERE ("n"."id" = $1)'],
]

test.each(made)('%s is sent with full names', (sql, text) => {
  expect(judge(sql).text).toBe(text)
})

test('a name cannot get out of its quotes', () => {
  const { text } = judge(
    'SELECT "a""; DROP TABLE x; --".id AS "b"" FROM secrets" FROM orders AS "a""; DROP TABLE x; --"',
  )
  expect(text).toBe(
    'SELECT "a""; DROP TABLE x; --"."id" AS "b"" FROM secrets" FROM "public"."orders" AS "a""; DROP TABLE x; --"',
  )
})

test('a tool that reads runs SELECT only, whatever its tables say', async () => {
  const reading = await judgeOf({ tables: { orders: '*' } })
  expect(refusalOf('DELETE FROM orders WHERE true', reading).message).toBe('only SELECT can be run with this tool')
  expect(reading('SELECT 1').action).toBe('SELECT')
})

test('of two tables with the same name, one without schema is the one in public, or has to be said', async () => {
  const two = await judgeOf({ tables: { 'a.t': '*', 'b.t': '*' } })
  expect(refusalOf('SELECT * FROM t', two).message).toBe('no table t here')
  expect(two('SELECT * FROM b.t').text).toBe('SELECT * FROM "b"."t"')
  const home = await judgeOf({ tables: { 'a.t': '*', t: '*' } })
  expect(home('SELECT * FROM t').text).toBe('SELECT * FROM "public"."t"')
})

test('a function that is listed without its schema is an error of the configuration', async () => {
  await expect(judgeOf({ tables: { orders: '*' }, functions: ['twice'] })).rejects.toThrow('write it with its schema')
})

test('what is made of a long statement is not much longer', () => {
  const sql = `SELECT id FROM orders WHERE id IN (${Array.from({ length: 9_000 }, (_, n) => n).join(',')})`
  expect(judge(sql).text.length).toBeLessThan(2 * sql.length)
})
