import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Executor } from '../../../../src/kind.ts'
import { asked, makeShop, type Shop, writableTables } from './shop.ts'

let shop: Shop
let reader: Executor

beforeAll(async () => {
  shop = makeShop()
  reader = await shop.engine()
})
afterAll(() => shop.remove())

const narrowed = '(SELECT id, name FROM main."local_customers" WHERE (country = \'NL\') LIMIT -1)'

const people = '(SELECT "code", "masked", "stored" FROM main."people") AS "people"'

const honest: readonly string[] = [
  'SELECT id, name, country FROM customers',
  'SELECT name FROM main.customers AS c WHERE c.id = 2',
  'select NAME from Customers where ID in (1, 3) order by NAME desc',
  "SELECT name FROM customers WHERE name LIKE 'A%' OR id = 3 OR country = 'DE'",
  "SELECT name FROM customers WHERE id = 1 OR name = 'Bob'",
  "SELECT upper(name) FROM customers WHERE upper(name) = 'ANNA'",
  'SELECT upper(name) FROM customers ORDER BY upper(name)',
  'SELECT count(*) FROM customers',
  'SELECT count(*), country FROM customers GROUP BY country HAVING count(*) > 1',
  'SELECT 1 FROM customers',
  'SELECT EXISTS (SELECT 1 FROM customers WHERE id = 1)',
  'SELECT DISTINCT country FROM customers ORDER BY 1',
  'SELECT c.name, o.total FROM customers c JOIN orders o ON o.customer_id = c.id ORDER BY o.id',
  'SELECT c.name, sum(o.total) FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id ORDER BY 2 DESC',
  'SELECT c.name FROM customers c RIGHT JOIN orders o ON o.customer_id = c.id ORDER BY o.id',
  'SELECT c.name, o.id FROM customers c FULL JOIN orders o ON o.customer_id = c.id',
  'SELECT * FROM orders',
  'SELECT orders.* FROM orders ORDER BY total LIMIT 1 OFFSET 1',
  'SELECT rowid, * FROM orders',
  'SELECT max(total), min(total), avg(total), total(total) FROM orders',
  'SELECT id, sum(total) OVER (PARTITION BY customer_id ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM orders',
  'SELECT id, row_number() OVER w, lag(id) OVER w FROM orders WINDOW w AS (ORDER BY total)',
  'SELECT name, colour FROM tags',
  "SELECT colour FROM tags WHERE name = 'new'",
  'SELECT name FROM tags ORDER BY colour',
  'SELECT t.name FROM tags t, customers c WHERE t.name > c.name',
  'SELECT code, masked, stored FROM people ORDER BY masked, code',
  "SELECT masked FROM people WHERE stored = 'P1'",
  'WITH c AS (SELECT id, name FROM customers) SELECT c.name, count(o.id) FROM c JOIN orders o ON o.customer_id = c.id GROUP BY 1',
  'WITH c(i) AS (SELECT id FROM customers), d AS (SELECT i + 1 AS j FROM c) SELECT * FROM c JOIN d ON d.j = c.i',
  'WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 10) SELECT sum(x) FROM n',
  'WITH RECURSIVE n(x) AS (VALUES (1) UNION SELECT x * 2 FROM n WHERE x < 100 ORDER BY 1 LIMIT 5) SELECT * FROM n',
  'SELECT name FROM customers UNION SELECT name FROM tags ORDER BY 1',
  'SELECT name FROM customers UNION ALL SELECT note FROM orders',
  'SELECT id FROM customers INTERSECT SELECT customer_id FROM orders',
  'SELECT id FROM customers EXCEPT SELECT customer_id FROM orders',
  'SELECT (SELECT count(*) FROM orders o WHERE o.customer_id = c.id) AS n, c.name FROM customers c',
  'SELECT name FROM customers WHERE id NOT IN (SELECT customer_id FROM orders WHERE customer_id IS NOT NULL)',
  'SELECT (id, name) = (SELECT id, name FROM customers WHERE id = 1) FROM customers',
  "SELECT json_extract('{\"a\": [1, 2]}', '$.a[1]'), '{\"b\": 2}' ->> 'b', '{\"b\": 2}' -> 'b'",
  "SELECT key, value FROM json_each('[1, 2, 3]')",
  "SELECT c.name, j.value FROM customers c, json_each('[1, 2]') j WHERE j.value = c.id",
  'SELECT fullkey FROM json_tree(\'{"a": [1]}\')',
  "SELECT json_group_array(name), group_concat(name, ', ') FROM customers",
  "SELECT date('2024-02-29', '+1 year'), strftime('%Y', '2024-01-01')",
  "SELECT CASE WHEN id > 1 THEN 'many' ELSE 'one' END, cast(id AS TEXT), id || '-' || name FROM customers",
  "SELECT 'SELECT secret FROM vault; --' AS text /* vault */ -- secret\n",
  "SELECT name AS \"odd name\", 'it''s' FROM customers;",
  "SELECT name FROM customers WHERE name = 'Zoë' COLLATE NOCASE",
  "SELECT name FROM customers WHERE name BETWEEN 'A' AND 'C' AND country IS NOT NULL",
  'WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 10) SELECT count(*) FROM n',
  'WITH c AS (SELECT id FROM customers) SELECT 1 FROM c',
  `SELECT masked FROM ${people} NATURAL JOIN (SELECT 'p1' AS code)`,
  `SELECT count(*) FROM ${people} NATURAL JOIN (SELECT 'HIDDEN' AS secret)`,
  'SELECT * FROM main."dutch" AS "dutch" NATURAL JOIN (SELECT "id", "name", "country" FROM main."customers") AS "customers"',
  "SELECT code FROM codes WHERE code = 'c1' OR kind = 'y'",
  'SELECT code, kind FROM codes ORDER BY kind, code LIMIT 5',
  'VALUES (1, 2), (3, 4)',
  'SELECT 1',
  'SELECT * FROM dutch',
  'SELECT count(*) FROM dutch',
  'SELECT d.name, o.id FROM dutch d JOIN orders o ON o.customer_id = d.id',
  'SELECT * FROM dutch JOIN (SELECT id AS id, total FROM orders) AS o USING (id)',
  'SELECT d.name FROM dutch AS d JOIN customers AS c ON c.id = d.id',
  'SELECT n FROM vault_count',
  `SELECT * FROM ${narrowed} AS local_customers`,
  `SELECT local_customers.name, o.total FROM ${narrowed} AS local_customers LEFT JOIN main.orders AS o ON o.customer_id = local_customers.id`,
  `SELECT count(*) FROM ${narrowed} AS l JOIN ${narrowed} AS m USING (id)`,
  `WITH l AS (SELECT * FROM ${narrowed} AS local_customers) SELECT * FROM l AS a NATURAL JOIN l AS b`,
  'SELECT o.id FROM (SELECT id, customer_id FROM orders) AS o NATURAL JOIN (SELECT id FROM orders) AS p',
  'SELECT name FROM (SELECT id, name FROM main.customers) AS c NATURAL JOIN (SELECT id FROM main.orders) AS o',
  'SELECT c.name FROM (SELECT id AS customer_id, name FROM main.customers) AS c JOIN orders USING (customer_id)',
  'SELECT count(DISTINCT country), abs(-1), round(2.5), typeof(id), coalesce(NULL, 1), nullif(1, 1) FROM customers',
]

