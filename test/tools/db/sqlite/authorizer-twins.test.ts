import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Executor } from '../../../../src/kind.ts'
import { seeded } from '../../../support/random.ts'
import { asked, makeShop, marker, type Shop, tables } from './shop.ts'

/*
 * Two databases that differ in nothing but what is hidden have to give the same answers, errors included, to whatever
 * statement nobody has judged. The order of hidden values is the same in both: SQLite gives rows that nobody has ordered
 * in the order of an index.
 */

const statements = 4_000

const shops: Shop[] = []
const engines: Executor[] = []

beforeAll(async () => {
  shops.push(makeShop(), makeShop())
  shops[1]?.admin.exec(`
    UPDATE customers SET secret = 'other', pin = pin - 70;
    UPDATE tags SET secret = 'other';
    UPDATE people SET secret = 'HI' || pin, pin = pin + 40;
    UPDATE codes SET id = id - 100;
    UPDATE vault SET secret = 'other', id = id + 5;
    UPDATE local_customers SET name = 'other', id = 9 WHERE country = 'DE';
    UPDATE local_customers SET secret = 'other';
    INSERT INTO local_customers VALUES (11, 'other', 'FR', 'other');
    INSERT INTO log VALUES ('other');
    UPDATE notes SET secret = 'other';
    CREATE TABLE another (id INTEGER PRIMARY KEY, secret TEXT);
  `)
  for (const shop of shops) {
    // What the view counts depends on what is hidden, and is meant to.
    const { vault_count: _, ...others } = tables
    engines.push(await shop.engine({ tables: others }))
  }
})
afterAll(() => {
  for (const shop of shops) shop.remove()
})

// biome-ignore format: a list
const relations = [
  'customers', 'orders', 'tags', 'codes', 'people', 'local_customers', 'dutch', 'vault', 'notes', 'log', 'sqlite_schema',
  'main.customers', '"people"', 'dbstat', 'pragma_table_list', 'c', 'd',
  `json_each('[1,"HIDDEN",77]')`,
  "(SELECT id, name FROM main.local_customers WHERE (country = 'NL') LIMIT -1)",
  '(SELECT code, masked FROM main.people)',
  '(SELECT id, name FROM main.customers)',
  "(SELECT 'HIDDEN' AS secret)",
  '(SELECT 77 AS pin)',
  "(SELECT 1 AS id, 'HIDDEN' AS secret)",
  "(SELECT 'HIDDEN5' AS leaked, 'p1' AS code)",
  '(SELECT 5 AS rowid)',
  '(SELECT 4711 AS id UNION SELECT 4612)',
]
const columns = 'id name country secret pin code masked leaked stored colour total note rowid customer_id value'.split(
  ' ',
)
const constants = ['1', '2', '77', "'HIDDEN'", "'other'", 'NULL', "'NL'", "'p1'"]

function generator(seed: number) {
  const random = seeded(seed)
  const pick = <T>(from: readonly T[]): T => random.pick(from)
  const chance = (share: number) => random.chance(share)
  const column = () =>
    chance(0.15) ? `${pick(['a', 'b', 'customers', 'people', 'dutch'])}.${pick(columns)}` : pick(columns)
  const expression = (depth: number): string => {
    const forms: readonly (() => string)[] = [
      column,
      column,
      () => pick(constants),
      () =>
        `${expression(depth - 1)} ${pick(['=', '<', '>', '||', '+', 'IS', 'AND', 'OR', 'LIKE'])} ${expression(depth - 1)}`,
      () => `${pick(['lower', 'max', 'count', 'typeof', 'length', 'abs', 'json', 'sum'])}(${expression(depth - 1)})`,
      () => `(${select(depth - 1)})`,
      () => `EXISTS (${select(depth - 1)})`,
      () => `${column()} IN (${select(depth - 1)})`,
      () => `${column()} IN ${pick(['vault', 'customers', 'c'])}`,
      () => `CASE WHEN ${expression(depth - 1)} THEN 1 ELSE ${expression(depth - 1)} END`,
    ]
    return depth <= 0 ? pick([column, () => pick(constants)])() : pick(forms)()
  }
  const source = (depth: number) => {
    const relation = depth > 0 && chance(0.15) ? `(${select(depth - 1)})` : pick(relations)
    return chance(0.3) ? `${relation} AS ${pick(['a', 'b', 'dutch', 'customers'])}` : relation
  }
  const from = (depth: number): string => {
    let text = source(depth)
    while (chance(0.5)) {
      const kind = pick(['', 'LEFT ', 'RIGHT ', 'FULL '])
      const joins = [
        () => ` NATURAL ${kind}JOIN ${source(depth)}`,
        () => ` NATURAL ${kind}JOIN ${source(depth)}`,
        () => ` ${kind}JOIN ${source(depth)} USING (${pick(columns)})`,
        () => ` ${kind}JOIN ${source(depth)} ON ${expression(1)}`,
        () => `, ${source(depth)}`,
      ]
      text += pick(joins)()
    }
    return text
  }
  function select(depth: number): string {
    const list = pick([
      () => '*',
      () => '1',
      () => 'count(*)',
      () => column(),
      () => `${column()}, ${column()}`,
      () => expression(depth),
    ])()
    const where = chance(0.3) ? ` WHERE ${expression(depth)}` : ''
    const group = chance(0.1) ? ` GROUP BY ${column()}` : ''
    const order = chance(0.1) ? ` ORDER BY ${column()}` : ''
    const more =
      depth > 0 && chance(0.08) ? ` ${pick(['UNION', 'EXCEPT', 'INTERSECT', 'UNION ALL'])} ${select(depth - 1)}` : ''
    return `SELECT ${list} FROM ${from(depth)}${where}${group}${more === '' ? order : more}`
  }
  return () => {
    const name = pick(['c', 'd', 'dutch', 'vault', 'customers', '"c"'])
    const start = chance(0.25) ? `WITH ${name}${chance(0.2) ? '(id)' : ''} AS (${select(1)}) ` : ''
    return start + select(2)
  }
}

test('what is hidden makes no difference to any answer', async () => {
  const next = generator(20_260)
  let answered = 0
  const [one, other] = engines as [Executor, Executor]
  for (let count = 0; count < statements; count++) {
    const sql = next()
    const [first, second] = [await asked(one, sql), await asked(other, sql)]
    const plain = ({ error, rows }: typeof first) => ({ error, rows: rows.map(row => JSON.stringify(row)).sort() })
    expect(plain(first), sql).toEqual(plain(second))
    if (first.error !== undefined) continue
    answered += 1
    // The statement itself may say it.
    if (!sql.includes(marker)) expect(JSON.stringify(first.rows), sql).not.toContain(marker)
  }
  expect(answered).toBeGreaterThan(statements / 50)
}, 120_000)
