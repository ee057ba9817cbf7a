import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Executor } from '../../../../src/kind.ts'
import { asked, makeShop, marker, type Shop, writableTables } from './shop.ts'

/*
 * Statements that no judge has seen: the engine's own defences are all there is. What is tried here must have an error
 * and no effect, whichever of the authorizer, the program and the text it is that says no.
 */

let shop: Shop
let reader: Executor
let writer: Executor

beforeAll(async () => {
  shop = makeShop()
  reader = await shop.engine()
  writer = await shop.engine({ access: 'write', tables: writableTables })
})
afterAll(() => shop.remove())

const reads: readonly string[] = [
  // columns
  'SELECT secret FROM customers',
  'SELECT * FROM customers',
  'SELECT customers.* FROM customers',
  'SELECT main.customers.secret FROM main.customers',
  'SELECT "secret" FROM "customers"',
  'SELECT [secret] FROM `customers`',
  "SELECT secret FROM 'customers'",
  'SELECT SECRET FROM CUSTOMERS',
  'SELECT name FROM customers ORDER BY secret',
  'SELECT name FROM customers WHERE pin > 80',
  'SELECT count(*) FROM customers GROUP BY secret',
  'SELECT count(*) FROM customers HAVING max(pin) > 80',
  'SELECT max(pin) FROM customers',
  'SELECT count(secret) FROM customers',
  "SELECT count(*) FILTER (WHERE secret LIKE 'H%') FROM customers",
  'SELECT name, sum(id) OVER (PARTITION BY secret) FROM customers',
  'SELECT name, row_number() OVER w FROM customers WINDOW w AS (ORDER BY pin)',
  'SELECT name FROM customers c WHERE EXISTS (SELECT 1 FROM customers d WHERE d.secret = c.name)',
  'SELECT (SELECT secret FROM customers LIMIT 1)',
  'SELECT name FROM customers LIMIT (SELECT pin FROM customers LIMIT 1)',
  'SELECT CASE WHEN secret IS NULL THEN 1 ELSE 2 END FROM customers',
  'WITH c AS (SELECT * FROM customers) SELECT name FROM c',
  'WITH c(a, b, c, d, e) AS (SELECT * FROM customers) SELECT d FROM c',
  'SELECT name FROM customers UNION SELECT secret FROM customers',
  'SELECT name FROM customers EXCEPT SELECT secret FROM customers',
  'SELECT name IN (SELECT secret FROM customers) FROM customers',
  'SELECT lower(secret) FROM customers',
  'SELECT name FROM customers WHERE lower(secret) = ?',
  'SELECT name FROM customers INDEXED BY customers_secret_name WHERE secret > 0',
  'SELECT secret FROM tags',
  'SELECT secret IS NULL FROM tags',
  'SELECT (id, secret) = (1, 2) FROM customers',
  'SELECT value FROM customers, json_each(secret)',
  // joins of which SQLite asks nobody
  "SELECT name FROM customers NATURAL JOIN (SELECT 'HIDDEN' AS secret)",
  'SELECT 1 FROM customers NATURAL JOIN (SELECT 77 AS pin)',
  "SELECT name FROM customers JOIN (SELECT 'HIDDEN' AS secret) USING (secret)",
  "SELECT name FROM (SELECT 'HIDDEN' AS secret) LEFT JOIN customers USING (secret)",
  'SELECT a.name FROM customers a NATURAL JOIN customers b',
  'SELECT count(*) FROM customers a JOIN customers b USING (pin)',
  "SELECT name FROM tags NATURAL JOIN (SELECT 'HIDDEN' AS secret)",
  "SELECT 1 FROM vault NATURAL JOIN (SELECT 'HIDDEN' AS secret)",
  'SELECT 1 FROM vault JOIN (SELECT 1 AS id) USING (id)',
  "SELECT 1 FROM sqlite_schema NATURAL JOIN (SELECT 'vault' AS name)",
  "SELECT 1 FROM pragma_table_list NATURAL JOIN (SELECT 'vault' AS name)",
  "SELECT 1 FROM dbstat NATURAL JOIN (SELECT 'vault' AS name)",
  "SELECT masked FROM people NATURAL JOIN (SELECT 'HIDDEN' AS secret)",
  "SELECT masked FROM people NATURAL JOIN (SELECT 'HIDDEN5' AS leaked)",
  'SELECT code FROM people JOIN (SELECT 5 AS rowid) USING (rowid)',
  'SELECT count(*) FROM customers NATURAL JOIN tags',
  'WITH c AS (SELECT 77 AS pin) SELECT name FROM customers NATURAL JOIN c',
  // rowids
  'SELECT rowid FROM people',
  'SELECT oid FROM people',
  'SELECT _rowid_ FROM people WHERE rowid = 1',
  'SELECT code FROM people WHERE rowid = 2',
  'SELECT id FROM codes',
  'SELECT code FROM codes WHERE id = 4711',
  'SELECT code FROM codes WHERE oid = 4711',
  'SELECT code FROM codes ORDER BY id',
  'SELECT code FROM codes NATURAL JOIN (SELECT 4711 AS id)',
  'SELECT code FROM (SELECT 4711 AS id UNION SELECT 1) JOIN codes USING (id)',
  'SELECT code FROM codes LEFT JOIN (SELECT 4711 AS id UNION SELECT 1) AS i USING (id) WHERE i.id > 0',
  'SELECT count(*) FROM codes a NATURAL JOIN codes b',
  // computed columns
  'SELECT leaked FROM people',
  'SELECT code FROM people ORDER BY leaked',
  // other tables, and what the database says of itself
  'SELECT * FROM vault',
  'SELECT count(*) FROM vault',
  'SELECT 1 FROM vault',
  'SELECT EXISTS (SELECT 1 FROM vault)',
  "SELECT 'x' IN vault",
  'SELECT name FROM customers JOIN vault ON true',
  'TABLE vault',
  'SELECT * FROM sqlite_master',
  'SELECT sql FROM sqlite_schema',
  'SELECT * FROM sqlite_temp_master',
  'SELECT * FROM sqlite_sequence',
  "SELECT * FROM pragma_table_info('vault')",
  'SELECT * FROM pragma_database_list',
  'SELECT * FROM dbstat',
  'SELECT * FROM found',
  "SELECT * FROM found WHERE found MATCH 'HIDDEN'",
  'SELECT * FROM found_content',
  'SELECT * FROM temp.customers',
  'SELECT * FROM broken',
  // views
  'WITH dutch AS (SELECT secret AS id FROM customers) SELECT id FROM dutch',
  'WITH "Dutch" (id) AS (SELECT secret FROM customers) SELECT id FROM dutch',
  'WITH dutch AS MATERIALIZED (SELECT secret FROM customers) SELECT * FROM dutch',
  "WITH 'dutch' AS (SELECT secret FROM customers) SELECT * FROM dutch",
  'WITH vault_count AS (SELECT secret FROM vault) SELECT * FROM vault_count',
  'SELECT secret FROM dutch',
  "SELECT d.name FROM dutch d, customers c NATURAL JOIN (SELECT 'HIDDEN' AS secret)",
  'SELECT (SELECT count(*) FROM vault), n FROM vault_count',
  "SELECT n FROM vault_count, (SELECT 1 FROM vault NATURAL JOIN (SELECT 'HIDDEN' AS secret))",
  'WITH sqlite_schema AS (SELECT 1) SELECT 1 FROM main.sqlite_schema',
  'WITH dbstat AS (SELECT 1) SELECT 1 FROM main.dbstat',
  'WITH found_content AS (SELECT 1) SELECT count(*) FROM main.found_content',
  'WITH vault AS (SELECT 1) SELECT count(*) FROM main.vault',
  // rows
  'SELECT id, name FROM local_customers',
  'SELECT id FROM main.local_customers WHERE id = 7',
  "SELECT id FROM (SELECT id, name FROM main.local_customers WHERE (country = 'DE') LIMIT -1)",
  "SELECT country FROM (SELECT id, country FROM main.local_customers WHERE (country = 'NL') LIMIT -1)",
  "SELECT * FROM (SELECT * FROM main.local_customers WHERE (country = 'NL') LIMIT -1)",
  "SELECT * FROM (SELECT id FROM main.local_customers WHERE (country = 'NL' OR 1) LIMIT -1)",
  "SELECT * FROM (SELECT id FROM main.local_customers WHERE (country = 'NL') OR 1 LIMIT -1)",
  "SELECT * FROM (SELECT id FROM main.local_customers WHERE (country = 'NL') UNION ALL SELECT id FROM main.local_customers LIMIT -1)",
  "SELECT id FROM (SELECT id FROM main.local_customers WHERE (country = 'NL') LIMIT -1), local_customers",
  // functions
  'SELECT last_insert_rowid()',
  'SELECT changes(), total_changes()',
  "SELECT load_extension('/tmp/x.so')",
  'SELECT sqlite_compileoption_get(1)',
  'SELECT fts3_tokenizer(?)',
  "SELECT readfile('/etc/passwd')",
  // other statements
  "ATTACH DATABASE '/tmp/other.db' AS other",
  'DETACH main',
  "VACUUM INTO '/tmp/copy.db'",
  'VACUUM',
  'PRAGMA table_list',
  'PRAGMA query_only = OFF',
  'PRAGMA writable_schema = ON',
  'CREATE TEMP TABLE t AS SELECT * FROM customers',
  'CREATE TABLE t (a)',
  'CREATE TEMP VIEW v AS SELECT * FROM vault',
  'CREATE TEMP TRIGGER t AFTER INSERT ON orders BEGIN SELECT 1; END',
  'CREATE VIRTUAL TABLE v USING fts5 (a)',
  'DROP TABLE orders',
  'ALTER TABLE orders ADD COLUMN a',
  'REINDEX',
  'ANALYZE',
  'BEGIN',
  'COMMIT',
  'ROLLBACK',
  'SAVEPOINT a',
  'EXPLAIN SELECT * FROM orders',
  'EXPLAIN QUERY PLAN SELECT * FROM orders',
  'QUERY PLAN SELECT 1',
  // more than one statement, and texts that are read differently
  'SELECT id FROM orders; SELECT * FROM vault',
  'SELECT id FROM orders; DROP TABLE orders',
  'SELECT id FROM orders;; ',
  'SELECT id FROM orders\0; SELECT 1',
  '\ufeffSELECT id FROM orders',
  "SELECT $a(') , secret FROM customers --')",
  'SELECT :a(x) FROM orders',
  '',
  '-- nothing',
  // writes, where only reading is allowed
  'INSERT INTO orders (id) VALUES (99)',
  "UPDATE orders SET note = 'x' WHERE id = 10",
  'DELETE FROM orders WHERE id = 10',
  'WITH c AS (SELECT 1) DELETE FROM orders WHERE id = 10',
]

