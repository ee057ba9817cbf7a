import assert from 'node:assert/strict'
import { afterAll, beforeAll, describe, test } from 'vitest'
import type { Executor } from '../../../../src/kind.ts'
import { openMysql } from '../../../../tools/db/mysql/open.ts'
import type { Database } from '../../../support/databases.ts'
import { ask, dbLimits, dbTarget, rawQuery } from '../../../support/db-executor.ts'
import { engineDatabase, errorOf, login, outcome, write } from './scene.ts'

let database: Database
let writer: Executor

const open = (written: Record<string, unknown> = {}) =>
  openMysql(dbTarget({ url: database.url, tables: { orders: '*' }, ...written }), dbLimits())

beforeAll(async () => {
  database = await engineDatabase(
    'CREATE TABLE letters (name VARCHAR(20) PRIMARY KEY, number TINYINT NOT NULL)',
    "INSERT INTO letters VALUES ('private value', 1), ('b', 2)",
    'CREATE TABLE plain (id INT) ENGINE=MyISAM',
  )
  writer = await open(write)
})

afterAll(async () => {
  await writer?.close()
  await database?.stop()
})

const content = async () => JSON.stringify(await database.rows('SELECT * FROM orders ORDER BY id'))

describe('a tool that writes carries out one INSERT, UPDATE or DELETE and nothing else, without any judge', () => {
  test.each([
    'DROP TABLE orders',
    'TRUNCATE orders',
    'CREATE TABLE more (id INT)',
    'ALTER TABLE orders ADD COLUMN more INT',
    'SET GLOBAL max_connections = 1',
    '/*!50000 DROP TABLE orders */',
    'DELETE FROM orders; DROP TABLE orders',
    'DELETE FROM orders WHERE id = 1 /*! ; DROP TABLE orders */',
  ])('%s', async sql => {
    const before = await content()
    for (const action of ['INSERT', 'UPDATE', 'DELETE'] as const)
      assert.notEqual(await outcome(ask(writer, { ...rawQuery(sql), action } as never, login)), 'answered')
    assert.equal(await content(), before)
    assert.deepEqual(await database.rows("SHOW TABLES LIKE 'more'"), [])
  })
})

describe('writes', () => {
  test('a write is committed and counted', async () => {
    const { answer } = await ask(
      writer,
      rawQuery("INSERT INTO orders (customer, total) VALUES ('new', ?), ('new', ?)", [1.5, '2.50']),
      login,
    )
    assert.deepEqual([answer['affected_rows'], answer['row_count'], answer['preview']], [2, 2, undefined])
    assert.deepEqual(await database.rows("SELECT total FROM orders WHERE customer = 'new' ORDER BY id"), [
      ['1.50'],
      ['2.50'],
    ])
    const changed = await ask(writer, rawQuery("UPDATE orders SET total = 2.5 WHERE customer = 'new'"), login)
    assert.equal(changed.answer['affected_rows'], 2) // addressed, although one had that value
    const gone = await ask(writer, rawQuery("DELETE FROM orders WHERE customer = 'new'"), login)
    assert.equal(gone.answer['affected_rows'], 2)
  })

  test('RETURNING gives rows and the count', async () => {
    const { answer } = await ask(
      writer,
      rawQuery("INSERT INTO orders (customer) VALUES ('r'), ('r') RETURNING customer"),
      login,
    )
    assert.deepEqual([answer['rows'], answer['affected_rows'], answer['row_count']], [[['r'], ['r']], 2, 2])
    const gone = await ask(writer, rawQuery("DELETE FROM orders WHERE customer = 'r' RETURNING customer"), login)
    assert.equal(gone.answer['affected_rows'], 2)
  })

  test('more rows than allowed are undone', async () => {
    const executor = await open({ ...write, limits: { max_affected_rows: 3 } })
    const before = await content()
    const execution = await ask(executor, rawQuery('UPDATE orders SET total = 0 WHERE id > 1'), login)
    assert.equal(errorOf(execution)?.code, 'max_affected_rows')
    assert.equal(execution.isError, true)
    const returning = await ask(executor, rawQuery('DELETE FROM orders WHERE id > 1 RETURNING id'), login)
    assert.equal(errorOf(returning)?.code, 'max_affected_rows')
    assert.equal(await content(), before)
    await executor.close()
  })

  test('a preview counts and changes nothing; another count than approved is undone', async () => {
    const before = await content()
    const update = rawQuery("UPDATE orders SET total = 7 WHERE customer = 'c1'", [], { preview: true })
    const { answer } = await ask(writer, update, login)
    assert.deepEqual([answer['preview'], answer['affected_rows']], [true, 4])
    assert.equal(await content(), before)
    const differs = await ask(
      writer,
      rawQuery("UPDATE orders SET total = 7 WHERE customer = 'c1'", [], { expected: 3 }),
      login,
    )
    assert.equal(errorOf(differs)?.code, 'changed_since_preview')
    assert.equal(await content(), before)
  })

  test('a preview shows some of the rows of a RETURNING, and counts all', async () => {
    const before = await content()
    const values = Array.from({ length: 12 }, () => "('p')").join(', ')
    const insert = rawQuery(`INSERT INTO orders (customer) VALUES ${values} RETURNING customer`, [], { preview: true })
    const { answer } = await ask(writer, insert, login)
    assert.deepEqual(
      [(answer['rows'] as unknown[]).length, answer['affected_rows'], answer['truncated']],
      [10, 12, true],
    )
    assert.equal(await content(), before)
  })

  test('a table that cannot undo is not written to, in a preview neither', async () => {
    const executor = await open({ access: 'write', tables: { plain: { columns: '*', write: ['insert'] } } })
    for (const preview of [true, false])
      assert.equal(
        await outcome(ask(executor, rawQuery('INSERT INTO plain (id) VALUES (1)', [], { preview }), login)),
        'not_allowed',
      )
    assert.deepEqual(await database.rows('SELECT * FROM plain'), [])
    await executor.close()
  })

  test('a write that reaches such a table otherwise is not said to be undone', async () => {
    await database.admin(
      'CREATE TABLE audited (id INT)',
      'CREATE TRIGGER log_it AFTER INSERT ON audited FOR EACH ROW INSERT INTO plain VALUES (NEW.id)',
    )
    const executor = await open({ access: 'write', tables: { audited: { columns: '*', write: ['insert'] } } })
    const asked = ask(executor, rawQuery('INSERT INTO audited (id) VALUES (1)', [], { preview: true }), login)
    assert.equal(await outcome(asked), 'outcome_unknown')
    await database.admin('DELETE FROM plain')
    await executor.close()
  })

  test('in a tool that writes, a SELECT changes nothing', async () => {
    const before = await content()
    assert.equal(await outcome(ask(writer, rawQuery('SELECT writes()'), login)), 'error 25006')
    assert.equal(await content(), before)
  })

  test('a key that exists is not quoted', async () => {
    const executor = await open({ access: 'write', tables: { letters: { columns: '*', write: ['insert', 'update'] } } })
    const twice = await ask(
      executor,
      rawQuery("UPDATE letters SET name = CONCAT('private', ' value') WHERE name = 'b'"),
      login,
    )
    assert.deepEqual(errorOf(twice), { code: '23000', message: 'A row with the same key exists.' })
    const large = await ask(executor, rawQuery('UPDATE letters SET number = 999'), login)
    assert.deepEqual(errorOf(large), { code: '22003', message: 'A number is out of the range of its column.' })
    await executor.close()
  })
})
