import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Executor, Json } from '../../../../src/kind.ts'
import { asked, makeShop, type Shop } from './shop.ts'

let shop: Shop
let engine: Executor

beforeAll(async () => {
  shop = makeShop()
  shop.admin.exec(`
    CREATE TABLE kinds (id INTEGER PRIMARY KEY, big BIGINT, price DECIMAL(10, 2), at TIMESTAMP, anything, flag BOOLEAN) ;
    INSERT INTO kinds VALUES (1, 9223372036854775807, 12.5, '2024-01-01T00:00:00Z', x'00ff10', TRUE);
    CREATE TABLE long (text TEXT, body BLOB);
    INSERT INTO long VALUES (printf('%.*c', 100, 'ä') || 'end', zeroblob(100));
    CREATE TABLE many (id INTEGER PRIMARY KEY, text TEXT);
    WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 2000)
      INSERT INTO many SELECT x, printf('%.*c', 300, 'x') FROM n;
    CREATE TABLE huge (id INTEGER PRIMARY KEY, body BLOB);
    INSERT INTO huge VALUES (1, zeroblob(20000000));
  `)
  engine = await shop.engine({
    tables: { kinds: '*', long: '*', many: '*', huge: '*', orders: '*' },
    limits: { max_value: '64b' },
  })
})
afterAll(() => shop.remove())

const values: readonly (readonly [sql: string, value: Json])[] = [
  ['NULL', null],
  ['1', 1],
  ['-9007199254740991', -9007199254740991],
  ['9007199254740991', 9007199254740991],
  ['9007199254740992', '9007199254740992'],
  ['9007199254740993', '9007199254740993'],
  ['-9223372036854775808', '-9223372036854775808'],
  ['1.5', 1.5],
  ['1e308 * 10', 'Infinity'],
  ['-1e308 * 10', '-Infinity'],
  ["'text'", 'text'],
  ["''", ''],
  ["'😀'", '😀'],
  ["CAST(x'61ff62' AS TEXT)", 'a\ufffdb'],
  ["x'00ff10'", 'AP8Q'],
  ["x''", ''],
  ['1 = 1', 1],
  ['json(\'{"a":1}\')', '{"a":1}'],
]

test.each(values)('%s comes as %j', async (sql, value) => {
  const { error, rows } = await asked(engine, `SELECT ${sql}`)
  expect(error).toBeUndefined()
  expect(rows).toEqual([[value]])
})

const bound: readonly (readonly [value: Json, type: string, back: Json])[] = [
  [null, 'null', null],
  [true, 'integer', 1],
  [false, 'integer', 0],
  [7, 'integer', 7],
  [-0, 'integer', 0],
  [7.5, 'real', 7.5],
  [1e300, 'real', 1e300],
  ['text', 'text', 'text'],
  ["'; DROP TABLE orders; --", 'text', "'; DROP TABLE orders; --"],
  [{ a: [1] }, 'text', '{"a":[1]}'],
]

test.each(bound)('%j is bound as %s', async (value, type, back) => {
  const { rows } = await asked(engine, 'SELECT typeof(?), ?', [value, value])
  expect(rows).toEqual([[type, back]])
})

test('a column has the type it was declared with, an expression none', async () => {
  const { columns, rows } = await asked(engine, 'SELECT *, id + 1 AS next FROM kinds')
  expect(columns).toEqual([
    { name: 'id', type: 'INTEGER' },
    { name: 'big', type: 'BIGINT' },
    { name: 'price', type: 'DECIMAL(10, 2)' },
    { name: 'at', type: 'TIMESTAMP' },
    { name: 'anything', type: '' },
    { name: 'flag', type: 'BOOLEAN' },
    { name: 'next', type: '' },
  ])
  expect(rows).toEqual([[1, '9223372036854775807', 12.5, '2024-01-01T00:00:00Z', 'AP8Q', 1, 2]])
})

test('columns of the same name stay apart', async () => {
  const { columns, rows } = await asked(engine, 'SELECT 1 AS a, 2 AS a, 3 AS a')
  expect(columns.map(({ name }) => name)).toEqual(['a', 'a', 'a'])
  expect(rows).toEqual([[1, 2, 3]])
})

