import assert from 'node:assert/strict'
import { createConnection, type Connection } from 'mysql2/promise'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { Refusal } from '../../../../src/refusal.ts'
import { type Judge, OutOfScope } from '../../../../tools/db/judge.ts'
import { judgeMysql } from '../../../../tools/db/mysql/judge.ts'
import { scopeOf } from '../../../../tools/db/scope.ts'
import { type DatabaseServer, startMariadb } from '../../../support/database-server.ts'
import { dbTarget } from '../../../support/db-executor.ts'
import { attacks, executed } from './attacks.ts'
import { fixtureSql, marker, target } from './fixture.ts'
import { legitimate } from './legitimate.ts'

let server: DatabaseServer
let root: Connection
let judge: Judge

beforeAll(async () => {
  server = await startMariadb()
  const address = { host: '127.0.0.1', port: server.port, user: 'root', password: 'root', charset: 'utf8mb4' }
  root = await createConnection({ ...address, rowsAsArray: true, dateStrings: true })
  for (const sql of fixtureSql) await root.query(sql)
  await root.query('USE shop')
  judge = await judgeMysql(scopeOf(dbTarget(target)))
})

afterAll(async () => {
  await root?.end()
  await server?.stop()
})

/** What the database itself gives, who may read all of it; the answer holds errors too. */
async function carriedOut(sql: string, params: readonly (string | number | null)[] = []): Promise<string> {
  await root.query('START TRANSACTION')
  try {
    const [rows] = await root.execute(sql, [...params])
    return JSON.stringify(rows)
  } catch (error) {
    return (error as Error).message
  } finally {
    await root.query('ROLLBACK')
  }
}

describe('attacks', () => {
  test.each(attacks)('$expect: $name', async ({ sql, expect }) => {
    if (expect === 'invalid_input')
      assert.throws(
        () => judge(sql),
        (error: unknown) => error instanceof Refusal && error.code === 'invalid_input',
      )
    else if (expect === 'not_allowed') assert.throws(() => judge(sql), OutOfScope)
    else {
      const { text } = judge(sql)
      const answer = await carriedOut(text)
      assert.ok(!answer.includes(marker), `${text}\n${answer}`)
    }
  })

  test('have names of their own', () => {
    assert.equal(new Set(attacks.map(({ name }) => name)).size, attacks.length)
    assert.ok(attacks.length >= 90)
  })

  test.each(executed.map(sql => ({ sql })))('a server would read $sql otherwise, so it is refused', async ({ sql }) => {
    assert.ok((await carriedOut(sql)).includes(marker), await carriedOut(sql))
    assert.throws(() => judge(sql), Refusal)
  })
})

describe('legitimate queries', () => {
  test.each(legitimate)('$sql', async ({ sql, params = [], original = sql }) => {
    const judged = judge(sql)
    assert.equal(judged.parameters, params.length)
    const [expected] = await root.execute(original.replace(/;$/, ''), [...params])
    const [actual] = await root.execute(judged.text, [...params])
    assert.deepEqual(actual, expected, judged.text)
    assert.ok(Array.isArray(actual))
  })

  test('are at least sixty', () => assert.ok(legitimate.length >= 60))
})

/** Writes within the scope: what was changed is what the statement itself would have changed. */
const writes: readonly { table: string; sql: string; params?: readonly (string | number)[] }[] = [
  { table: 'tickets', sql: "INSERT INTO tickets (title, n) VALUES (?, DEFAULT), ('c', 3)", params: ['b'] },
  { table: 'tickets', sql: 'INSERT INTO tickets (title) SELECT status FROM orders WHERE total > ?', params: [10] },
  { table: 'notes', sql: "INSERT INTO notes (id, body) VALUES (10, concat('a', id)) RETURNING id, body AS x" },
  { table: 'tickets', sql: 'UPDATE tickets SET n = n + ?, title = upper(title) WHERE id = ?', params: [5, 1] },
  {
    table: 'tickets',
    sql: 'UPDATE tickets AS t SET t.n = (SELECT count(*) FROM orders o WHERE o.id > t.id) WHERE t.id IN (1, 2)',
  },
  {
    table: 'notes',
    sql: "UPDATE shop.notes SET body = DEFAULT WHERE notes.body LIKE 'o%' ORDER BY id DESC LIMIT 1",
  },
  { table: 'notes', sql: 'DELETE FROM notes WHERE id > ? ORDER BY id LIMIT 1', params: [1] },
  { table: 'tickets', sql: 'DELETE FROM tickets WHERE id IN (SELECT id FROM customers) RETURNING *' },
]

describe('writes', () => {
  test.each(writes)('$sql', async ({ table, sql, params = [] }) => {
    const after = async (text: string) => {
      await root.query('START TRANSACTION')
      const [result] = await root.execute(text, [...params])
      const [rows] = await root.query(`SELECT * FROM ${table}`)
      await root.query('ROLLBACK')
      const affected = Array.isArray(result) ? result : result.affectedRows
      // What a rolled-back insert has counted up stays counted up.
      return JSON.stringify([affected, table === 'tickets' ? (rows as unknown[][]).map(row => row.slice(1)) : rows])
    }
    assert.equal(await after(judge(sql).text), await after(sql))
  })
})

test('MariaDB forgets a query expression within another, and would read the table of its name', async () => {
  const sql =
    'WITH secrets AS (SELECT 1 AS value) SELECT * FROM (WITH b AS (SELECT value FROM secrets) SELECT value FROM b) AS d'
  assert.ok((await carriedOut(sql)).includes(marker))
  assert.match(await carriedOut(judge(sql).text), /keyhold cte 1' doesn't exist/)
})