describe('an honest statement gives what SQLite itself gives', () => {
  test.each(honest)('%s', async sql => {
    const { error, rows } = await asked(reader, sql)
    expect(error).toBeUndefined()
    const own = shop.admin.prepare(sql)
    own.setReturnArrays(true)
    const plain = (value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value)
    expect(rows).toEqual((own.all() as unknown as unknown[][]).map(row => row.map(plain)))
  })
})

const honestWrites: readonly (readonly [sql: string, affected: number])[] = [
  ["INSERT INTO notes (title, text) VALUES ('a', 'b')", 1],
  ["INSERT INTO main.notes AS n (title) VALUES ('a'), ('b'), ('c') RETURNING id, title", 3],
  ["INSERT INTO notes (title) SELECT name FROM customers WHERE country = 'NL'", 2],
  ["INSERT OR IGNORE INTO notes (title) VALUES ('one'), ('new')", 1],
  [
    "INSERT INTO notes (title) VALUES ('one') ON CONFLICT (title) DO UPDATE SET text = excluded.title RETURNING text",
    1,
  ],
  ["INSERT INTO notes (title) VALUES ('one') ON CONFLICT DO NOTHING", 0],
  ["INSERT INTO orders VALUES (50, 1, 2, 'x', NULL)", 1],
  ['INSERT INTO orders (id, customer_id) VALUES (50, 1) RETURNING *', 1],
  ["INSERT INTO counted (a) VALUES ('x')", 1],
  ["WITH c AS (SELECT 'x' AS a) INSERT INTO notes (title) SELECT a FROM c", 1],
  ['UPDATE notes SET text = upper(title) WHERE id = 1 RETURNING id, text', 1],
  ["UPDATE notes SET text = replace(title, 'o', '0') WHERE title LIKE '%o%'", 2],
  ["UPDATE notes SET title = 'x' || id, text = NULL WHERE id IN (SELECT id FROM customers)", 2],
  ['UPDATE orders SET total = total * 2 WHERE id > 10', 2],
  ['UPDATE notes SET text = c.name FROM customers AS c WHERE c.id = notes.id', 2],
  ['UPDATE notes SET id = id + 100 WHERE id = 1', 1],
  ["WITH c AS (SELECT 1 AS i) UPDATE notes SET text = 'x' WHERE id = (SELECT i FROM c)", 1],
  ['DELETE FROM notes WHERE id = 1 RETURNING title', 1],
  ['DELETE FROM notes WHERE id > 0', 2],
  ["DELETE FROM notes WHERE title = 'nowhere'", 0],
]

