import assert from 'node:assert/strict'
import { afterAll, beforeAll, test } from 'vitest'
import { openMysql } from '../../../../tools/db/mysql/open.ts'
import { provisionMysql } from '../../../../tools/db/mysql/provision.ts'
import { scopeOf } from '../../../../tools/db/scope.ts'
import { type Database, databases } from '../../../support/databases.ts'
import { ask, dbLimits, dbTarget, passwordOf, rawQuery } from '../../../support/db-executor.ts'

let database: Database

beforeAll(async () => {
  database = await databases.MariaDB()
  await database.admin(
    'CREATE TABLE orders (id INT PRIMARY KEY, customer INT, note VARCHAR(10))',
    "INSERT INTO orders VALUES (1, 1, 'x')",
    'CREATE TABLE `odd na;me` (id INT, `a, b` INT)',
    'CREATE TABLE hidden (id INT)',
    'CREATE FUNCTION twice(x INT) RETURNS INT RETURN 2 * x',
  )
})

afterAll(() => database?.stop())

const written = {
  access: 'write',
  tables: {
    orders: { columns: ['id', 'customer'], write: ['insert', 'update', 'delete'] },
    '"odd na;me"': ['a, b'],
  },
  functions: ['shop.twice'],
}

/** Runs what was printed, as an admin would, and gives the user its password. */
async function provision(role: string, target: ReturnType<typeof dbTarget>): Promise<string> {
  const sql = provisionMysql(scopeOf(target), { role, database: 'shop' })
  const unlock = /^-- (ALTER USER .*);$/m.exec(sql)?.[1]?.replace('<a long random password>', 'chosen') ?? ''
  const statements = sql.split('\n').filter(line => line !== '' && !line.startsWith('--'))
  await database.admin(...statements, unlock)
  return sql
}

test('the user that is printed has exactly the rights of the scope', async () => {
  const target = dbTarget({ url: database.url, ...written })
  await provision('shop-tool', target)
  const executor = await openMysql(target, dbLimits())
  const login = passwordOf('shop-tool', 'chosen')
  const inspected = await ask(executor, { type: 'inspect' }, login)
  assert.deepEqual(inspected.answer['findings'], [])
  const run = async (sql: string) => (await ask(executor, rawQuery(sql), login)).answer
  assert.deepEqual((await run('SELECT id, customer, shop.twice(4) FROM orders'))['rows'], [[1, 1, 8]])
  assert.equal((await run('INSERT INTO orders (id, customer) VALUES (2, 2)'))['affected_rows'], 1)
  assert.equal((await run('UPDATE orders SET customer = 3 WHERE id = 2'))['affected_rows'], 1)
  assert.equal((await run('DELETE FROM orders WHERE id = 2'))['affected_rows'], 1)
  assert.deepEqual((await run('SELECT `a, b` FROM `odd na;me`'))['rows'], [])
  for (const sql of [
    'SELECT note FROM orders',
    'SELECT * FROM orders',
    'SELECT id FROM hidden',
    'SELECT id FROM `odd na;me`',
    "UPDATE orders SET note = 'y' WHERE id = 1",
  ])
    assert.deepEqual(
      (await run(sql))['error'],
      { code: '42000', message: 'The role of this tool may not do this at the database.' },
      sql,
    )
  await executor.close()
})

test("the columns that a filter of rows reads are the user's to read", async () => {
  const rows = "note = 'x' AND `Customer` > 0 AND LOWER(note) <> 'note' AND id IN (1, 2) AND CAST(id AS DATE) IS NULL"
  const target = dbTarget({ url: database.url, tables: { orders: { columns: ['id'], rows } } })
  assert.match(await provision('filtering', target), /^GRANT SELECT \(`id`, `note`, `Customer`\) ON/m)
  const executor = await openMysql(target, dbLimits())
  const login = passwordOf('filtering', 'chosen')
  assert.deepEqual((await ask(executor, { type: 'inspect' }, login)).answer['findings'], [])
  await executor.close()
})

test('until it has a password, nobody logs in as it', async () => {
  const target = dbTarget({ url: database.url, tables: { orders: '*' } })
  const sql = provisionMysql(scopeOf(target), { role: 'locked', database: 'shop' })
  await database.admin(...sql.split('\n').filter(line => line !== '' && !line.startsWith('--')))
  const executor = await openMysql(target, dbLimits())
  await assert.rejects(ask(executor, rawQuery('SELECT 1'), passwordOf('locked', '')), {
    code: 'credential_unavailable',
  })
  await executor.close()
})

test('a tool that reads gets SELECT alone, and rows that only Keyhold hides are said to be so', () => {
  const target = dbTarget({ url: 'mysql://localhost/shop', tables: { orders: { columns: '*', rows: 'id > 5' } } })
  const sql = provisionMysql(scopeOf(target), { role: "a'b\nDROP", database: 'shop' })
  assert.match(sql, /^GRANT SELECT ON `shop`\.`orders` TO 'a_b_DROP'@'%';$/m)
  assert.match(sql, /^-- orders has rows that are hidden by Keyhold only/m)
  assert.ok(!/INSERT|^DROP/m.test(sql))
})
