import type { Legitimate } from './legitimate-statement.ts'
import { valueQueries } from './legitimate-values.ts'

/** Queries as people and models write them. */
export const legitimate: readonly Legitimate[] = [
  ...valueQueries,
  { name: 'a column', sql: 'SELECT id FROM orders' },
  { name: 'everything', sql: 'SELECT * FROM orders' },
  { name: 'everything of listed columns', sql: 'select * from customers' },
  { name: 'everything with an alias', sql: 'SELECT c.* FROM customers AS c' },
  { name: 'TABLE', sql: 'TABLE customers' },
  { name: 'a semicolon at the end', sql: 'SELECT 1;' },
  { name: 'nothing at all', sql: 'SELECT FROM orders LIMIT 2' },
  { name: 'a schema', sql: 'SELECT o.id FROM public.orders o WHERE o.id < 3' },
  { name: 'another schema', sql: "SELECT name FROM sales.regions WHERE parent = 'EU'" },
  { name: 'a schema and listed columns', sql: 'SELECT customers.country FROM customers ORDER BY customers.id' },
  { name: 'ONLY', sql: 'SELECT count(*) FROM ONLY orders' },
  { name: 'a view', sql: 'SELECT * FROM order_totals ORDER BY total DESC LIMIT 3' },
  { name: 'a where', sql: "SELECT id, total FROM orders WHERE status = 'paid' AND total > 20 OR id = 1" },
  { name: 'a parameter', sql: 'SELECT id FROM orders WHERE customer_id = $1', params: [3] },
  {
    name: 'parameters',
    sql: 'SELECT id, $2::text AS t FROM orders WHERE status = $1 AND total > $3',
    params: ['paid', 'x', 12],
  },
  { name: 'a parameter twice', sql: 'SELECT $1::int + $1::int AS n', params: [4] },
  { name: 'an array as parameter', sql: 'SELECT id FROM orders WHERE id = ANY($1::int[])', params: [[1, 2, 3]] },
  { name: 'LIKE', sql: "SELECT id FROM orders WHERE status LIKE 'p%' AND status NOT LIKE '%z' ESCAPE '!'" },
  { name: 'ILIKE', sql: "SELECT id FROM orders WHERE status ILIKE 'PA%' AND status NOT ILIKE 'x%'" },
  { name: 'SIMILAR TO', sql: "SELECT DISTINCT status FROM orders WHERE status SIMILAR TO '(open|paid)'" },
  {
    name: 'NOT SIMILAR TO with an escape',
    sql: "SELECT DISTINCT status FROM orders WHERE status NOT SIMILAR TO 'o#%%' ESCAPE '#'",
  },
  {
    name: 'regular expressions',
    sql: "SELECT id FROM orders WHERE status ~ '^p' OR status !~* 'E' OR status ~* 'OPEN'",
  },
  { name: 'IN', sql: "SELECT id FROM orders WHERE status IN ('open', 'sent') AND id NOT IN (1, 2, 3)" },
  {
    name: 'BETWEEN',
    sql: 'SELECT id FROM orders WHERE id BETWEEN 3 AND 5 OR id BETWEEN SYMMETRIC 9 AND 7 OR total NOT BETWEEN 1 AND 100',
  },
  {
    name: 'IS',
    sql: 'SELECT id FROM orders WHERE paid IS TRUE OR due IS NULL OR paid IS UNKNOWN OR paid IS NOT FALSE',
  },
  {
    name: 'IS DISTINCT FROM',
    sql: 'SELECT id FROM orders WHERE paid IS DISTINCT FROM true AND due IS NOT DISTINCT FROM NULL',
  },
  {
    name: 'a comparison of comparisons',
    sql: "SELECT (status LIKE 'p%') = (total > 20) AS same, (paid IS NULL) IS TRUE AS t FROM orders",
  },
  { name: 'NOT', sql: 'SELECT id FROM orders WHERE NOT (paid OR NOT id > 4)' },
  {
    name: 'precedence',
    sql: 'SELECT 2 + 3 * 4 - (5 - 6) AS a, -2 ^ 2 AS b, (-2) ^ 2 AS c, 2 ^ 3 ^ 2 AS d, -(-3) AS e, 7 % 4 AS f, 7 / 2 AS g',
  },
  {
    name: 'signs',
    sql: 'SELECT - id AS n, + total AS t, - - id AS m, @ (-id) AS a, -1::int AS o, |/ 16.0 AS r FROM orders WHERE id < 4',
  },
  {
    name: 'CASE',
    sql: "SELECT id, CASE WHEN total > 50 THEN 'big' WHEN paid THEN 'paid' ELSE 'other' END AS size, CASE status WHEN 'open' THEN 1 END FROM orders",
  },
  {
    name: 'COALESCE and its like',
    sql: 'SELECT COALESCE(due, current_date) IS NOT NULL AS d, NULLIF(status, $1) AS s, GREATEST(id, 5), LEAST(id, 5) FROM orders',
    params: ['open'],
  },
  {
    name: 'row comparison',
    sql: 'SELECT id FROM orders WHERE (customer_id, id) > (3, 5) AND (status, paid) = (status, paid)',
  },
  { name: 'rows in a list', sql: 'SELECT id FROM orders WHERE (customer_id, id % 4) IN ((1, 2), (2, 1), (3, 3))' },
  {
    name: 'aggregates',
    sql: 'SELECT status, count(*), count(DISTINCT customer_id) AS c, sum(total), avg(total), min(due), max(due) FROM orders GROUP BY status',
  },
  {
    name: 'FILTER',
    sql: "SELECT customer_id, count(*) FILTER (WHERE status = 'paid') AS paid, sum(total) FILTER (WHERE paid) FROM orders GROUP BY 1 ORDER BY 1",
  },
  {
    name: 'WITHIN GROUP',
    sql: 'SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY weight), mode() WITHIN GROUP (ORDER BY status), percentile_disc(ARRAY[0.1, 0.9]) WITHIN GROUP (ORDER BY id DESC) FROM orders',
  },
  {
    name: 'ordered aggregates',
    sql: "SELECT status, string_agg(id::text, ', ' ORDER BY total DESC, id) AS ids, array_agg(DISTINCT customer_id ORDER BY customer_id) FROM orders GROUP BY status",
  },
  {
    name: 'HAVING',
    sql: 'SELECT customer_id FROM orders GROUP BY customer_id HAVING sum(total) > 300 AND bool_or(paid)',
  },
  {
    name: 'GROUPING SETS',
    sql: 'SELECT status, paid, count(*), grouping(status, paid) FROM orders GROUP BY GROUPING SETS ((status, paid), (status), ())',
  },
  {
    name: 'ROLLUP and CUBE',
    sql: 'SELECT status, customer_id, paid, count(*) FROM orders GROUP BY ROLLUP (status, (customer_id, paid)), CUBE (paid)',
  },
  {
    name: 'GROUP BY DISTINCT',
    sql: 'SELECT status, paid, count(*) FROM orders GROUP BY DISTINCT ROLLUP (status), ROLLUP (status, paid)',
  },
  { name: 'DISTINCT', sql: 'SELECT DISTINCT status, paid FROM orders' },
  {
    name: 'DISTINCT ON',
    sql: 'SELECT DISTINCT ON (customer_id) customer_id, id, total FROM orders ORDER BY customer_id, total DESC',
  },
  { name: 'ORDER BY', sql: 'SELECT id, due FROM orders ORDER BY due DESC NULLS LAST, total * -1, 1 LIMIT 7 OFFSET 2' },
  { name: 'ORDER BY USING', sql: 'SELECT id FROM orders ORDER BY id USING > LIMIT 3' },
  { name: 'FETCH FIRST', sql: 'SELECT id FROM orders ORDER BY id OFFSET 3 ROWS FETCH FIRST 2 ROWS ONLY' },
  { name: 'WITH TIES', sql: 'SELECT status FROM orders ORDER BY status FETCH FIRST 3 ROWS WITH TIES' },
  { name: 'LIMIT ALL', sql: 'SELECT id FROM customers LIMIT ALL OFFSET 1 + 1' },
  {
    name: 'a window',
    sql: 'SELECT id, row_number() OVER (PARTITION BY status ORDER BY total DESC) AS n, rank() OVER (ORDER BY customer_id) FROM orders',
  },
  {
    name: 'a named window',
    sql: 'SELECT id, sum(total) OVER w AS s, lag(id, 1, 0) OVER w, first_value(id) OVER (w ROWS UNBOUNDED PRECEDING) FROM orders WINDOW w AS (PARTITION BY customer_id ORDER BY id)',
  },
  {
    name: 'frames',
    sql: 'SELECT id, avg(total) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW) AS a, count(*) OVER (ORDER BY customer_id GROUPS BETWEEN CURRENT ROW AND 1 FOLLOWING EXCLUDE TIES), max(id) OVER (ORDER BY id RANGE BETWEEN 3 PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE GROUP) FROM orders',
  },
  {
    name: 'a frame over time',
    sql: "SELECT id, count(*) OVER (ORDER BY placed_at RANGE BETWEEN interval '2 days' PRECEDING AND CURRENT ROW) AS n FROM orders",
  },
  {
    name: 'windows over aggregates',
    sql: 'SELECT status, sum(sum(total)) OVER (ORDER BY status) AS running, ntile(2) OVER (ORDER BY count(*), status) FROM orders GROUP BY status',
  },
  {
    name: 'a join',
    sql: 'SELECT o.id, c.country FROM orders o JOIN customers c ON c.id = o.customer_id ORDER BY o.id',
  },
  {
    name: 'outer joins',
    sql: "SELECT c.id, o.id AS oid FROM customers c LEFT JOIN orders o ON o.customer_id = c.id AND o.status = 'paid' FULL JOIN people p ON p.id = c.id RIGHT JOIN notes n ON n.id = o.id",
  },
  { name: 'USING', sql: 'SELECT id, customers.country, people.name FROM customers JOIN people USING (id)' },
  { name: 'USING with an alias', sql: 'SELECT j.id, c.country FROM customers c JOIN people p USING (id) AS j' },
  { name: 'NATURAL JOIN', sql: 'SELECT * FROM customers NATURAL JOIN people' },
  { name: 'CROSS JOIN', sql: 'SELECT c.id, n.id FROM customers c CROSS JOIN notes n WHERE c.id = n.id' },
  { name: 'a comma', sql: 'SELECT c.id, o.id FROM customers c, orders o WHERE c.id = o.customer_id' },
  {
    name: 'a join with an alias',
    sql: 'SELECT j.a, j.country FROM (customers c JOIN notes n ON c.id = n.id) AS j(a, country)',
  },
  {
    name: 'nested joins',
    sql: 'SELECT count(*) FROM orders o JOIN (customers c LEFT JOIN people p ON p.id = c.id) ON c.id = o.customer_id',
  },
  { name: 'new names for columns', sql: 'SELECT x.a, x.b FROM customers AS x(a, b) WHERE x.a > 2' },
  {
    name: 'a self join',
    sql: 'SELECT a.id, b.id FROM customers a JOIN customers b ON a.country = b.country AND a.id < b.id',
  },
  {
    name: 'LATERAL',
    sql: 'SELECT c.id, l.id AS last FROM customers c LEFT JOIN LATERAL (SELECT id FROM orders o WHERE o.customer_id = c.id ORDER BY id DESC LIMIT 1) l ON true',
  },
  {
    name: 'LATERAL over listed columns',
    sql: 'SELECT o.id, l.country FROM orders o, LATERAL (SELECT country FROM customers c WHERE c.id = o.customer_id) AS l',
  },
  {
    name: 'a subquery',
    sql: 'SELECT (SELECT max(total) FROM orders) AS m, (SELECT country FROM customers WHERE id = 1)',
  },
  {
    name: 'a correlated subquery',
    sql: 'SELECT id, (SELECT count(*) FROM orders o WHERE o.customer_id = c.id) AS n FROM customers c',
  },
  {
    name: 'EXISTS',
    sql: "SELECT id FROM customers c WHERE EXISTS (SELECT 1 FROM orders WHERE customer_id = c.id AND status = 'sent') AND NOT EXISTS (SELECT FROM notes WHERE notes.id = c.id + 100)",
  },
  {
    name: 'IN a subquery',
    sql: 'SELECT id FROM customers WHERE id IN (SELECT customer_id FROM orders WHERE total > 100) AND id NOT IN (SELECT id FROM notes WHERE id > 5)',
  },
  {
    name: 'ANY and ALL',
    sql: 'SELECT id FROM orders WHERE total > ALL (SELECT total FROM orders WHERE id < 30) OR id = ANY (SELECT id FROM notes) OR id <> ALL (ARRAY[1, 2]) AND id < 3',
  },
  {
    name: 'ARRAY of a subquery',
    sql: 'SELECT c.id, ARRAY(SELECT o.id FROM orders o WHERE o.customer_id = c.id ORDER BY 1) AS ids FROM customers c',
  },
  {
    name: 'a subquery in FROM',
    sql: 'SELECT s.country, s.n FROM (SELECT country, count(*) AS n FROM customers GROUP BY country) s WHERE s.n > 1',
  },
  {
    name: 'a row of a subquery',
    sql: 'SELECT id FROM orders WHERE (customer_id, id) = (SELECT customer_id, max(id) FROM orders WHERE customer_id = 2 GROUP BY 1)',
  },
  { name: 'a CTE', sql: 'WITH big AS (SELECT * FROM orders WHERE total > 60) SELECT count(*), min(id) FROM big' },
  {
    name: 'CTEs',
    sql: 'WITH a AS (SELECT customer_id, sum(total) AS t FROM orders GROUP BY 1), b(id, t) AS MATERIALIZED (SELECT a.customer_id, a.t FROM a WHERE a.t > 1), c AS NOT MATERIALIZED (SELECT id FROM customers) SELECT b.* FROM b JOIN c ON c.id = b.id',
  },
  {
    name: 'a CTE with the name of its table',
    sql: "WITH customers AS (SELECT * FROM customers WHERE country = 'NL') SELECT * FROM customers",
  },
  {
    name: 'a CTE within',
    sql: 'SELECT * FROM (WITH orders AS (SELECT 1 AS one) SELECT * FROM orders) x, orders o WHERE o.id = 1',
  },
  {
    name: 'a recursive CTE',
    sql: 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10) SELECT sum(i) FROM n',
  },
  {
    name: 'a tree',
    sql: "WITH RECURSIVE t AS (SELECT code, name, 1 AS depth FROM sales.regions WHERE parent IS NULL UNION ALL SELECT r.code, t.name || ' > ' || r.name, t.depth + 1 FROM sales.regions r JOIN t ON r.parent = t.code) SELECT * FROM t",
  },
  {
    name: 'SEARCH and CYCLE',
    sql: 'WITH RECURSIVE t(code) AS (SELECT code FROM sales.regions WHERE parent IS NULL UNION ALL SELECT r.code FROM sales.regions r JOIN t ON r.parent = t.code) SEARCH DEPTH FIRST BY code SET ord CYCLE code SET looped TO true DEFAULT false USING path SELECT code, looped FROM t ORDER BY ord',
  },
  { name: 'UNION', sql: 'SELECT id FROM customers UNION SELECT id FROM notes ORDER BY id' },
  {
    name: 'set operations',
    sql: 'SELECT id FROM orders EXCEPT (SELECT customer_id FROM orders INTERSECT SELECT id FROM customers WHERE id < 5) ORDER BY 1 LIMIT 5',
  },
  {
    name: 'UNION ALL with limits',
    sql: "(SELECT id, 'o' AS kind FROM orders ORDER BY total DESC LIMIT 2) UNION ALL (SELECT id, 'c' FROM customers ORDER BY id LIMIT 2)",
  },
  { name: 'VALUES', sql: "VALUES (1, 'a'), (2, 'b'), (3, NULL)" },
  {
    name: 'VALUES in FROM',
    sql: "SELECT v.id, v.label, c.country FROM (VALUES (1, 'one'), (2, 'two')) AS v(id, label) JOIN customers c USING (id)",
  },
  { name: 'VALUES with given names', sql: 'SELECT column1, column2 FROM (VALUES (1, 2), (3, 4)) AS v' },
  { name: 'generate_series', sql: 'SELECT g, g * 2 AS d FROM generate_series(1, 5) g' },
  {
    name: 'days',
    sql: "SELECT d::date, count(o.id) FROM generate_series('2026-01-01'::timestamptz, '2026-01-10', interval '1 day') AS d LEFT JOIN orders o ON o.placed_at >= d AND o.placed_at < d + interval '1 day' GROUP BY d ORDER BY d",
  },
  {
    name: 'unnest',
    sql: 'SELECT o.id, t.tag, t.n FROM orders o, unnest(o.tags) WITH ORDINALITY AS t(tag, n) WHERE o.id < 4',
  },
  { name: 'unnest of several', sql: "SELECT * FROM unnest(ARRAY[1, 2, 3], ARRAY['a', 'b']) AS u(n, t)" },
  {
    name: 'ROWS FROM',
    sql: 'SELECT * FROM ROWS FROM (generate_series(1, 3), json_to_recordset(\'[{"a": 1}]\') AS (a int)) WITH ORDINALITY AS r(x, y, z)',
  },
  { name: 'a set in the select list', sql: 'SELECT id, unnest(tags) AS tag FROM orders WHERE id IN (1, 2)' },
  {
    name: 'quoted names',
    sql: 'SELECT "Titel", "Preis €", "select" FROM "Wäre 店"."Bücher" WHERE "Preis €" > 5 ORDER BY "Titel"',
  },
  {
    name: 'a quoted alias',
    sql: 'SELECT b."Titel" AS "Der ""Titel""", 1 AS "select", 2 "from" FROM "Wäre 店"."Bücher" AS b',
  },
  { name: 'a name without its schema', sql: 'SELECT "Bücher"."Titel" FROM "Wäre 店"."Bücher"' },
  { name: 'a keyword as column', sql: 'SELECT "user", o."user" AS u FROM orders o GROUP BY "user"' },
  {
    name: 'unicode in texts',
    sql: "SELECT '三体' AS a, U&'d\\0061t\\+000061' AS b, E'\\u00e9\\n\\'' AS c, 'O''Neill' AS d, $$it's$$ AS e, $x$a $$ b$x$ AS f, 'a\\b' AS g",
  },
  {
    name: 'keywords in texts',
    sql: "SELECT 'DROP TABLE secrets; --' AS a, ';' AS b, '/*' AS c, '*/ INSERT' AS d, $$ DELETE FROM orders $$ AS e",
  },
  {
    name: 'keywords in comments',
    sql: 'SELECT id -- ; DROP TABLE orders\nFROM orders /* secrets /* nested ; */ UPDATE */ WHERE id = 1',
  },
  { name: 'texts over lines', sql: "SELECT 'a'\n'b' AS t" },
  { name: 'an allowed function', sql: 'SELECT public.twice(id) AS n FROM orders WHERE id < 3' },
  { name: 'a function of pg_catalog', sql: "SELECT pg_catalog.upper('x'), 1 OPERATOR(pg_catalog.+) 2 AS n" },
  { name: 'filtered rows', sql: 'SELECT * FROM people ORDER BY id' },
  {
    name: 'filtered rows, joined and counted',
    sql: 'SELECT p.country, count(*), sum(p.balance) FROM people p JOIN customers c ON c.id = p.id GROUP BY p.country',
  },
  { name: 'filtered rows of all columns', sql: "SELECT t.*, t.subject || '!' AS s FROM tickets AS t WHERE t.id > 3" },
  { name: 'TABLESAMPLE', sql: 'SELECT count(*) FROM orders TABLESAMPLE BERNOULLI (100) REPEATABLE (1)' },
  {
    name: 'TABLESAMPLE of listed columns',
    sql: 'SELECT count(c.id) FROM customers AS c TABLESAMPLE SYSTEM (100)',
    means: 'SELECT count(id) FROM customers',
  },
  {
    name: 'a long list',
    sql: `SELECT count(*) FROM orders WHERE id IN (${Array.from({ length: 5_000 }, (_, n) => n).join(', ')})`,
  },
  {
    name: 'many conditions',
    sql: `SELECT count(*) FROM orders WHERE ${Array.from({ length: 500 }, (_, n) => `id = ${n}`).join(' OR ')}`,
  },
]

