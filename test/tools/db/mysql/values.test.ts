import assert from 'node:assert/strict'
import { afterAll, beforeAll, describe, test } from 'vitest'
import type { Executor, Json } from '../../../../src/kind.ts'
import { openMysql } from '../../../../tools/db/mysql/open.ts'
import { type Database, databases } from '../../../support/databases.ts'
import { ask, dbLimits, dbTarget, passwordOf, rawQuery } from '../../../support/db-executor.ts'

const login = passwordOf('agent', 'correct horse')
let database: Database
let executor: Executor

beforeAll(async () => {
  database = await databases.MariaDB()
  await database.setPassword('agent', 'correct horse')
  await database.admin(
    "GRANT SELECT, INSERT ON shop.* TO 'agent'@'%'",
    'CREATE TABLE given (id INT PRIMARY KEY, big BIGINT, exact DECIMAL(30,10), body JSON, raw VARBINARY(20), stamp TIMESTAMP NULL, name VARCHAR(40))',
  )
  const tables = { given: { columns: '*', write: ['insert'] } }
  executor = await openMysql(dbTarget({ url: database.url, access: 'write', tables }), dbLimits())
})

afterAll(async () => {
  await executor?.close()
  await database?.stop()
})

/** Column type, what is stored (as SQL), the type's name in an answer, and the value. */
const stored: readonly (readonly [string, string, string, Json])[] = [
  ['TINYINT', '-128', 'tinyint', -128],
  ['TINYINT UNSIGNED', '255', 'tinyint unsigned', 255],
  ['TINYINT(1)', '1', 'tinyint', 1],
  ['BOOLEAN', 'FALSE', 'tinyint', 0],
  ['SMALLINT', '-32768', 'smallint', -32_768],
  ['SMALLINT UNSIGNED', '65535', 'smallint unsigned', 65_535],
  ['MEDIUMINT', '-8388608', 'mediumint', -8_388_608],
  ['MEDIUMINT UNSIGNED', '16777215', 'mediumint unsigned', 16_777_215],
  ['INT', '-2147483648', 'int', -2_147_483_648],
  ['INT UNSIGNED', '4294967295', 'int unsigned', 4_294_967_295],
  ['INT(5) ZEROFILL', '42', 'int unsigned', 42],
  ['BIGINT', '5', 'bigint', '5'],
  ['BIGINT', '-9223372036854775808', 'bigint', '-9223372036854775808'],
  ['BIGINT', '9223372036854775807', 'bigint', '9223372036854775807'],
  ['BIGINT UNSIGNED', '18446744073709551615', 'bigint unsigned', '18446744073709551615'],
  ['DECIMAL(65,30)', '0.100000000000000000000000000001', 'decimal', '0.100000000000000000000000000001'],
  ['DECIMAL(10,2)', '-12345678.90', 'decimal', '-12345678.90'],
  ['DECIMAL(5)', '7', 'decimal', '7'],
  ['FLOAT', '0.1', 'float', 0.1],
  ['FLOAT', '16777216', 'float', 16_777_216],
  ['FLOAT', '3.4028234e38', 'float', 3.402_823_5e38],
  ['FLOAT', '-1.5e-40', 'float', -1.5e-40],
  ['DOUBLE', '0.1', 'double', 0.1],
  ['DOUBLE', '1.7976931348623157e308', 'double', Number.MAX_VALUE],
  ['DOUBLE', '-0.30000000000000004', 'double', -0.300_000_000_000_000_04],
  ['BIT(1)', "b'1'", 'bit', 1],
  ['BIT(8)', "b'10000001'", 'bit', 129],
  ['BIT(32)', "x'ffffffff'", 'bit', 4_294_967_295],
  ['BIT(64)', "x'ffffffffffffffff'", 'bit', '18446744073709551615'],
  ['DATE', "'2024-02-29'", 'date', '2024-02-29'],
  ['DATE', "'0001-01-01'", 'date', '0001-01-01'],
  ['DATE', "'9999-12-31'", 'date', '9999-12-31'],
  ['DATETIME', "'2024-02-29 23:59:58'", 'datetime', '2024-02-29T23:59:58'],
  ['DATETIME', "'2024-02-29 00:00:00'", 'datetime', '2024-02-29T00:00:00'],
  ['DATETIME(6)', "'2024-02-29 23:59:58.000001'", 'datetime', '2024-02-29T23:59:58.000001'],
  ['DATETIME(3)', "'2024-02-29 23:59:58.5'", 'datetime', '2024-02-29T23:59:58.500'],
  ['TIMESTAMP', "'2024-02-29 23:59:58'", 'timestamp', '2024-02-29T23:59:58Z'],
  ['TIMESTAMP(6)', "'2024-02-29 23:59:58.25'", 'timestamp', '2024-02-29T23:59:58.250000Z'],
  ['TIME', "'08:05:00'", 'time', '08:05:00'],
  ['TIME', "'-838:59:59'", 'time', '-838:59:59'],
  ['TIME', "'00:00:00'", 'time', '00:00:00'],
  ['TIME(6)', "'01:02:03.000450'", 'time', '01:02:03.00045'],
  ['YEAR', '2024', 'year', 2024],
  ['YEAR', '0', 'year', 0],
  ['CHAR(5)', "'ab'", 'char', 'ab'],
  ['VARCHAR(10)', "''", 'varchar', ''],
  ['VARCHAR(20)', "'naïve 🦀 \\0 \\n'", 'varchar', 'naïve 🦀 \0 \n'],
  ['VARCHAR(20) CHARACTER SET latin1', "'naïve'", 'varchar', 'naïve'],
  ['VARCHAR(20) CHARACTER SET ucs2', "'naïve'", 'varchar', 'naïve'],
  ['VARCHAR(20) COLLATE utf8mb4_bin', "'A'", 'varchar', 'A'],
  ['TINYTEXT', "'text'", 'text', 'text'],
  ['TEXT', "'text'", 'text', 'text'],
  ['LONGTEXT', "'text'", 'text', 'text'],
  ['BINARY(3)', "'ab'", 'binary', 'YWIA'],
  ['VARBINARY(10)', "x'00ff'", 'varbinary', 'AP8='],
  ['TINYBLOB', "x'00ff'", 'blob', 'AP8='],
  ['BLOB', "''", 'blob', ''],
  ['LONGBLOB', "x'ff'", 'blob', '/w=='],
  ["ENUM('a','b')", "'b'", 'enum', 'b'],
  ["SET('a','b','c')", "'a,c'", 'set', 'a,c'],
  ['JSON', `'{"a": [1, null, "x"]}'`, 'json', { a: [1, null, 'x'] }],
  [
    'JSON',
    `'[12345678901234567890, 1.5, 9007199254740993]'`,
    'json',
    ['12345678901234567890', 1.5, '9007199254740993'],
  ],
  ['JSON', `'"text"'`, 'json', 'text'],
  ['JSON', `'null'`, 'json', null],
  ['UUID', "'6ccd780c-baba-1026-9564-5b8c656024db'", 'uuid', '6ccd780c-baba-1026-9564-5b8c656024db'],
  ['INET6', "'2001:db8::1'", 'inet6', '2001:db8::1'],
  ['POINT', 'POINT(1, 2)', 'point', 'AAAAAAEBAAAAAAAAAAAA8D8AAAAAAAAAQA=='],
  ['INT', 'NULL', 'int', null],
  ['JSON', 'NULL', 'json', null],
  ['POINT', 'NULL', 'point', null],
  ['BIT(8)', 'NULL', 'bit', null],
  ['TIMESTAMP NULL', 'NULL', 'timestamp', null],
]

