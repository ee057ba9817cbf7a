import assert from 'node:assert/strict'
import { beforeAll, test } from 'vitest'
import { Refusal } from '../../../../src/refusal.ts'
import { type Judge, OutOfScope } from '../../../../tools/db/judge.ts'
import { judgeMysql } from '../../../../tools/db/mysql/judge.ts'
import { scopeOf } from '../../../../tools/db/scope.ts'
import { dbTarget } from '../../../support/db-executor.ts'
import { target } from './fixture.ts'

let judge: Judge

beforeAll(async () => {
  judge = await judgeMysql(scopeOf(dbTarget(target)))
})

test.each([
  ['SELECT * FROM orders', 'SELECT * FROM `shop`.`orders` AS `orders`'],
  ['SELECT * FROM shop.orders o', 'SELECT * FROM `shop`.`orders` AS `o`'],
  [
    'SELECT * FROM customers',
    'SELECT * FROM (SELECT `id`, `country`, `created_at` FROM `shop`.`customers`) AS `customers`',
  ],
  [
    'SELECT name FROM people',
    "SELECT `name` FROM (SELECT `id`, `name`, `country` FROM `shop`.`people` WHERE (`country` = 'NL') LIMIT 18446744073709551615) AS `people`",
  ],
  ['WITH a AS (SELECT 1) SELECT * FROM a', 'WITH `keyhold cte 1` AS (SELECT 1) SELECT * FROM `keyhold cte 1` AS `a`'],
  [
    "UPDATE notes AS n SET n.body = 'x' WHERE N.ID = ?",
    "UPDATE `shop`.`notes` AS `n` SET `body` = 'x' WHERE `N`.`id` = ?",
  ],
  [
    'DELETE FROM tickets WHERE id = 1 ORDER BY id LIMIT 1',
    'DELETE FROM `shop`.`tickets` WHERE `id` = 1 ORDER BY `id` LIMIT 1',
  ],
  [
    "INSERT notes (BODY) VALUES ('x'), (DEFAULT) RETURNING id",
    "INSERT INTO `shop`.`notes` (`body`) VALUES ('x'), (DEFAULT) RETURNING `id`",
  ],
  [
    'INSERT INTO tickets (id) WITH a AS (SELECT id FROM orders) SELECT * FROM a',
    'INSERT INTO `shop`.`tickets` (`id`) WITH `keyhold cte 1` AS (SELECT `id` FROM `shop`.`orders` AS `orders`) SELECT * FROM `keyhold cte 1` AS `a`',
  ],
  [
    "SELECT o.data->>'$.x' FROM orders o",
    "SELECT json_unquote(json_extract(`o`.`data`, '$.x')) AS `json_unquote(json_extract(o.data, '$.x'))` FROM `shop`.`orders` AS `o`",
  ],
  [
    'SELECT total * 2, count(*) FROM orders UNION SELECT id + 1, 2 FROM customers',
    'SELECT `total` * 2 AS `total * 2`, count(*) FROM `shop`.`orders` AS `orders` UNION SELECT `id` + 1, 2 FROM (SELECT `id`, `country`, `created_at` FROM `shop`.`customers`) AS `customers`',
  ],
  ['SELECT 1 -- x\n + /* y */ 2;', 'SELECT 1 + 2'],
])('%s', (sql, text) => assert.equal(judge(sql).text, text))

test('what is sent would be judged the same', () => {
  const { text } = judge("SELECT o.id FROM orders o WHERE note LIKE 'it''s' ORDER BY 1 LIMIT 2, 3")
  assert.equal(judge(text).text, text)
})

test.each([
  ['SELECT 1', []],
  ['SELECT * FROM orders o, orders p', ['read orders']],
  ['SELECT * FROM orders WHERE id IN (SELECT id FROM customers)', ['read orders', 'read customers']],
  ["INSERT INTO tickets (title) VALUES ('x')", ['write tickets']],
  ["INSERT INTO tickets (title) VALUES ('x') RETURNING id", ['write tickets', 'read tickets']],
  ['INSERT INTO tickets (title) SELECT note FROM orders', ['write tickets', 'read orders']],
  ["UPDATE notes SET body = 'x' WHERE id = 1", ['write notes', 'read notes']],
  ['DELETE FROM notes WHERE id IN (SELECT id FROM orders)', ['write notes', 'read notes', 'read orders']],
  ['SELECT `a b` FROM `odd name`', ['read "odd name"']],
])('%s touches %j', (sql, touches) => {
  const { touches: found, action } = judge(sql)
  assert.deepEqual(
    found.map(({ access, resource }) => `${access} ${resource}`),
    touches,
  )
  assert.equal(action, sql.slice(0, 6))
})

test.each([
  ['SELECT email FROM customers', ['customers.id', 'customers.country', 'customers.created_at']],
  ['SELECT c.email FROM customers c', ['c.id', 'c.country', 'c.created_at']],
  ['UPDATE notes SET body = secret WHERE id = 1', ['id', 'body']],
  ['SELECT leak()', ['shop.twice']],
])('%s is told what is allowed', (sql, allowed) => {
  assert.throws(
    () => judge(sql),
    (error: unknown) => error instanceof OutOfScope && JSON.stringify(error.allowed) === JSON.stringify(allowed),
  )
})

test('a namesake in a second database has to be told apart', async () => {
  const tables = { 'shop.orders': ['id'], 'other.orders': ['id'] }
  const both = await judgeMysql(scopeOf(dbTarget({ url: target.url, tables })))
  assert.throws(() => both('SELECT id FROM orders'), /of which database/)
  assert.match(both('SELECT id FROM other.orders').text, /`other`\.`orders`/)
})

