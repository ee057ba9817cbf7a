import { chmodSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Executor } from '../../../../src/kind.ts'
import type { DescribedTable } from '../../../../tools/db/describe-verb.ts'
import { ask } from '../../../support/db-executor.ts'
import { makeShop, type Shop, writableTables } from './shop.ts'

let shop: Shop

beforeAll(() => {
  shop = makeShop()
})
afterAll(() => shop.remove())

async function described(engine: Executor) {
  const { answer } = await ask(engine, { type: 'describe' }, null)
  const tables = answer['tables'] as readonly DescribedTable[]
  return {
    answer,
    table: (name: string) => tables.find(table => table.name === name),
    names: tables.map(({ name }) => name),
  }
}

test('the tables of the scope are described, with allowed columns only', async () => {
  const engine = await shop.engine({
    access: 'write',
    tables: { ...writableTables, nowhere: '*', found: '*', broken: '*', 'temp.orders': '*' },
  })
  const { answer, table, names } = await described(engine)
  expect(names).toEqual(Object.keys(writableTables))
  expect(answer['missing']).toEqual(['nowhere', 'found', 'broken', 'temp.orders'])
  expect(typeof answer['duration_ms']).toBe('number')
  expect(table('customers')).toEqual({
    name: 'customers',
    columns: [
      { name: 'id', type: 'INTEGER', nullable: false },
      { name: 'name', type: 'TEXT', nullable: false },
      { name: 'country', type: 'TEXT', nullable: true },
    ],
    primary_key: ['id'],
    foreign_keys: [],
    row_estimate: 3,
    write: [],
  })
  expect(table('orders')).toMatchObject({
    foreign_keys: [{ columns: ['customer_id'], references: 'customers', referenced_columns: ['id'] }],
    write: ['insert', 'update'],
  })
  expect(table('local_customers')?.row_estimate).toBeNull()
  expect(table('dutch')).toMatchObject({ columns: [{ name: 'id' }, { name: 'name' }], row_estimate: null })
  expect(table('tags')).toMatchObject({ primary_key: ['name'] })
  expect(table('people')?.columns.map(({ name }) => name)).toEqual(['code', 'masked', 'stored'])
  const text = JSON.stringify(answer)
  for (const hidden of ['secret', 'pin', 'vault"', 'leaked', 'HIDDEN']) expect(text).not.toContain(hidden)
})

test('a key whose columns are hidden is not shown, nor one to a table outside of the scope', async () => {
  const engine = await shop.engine({ tables: { orders: ['customer_id', 'total'] } })
  expect((await described(engine)).table('orders')).toMatchObject({ primary_key: [], foreign_keys: [] })
  const hiding = await shop.engine({ tables: { orders: '*', customers: ['name'] } })
  expect((await described(hiding)).table('orders')?.foreign_keys).toEqual([])
})

test('an estimate is what ANALYZE has counted, and none for a large table without one', async () => {
  const fresh = makeShop()
  fresh.admin.exec(
    'WITH RECURSIVE n(x) AS (SELECT 20 UNION ALL SELECT x + 1 FROM n WHERE x < 11000) INSERT INTO orders (id) SELECT x FROM n',
  )
  const engine = await fresh.engine({ tables: { orders: '*' } })
  expect((await described(engine)).table('orders')?.row_estimate).toBeNull()
  fresh.admin.exec('ANALYZE')
  expect((await described(engine)).table('orders')?.row_estimate).toBe(10_984)
  fresh.remove()
})

test('an inspection tells what weakens the promises', async () => {
  const fresh = makeShop()
  chmodSync(fresh.file, 0o666)
  fresh.admin.exec('PRAGMA journal_mode = WAL')
  const engine = await fresh.engine({ tables: { orders: '*', nowhere: '*', dutch: '*' } })
  const { answer } = await ask(engine, { type: 'inspect' }, null)
  expect(answer['role']).toBeNull()
  expect(answer['server_version']).toMatch(/^SQLite 3\.\d+/)
  const findings = JSON.stringify(answer['findings'])
  for (const part of [
    'may write into the file',
    'may read the file',
    'opened for writing',
    'write-ahead',
    'nowhere',
    'dutch is a view',
  ])
    expect(findings).toContain(part)
  expect(findings).not.toContain(fresh.folder)
  const orders = { columns: '*', write: ['insert'] }
  const writer = await fresh.engine({ access: 'write', tables: { orders } })
  const written = await ask(writer, { type: 'inspect' }, null)
  expect(JSON.stringify(written.answer)).toContain('orders has a foreign key to customers')
  fresh.remove()
})