describe('a stored value is shown by the type of its column', () => {
  test('all', async () => {
    const columns = stored.map(([type], index) => `c${index} ${type}`)
    await database.admin(
      'SET sql_mode = ""',
      // The row is too long for the table's own format otherwise.
      `CREATE TABLE stored (${columns.join(', ')}) CHARACTER SET utf8mb4`,
      "SET time_zone = '+00:00', NAMES utf8mb4",
      `INSERT INTO stored VALUES (${stored.map(([, value]) => value).join(', ')})`,
    )
    const { answer } = await ask(executor, rawQuery('SELECT * FROM stored'), login)
    const types = (answer['columns'] as { type: string }[]).map(({ type }) => type)
    const values = (answer['rows'] as Json[][])[0]
    for (const [index, [type, value, name, shown]] of stored.entries())
      assert.deepEqual([types[index], values?.[index]], [name, shown], `${type} ${value}`)
  })
})

describe('a computed value', () => {
  test.each<readonly [string, string, Json]>([
    ['1', 'int', 1],
    ['TRUE', 'int', 1],
    ['COUNT(*)', 'bigint', '1'],
    ['SUM(1)', 'decimal', '1'],
    ['AVG(3)', 'decimal', '3.0000'],
    ['1 / 3', 'decimal', '0.3333'],
    ['1e0 / 4', 'double', 0.25],
    ['9223372036854775807', 'bigint', '9223372036854775807'],
    ['12345678901', 'bigint', '12345678901'],
    ["'text'", 'varchar', 'text'],
    ["x'00ff'", 'varbinary', 'AP8='],
    ['NULL', 'null', null],
    ["JSON_OBJECT('a', 1)", 'json', { a: 1 }],
    ["JSON_EXTRACT('[1, 2]', '$[1]')", 'json', 2],
    ["CAST('2024-02-29' AS DATE)", 'date', '2024-02-29'],
    ["CAST('2024-02-29 10:00' AS DATETIME(2))", 'datetime', '2024-02-29T10:00:00'],
    ["CAST('0000-00-00' AS DATE)", 'date', '0000-00-00'],
    ["TIMEDIFF('10:00', '12:30')", 'time', '-02:30:00'],
    ['FROM_UNIXTIME(0)', 'datetime', '1970-01-01T00:00:00'],
    ["GROUP_CONCAT('a')", 'text', 'a'],
    ['ST_AsText(POINT(1, 2))', 'text', 'POINT(1 2)'],
  ])('%s', async (expression, type, value) => {
    const { answer } = await ask(executor, rawQuery(`SELECT ${expression} AS it`), login)
    assert.deepEqual([answer['columns'], answer['rows']], [[{ name: 'it', type }], [[value]]])
  })

  test('a date of zeros stays text', async () => {
    await database.admin(
      "SET sql_mode = ''",
      'CREATE TABLE zeros (a DATE, b DATETIME, c DATETIME)',
      "INSERT INTO zeros VALUES ('0000-00-00', '0000-00-00 00:00:00', '2024-00-00 01:02:03')",
    )
    const { answer } = await ask(executor, rawQuery('SELECT * FROM zeros'), login)
    assert.deepEqual(answer['rows'], [['0000-00-00', '0000-00-00 00:00:00', '2024-00-00 01:02:03']])
  })
})