/** Statements that write; each is undone, and what it left is compared as well. */
export const legitimateWrites: readonly Legitimate[] = [
  { name: 'INSERT', sql: "INSERT INTO notes (id, order_id, body) VALUES (100, 1, 'new')" },
  {
    name: 'INSERT with parameters',
    sql: 'INSERT INTO notes (id, body) VALUES ($1, $2) RETURNING id, body',
    params: [101, "it's"],
  },
  {
    name: 'INSERT of rows',
    sql: "INSERT INTO notes (id, body, done) VALUES (100, DEFAULT, true), (101, 'b', DEFAULT) RETURNING notes.id AS n",
  },
  {
    name: 'INSERT of a query',
    sql: "INSERT INTO notes (id, order_id, body) SELECT 200 + id, id, status || total FROM orders WHERE status = 'paid'",
  },
  {
    name: 'INSERT of a CTE',
    sql: 'WITH x AS (SELECT id, country FROM customers) INSERT INTO notes AS n (id, body) SELECT x.id + 300, x.country FROM x RETURNING n.id',
  },
  { name: 'INSERT of defaults', sql: 'INSERT INTO events DEFAULT VALUES RETURNING kind' },
  { name: 'INSERT without columns', sql: "INSERT INTO events VALUES (7, 'x') RETURNING id, kind" },
  { name: 'ON CONFLICT DO NOTHING', sql: "INSERT INTO notes (id, body) VALUES (1, 'x') ON CONFLICT DO NOTHING" },
  {
    name: 'ON CONFLICT DO UPDATE',
    sql: "INSERT INTO notes AS n (id, body) VALUES (1, 'x'), (900, 'y') ON CONFLICT (id) DO UPDATE SET body = n.body || excluded.body WHERE n.id < 5 RETURNING n.id, n.body",
  },
  { name: 'UPDATE', sql: "UPDATE notes SET body = 'x', done = true WHERE id = 3" },
  {
    name: 'UPDATE with parameters',
    sql: 'UPDATE notes SET body = $1, done = DEFAULT WHERE id = $2 RETURNING id, body, done',
    params: ['new', 4],
  },
  {
    name: 'UPDATE FROM',
    sql: 'UPDATE notes AS n SET body = c.country FROM customers c WHERE c.id = n.id AND c.country <> $1',
    params: ['FR'],
  },
  {
    name: 'UPDATE with a subquery',
    sql: 'UPDATE notes SET body = (SELECT max(o.status) FROM orders o WHERE o.id = notes.order_id) WHERE id IN (SELECT c.id FROM customers c)',
  },
  {
    name: 'UPDATE with a CTE',
    sql: 'WITH big AS (SELECT id, status FROM orders WHERE total > 10) UPDATE notes SET body = big.status FROM big WHERE big.id = notes.id',
  },
  { name: 'DELETE', sql: 'DELETE FROM notes WHERE id > 6' },
  {
    name: 'DELETE USING',
    sql: "DELETE FROM notes n USING orders o WHERE o.id = n.order_id AND o.status = 'paid' RETURNING n.id, o.status",
  },
]
