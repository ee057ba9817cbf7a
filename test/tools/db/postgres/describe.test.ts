import { afterAll, assert, beforeAll, test } from 'vitest'
import type { DescribedTable } from '../../../../tools/db/describe-verb.ts'
import { type EngineScene, engineScene, outcome, roleOf } from './engine-scene.ts'

let scene: EngineScene

beforeAll(async () => {
  scene = await engineScene(`
    CREATE SCHEMA sales;
    CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, email varchar(80), secret text, dropped int);
    ALTER TABLE customers DROP COLUMN dropped;
    CREATE TABLE vault (id int PRIMARY KEY);
    CREATE TABLE sales.orders (region text, nr int8, customer int REFERENCES customers, vault int REFERENCES vault,
      total numeric(10,2), PRIMARY KEY (region, nr));
    CREATE TABLE "odd ""name" ("select" int, "Größe" int[], region text, nr int8, FOREIGN KEY (region, nr) REFERENCES sales.orders);
    CREATE VIEW cheap AS SELECT nr, total FROM sales.orders WHERE total < 10;
    INSERT INTO customers SELECT i, 'c', 'e', 's' FROM generate_series(1, 300) i; ANALYZE;
    CREATE ROLE reader LOGIN PASSWORD 'reader';
    GRANT USAGE ON SCHEMA sales TO reader;
    GRANT SELECT ON customers, vault, sales.orders, "odd ""name", cheap TO reader;
  `)
})
afterAll(() => scene?.stop())

async function described(tables: Record<string, unknown>, more: Record<string, unknown> = {}) {
  const executor = await scene.executor({ tables, ...more })
  const { answer, detail } = await outcome(executor, { type: 'describe' }, roleOf('reader'))
  assert.equal(detail, '')
  return answer as unknown as { tables: DescribedTable[]; missing: string[]; duration_ms: number }
}

test('tables are described with columns, types, keys and about how many rows', async () => {
  const { tables, missing } = await described({ customers: '*', 'sales.orders': '*', '"odd ""name"': '*', cheap: '*' })
  assert.deepEqual(missing, [])
  assert.deepEqual(tables, [
    {
      name: 'customers',
      columns: [
        { name: 'id', type: 'integer', nullable: false },
        { name: 'name', type: 'text', nullable: false },
        { name: 'email', type: 'character varying(80)', nullable: true },
        { name: 'secret', type: 'text', nullable: true },
      ],
      primary_key: ['id'],
      foreign_keys: [],
      row_estimate: 300,
      write: [],
    },
    {
      name: 'sales.orders',
      columns: [
        { name: 'region', type: 'text', nullable: false },
        { name: 'nr', type: 'bigint', nullable: false },
        { name: 'customer', type: 'integer', nullable: true },
        { name: 'vault', type: 'integer', nullable: true },
        { name: 'total', type: 'numeric(10,2)', nullable: true },
      ],
      primary_key: ['region', 'nr'],
      foreign_keys: [{ columns: ['customer'], references: 'customers', referenced_columns: ['id'] }],
      row_estimate: 0,
      write: [],
    },
    {
      name: '"odd ""name"',
      columns: [
        { name: 'select', type: 'integer', nullable: true },
        { name: 'Größe', type: 'integer[]', nullable: true },
        { name: 'region', type: 'text', nullable: true },
        { name: 'nr', type: 'bigint', nullable: true },
      ],
      primary_key: [],
      foreign_keys: [{ columns: ['region', 'nr'], references: 'sales.orders', referenced_columns: ['region', 'nr'] }],
      row_estimate: 0,
      write: [],
    },
    {
      name: 'cheap',
      columns: [
        { name: 'nr', type: 'bigint', nullable: true },
        { name: 'total', type: 'numeric(10,2)', nullable: true },
      ],
      primary_key: [],
      foreign_keys: [],
      row_estimate: null,
      write: [],
    },
  ])
})

test('nothing is said of columns that are not in the scope, nor of keys that have one', async () => {
  const { tables } = await described({
    customers: { columns: ['name', 'email'], rows: "secret = 's'" },
    'sales.orders': ['nr', 'customer'],
    '"odd ""name"': ['nr', 'region'],
  })
  const text = JSON.stringify(tables)
  for (const hidden of ['secret', 'total', 'vault', 'Größe', '"id"']) assert.notInclude(text, hidden)
  for (const { primary_key, foreign_keys } of tables) assert.deepEqual([primary_key, foreign_keys], [[], []])
  assert.isNull(tables[0]?.row_estimate)
})

test('tables that are missing are named, and what may be written to is told', async () => {
  const { tables, missing } = await described(
    { customers: { columns: '*', write: ['insert', 'delete'] }, gone: '*', 'nowhere.orders': '*' },
    { access: 'write' },
  )
  assert.deepEqual(missing, ['gone', 'nowhere.orders'])
  assert.deepEqual(tables[0]?.write, ['insert', 'delete'])
})