test.each(reads)('a tool that reads refuses: %s', async sql => {
  const { error, rows, execution } = await asked(reader, sql, sql.includes('?') ? ['x'] : [])
  expect(error, JSON.stringify(rows)).toBeDefined()
  expect(rows).toEqual([])
  expect(JSON.stringify(execution.answer)).not.toContain(shop.folder)
})

const writes: readonly string[] = [
  'INSERT INTO customers (id, name) VALUES (50, 1)',
  'INSERT INTO vault (id) VALUES (50)',
  "INSERT INTO notes (title, secret) VALUES ('x', 'y')",
  "INSERT INTO notes VALUES (50, 'x', 'y', 'z')",
  'INSERT INTO notes DEFAULT VALUES',
  'INSERT INTO notes SELECT * FROM notes',
  'INSERT INTO orders SELECT id, id, pin, secret, secret FROM customers',
  'INSERT INTO orders (note) SELECT secret FROM customers',
  'INSERT INTO orders (note) SELECT title FROM notes NATURAL JOIN (SELECT 1 AS secret)',
  "INSERT OR REPLACE INTO notes (id, title) VALUES (1, 'x')",
  "REPLACE INTO notes (id, title) VALUES (1, 'x')",
  "UPDATE OR REPLACE notes SET title = 'two' WHERE id = 1",
  "INSERT INTO notes (title) VALUES ('x') RETURNING secret",
  "INSERT INTO notes (title) VALUES ('x') RETURNING *",
  "INSERT INTO notes (title) VALUES ('x') RETURNING (SELECT secret FROM vault)",
  "INSERT INTO notes (title) VALUES ('one') ON CONFLICT (title) DO UPDATE SET text = secret",
  "INSERT INTO notes (title) VALUES ('one') ON CONFLICT (title) DO UPDATE SET secret = 'x'",
  "INSERT INTO notes (title) VALUES ('one') ON CONFLICT (title) DO UPDATE SET text = 'x' WHERE notes.secret = 'HIDDEN'",
  "INSERT INTO notes (title) VALUES ('one') ON CONFLICT (title) DO UPDATE SET text = excluded.secret",
  'INSERT INTO notes (title) VALUES (\'one\') ON CONFLICT (title) DO UPDATE SET text = "Excluded" . [SECRET]',
  "INSERT INTO notes (title) VALUES ('one') ON CONFLICT (title) DO UPDATE SET text = 'excluded'.'secret'",
  "INSERT INTO notes (title) VALUES ('one') ON CONFLICT (title) DO UPDATE SET text = 'x' WHERE excluded.secret > ''",
  "INSERT INTO notes (title) SELECT 'one' WHERE 1 ON CONFLICT DO UPDATE SET text = coalesce(NULL, excluded.secret)",
  'UPDATE notes SET text = secret WHERE id = 1',
  "UPDATE notes SET secret = 'x' WHERE id = 1",
  "UPDATE notes SET (text, secret) = ('x', 'y') WHERE id = 1",
  "UPDATE notes SET text = 'x' WHERE secret = 'HIDDEN'",
  "UPDATE notes SET text = 'x'",
  "UPDATE notes SET text = (SELECT 'x' FROM orders WHERE id = 10)",
  'UPDATE notes SET text = (SELECT secret FROM vault) WHERE id = 1',
  'UPDATE notes SET text = v.secret FROM vault v WHERE notes.id = v.id',
  "UPDATE notes SET text = 'x' FROM customers c NATURAL JOIN (SELECT 'HIDDEN' AS secret) s WHERE notes.id = c.id",
  'UPDATE notes SET text = 1 WHERE id = 1 RETURNING secret',
  'UPDATE customers SET name = 1 WHERE id = 1',
  "UPDATE notes SET rowid = 5 WHERE secret = 'x'",
  'DELETE FROM notes',
  "DELETE FROM notes WHERE secret LIKE 'H%'",
  'DELETE FROM notes WHERE id = 1 RETURNING *',
  'DELETE FROM notes WHERE id IN (SELECT id FROM vault)',
  'DELETE FROM orders WHERE id = 10',
  'DELETE FROM tags WHERE name = 1',
  "INSERT INTO audited (a) VALUES ('x')",
  "INSERT INTO log VALUES ('x')",
  'INSERT INTO dutch (id) VALUES (1)',
  "INSERT INTO sqlite_sequence VALUES ('notes', 1)",
  "UPDATE sqlite_schema SET sql = 'x' WHERE name = 'vault'",
  "INSERT INTO sqlite_schema (sql) VALUES ('x')",
  "INSERT INTO found (words) VALUES ('x')",
  "INSERT INTO notes (title) VALUES ('x'); DROP TABLE orders",
  'CREATE TABLE t (a)',
  'DROP TABLE orders',
  'PRAGMA writable_schema = ON',
  'ANALYZE',
  "VACUUM INTO '/tmp/copy.db'",
  'COMMIT',
  'SELECT secret FROM customers',
]

