import assert from 'node:assert/strict'
import { createConnection, type Connection } from 'mysql2/promise'
import { afterAll, beforeAll, describe, test } from 'vitest'
import type { Judge } from '../../../../tools/db/judge.ts'
import { judgeMysql } from '../../../../tools/db/mysql/judge.ts'
import { scopeOf } from '../../../../tools/db/scope.ts'
import { type DatabaseServer, startMariadb } from '../../../support/database-server.ts'
import { dbTarget } from '../../../support/db-executor.ts'
import { fixtureSql, marker } from './fixture.ts'

let server: DatabaseServer
let root: Connection
let judge: Judge

/** A scope whose admin has allowed a function that fails with what it is given, so that nothing but the filter protects. */
const target = {
  url: 'mysql://127.0.0.1/shop',
  functions: ['shop.fail'],
  tables: {
    orders: '*',
    people: { columns: ['id', 'name', 'country'], rows: "country = 'NL'" },
  },
}

/** Conditions on `p` that fail, and often say why, on a row that the filter leaves out. */
const oracles: readonly string[] = [
  "if(p.country <> 'NL', shop.fail(p.name), 1)",
  "p.country <> 'NL' AND shop.fail(p.name)",
  'p.id = 7 AND shop.fail(concat(p.name, p.country))',
  "NOT (p.country = 'NL' OR shop.fail(p.name))",
  "if(p.name LIKE 'HIDDEN%', 9223372036854775807 + p.id, 1)",
  "if(p.country <> 'NL', (SELECT o.id FROM orders o WHERE o.id > 0), 1)",
  'CASE WHEN p.id > 5 THEN pow(p.id * 1000, 1000) ELSE 1 END',
  'exp(p.id * 120) > 0',
]

/** Tells whoever reads the error what it was called with. */
const failing = `CREATE FUNCTION shop.fail(t VARCHAR(100)) RETURNS INT DETERMINISTIC
  BEGIN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = t; RETURN 1; END`

beforeAll(async () => {
  server = await startMariadb()
  const address = { host: '127.0.0.1', port: server.port, user: 'root', password: 'root', charset: 'utf8mb4' }
  root = await createConnection({ ...address, rowsAsArray: true })
  for (const sql of fixtureSql) await root.query(sql)
  await root.query(failing)
  await root.query('USE shop')
  judge = await judgeMysql(scopeOf(dbTarget(target)))
})

afterAll(async () => {
  await root?.end()
  await server?.stop()
})

/** The rows or the error, as text. */
async function answer(sql: string): Promise<string> {
  try {
    return JSON.stringify((await root.query(sql))[0])
  } catch (error) {
    return `error: ${(error as Error).message}`
  }
}

describe('a condition is never tried on rows that the filter leaves out', () => {
  test.each(oracles.map(condition => ({ condition })))('$condition', async ({ condition }) => {
    const unfiltered = await answer(`SELECT p.id FROM people p WHERE ${condition}`)
    assert.match(unfiltered, /^error: /, 'without a filter, it fails')
    const everywhere = [
      `SELECT p.id FROM people p WHERE ${condition}`,
      `SELECT p.id, ${condition} FROM people p`,
      `SELECT count(*) FROM people p GROUP BY ${condition}`,
      `SELECT p.id FROM people p ORDER BY ${condition}`,
      `SELECT count(*) FROM people p GROUP BY p.id, p.name, p.country HAVING ${condition}`,
      `SELECT max(${condition}), count(DISTINCT ${condition}) FROM people p`,
      `SELECT rank() OVER (ORDER BY ${condition}) FROM people p`,
      `SELECT p.id FROM orders x JOIN people p ON ${condition} WHERE x.id < 3`,
      `SELECT p.id FROM orders x LEFT JOIN people p ON p.id <> x.id AND ${condition}`,
      `SELECT p.id FROM people p JOIN people q ON q.id >= p.id AND ${condition}`,
      `SELECT p.id FROM (SELECT * FROM people) AS p WHERE ${condition}`,
      `SELECT p.id FROM (SELECT id, name, country FROM people GROUP BY id, name, country) AS p WHERE ${condition}`,
      `SELECT p.id FROM (SELECT * FROM people UNION SELECT * FROM people) AS p WHERE ${condition}`,
      `SELECT 1 FROM orders x WHERE EXISTS (SELECT 1 FROM people p WHERE p.id <> x.id AND ${condition})`,
      `SELECT x.id FROM orders x WHERE x.id IN (SELECT p.id FROM people p WHERE ${condition})`,
      `WITH p AS (SELECT * FROM people) SELECT p.id FROM p WHERE ${condition}`,
      `SELECT p.id FROM people p WHERE ${condition} UNION SELECT 1`,
      `SELECT p.id FROM people p WHERE p.id > 6 AND ${condition} LIMIT 1`,
    ]
    for (const sql of everywhere) {
      const { text } = judge(sql)
      const given = await answer(text)
      assert.ok(!given.startsWith('error: ') && !given.includes(marker), `${text}\n${given}`)
    }
  })
})

test('without the LIMIT the server moves the condition to below the filter', async () => {
  const { text } = judge("SELECT p.id FROM people p WHERE p.name = 'Ann' AND p.id > 0")
  const fence = ' LIMIT 18446744073709551615'
  assert.ok(text.includes(fence))
  const plan = async (sql: string) => JSON.stringify((await root.query(`EXPLAIN FORMAT=JSON ${sql}`))[0])
  assert.match(await plan(text), /materialized/)
  assert.doesNotMatch(await plan(text.replace(fence, '')), /materialized/)
})

test('the server shows no condition of the agent within the filtered table', async () => {
  const { text } = judge("SELECT p.id FROM people p WHERE p.name = 'Ann' AND p.id > 0")
  const [rows] = (await root.query(`EXPLAIN FORMAT=JSON ${text}`)) as unknown as [readonly (readonly [string])[]]
  const inner = /"materialized":\s*(\{[\s\S]*)/.exec(rows[0]?.[0] ?? '')?.[1] ?? ''
  assert.match(inner, /people\.country = 'NL'/)
  assert.doesNotMatch(inner, /Ann/)
})

test('an aggregate and a join see the filtered rows only', async () => {
  assert.equal(await answer(judge('SELECT count(*), max(id) FROM people').text), '[[2,2]]')
  assert.equal(await answer(judge('SELECT p.id FROM orders o JOIN people p ON p.id > 2').text), '[]')
  assert.equal(await answer(judge('SELECT max(p.id) FROM people p JOIN people q ON p.id <> q.id').text), '[[2]]')
})

test.each([
  ['a subquery', 'country IN (SELECT country FROM customers)'],
  ['a placeholder', 'country = ?'],
  ['an unbalanced parenthesis', "country = 'NL') OR (1 = 1"],
  ['a second clause', "country = 'NL' GROUP BY id"],
  ['a limit', "country = 'NL' LIMIT 1"],
  ['a union', "country = 'NL' UNION SELECT 1"],
  ['a function that is not safe', 'country = user()'],
  ['a variable', 'country = @c'],
  ['another table', "other.country = 'NL'"],
  ['a comment', "country = 'NL' /*! OR 1 */"],
  ['double quotes', 'country = "NL"'],
])('a filter with %s is refused at the start', async (_what, rows) => {
  const written = { ...target, tables: { people: { columns: ['id'], rows } } }
  await assert.rejects(judgeMysql(scopeOf(dbTarget(written))), /^Error: people: rows: /)
})
