// Two tables of statements; they are long because SQL is.

/** A query that an agent may well make of the fixture, with the values that are bound. */
export interface Query {
  readonly name: string
  readonly sql: string
  readonly params?: readonly (string | number | null)[]
}

type Row = readonly [name: string, sql: string, params?: Query['params']]

const rows: readonly Row[] = [
  ['a constant', 'SELECT 1 AS one'],
  ['without names for results', "SELECT 1+1, 'a'||'b', -5, 2 * (3+4), NULL, x'AB'"],
  ['a table', 'SELECT * FROM orders ORDER BY id'],
  ['a table with its schema', 'SELECT id FROM main.orders ORDER BY id'],
  ['a table in other letters', 'select ORDERS.ID from Orders order by orders.id'],
  ['listed columns', 'SELECT id, country FROM customers ORDER BY id'],
  ['a table in every kind of quotes', 'SELECT o."id", [o].[total], `o`.`status` FROM "orders" AS \'o\' ORDER BY 1'],
  ['names without results of their own', 'SELECT count(*), sum(total)/2, max( id ) FROM orders'],
  ['the rowid of a table of which all is allowed', 'SELECT rowid, orders.rowid, oid FROM orders ORDER BY _rowid_'],
  [
    'WHERE with everything',
    "SELECT id FROM orders WHERE (total > 5 AND status <> 'void') OR NOT id != 5 OR id IS NULL ORDER BY id",
  ],
  [
    'BETWEEN and NOT BETWEEN',
    'SELECT id FROM orders WHERE total BETWEEN 5 AND 20 AND id NOT BETWEEN 3 AND 9 ORDER BY id',
  ],
  [
    'LIKE, ESCAPE and GLOB',
    "SELECT id FROM orders WHERE status LIKE 'p%' OR status LIKE 'a\\_%' ESCAPE '\\' OR status GLOB 's*' ORDER BY id",
  ],
  [
    'IN a list, an empty one and a subquery',
    'SELECT id FROM orders WHERE id IN (1, 2, 3) AND id NOT IN () AND customer_id IN (SELECT id FROM customers) ORDER BY id',
  ],
  ['IN a table', 'WITH x AS (SELECT 1 UNION SELECT 3) SELECT id FROM orders WHERE id IN x ORDER BY id'],
  [
    'IS, IS NOT, ISNULL and NOTNULL',
    'SELECT id FROM orders WHERE id IS 1 OR (id IS NOT 2 AND total ISNULL) OR status NOTNULL AND id NOT NULL ORDER BY id',
  ],
  [
    'IS DISTINCT FROM',
    'SELECT id FROM orders WHERE id IS NOT DISTINCT FROM 1 OR total IS DISTINCT FROM 20 ORDER BY id',
  ],
  ['row values', "SELECT id FROM orders WHERE (customer_id, status) = (1, 'paid') OR (id, total) > (4, 0) ORDER BY id"],
  ['row values in a list', "SELECT id FROM orders WHERE (id, status) IN (VALUES (1, 'open'), (2, 'void'))"],
  [
    'CASE in both forms',
    "SELECT CASE status WHEN 'open' THEN 1 ELSE 0 END AS a, CASE WHEN total > 10 THEN 'big' WHEN total > 5 THEN 'mid' END AS b FROM orders ORDER BY id",
  ],
  ['bits and shifts', 'SELECT 5 & 3, 5 | 3, ~5, 1 << 4, 256 >> 2, 7 % 3, - -5, +5, 1 - -1, 4/ +2'],
  ['comparisons in all spellings', 'SELECT 1 == 1, 1 <> 2, 1 != 2, 1 <= 2, 2 >= 1, TRUE, false, 1 IS TRUE'],
  [
    'CAST',
    "SELECT CAST(total AS INTEGER), CAST(id AS TEXT), CAST('12' AS DECIMAL(10, 2)), CAST(1 AS UNSIGNED BIG INT) FROM orders ORDER BY id",
  ],
  [
    'collations',
    "SELECT status COLLATE NOCASE FROM orders WHERE status = 'OPEN' COLLATE nocase ORDER BY status COLLATE BINARY, id COLLATE rtrim",
  ],
  ['DISTINCT', 'SELECT DISTINCT country FROM customers ORDER BY country'],
  ['ALL', 'SELECT ALL country FROM customers ORDER BY id'],
  ['ORDER BY a number, an alias and with NULLS', 'SELECT id, total AS t FROM orders ORDER BY t DESC NULLS LAST, 1 ASC'],
  ['LIMIT with OFFSET', 'SELECT id FROM orders ORDER BY id LIMIT 2 OFFSET 1'],
  ['LIMIT in its other form', 'SELECT id FROM orders ORDER BY id LIMIT 1, 3'],
  ['GROUP BY and HAVING', 'SELECT status, count(*) AS n FROM orders GROUP BY status HAVING n >= 1 ORDER BY status'],
  [
    'GROUP BY an alias',
    'SELECT substr(placed_at, 1, 7) AS month, sum(total) AS total FROM orders GROUP BY month ORDER BY month',
  ],
  [
    'aggregates with FILTER and DISTINCT',
    "SELECT count(DISTINCT customer_id) AS c, count(*) FILTER (WHERE status = 'paid') AS p, total(total) AS t FROM orders",
  ],
  [
    'an aggregate with ORDER BY',
    "SELECT group_concat(status, '; ' ORDER BY id DESC) AS s, string_agg(status, ',') AS t FROM orders",
  ],
  ['a join', 'SELECT o.id, c.country FROM orders o JOIN customers c ON c.id = o.customer_id ORDER BY o.id'],
  ['a join with USING', "SELECT id, status, label FROM orders JOIN (SELECT 1 AS id, 'x' AS label) USING (id)"],
  [
    'a natural join',
    'SELECT country, total FROM customers NATURAL JOIN (SELECT customer_id AS id, total FROM order_totals) ORDER BY id',
  ],
  [
    'outer joins',
    'SELECT c.id, o.id FROM customers c LEFT OUTER JOIN orders o ON o.customer_id = c.id AND o.total > 15 ORDER BY 1, 2',
  ],
  ['a right join', 'SELECT c.id, o.id FROM orders o RIGHT JOIN customers c ON c.id = o.id ORDER BY c.id'],
  ['a full join', 'SELECT a.id, b.id FROM orders a FULL JOIN customers b ON a.id = b.id + 3 ORDER BY 1, 2'],
  ['cross joins', 'SELECT a.id, b.id FROM customers a CROSS JOIN customers b, tags WHERE tags.id = 1 ORDER BY 1, 2'],
  [
    'a join in parentheses',
    'SELECT o.id FROM orders o JOIN (customers c JOIN tags t ON t.id = c.id) ON c.id = o.customer_id ORDER BY 1',
  ],
  ['a join in parentheses with a name', 'SELECT j.country FROM (customers CROSS JOIN tags) AS j ORDER BY 1'],
  ['a table in parentheses', 'SELECT id FROM (customers) ORDER BY id'],
  [
    'all columns of one table',
    'SELECT t.*, o.total FROM orders o JOIN tags AS t ON t.id = o.customer_id ORDER BY o.id',
  ],
  ['a subquery in FROM', 'SELECT t.m FROM (SELECT max(total) AS m FROM orders GROUP BY customer_id) AS t ORDER BY t.m'],
  ['a subquery in FROM without a name', 'SELECT * FROM (SELECT id, total FROM orders) WHERE total > 10 ORDER BY id'],
  [
    'a result called as it was written',
    'SELECT "count(*)", "sum(total)" FROM (SELECT count(*), sum(total) FROM orders)',
  ],
  [
    'a scalar subquery',
    'SELECT id, (SELECT country FROM customers c WHERE c.id = o.customer_id) AS country FROM orders o ORDER BY id',
  ],
  [
    'EXISTS and NOT EXISTS',
    "SELECT id FROM customers c WHERE EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id) AND NOT EXISTS (SELECT 1 FROM orders WHERE customer_id = c.id AND status = 'void') ORDER BY id",
  ],
  [
    'a subquery deep within',
    "SELECT id FROM orders WHERE total > (SELECT avg(total) FROM orders WHERE customer_id IN (SELECT id FROM customers WHERE country = 'NL')) ORDER BY id",
  ],
  ['UNION', 'SELECT id FROM orders UNION SELECT id + 3 FROM customers ORDER BY id'],
  [
    'UNION ALL, EXCEPT and INTERSECT',
    'SELECT id FROM orders UNION ALL SELECT id FROM customers EXCEPT SELECT 2 INTERSECT SELECT id FROM orders ORDER BY 1 LIMIT 3',
  ],
  ['VALUES', "VALUES (1, 'a'), (2, 'b')"],
  ['VALUES in FROM', "SELECT column1 + 1 AS x, column2 FROM (VALUES (1, 'a'), (2, 'b')) ORDER BY column1"],
  [
    'a CTE',
    'WITH big AS (SELECT id, total FROM orders WHERE total > 8) SELECT count(*) AS n, max(total) AS m FROM big',
  ],
  [
    'several CTEs',
    'WITH a AS (SELECT id FROM orders), b(x) AS (SELECT id FROM customers) SELECT a.id, b.x FROM a JOIN b ON b.x = a.id ORDER BY 1',
  ],
  [
    'CTEs with hints',
    'WITH a AS MATERIALIZED (SELECT id FROM orders), b AS NOT MATERIALIZED (SELECT id FROM a) SELECT id FROM b ORDER BY id',
  ],
  [
    'a CTE in a subquery',
    'SELECT id, (WITH c AS (SELECT country FROM customers WHERE id = 1) SELECT country FROM c) AS x FROM orders o ORDER BY id',
  ],
  ['a CTE called as a table', 'WITH orders AS (SELECT 5 AS five) SELECT five FROM orders'],
  ['a later CTE first', 'WITH a AS (SELECT x FROM b), b AS (SELECT 7 AS x) SELECT x FROM a'],
  [
    'a recursive CTE',
    'WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 10) SELECT sum(i) AS s FROM n',
  ],
  [
    'a recursive CTE of days',
    "WITH RECURSIVE d(day) AS (SELECT '2026-01-01' UNION ALL SELECT date(day, '+1 day') FROM d LIMIT 5) SELECT d.day, count(o.id) AS n FROM d LEFT JOIN orders o ON date(o.placed_at) = d.day GROUP BY d.day ORDER BY 1",
  ],
  [
    'a recursive CTE with LIMIT and ORDER BY',
    'WITH RECURSIVE t(id, level) AS (SELECT 1, 0 UNION SELECT id + 1, level + 1 FROM t ORDER BY 2 DESC LIMIT 4) SELECT * FROM t',
  ],
  [
    'row_number',
    'SELECT id, row_number() OVER (PARTITION BY customer_id ORDER BY total DESC) AS n FROM orders ORDER BY id',
  ],
  [
    'window functions',
    'SELECT id, rank() OVER w AS r, dense_rank() OVER w AS d, lag(total, 1, 0) OVER w AS l, first_value(id) OVER w AS f, ntile(2) OVER w AS t FROM orders WINDOW w AS (ORDER BY total) ORDER BY id',
  ],
  [
    'a running total',
    'SELECT id, sum(total) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS s FROM orders ORDER BY id',
  ],
  [
    'frames',
    'SELECT id, avg(total) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW) AS a, count(*) OVER (ORDER BY id GROUPS 1 PRECEDING) AS g, sum(id) OVER (ORDER BY id RANGE BETWEEN 1 PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE TIES) AS r FROM orders ORDER BY id',
  ],
  [
    'windows made of windows',
    'SELECT id, sum(total) FILTER (WHERE total > 5) OVER (w ROWS 1 PRECEDING) AS s FROM orders WINDOW w AS (ORDER BY id) ORDER BY id',
  ],
  [
    'a window over an aggregate',
    'SELECT status, sum(count(*)) OVER () AS all_of_them FROM orders GROUP BY status ORDER BY status',
  ],
  [
    'JSON operators',
    "SELECT details -> '$.items' AS items, details->>'gift' AS gift, details ->> '$.items[0].sku' AS sku FROM orders ORDER BY id",
  ],
  [
    'JSON functions',
    "SELECT json_extract(details, '$.gift') AS g, json_array_length(details, '$.items') AS n, json_type(details) AS t, json_valid(details) AS v FROM orders ORDER BY id",
  ],
  [
    'making JSON',
    "SELECT json_group_array(json_object('id', id, 'total', total)) AS j, json_group_object(status, id) AS o FROM orders",
  ],
  [
    'json_each',
    "SELECT o.id, i.value ->> 'sku' AS sku FROM orders o, json_each(o.details, '$.items') AS i ORDER BY o.id, i.key",
  ],
  [
    'json_each without a name',
    "SELECT id FROM orders WHERE EXISTS (SELECT 1 FROM json_each(orders.details, '$.items') WHERE json_each.value ->> 'n' > 1) ORDER BY id",
  ],
  [
    'json_tree',
    "SELECT fullkey, atom FROM orders, json_tree(orders.details) WHERE type = 'integer' AND orders.id = 1 ORDER BY fullkey",
  ],
  [
    'a list of values as JSON',
    'SELECT status FROM orders WHERE orders.id IN (SELECT value FROM json_each(?)) ORDER BY 1',
    ['[1,2]'],
  ],
  [
    'dates',
    "SELECT date(placed_at, 'start of month', '+1 month') AS d, strftime('%Y-W%W', placed_at) AS w, unixepoch(placed_at) AS u, julianday(placed_at) - julianday('2026-01-01') AS j FROM orders ORDER BY id",
  ],
  [
    'a date without now',
    "SELECT datetime(0, 'unixepoch') AS d, time('12:00', '+1 hour') AS t, timediff('2026-02-01', '2026-01-01') AS f",
  ],
  [
    'the current date',
    "SELECT CURRENT_DATE > '2020-01-01' AS d, current_time IS NOT NULL AS t, CURRENT_TIMESTAMP NOTNULL AS s",
  ],
  [
    'texts',
    "SELECT upper(status), length(status), substr(status, 2), replace(status, 'o', '0'), trim(' a '), instr(status, 'p'), printf('%05.1f', total), hex('ab'), quote(status), coalesce(NULL, status), iif(total > 5, 'y', 'n') FROM orders ORDER BY id",
  ],
  [
    'numbers',
    'SELECT abs(-3), round(2.567, 1), min(3, 1, 2), max(3, 1, 2), sqrt(16), pow(2, 10), ceil(1.2), 7 / 2, 7.0 / 2, 1e3, .5, 5., 0x1F',
  ],
  [
    'keywords in strings and comments',
    "SELECT 'DROP TABLE x; -- ' AS \"select\", '/* no */' AS [from] /* DELETE; */ FROM orders -- ; INSERT\n WHERE id = 1",
  ],
  ['quotes in strings and names', `SELECT 'it''s' AS "a ""name""", '"' AS [q "], 'a;b' AS \`tick\`\`s\``],
  ['names of an odd table', 'SELECT "a column", "select", [Größe], `日本` FROM "odd ""name" ORDER BY "select"'],
  [
    'names of an odd table with a name',
    'SELECT x.Größe * 2 AS "ß×2", x.日本 FROM "odd ""name" AS x WHERE x."select" > 0 ORDER BY 1',
  ],
  ['all of an odd table in an aggregate', 'SELECT count(*) AS n, sum(Größe) FROM [odd "name]'],
  ['unicode in strings', "SELECT '日本 🎉' AS a, unicode('é') AS b, char(128512) AS c, length('🎉é') AS d"],
  ['words as names', 'SELECT o.id AS key, o.total AS "order", o.status AS replace FROM orders o ORDER BY key'],
  ['a parameter', 'SELECT id FROM orders WHERE customer_id = ? AND total > ? ORDER BY id', [1, 15]],
  ['parameters with numbers', 'SELECT ?2 AS b, ?1 AS a, ?1 || ?2 AS ab, ? AS c', ['x', 'y', 'z']],
  ['a parameter in LIMIT', 'SELECT id FROM orders ORDER BY id LIMIT ?1 OFFSET ?2', [2, 1]],
  ['a parameter that is NULL', 'SELECT id FROM orders WHERE (?1 IS NULL OR status = ?1) ORDER BY id', [null]],
  [
    'a view',
    'SELECT t.customer_id, t.orders, c.country FROM order_totals t JOIN customers c ON c.id = t.customer_id ORDER BY 1',
  ],
  ['a table without rowid', "SELECT label FROM no_rowid WHERE code = 'nl'"],
  ['a semicolon at the end', 'SELECT id FROM orders WHERE id = 1 ; -- the end'],
  ['blanks everywhere', '\n SELECT\tcount ( * )\r\n AS n\nFROM\n\torders ;; \n'],
  ['an open comment at the end', 'SELECT id FROM orders WHERE id = 2 /* the end'],
  ['a chain', `SELECT ${Array.from({ length: 200 }, (_, index) => index).join(' + ')} AS sum`],
  [
    'the greatest of each group',
    'SELECT customer_id, id, max(total) AS total FROM orders GROUP BY customer_id ORDER BY 1',
  ],
  [
    'the greatest of each, by a subquery',
    'SELECT a.id FROM orders a WHERE a.total = (SELECT max(b.total) FROM orders b WHERE b.customer_id = a.customer_id) ORDER BY a.id',
  ],
]

