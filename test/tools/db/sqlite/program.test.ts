import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Connection } from '../../../../tools/db/sqlite/connection.ts'
import { expressionColumns } from '../../../../tools/db/sqlite/loan.ts'
import { programOf, touchedBy } from '../../../../tools/db/sqlite/program.ts'
import { readSchema } from '../../../../tools/db/sqlite/schema.ts'
import { makeShop, type Shop } from './shop.ts'

/*
 * What the program of a statement tells, whatever the authorizer would say: every column that a value, a comparison or
 * the choice of a row comes from has to be among what it touches.
 */

let shop: Shop
let connection: Connection

beforeAll(() => {
  shop = makeShop()
  connection = new Connection(shop.file, 'read', 65_536)
})
afterAll(() => {
  connection.close()
  shop.remove()
})

function touched(sql: string) {
  const schema = readSchema(connection)
  const program = connection.authorizer.ours(() => programOf(connection, sql))
  return touchedBy(program, schema, index => expressionColumns(connection, schema, index))
}

function plain(sql: string): Record<string, readonly string[]> {
  return Object.fromEntries([...touched(sql).read].map(([table, columns]) => [table, [...columns].sort()]))
}

const cases: readonly (readonly [sql: string, read: Record<string, readonly string[]>])[] = [
  ['SELECT country FROM customers', { customers: ['country'] }],
  ['SELECT name FROM customers', { customers: ['name'] }],
  ['SELECT * FROM customers', { customers: ['country', 'name', 'pin', 'secret'] }],
  ['SELECT secret FROM customers', { customers: ['secret'] }],
  ['SELECT lower(secret) FROM customers', { customers: ['secret'] }],
  ["SELECT country FROM customers WHERE lower(secret) = 'x'", { customers: ['country', 'secret'] }],
  ["SELECT country FROM customers NATURAL JOIN (SELECT 'x' AS secret)", { customers: ['country', 'secret'] }],
  ['SELECT 1 FROM customers NATURAL JOIN (SELECT 77 AS pin)', { customers: ['pin'] }],
  ['SELECT colour FROM tags', { tags: ['colour'] }],
  ["SELECT colour FROM tags WHERE name = 'new'", { tags: ['colour', 'name'] }],
  ["SELECT name FROM tags WHERE secret = 'x'", { tags: ['name', 'secret'] }],
  ['SELECT stored FROM people', { people: ['stored'] }],
  ['SELECT masked FROM people', { people: ['secret'] }],
  ['SELECT leaked FROM people', { people: ['pin', 'secret'] }],
  ['SELECT pin FROM people', { people: ['pin'] }],
  ['SELECT code FROM people', { people: ['code'] }],
  ['SELECT * FROM dutch', { customers: ['country', 'name', 'secret'] }],
  ['SELECT 1 FROM vault', { vault: [] }],
  ['SELECT max(total) FROM orders', { orders: ['total'] }],
  ['SELECT id FROM orders WHERE customer_id = 1 AND total > 5', { orders: ['customer_id', 'total'] }],
  ['SELECT 1', {}],
]

describe('what a program reads', () => {
  test.each(cases)('%s', (sql, read) => expect(plain(sql)).toEqual(read))

  test.each(['SELECT id FROM customers', 'SELECT rowid FROM people', 'SELECT 1 FROM customers WHERE id = 1'])(
    'a rowid: %s',
    sql => expect([...touched(sql).rowids]).toHaveLength(1),
  )

  test('in a table without rowid a key is a column', () => {
    expect([...touched("SELECT secret FROM tags WHERE name = 'new'").rowids]).toEqual([])
  })
})

describe('an instruction that nobody has allowed', () => {
  const unknown = [
    'PRAGMA query_only',
    'PRAGMA table_list',
    'CREATE TABLE t (a)',
    'CREATE TEMP TABLE t (a)',
    'DROP TABLE orders',
    'DELETE FROM log',
    'VACUUM',
    "ATTACH 'x' AS y",
    'BEGIN',
    'COMMIT',
    'SAVEPOINT a',
    'ANALYZE',
    'REINDEX',
    'SELECT * FROM sqlite_schema',
    'SELECT name FROM sqlite_schema NATURAL JOIN (SELECT 1 AS rootpage)',
  ]
  test.each(unknown)('is noticed: %s', sql => expect(touched(sql).unknown).not.toBeNull())
})

test('what triggers write to counts', () => {
  const written = (sql: string) => [...touched(sql).written].sort()
  expect(written("INSERT INTO audited (a) VALUES ('x')")).toEqual(['audited', 'log'])
  expect(written('DELETE FROM customers WHERE id = 1')).toEqual(['customers'])
})

test('virtual tables show by their address', () => {
  expect(touched("SELECT * FROM json_each('[]')").virtual.size).toBe(1)
  expect(touched('SELECT * FROM dbstat').virtual.size).toBe(1)
  expect(touched('SELECT 1 FROM orders').virtual.size).toBe(0)
})
