import { expect, test } from 'vitest'
import { OutOfScope } from '../../../../tools/db/judge.ts'
import { Refusal } from '../../../../src/refusal.ts'
import { judgeWith, verdictOf } from './judged.ts'

test.each([
  ['SELECT * FROM orders', 'SELECT * FROM main."orders" AS "orders"'],
  ['SELECT o.id FROM main.Orders o', 'SELECT o.id FROM main."orders" AS "o"'],
  [
    'SELECT id FROM customers WHERE id IN order_totals;',
    'SELECT id FROM (SELECT "id", "country", "created_at" FROM main."customers") AS "customers" WHERE id IN (SELECT * FROM main."order_totals")',
  ],
  [
    "SELECT/**/[id],'a' FROM `people`AS p--x",
    `SELECT "id",'a' FROM (SELECT "id", "name", "country" FROM main."people" WHERE (country = 'NL') LIMIT -1) AS "p"`,
  ],
  [
    'SELECT "a column" FROM "odd ""name"',
    'SELECT "a column" FROM (SELECT "a column", "select", "Größe", "日本" FROM main."odd ""name") AS "odd ""name"',
  ],
  ['WITH t AS (SELECT 1 a)SELECT a FROM t', 'WITH t AS (SELECT 1 a)SELECT a FROM t'],
  ['DELETE FROM notes n WHERE id=1', null],
  ['DELETE FROM NOTES AS n WHERE id=1', 'DELETE FROM main."notes" AS "n" WHERE id=1'],
] as const)('what is sent for %s', async (sql, text) => {
  const judge = await judgeWith()
  expect(verdictOf(judge, sql)).toBe(text ?? 'invalid_input')
})

test.each([
  ['SELECT * FROM order_items', 'no table order_items here', 'customers'],
  ['SELECT x.id FROM aux.orders x', 'no table aux.orders here', 'orders'],
  ['SELECT emial FROM customers', 'no column emial here', 'country'],
  ['SELECT c.emial FROM customers c', 'no column c.emial here', 'created_at'],
  ['SELECT d.id FROM customers c', 'nothing is called d here', null],
  ['SELECT sleep(1)', 'the function sleep() is not available', null],
  ['SELECT * FROM generate_series(1, 2)', 'the function generate_series() is not available', 'json_each'],
  ['PRAGMA user_version', 'only SELECT, INSERT, UPDATE, DELETE can be run with this tool', 'DELETE'],
  [
    'UPDATE notes SET body = total FROM orders WHERE 1',
    'no column total in the table that is written to; qualify it if it belongs to another table',
    'body',
  ],
  ['UPDATE customers SET id = 1 WHERE id = 2', 'UPDATE is not allowed on customers', null],
] as const)('%s is refused with a reason', async (sql, reason, allowed) => {
  const judge = await judgeWith()
  const error = caught(() => judge(sql))
  expect(error).toBeInstanceOf(OutOfScope)
  expect((error as OutOfScope).message).toBe(reason)
  if (allowed === null) expect((error as OutOfScope).allowed).toEqual([])
  else expect((error as OutOfScope).allowed).toContain(allowed)
})

test.each([
  ['SELECT 1; SELECT 2', 'sql: holds more than one statement'],
  ['SELECT\n  FROM orders', 'sql: is not understood as a statement of SQLite, at line 2, column 3'],
  ['SELECT :name', 'sql: a parameter is written as ? or as ?1'],
  ['SELECT ?2', 'sql: the numbers of the parameters have a gap'],
  ['SELECT id FROM orders INDEXED BY x', 'sql: not available here: indexed'],
] as const)('%s is not understood, and it says why', async (sql, problem) => {
  const judge = await judgeWith()
  const error = caught(() => judge(sql))
  expect(error).toBeInstanceOf(Refusal)
  expect((error as Refusal).fields.problems).toEqual([problem])
})

test.each([
  ['SELECT 1', 0],
  ['SELECT \'?\', "?" FROM (SELECT 1 AS "?") -- ?', 0],
  ['SELECT ?, ?', 2],
  ['SELECT ?2, ?1, ?2', 2],
  ['SELECT ?1, ?, ?', 3],
  ['SELECT ?3, ?2, ?1, ?', 4],
])('%s has %i parameters', async (sql, count) => {
  const judge = await judgeWith()
  expect(judge(sql).parameters).toBe(count)
})

test('a table counts once for each access', async () => {
  const judge = await judgeWith()
  expect(judge('SELECT 1 FROM orders a, orders b, main.ORDERS c').touches).toEqual([
    { access: 'read', resource: 'orders' },
  ])
  expect(judge('WITH orders AS (SELECT 1) SELECT * FROM orders').touches).toEqual([])
})

test('a function is allowed by its name', async () => {
  const sql = 'SELECT Distance(id, 1) FROM orders'
  expect(verdictOf(await judgeWith(), sql)).toBe('not_allowed')
  expect(verdictOf(await judgeWith({ functions: ['distance'] }), sql)).toContain('Distance(id, 1)')
  expect(verdictOf(await judgeWith({ functions: ['regexp'] }), "SELECT 'a' REGEXP 'b'")).toContain('REGEXP')
})

test.each([
  [{ 'aux.orders': '*' }, 'aux.orders: a file of SQLite has no schema but main'],
  [{ sqlite_schema: '*' }, 'sqlite_schema: is for SQLite itself'],
  [{ orders: '*', ORDERS: ['id'] }, 'ORDERS: is named twice; SQLite does not tell case apart'],
])('a scope that cannot be enforced is an error', async (tables, message) => {
  await expect(judgeWith({ tables })).rejects.toThrow(message)
})

function caught(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    return error
  }
}

test.each([
  ['tables', `SELECT 1 FROM tags${', tags'.repeat(129)}`],
  ['subqueries', `SELECT 1 FROM tags${', (SELECT 1)'.repeat(129)}`],
])('more %s in one FROM than SQLite joins are refused', async (_what, sql) => {
  expect(verdictOf(await judgeWith(), sql)).toBe('invalid_input')
})
