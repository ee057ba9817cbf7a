import assert from 'node:assert/strict'
import { afterAll, beforeAll, test } from 'vitest'
import { openMysql } from '../../../../tools/db/mysql/open.ts'
import { type Database, databases } from '../../../support/databases.ts'
import { ask, dbLimits, dbTarget, passwordOf } from '../../../support/db-executor.ts'

const login = passwordOf('agent', 'x')
let database: Database

beforeAll(async () => {
  database = await databases.MariaDB()
  await database.admin(
    'CREATE TABLE customers (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL, secret TEXT)',
    'INSERT INTO customers VALUES (1, 1, 1), (2, 2, 2)',
    `CREATE TABLE orders (
      id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT, customer_id INT NOT NULL, state ENUM('new','paid'), hidden_id INT,
      FOREIGN KEY (customer_id) REFERENCES customers (id), FOREIGN KEY (hidden_id) REFERENCES customers (id))`,
    'CREATE TABLE items (order_id BIGINT UNSIGNED, number INT, PRIMARY KEY (order_id, number), FOREIGN KEY (order_id) REFERENCES orders (id))',
    'CREATE TABLE hidden (id INT)',
    'CREATE VIEW names AS SELECT name FROM customers',
    'CREATE DATABASE other',
    'CREATE TABLE other.orders (id INT)',
    'ANALYZE TABLE customers',
  )
  await database.setPassword('agent', 'x')
  await database.admin("GRANT ALL ON shop.* TO 'agent'@'%'", "GRANT SELECT ON other.* TO 'agent'@'%'")
})

afterAll(() => database?.stop())

async function described(written: Record<string, unknown>) {
  const executor = await openMysql(dbTarget({ url: database.url, ...written }), dbLimits())
  const { answer } = await ask(executor, { type: 'describe' }, login)
  await executor.close()
  return answer as { tables: unknown[]; missing?: string[]; duration_ms: number }
}

test('tables show their allowed columns, and keys as far as their columns are allowed', async () => {
  const tables = {
    customers: { columns: ['id', 'name'], rows: 'id > 1' },
    orders: { columns: ['ID', 'customer_id', 'state'], write: ['insert'] },
    'shop.items': ['number'],
    names: '*',
    'other.orders': '*',
    nowhere: '*',
  }
  const { tables: shown, missing } = await described({ tables, access: 'write' })
  assert.deepEqual(shown, [
    {
      name: 'customers',
      columns: [
        { name: 'id', type: 'int(11)', nullable: false },
        { name: 'name', type: 'varchar(40)', nullable: false },
      ],
      primary_key: ['id'],
      foreign_keys: [],
      row_estimate: null,
      write: [],
    },
    {
      name: 'orders',
      columns: [
        { name: 'id', type: 'bigint(20) unsigned', nullable: false },
        { name: 'customer_id', type: 'int(11)', nullable: false },
        { name: 'state', type: "enum('new','paid')", nullable: true },
      ],
      primary_key: ['id'],
      foreign_keys: [{ columns: ['customer_id'], references: 'customers', referenced_columns: ['id'] }],
      row_estimate: 0,
      write: ['insert'],
    },
    {
      name: 'shop.items',
      columns: [{ name: 'number', type: 'int(11)', nullable: false }],
      primary_key: [],
      foreign_keys: [],
      row_estimate: 0,
      write: [],
    },
    {
      name: 'names',
      columns: [{ name: 'name', type: 'varchar(40)', nullable: false }],
      primary_key: [],
      foreign_keys: [],
      row_estimate: null,
      write: [],
    },
    {
      name: 'other.orders',
      columns: [{ name: 'id', type: 'int(11)', nullable: true }],
      primary_key: [],
      foreign_keys: [],
      row_estimate: 0,
      write: [],
    },
  ])
  assert.deepEqual(missing, ['nowhere'])
})

test('a key to a table that is not in the scope is not shown', async () => {
  const { tables } = await described({ tables: { orders: '*' } })
  assert.deepEqual((tables[0] as { foreign_keys: unknown }).foreign_keys, [])
  assert.ok(!JSON.stringify(tables).includes('customers'))
})

test('rows are estimated', async () => {
  const { tables } = await described({ tables: { customers: '*' } })
  assert.equal((tables[0] as { row_estimate: number }).row_estimate, 2)
})

test('more tables than rows of an answer are all described', async () => {
  const { tables } = await described({ tables: { customers: '*', orders: '*', items: '*' }, limits: { max_rows: 1 } })
  assert.equal(tables.length, 3)
  assert.equal((tables[1] as { columns: unknown[] }).columns.length, 4)
})