describe('an honest write', () => {
  test.each(honestWrites)('%s', async (sql, affected) => {
    const fresh = makeShop()
    const twin = makeShop()
    try {
      const engine = await fresh.engine({ access: 'write', tables: writableTables })
      const before = contents(fresh)
      const action = /INSERT|UPDATE|DELETE/.exec(sql)?.[0] as 'INSERT'
      const preview = await asked(engine, sql, [], { action, preview: true })
      expect(preview.error).toBeUndefined()
      expect(preview.affected).toBe(affected)
      expect(contents(fresh)).toEqual(before)
      const { error, affected: changed, execution } = await asked(engine, sql, [], { action, expected: affected })
      expect(error).toBeUndefined()
      expect(changed).toBe(affected)
      expect(execution.answer['preview']).toBeUndefined()
      twin.admin.exec(sql)
      expect(contents(fresh)).toEqual(contents(twin))
    } finally {
      fresh.remove()
      twin.remove()
    }
  })
})

describe('a write', () => {
  let writing: Shop
  let writer: Executor
  beforeAll(async () => {
    writing = makeShop()
    writer = await writing.engine({ access: 'write', tables: writableTables, limits: { max_affected_rows: 2 } })
  })
  afterAll(() => writing.remove())

  const undone: readonly (readonly [why: string, sql: string, code: string, expected: number | null])[] = [
    ['of too many rows', "INSERT INTO notes (title) VALUES ('a'), ('b'), ('c')", 'max_affected_rows', null],
    ['whose triggers change too many', "INSERT INTO counted (a) VALUES ('a'), ('b')", 'max_affected_rows', null],
    ['of another number than was approved', 'DELETE FROM notes WHERE id = 1', 'changed_since_preview', 2],
    ['that breaks a UNIQUE', "INSERT INTO notes (title) VALUES ('one')", 'SQLITE_CONSTRAINT_UNIQUE', null],
    ['that breaks a NOT NULL', 'INSERT INTO notes (title) VALUES (NULL)', 'SQLITE_CONSTRAINT_NOTNULL', null],
    ['that breaks a foreign key', 'INSERT INTO orders (customer_id) VALUES (99)', 'SQLITE_CONSTRAINT_FOREIGNKEY', null],
    [
      'that rolls back by itself',
      "INSERT OR ROLLBACK INTO notes (title) VALUES ('x'), ('one')",
      'SQLITE_CONSTRAINT_UNIQUE',
      null,
    ],
    [
      'that fails half-way',
      "INSERT OR FAIL INTO notes (title) VALUES ('x'), ('one')",
      'SQLITE_CONSTRAINT_UNIQUE',
      null,
    ],
  ]
  test.each(undone)('%s has no effect', async (_why, sql, code, expected) => {
    const before = contents(writing)
    const { error } = await asked(writer, sql, [], { expected })
    expect(error?.code).toBe(code)
    expect(contents(writing)).toEqual(before)
    expect((await asked(writer, 'SELECT count(*) FROM notes')).rows).toEqual([[2]])
  })
})