test('nothing is written where the tool only reads', async () => {
  const tables = { orders: '*' }
  const reads = await judgeMysql(scopeOf(dbTarget({ url: target.url, tables })))
  assert.throws(() => reads("UPDATE orders SET note = 'x' WHERE id = 1"), OutOfScope)
})

/** Statements whose trees are as deep as is let through, and deeper. */
const deep: readonly (readonly [string, (n: number) => string])[] = [
  ['sums', n => `SELECT ${'1+'.repeat(n)}1`],
  ['alternatives', n => `SELECT id FROM orders WHERE ${'id = 1 OR '.repeat(n)}1`],
  ['tests', n => `SELECT 1${' IS NULL'.repeat(n)}`],
  ['ranges', n => `SELECT ${'1 BETWEEN 0 AND '.repeat(n)}1`],
  ['arrows', n => `SELECT data${"->'$'".repeat(n)} FROM orders`],
  ['unions', n => `SELECT 1${' UNION SELECT 1'.repeat(n)}`],
  ['negations', n => `SELECT ${'NOT '.repeat(n)}1`],
  ['signs', n => `SELECT ${'- '.repeat(n)}1`],
  ['parentheses', n => `SELECT ${'('.repeat(n)}1${')'.repeat(n)}`],
  ['calls', n => `SELECT ${'abs('.repeat(n)}1${')'.repeat(n)}`],
  ['cases', n => `SELECT ${'CASE WHEN '.repeat(n)}1${' THEN 1 END'.repeat(n)}`],
  ['subqueries', n => `SELECT ${'(SELECT '.repeat(n)}1${')'.repeat(n)}`],
  ['derived tables', n => `SELECT * FROM ${'(SELECT * FROM '.repeat(n)}orders${') AS d'.repeat(n)}`],
  ['query expressions', n => `${'WITH a AS ('.repeat(n)}SELECT 1${') SELECT * FROM a'.repeat(n)}`],
  ['joins', n => `SELECT 1 FROM orders a0${Array.from({ length: n }, (_, at) => ` JOIN orders b${at}`).join('')}`],
  ['sums at both sides of parentheses', n => `SELECT ${'1+1+1+1+1+('.repeat(n)}1${')+1+1+1'.repeat(n)}`],
  ['sums in subqueries', n => `SELECT ${'1+1+1+1+1+(SELECT '.repeat(n)}1${')+1+1+1'.repeat(n)}`],
]

test.each(deep)('deep %s are judged or refused, and the next statement is judged', (_what, sql) => {
  for (const n of [1, 5, 10, 15, 20, 25, 30, 39, 60, 100, 150, 200, 250, 290, 299, 400, 1_000, 4_000]) {
    const text = sql(n)
    if (text.length > 65_536) continue
    try {
      judge(text)
    } catch (error) {
      const isRefused = (error instanceof Refusal && error.code === 'invalid_input') || error instanceof OutOfScope
      assert.ok(isRefused, `${n}: ${String(error)}`)
    }
    assert.equal(judge('SELECT 1').text, 'SELECT 1')
  }
})

/** What the parser reads again and again when it finds no sense in it, or what it makes a chain of; each is long enough to show. */
const hostile: readonly (readonly [string, string])[] = [
  ...[
    'cast',
    'position',
    'trim',
    'convert',
    'substring',
    'floor',
    'extract',
    'not',
    'current_date',
    'localtime',
  ].flatMap((word): [string, string][] => [
    [`calls of ${word}`, `SELECT ${`${word}(`.repeat(26)}1${')'.repeat(26)}`],
    [`broken calls of ${word}`, `SELECT ${`${word}(`.repeat(26)}1 1 1${')'.repeat(26)}`],
    [`few broken calls of ${word}`, `SELECT ${`${word}(`.repeat(8)}${'1, '.repeat(5_000)}1 1 1${')'.repeat(8)}`],
  ]),
  ['broken cases', `SELECT ${'CASE WHEN 1 THEN '.repeat(30)}1 1 1${' END'.repeat(30)}`],
  ['broken intervals', `SELECT ${'INTERVAL '.repeat(30)}1 1 1${' DAY'.repeat(30)}`],
  [
    'derived tables that are joins',
    `SELECT 1 FROM ${'((SELECT 1 FROM '.repeat(19)}orders${') a CROSS JOIN orders b)'.repeat(19)}`,
  ],
  ['unions of two columns', `SELECT 1, 1${' UNION SELECT 1, 1'.repeat(3_500)}`],
  ['time zones', `SELECT 1${" AT TIME ZONE 'x'".repeat(3_500)}`],
  ...['OVERLAPS', 'ILIKE', 'SIMILAR TO'].map((word): [string, string] => [
    word,
    `SELECT 1${` ${word} 1`.repeat(4_000)}`,
  ]),
  ['pivots', `SELECT 1 FROM orders${' PIVOT(sum(a) FOR b IN (c))'.repeat(2_000)}`],
  ['unpivots', `SELECT 1 FROM orders${' UNPIVOT(a FOR b IN (c))'.repeat(2_000)}`],
  ['tables', `SELECT 1 FROM orders${Array.from({ length: 2_000 }, (_, at) => `, orders o${at}`).join('')}`],
  ['query expressions', `WITH ${Array.from({ length: 1_300 }, (_, at) => `a${at} AS (SELECT 1)`).join(', ')} SELECT 1`],
  ['values', `SELECT id FROM orders WHERE id IN (1${', 1'.repeat(20_000)})`],
]

test.each(hostile)('%s are refused at once, and the next statement is judged', (_what, sql) => {
  assert.ok(Buffer.byteLength(sql) <= 65_536)
  assert.throws(() => judge(sql), { code: 'invalid_input' })
  assert.equal(judge('SELECT 1').text, 'SELECT 1')
})