test('a value that is too long is cut, text between two characters', async () => {
  const { rows, truncated, execution } = await asked(engine, 'SELECT text, body FROM long')
  expect(rows).toEqual([['ä'.repeat(32), Buffer.alloc(64).toString('base64')]])
  expect(truncated).toBe(true)
  expect(execution.answer['hint']).toMatch(/cut/)
})

test('rows end at the limit of rows, and at that of bytes', async () => {
  const few = await shop.engine({ tables: { many: '*' }, limits: { max_rows: 3 } })
  const some = await asked(few, 'SELECT id FROM many ORDER BY id')
  expect(some.rows).toEqual([[1], [2], [3]])
  expect(some.truncated).toBe(true)
  expect((await asked(few, 'SELECT id FROM many LIMIT 3')).truncated).toBe(false)
  const wide = await shop.engine({ tables: { many: '*' }, limits: { max_rows: 100_000 } })
  const { rows, truncated } = await asked(wide, 'SELECT text FROM many')
  expect(truncated).toBe(true)
  expect(Buffer.byteLength(JSON.stringify(rows))).toBeLessThanOrEqual(262_144)
  expect(rows.length).toBeGreaterThan(800)
})

test('a value beyond what SQLite may make here is an error, and its row can be read without it', async () => {
  expect((await asked(engine, 'SELECT body FROM huge')).error?.code).toBe('SQLITE_TOOBIG')
  expect((await asked(engine, 'SELECT id, length(body) FROM huge')).rows).toEqual([[1, 20_000_000]])
  expect((await asked(engine, "SELECT printf('%.*c', 50000000, 'x')")).error?.code).toBe('SQLITE_TOOBIG')
  const wide = await shop.engine({ tables: { huge: '*' }, limits: { max_value: '32mb' } })
  // An answer takes no more than it did.
  expect(await asked(wide, 'SELECT id, body FROM huge')).toMatchObject({ error: undefined, rows: [], truncated: true })
})

const errors: readonly (readonly [sql: string, code: string, near: string | undefined])[] = [
  ['SELECT nowhere FROM orders', 'SQLITE_ERROR', 'nowhere'],
  ['SELECT 1 FROM nowhere', 'SQLITE_ERROR', 'nowhere'],
  ['SELECT nowhere(1)', 'SQLITE_ERROR', 'nowhere'],
  ['SELECT 1 FROM orders WHERE', 'SQLITE_ERROR', undefined],
  ['SELECT FROM orders', 'SQLITE_ERROR', 'FROM'],
  ['SELECT id FROM orders a, orders b', 'SQLITE_ERROR', 'id'],
  ['SELECT abs(1, 2)', 'SQLITE_ERROR', 'abs'],
  ['SELECT sum(id) FROM orders WHERE sum(id) > 1', 'SQLITE_ERROR', undefined],
  ["SELECT json_extract(note, '$') FROM orders", 'SQLITE_ERROR', undefined],
  ['SELECT abs(-9223372036854775807 - 1)', 'SQLITE_ERROR', undefined],
  ['SELECT 1 UNION SELECT 1, 2', 'SQLITE_ERROR', undefined],
  ["SELECT 'open", 'SQLITE_AUTH', undefined],
]

test.each(errors)('an error is told in our words: %s', async (sql, code, near) => {
  const { error, execution } = await asked(engine, sql)
  expect(error?.code).toBe(code)
  expect(error?.near).toBe(near)
  expect(execution.isError).toBe(true)
  // A value of the database is in no error.
  expect(JSON.stringify(execution.answer)).not.toMatch(/first|second|shop\.db/)
})

test('more values than parameters are refused, and fewer', async () => {
  expect((await asked(engine, 'SELECT ?', [1, 2])).error?.code).toBe('SQLITE_RANGE')
  expect((await asked(engine, 'SELECT ?, ?', [1])).error?.code).toBe('SQLITE_RANGE')
  expect((await asked(engine, 'SELECT ?2, ?1', [1, 2])).rows).toEqual([[2, 1]])
})
