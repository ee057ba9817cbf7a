import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Execution, Executor, Json } from '../../../../src/kind.ts'
import { openMysql } from '../../../../tools/db/mysql/open.ts'
import type { Database } from '../../../support/databases.ts'
import { ask, dbContext, dbLimits, dbTarget, passwordOf, rawQuery } from '../../../support/db-executor.ts'
import { engineDatabase, errorOf, login, outcome, write } from './scene.ts'

let database: Database
let reader: Executor

const open = (written: Record<string, unknown> = {}) =>
  openMysql(dbTarget({ url: database.url, tables: { orders: '*' }, ...written }), dbLimits())

beforeAll(async () => {
  database = await engineDatabase(
    'CREATE TABLE hidden (secret VARCHAR(40))',
    "INSERT INTO hidden VALUES ('do not show')",
    'CREATE SEQUENCE numbers',
  )
  reader = await open()
})

afterAll(async () => {
  await reader?.close()
  await database?.stop()
})

const rowsOf = ({ answer }: Execution) => answer['rows'] as Json[][]
const select = async (sql: string, params: readonly Json[] = []) =>
  rowsOf(await ask(reader, rawQuery(sql, params), login))

const content = async () => JSON.stringify(await database.rows('SELECT * FROM orders ORDER BY id'))

test('a query is answered with columns, rows and a count', async () => {
  const { answer } = await ask(
    reader,
    rawQuery('SELECT id, customer, total FROM orders WHERE id <= ? ORDER BY id', [2]),
    login,
  )
  expect(answer).toMatchObject({
    columns: [
      { name: 'id', type: 'int' },
      { name: 'customer', type: 'varchar' },
      { name: 'total', type: 'decimal' },
    ],
    rows: [
      [1, 'c1', '1.00'],
      [2, 'c2', '2.00'],
    ],
    row_count: 2,
    truncated: false,
  })
})

describe('a read-only tool changes nothing, without any judge', () => {
  test.each([
    "INSERT INTO orders (customer) VALUES ('x')",
    "UPDATE orders SET customer = 'x'",
    'DELETE FROM orders',
    "REPLACE INTO orders VALUES (1, 'x', 1)",
    'TRUNCATE orders',
    'DROP TABLE orders',
    'ALTER TABLE orders ADD COLUMN more INT',
    'CREATE TABLE more (id INT)',
    'CREATE TEMPORARY TABLE more (id INT)',
    'CREATE TABLE more AS SELECT * FROM orders',
    'RENAME TABLE orders TO gone',
    'LOCK TABLES orders WRITE',
    'ANALYZE TABLE orders',
    'OPTIMIZE TABLE orders',
    'CALL anything()',
    'SET GLOBAL max_connections = 1',
    'SET @@session.tx_read_only = 0',
    'START TRANSACTION READ WRITE',
    'COMMIT',
    "PREPARE s FROM 'DELETE FROM orders'",
    "EXECUTE IMMEDIATE 'DELETE FROM orders'",
    'SELECT writes()',
    'SELECT NEXTVAL(numbers)',
    "LOAD DATA INFILE '/etc/passwd' INTO TABLE orders",
    "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE orders",
    'HANDLER orders OPEN',
    'SHOW TABLES',
    'DO SLEEP(0)',
    '/*!50000 DELETE FROM orders */',
    '/*M!100000 DELETE FROM orders */',
    'SELECT 1; DELETE FROM orders',
    'SELECT 1 INTO @a',
    "SELECT 1 INTO OUTFILE '/tmp/keyhold-outfile'",
    "SELECT 1 INTO DUMPFILE '/tmp/keyhold-outfile'",
    'WITH x AS (SELECT 1) DELETE FROM orders',
    'BEGIN NOT ATOMIC DELETE FROM orders; END',
    'KILL 1',
    'SHUTDOWN',
    'FLUSH TABLES',
    'XA BEGIN 1',
    'EXPLAIN DELETE FROM orders',
    'ANALYZE DELETE FROM orders',
  ])('%s', async sql => {
    const before = await content()
    assert.notEqual(await outcome(ask(reader, rawQuery(sql), login)), 'answered')
    for (const action of ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] as const)
      assert.notEqual(await outcome(ask(reader, { ...rawQuery(sql), action } as never, login)), 'answered')
    assert.equal(await content(), before)
    assert.deepEqual(await database.rows("SHOW TABLES LIKE 'more'"), [])
  })
})