describe('a preview', () => {
  const previewed = makeShop()
  let writer: Executor
  beforeAll(async () => {
    const insert = previewed.admin.prepare('INSERT INTO notes (title) VALUES (?)')
    for (let n = 0; n < 30; n += 1) insert.run(`many ${n}`)
    writer = await previewed.engine({ access: 'write', tables: writableTables })
  })
  afterAll(() => previewed.remove())

  test('shows some of the rows that would be changed, counts all, and changes nothing', async () => {
    const before = contents(previewed)
    const text = "UPDATE main.notes SET text = 'seen' WHERE title LIKE 'many%'"
    const sampled = `${text} RETURNING "id", "title", "text"`
    const { rows, columns, affected, truncated, execution } = await asked(writer, text, [], { sampled, preview: true })
    expect(columns.map(({ name }) => name)).toEqual(['id', 'title', 'text'])
    expect(rows).toHaveLength(10)
    expect(rows.every(row => row[2] === 'seen')).toBe(true)
    expect([affected, truncated]).toEqual([30, true])
    expect(execution.answer).toMatchObject({
      preview: true,
      row_count: 10,
      hint: expect.stringMatching('affected_rows'),
    })
    expect(contents(previewed)).toEqual(before)
  })

  test.each([
    ['a hidden column', 'DELETE FROM main.notes WHERE id = 1 RETURNING "secret"'],
    ['every column', 'DELETE FROM main.notes WHERE id = 1 RETURNING *'],
    ['another table', "UPDATE customers SET name = 'x' WHERE id = 1 RETURNING id"],
    ['another statement', 'DROP TABLE notes'],
  ])('is held to the scope as well: %s', async (_what, sampled) => {
    const before = contents(previewed)
    const text = 'DELETE FROM main.notes WHERE id = 1'
    const { error, rows } = await asked(writer, text, [], { sampled, preview: true })
    expect(error?.code).toMatch(/^SQLITE_/)
    expect(rows).toEqual([])
    expect(contents(previewed)).toEqual(before)
  })
})

test('a statement leaves nothing behind for the next one', async () => {
  const fresh = makeShop()
  const engine = await fresh.engine({ access: 'write', tables: writableTables })
  await asked(engine, "INSERT INTO notes (title) VALUES ('x')")
  for (const name of ['last_insert_rowid()', 'changes()', 'total_changes()'])
    expect((await asked(engine, `SELECT ${name}`)).error?.code).toBe('SQLITE_ERROR')
  await asked(engine, "INSERT INTO notes (title) VALUES ('y')", [], { preview: true })
  expect((await asked(engine, 'SELECT title FROM notes ORDER BY id')).rows).toEqual([['one'], ['two'], ['x']])
  // A handle that is still within a transaction would hold a lock.
  fresh.admin.exec("DELETE FROM notes WHERE title = 'x'")
  fresh.remove()
})

test('functions that a scope lists exist, except those that show what others did', async () => {
  const engine = await shop.engine({ functions: ['sqlite_version', 'LAST_INSERT_ROWID', 'load_extension'] })
  expect((await asked(engine, 'SELECT sqlite_version()')).error).toBeUndefined()
  expect((await asked(engine, 'SELECT last_insert_rowid()')).error).toBeDefined()
  expect((await asked(engine, "SELECT load_extension('x')")).error).toBeDefined()
})

test('an index that begins with a hidden column may serve a search for the next one', async () => {
  const fresh = makeShop()
  fresh.admin.exec(`CREATE TABLE members (id INTEGER PRIMARY KEY, tenant INTEGER, email TEXT);
    CREATE INDEX members_email ON members (tenant, email);
    WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 5000)
      INSERT INTO members SELECT x, x % 3, 'e' || x FROM n;
    ANALYZE`)
  const engine = await fresh.engine({ tables: { members: ['id', 'email'] } })
  const plan = fresh.admin.prepare("EXPLAIN QUERY PLAN SELECT id FROM members WHERE email = 'e7'").all()
  expect(JSON.stringify(plan)).toContain('ANY(tenant)')
  expect((await asked(engine, "SELECT id FROM members WHERE email = 'e7'")).rows).toEqual([[7]])
  const compared = "SELECT id FROM members NATURAL JOIN (SELECT 1 AS tenant) WHERE email = 'e7'"
  expect((await asked(engine, compared)).error?.code).toBe('SQLITE_AUTH')
  expect((await asked(engine, 'SELECT id FROM members WHERE tenant > 1 AND email > 1')).error).toBeDefined()
  fresh.remove()
})

function contents({ admin }: Shop) {
  return ['notes', 'orders', 'counted'].map(table => admin.prepare(`SELECT * FROM ${table}`).all())
}