test.each(writes)('a tool that writes refuses: %s', async sql => {
  const before = dump()
  const { error, rows } = await asked(writer, sql)
  expect(error, JSON.stringify(rows)).toBeDefined()
  expect(rows).toEqual([])
  expect(dump()).toEqual(before)
})

test('nothing that is hidden is in any answer, whatever action a statement is sent as', async () => {
  for (const sql of [...reads, ...writes]) {
    for (const action of ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] as const) {
      const { execution } = await asked(writer, sql, sql.includes('?') ? ['x'] : [], { action, preview: true })
      expect(JSON.stringify(execution.answer), `${action}: ${sql}`).not.toContain(marker)
    }
  }
})

test('a name that is hidden and one that does not exist are told in the same words', async () => {
  const pairs = [
    ['SELECT secret FROM customers', 'SELECT nowhere FROM customers'],
    ['SELECT 1 FROM vault', 'SELECT 1 FROM nowhere'],
    ['SELECT id FROM vault', 'SELECT id FROM nowhere'],
    ["SELECT load_extension('x')", "SELECT nowhere('x')"],
  ]
  for (const [hidden = '', missing = ''] of pairs) {
    const [one, other] = [await asked(reader, hidden), await asked(reader, missing)]
    const plain = ({ error }: typeof one) => ({ ...error, near: error?.near === undefined ? null : 'NAME' })
    expect(plain(one), hidden).toEqual(plain(other))
  }
})

function dump() {
  const tables = ['customers', 'orders', 'notes', 'vault', 'audited', 'counted', 'log', 'tags', 'sqlite_schema']
  return tables.map(table => shop.admin.prepare(`SELECT * FROM ${table}`).all())
}