test('INTO OUTFILE and LOAD_FILE do nothing for a role that may use files, when an admin has allowed that role', async () => {
  await database.setPassword('filer', 'files')
  await database.admin("GRANT FILE ON *.* TO 'filer'@'%'", "GRANT SELECT ON shop.* TO 'filer'@'%'")
  const filer = await open({ unsafe_allow_privileged_role: true })
  const file = join(database.server?.folder ?? '', 'outfile')
  const asked = ask(filer, rawQuery(`SELECT * FROM orders INTO OUTFILE '${file}'`), passwordOf('filer', 'files'))
  assert.equal(await outcome(asked), 'not_allowed')
  assert.equal(existsSync(file), false)
  await filer.close()
})

describe('nothing of one call is there for the next', () => {
  const one = () => open({ limits: { connections: 1 } })

  test('user variables', async () => {
    const executor = await one()
    await ask(executor, rawQuery("SELECT @left := 'behind'"), login)
    assert.deepEqual(rowsOf(await ask(executor, rawQuery('SELECT @left'), login)), [[null]])
    await executor.close()
  })

  test('locks by name', async () => {
    const [holder, other] = [await one(), await one()]
    await ask(holder, rawQuery("SELECT GET_LOCK('mine', 0)"), login)
    // The session is cleaned before the connection serves another call.
    await ask(holder, rawQuery('SELECT 1'), login)
    assert.deepEqual(rowsOf(await ask(other, rawQuery("SELECT IS_FREE_LOCK('mine')"), login)), [[1]])
    await Promise.all([holder.close(), other.close()])
  })

  test('the last inserted id, found rows and warnings', async () => {
    const executor = await open({ ...write, limits: { connections: 1 } })
    await ask(executor, rawQuery("INSERT INTO orders (customer) VALUES ('mine')"), login)
    assert.deepEqual(rowsOf(await ask(executor, rawQuery('SELECT LAST_INSERT_ID()'), login)), [['0']])
    await ask(executor, rawQuery("DELETE FROM orders WHERE customer = 'mine'"), login)
    await executor.close()
  })

  test('one connection is used again, with the settings that every call relies on', async () => {
    const executor = await one()
    const sql =
      'SELECT CONNECTION_ID(), @@sql_mode, @@time_zone, @@tx_read_only, @@autocommit, @@character_set_client, @@sql_select_limit, @@local_infile'
    const [first] = rowsOf(await ask(executor, rawQuery(sql), login))
    const [second] = rowsOf(await ask(executor, rawQuery(sql), login))
    assert.deepEqual(first, second)
    assert.match(
      first?.[1] as string,
      /^STRICT_TRANS_TABLES,STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION$/,
    )
    assert.deepEqual(
      first?.slice(2, 7),
      ['+00:00', 1, 1, 'utf8mb4', '501'].map((value, index) => (index === 1 || index === 2 ? String(value) : value)),
    )
    await executor.close()
  })

  test("a server's own settings change nothing", async () => {
    const executor = await one()
    await database.admin(
      "SET GLOBAL sql_mode = 'ANSI,NO_BACKSLASH_ESCAPES'",
      "SET GLOBAL init_connect = 'SET NAMES gbk'",
    )
    try {
      const quoted = await ask(executor, rawQuery(`SELECT "a\\'b" || 1, @@character_set_client`), login)
      assert.deepEqual(rowsOf(quoted), [[1, 'utf8mb4']])
    } finally {
      await database.admin('SET GLOBAL sql_mode = DEFAULT', "SET GLOBAL init_connect = ''")
      await executor.close()
    }
  })
})