/** Queries whose rows are the same whether the judge has been there or not. */
export const queries: readonly Query[] = rows.map(([name, sql, params = []]) => ({ name, sql, params }))

/** A write that an agent may well make. */
export interface Write {
  readonly sql: string
  readonly action: 'INSERT' | 'UPDATE' | 'DELETE'
  /** Each as its access and the table. */
  readonly touches: readonly string[]
}

const written = 'write notes'
const both = ['write notes', 'read notes']

const writeRows: readonly (readonly [string, Write['action'], readonly string[]])[] = [
  ["INSERT INTO notes (title, body) VALUES ('a', 'b'), ('c', 'd')", 'INSERT', [written]],
  ["INSERT INTO [Notes] (title) VALUES ('a')", 'INSERT', [written]],
  ["INSERT OR IGNORE INTO main.notes AS n (id, title) VALUES (1, 'first')", 'INSERT', [written]],
  ['INSERT INTO notes (title) SELECT status FROM orders WHERE id > 3', 'INSERT', [written, 'read orders']],
  ['INSERT INTO notes (title) SELECT country FROM customers c WHERE c.id = 2', 'INSERT', [written, 'read customers']],
  [
    'WITH x(t) AS (SELECT status FROM orders WHERE id = 1) INSERT INTO notes (title) SELECT t FROM x',
    'INSERT',
    [written, 'read orders'],
  ],
  ["INSERT INTO notes (title) VALUES ('a') RETURNING id, title AS t, upper(body)", 'INSERT', both],
  ["INSERT INTO notes (title, body) VALUES ('first', 'x') ON CONFLICT DO NOTHING", 'INSERT', [written]],
  [
    "INSERT INTO notes (title, body) VALUES ('first', 'x') ON CONFLICT (title) DO UPDATE SET body = notes.body || excluded.body WHERE id > 0 RETURNING body",
    'INSERT',
    both,
  ],
  [
    "INSERT INTO notes AS n (title) VALUES ('first') ON CONFLICT (title) DO UPDATE SET (title, body) = (excluded.title, n.body)",
    'INSERT',
    both,
  ],
  ['INSERT INTO tags DEFAULT VALUES RETURNING *', 'INSERT', ['write tags', 'read tags']],
  ["INSERT INTO tags VALUES (9, 'green')", 'INSERT', ['write tags']],
  ["UPDATE notes SET body = 'x' WHERE id = 1", 'UPDATE', both],
  [
    'UPDATE notes AS n SET body = n.title || (SELECT count(*) FROM orders WHERE orders.id = n.id) WHERE n.id IN (1, 2) RETURNING id, body',
    'UPDATE',
    [...both, 'read orders'],
  ],
  ["UPDATE notes SET (title, body) = (SELECT 'a' || id, 'b') WHERE body LIKE 'w%'", 'UPDATE', both],
  [
    'UPDATE notes SET body = c.country FROM customers c JOIN orders o ON o.customer_id = c.id WHERE c.id = notes.id AND o.id = 1',
    'UPDATE',
    [...both, 'read customers', 'read orders'],
  ],
  [
    'WITH x AS (SELECT o.status AS s FROM orders o WHERE o.id = 4) UPDATE notes SET body = x.s FROM x WHERE notes.id = 1',
    'UPDATE',
    [...both, 'read orders'],
  ],
  ["UPDATE tags SET name = name || '!' WHERE rowid = 1 RETURNING *", 'UPDATE', ['write tags', 'read tags']],
  ['DELETE FROM notes WHERE id = 1', 'DELETE', both],
  [
    'DELETE FROM notes AS n WHERE n.title IN (SELECT c.country FROM customers c) OR n.id = 2 RETURNING id',
    'DELETE',
    [...both, 'read customers'],
  ],
  [
    'WITH x AS (SELECT max(orders.id) AS m FROM orders) DELETE FROM notes WHERE id < (SELECT m FROM x)',
    'DELETE',
    [...both, 'read orders'],
  ],
]

/** Writes that do the same whether the judge has been there or not. */
export const writes: readonly Write[] = writeRows.map(([sql, action, touches]) => ({ sql, action, touches }))
