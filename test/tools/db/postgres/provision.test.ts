import { afterAll, assert, beforeAll, describe, test } from 'vitest'
import { filterColumns } from '../../../../tools/db/postgres/filter-columns.ts'
import { provisionPostgres } from '../../../../tools/db/postgres/provision.ts'
import { scopeOf } from '../../../../tools/db/scope.ts'
import { dbTarget, rawQuery } from '../../../support/db-executor.ts'
import { type EngineScene, engineScene, outcome, roleOf, rowsIn } from './engine-scene.ts'

let scene: EngineScene

beforeAll(async () => {
  scene = await engineScene(`
    CREATE SCHEMA "Sales Dept";
    CREATE TABLE items (id int PRIMARY KEY, name text, price numeric, secret text);
    CREATE TABLE customers (id int, name text, country text, "Level" int, secret text);
    CREATE TABLE "Sales Dept"."odd ""name; DROP TABLE items; --" ("select" int, "a""b" text, secret text);
    INSERT INTO items VALUES (1, 'one', 1.5, 's'); INSERT INTO customers VALUES (1, 'c', 'NL', 3, 's');
  `)
})
afterAll(() => scene?.stop())

const odd = '"Sales Dept"."odd ""name; DROP TABLE items; --"'
const scopes: readonly (readonly [string, Record<string, unknown>])[] = [
  ['reading', { tables: { items: '*', [odd]: ['select', 'a"b'] } }],
  ['filtering', { tables: { customers: { columns: ['id', 'name'], rows: `country = 'secret' AND "Level" > 2` } } }],
  [
    'writing',
    {
      access: 'write',
      tables: {
        items: { columns: ['id', 'name'], write: ['insert', 'update', 'delete'] },
        customers: { columns: '*', write: ['insert'] },
        [odd]: { columns: ['select'], write: ['update'] },
      },
    },
  ],
  [`o'dd "role"; DROP ROLE postgres; --`, { tables: { items: ['id'] } }],
]

describe('the role that is made', () => {
  for (const [role, written] of scopes) {
    test(`has exactly the rights of the scope: ${role}`, async () => {
      const target = dbTarget({ url: 'postgres://127.0.0.1/postgres', ...written })
      await scene.admin(provisionPostgres(scopeOf(target), { role, database: 'postgres' }))
      await scene.admin(`ALTER ROLE "${role.replaceAll('"', '""')}" PASSWORD 'given'`)
      const executor = await scene.executor(written)
      const { answer, detail } = await outcome(executor, { type: 'inspect' }, roleOf(role, 'given'))
      assert.equal(detail, '')
      assert.deepEqual(answer['findings'], [])
      const tables = await outcome(executor, { type: 'describe' }, roleOf(role, 'given'))
      assert.deepEqual(tables.answer['missing'], [])
    })
  }

  test('can do what the scope says, and nothing beside', async () => {
    const written = {
      access: 'write',
      tables: { items: { columns: ['id', 'name'], write: ['insert', 'update', 'delete'] } },
    }
    const target = dbTarget({ url: 'postgres://127.0.0.1/postgres', ...written })
    await scene.admin(provisionPostgres(scopeOf(target), { role: 'doing', database: 'postgres' }))
    await scene.admin("ALTER ROLE doing PASSWORD 'doing'")
    const executor = await scene.executor(written)
    const code = async (sql: string) => {
      const { answer, detail } = await outcome(executor, rawQuery(sql), roleOf('doing'))
      assert.equal(detail, '', sql)
      return (answer['error'] as { code: string } | undefined)?.code ?? null
    }
    assert.isNull(await code('SELECT id, name FROM public.items'))
    assert.isNull(await code("INSERT INTO public.items (id, name) VALUES (2, 'two') RETURNING id"))
    assert.isNull(await code("UPDATE public.items SET name = 'zwei' WHERE id = 2"))
    assert.isNull(await code('DELETE FROM public.items WHERE id = 2'))
    assert.equal(await code('SELECT secret FROM public.items'), '42501')
    assert.equal(await code('SELECT * FROM public.items'), '42501')
    assert.equal(await code("UPDATE public.items SET secret = 'x' WHERE id = 1"), '42501')
    assert.equal(await code('SELECT id FROM public.customers'), '42501')
    const left = await scene.admin('SELECT id FROM items')
    assert.deepEqual(rowsIn({ rows: left }), [{ id: 1 }] as never)
  })
})

test('the SQL holds no password, and asks for one where no log keeps it', () => {
  const target = dbTarget({ url: 'postgres://127.0.0.1/postgres', tables: { items: '*' } })
  const sql = provisionPostgres(scopeOf(target), { role: 'r', database: 'postgres' })
  assert.include(sql, String.raw`\password "r"`)
  assert.notMatch(sql, /PASSWORD '/)
})

test('the columns that a filter reads are found in it', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["country = 'NL'", ['country']],
    [`"Level" > 2 AND lower(name) LIKE 'x''y%'`, ['Level', 'name']],
    ["created_at > now() - '1 day'::interval AND NOT deleted", ['created_at', 'deleted']],
    ['id IN (1, 2) OR tenant IS NULL -- comment', ['id', 'tenant']],
    ['Größe BETWEEN 1 AND 2 /* x */', ['größe']],
  ]
  for (const [filter, expected] of cases) assert.deepEqual(filterColumns(filter), expected, filter)
})