describe('a parameter arrives as what it is', () => {
  test.each<readonly [string, Json, Json]>([
    ['? + 0', 1, '1'],
    ['? = 9007199254740991', 9_007_199_254_740_991, 1],
    ['? + 0e0', 0.1, 0.1],
    ['CONCAT(?)', 'naïve 🦀', 'naïve 🦀'],
    ['CONCAT(?)', "'; DROP TABLE given; -- \\", "'; DROP TABLE given; -- \\"],
    ['CONCAT(?)', '\0\n\x1a"`', '\0\n\x1a"`'],
    ['? IS NULL', null, 1],
    ['? = 1', true, 1],
    ['? = 0', false, 1],
    ["JSON_VALUE(?, '$.a')", { a: 'x' }, 'x'],
    ['JSON_LENGTH(?)', [1, 2, 3], 3],
    ['? * 1', '12345678901234567890.5', 12_345_678_901_234_567_000],
  ])('%s of %j', async (expression, param, value) => {
    const { answer } = await ask(executor, rawQuery(`SELECT ${expression}`, [param]), login)
    assert.deepEqual(answer['rows'], [[value]])
  })

  test('an integer of 64 bits is found by its digits, and LIMIT takes a parameter', async () => {
    await database.admin('INSERT INTO given (id, big) VALUES (101, 9007199254740992), (102, 9007199254740993)')
    const found = await ask(executor, rawQuery('SELECT id FROM given WHERE big = ?', ['9007199254740993']), login)
    assert.deepEqual(found.answer['rows'], [[102]])
    const limited = await ask(executor, rawQuery('SELECT id FROM given WHERE id > 100 ORDER BY id LIMIT ?', [1]), login)
    assert.deepEqual(limited.answer['rows'], [[101]])
  })

  test('what is written comes back', async () => {
    const values: Json[] = [
      1,
      '9223372036854775807',
      '0.1234567890',
      { a: ['é'] },
      'bytes',
      '2024-02-29 10:00:00',
      '🦀',
    ]
    await ask(executor, rawQuery('INSERT INTO given VALUES (?, ?, ?, ?, ?, ?, ?)', values), login)
    const { answer } = await ask(executor, rawQuery('SELECT * FROM given WHERE id = 1'), login)
    assert.deepEqual(answer['rows'], [
      [1, '9223372036854775807', '0.1234567890', { a: ['é'] }, 'Ynl0ZXM=', '2024-02-29T10:00:00Z', '🦀'],
    ])
  })
})

test('columns of the same name stay apart, and odd names stay as they are', async () => {
  const { answer } = await ask(executor, rawQuery('SELECT 1 AS a, 2 AS a, 3 AS `__proto__`, 4 AS `ö "\'`'), login)
  assert.deepEqual(
    (answer['columns'] as { name: string }[]).map(({ name }) => name),
    ['a', 'a', '__proto__', 'ö "\''],
  )
  assert.deepEqual(answer['rows'], [[1, 2, 3, 4]])
})