describe('rows and bytes are capped', () => {
  test('rows beyond the limit are left out, and the answer says so', async () => {
    const executor = await open({ limits: { max_rows: 5 } })
    for (const sql of [
      'SELECT id FROM orders',
      'SELECT id FROM orders LIMIT 10',
      'SELECT seq FROM seq_1_to_10000000 LIMIT 9000000',
    ]) {
      const { answer } = await ask(executor, rawQuery(sql), login)
      assert.deepEqual([answer['row_count'], answer['truncated']], [5, true])
    }
    await executor.close()
  })

  test('a subquery, a union and an aggregate see all rows', async () => {
    const executor = await open({ limits: { max_rows: 5 } })
    const sql =
      'SELECT COUNT(*) FROM (SELECT seq FROM seq_1_to_50 UNION ALL SELECT seq FROM seq_1_to_50) AS both_of_them'
    assert.deepEqual(rowsOf(await ask(executor, rawQuery(sql), login)), [['100']])
    await executor.close()
  })

  test('an answer holds no more than it may, cut between rows', async () => {
    const limits = dbLimits({ maxResponseBytes: 10_000 })
    const { answer } = await ask(reader, rawQuery("SELECT seq, REPEAT('x', 990) FROM seq_1_to_100000"), login, limits)
    assert.deepEqual([answer['row_count'], answer['truncated']], [9, true])
  })

  test('columns that are too many are refused', async () => {
    const stars = Array.from({ length: 3_000 }, () => 'orders.*').join(', ')
    assert.equal(await outcome(ask(reader, rawQuery(`SELECT ${stars} FROM orders`), login)), 'response_too_large')
    assert.deepEqual(await select('SELECT 1'), [[1]])
  })

  test('a value beyond its limit is cut between characters, and the answer says so', async () => {
    const executor = await open({ limits: { max_value: '10b' } })
    const { answer } = await ask(
      executor,
      rawQuery("SELECT REPEAT('é', 9), REPEAT('ab', 4), UNHEX('000102030405060708090a0b')"),
      login,
    )
    assert.deepEqual(answer['rows'], [['ééééé', 'abababab', 'AAECAwQFBgcICQ==']])
    assert.equal(answer['truncated'], true)
    await executor.close()
  })

  test('a result of 1 GB is refused, without being held in memory, and the next call works', async () => {
    const before = process.memoryUsage.rss()
    const large = "SELECT REPEAT('x', 16000000) FROM seq_1_to_64"
    assert.equal(await outcome(ask(reader, rawQuery(large), login)), 'response_too_large')
    assert.ok(process.memoryUsage.rss() - before < 200 * 1_024 * 1_024)
    assert.deepEqual(await select('SELECT 1'), [[1]])
  })

  test('rows without end are cut', async () => {
    const { answer } = await ask(
      reader,
      rawQuery("SELECT seq, REPEAT('x', 900) FROM seq_1_to_1000000 LIMIT 1000000"),
      login,
    )
    assert.equal(answer['truncated'], true)
    assert.deepEqual(await select('SELECT 1'), [[1]])
  })
})

describe('errors are fixed sentences that carry no data', () => {
  test.each([
    ['SELECT nope FROM orders', '42S22', 'nope'],
    ['SELECT * FROM nowhere', '42S02', 'nowhere'],
    ['SELECT nosuch(1)', '42000', undefined],
    ['SELECT FROM', '42000', undefined],
    ["SELECT CAST('x' AS DATE) + (SELECT id FROM orders)", '21000', undefined],
    ["SELECT EXTRACTVALUE('<a/>', CONCAT('/', (SELECT secret FROM hidden)))", '1105', undefined],
    ["SELECT UPDATEXML('<a/>', CONCAT('~', (SELECT secret FROM hidden)), 1)", '1105', undefined],
    ['SELECT POW(id, 9999) FROM orders WHERE id = 2', '22003', undefined],
    ['SELECT * FROM mysql.user', '42000', undefined],
    ['SELECT id, customer FROM orders GROUP BY ST_GeomFromText((SELECT secret FROM hidden))', undefined, undefined],
  ])('%s', async (sql, code, near) => {
    const execution = await ask(reader, rawQuery(sql), login)
    const error = errorOf(execution)
    if (code !== undefined) assert.equal(error?.code, code)
    assert.equal(error?.near, near)
    assert.ok(!JSON.stringify(execution.answer).includes('do not show'))
    assert.equal(execution.isError, code !== undefined)
  })
})

test('a wrong number of parameters is refused', async () => {
  assert.equal(await outcome(ask(reader, rawQuery('SELECT ?, ?', [1]), login)), 'invalid_input')
})

test('the time of the server is reported', async () => {
  const took: number[] = []
  const context = { ...dbContext(dbLimits(), login), upstreamTook: (ms: number) => void took.push(ms) }
  const { answer } = await reader.execute(rawQuery('SELECT 1'), context)
  assert.equal(took.length, 1)
  assert.ok((answer['duration_ms'] as number) <= (took[0] as number))
})
