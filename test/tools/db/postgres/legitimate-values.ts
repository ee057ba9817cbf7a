import type { Legitimate } from './legitimate-statement.ts'

const raw = String.raw

/** What is done with values: JSON, arrays, casts, dates, texts, numbers. */
export const valueQueries: readonly Legitimate[] = [
  {
    name: 'JSON operators',
    sql: raw`SELECT data -> 'items' -> 0 ->> 'sku' AS sku, data #>> '{items,0,qty}' AS qty, data ? 'gift' AS g, data ?| ARRAY['x', 'name'] AS h, data -> 'items' -> -1 AS last FROM orders`,
  },
  {
    name: 'JSON contains',
    sql: `SELECT id FROM orders WHERE data @> '{"gift": true}' AND (data ->> 'name')::text LIKE 'Order%'`,
  },
  {
    name: 'JSON path',
    sql: `SELECT jsonb_path_query_first(data, '$.items[0].qty') AS q FROM orders WHERE data @? '$.items[*] ? (@.qty > 2)' AND data @@ '$.gift == true'`,
  },
  {
    name: 'JSON changes',
    sql: `SELECT data - 'items' || jsonb_build_object('id', id) AS d, jsonb_set(data, '{gift}', 'null') #- '{items}' AS e FROM orders WHERE id < 5`,
  },
  {
    name: 'JSON made',
    sql: "SELECT json_build_object('id', o.id, 'tags', to_json(o.tags)) AS j, row_to_json(c) AS r, json_agg(o.id) OVER () FROM orders o JOIN customers c ON c.id = o.id",
  },
  { name: 'JSON taken apart', sql: 'SELECT o.id, e.key, e.value FROM orders o, jsonb_each(o.data) e WHERE o.id = 2' },
  {
    name: 'a record of JSON',
    sql: `SELECT x.sku, x.qty FROM orders o, jsonb_to_record(o.data -> 'items' -> 0) AS x(sku text, qty int) WHERE o.id < 3`,
  },
  {
    name: 'JSON aggregated',
    sql: 'SELECT jsonb_object_agg(id, country) AS o, jsonb_agg(c ORDER BY c.id) AS rows FROM customers c',
  },
  { name: 'a whole row', sql: 'SELECT c::text AS c, (c).country, c.* FROM customers c WHERE c.id = 1' },
  {
    name: 'arrays',
    sql: "SELECT tags[1] AS a, tags[1:1] AS b, tags[:2] AS c, tags || 'x'::text AS d, ARRAY[[1, 2], [3, 4]] AS e, cardinality(tags), array_length(tags, 1), 'tag1' = ANY (tags) AS f FROM orders",
  },
  {
    name: 'array operators',
    sql: "SELECT id FROM orders WHERE tags @> ARRAY['tag1'] AND tags && '{batch1,batch2}'::text[] AND NOT tags <@ ARRAY['z']",
  },
  {
    name: 'array functions',
    sql: "SELECT array_to_string(tags, '/') AS s, array_position(tags, 'batch1') AS p, array_remove(tags, 'tag0') AS r, string_to_array('a,b', ',') AS t FROM orders WHERE id < 6",
  },
  {
    name: 'rows and fields',
    sql: "SELECT ROW(1, 'a') AS r, ROW() AS e, (ARRAY[10, 20])[2] AS second, (SELECT ARRAY[1, 2])[1] AS f",
  },
  {
    name: 'casts',
    sql: "SELECT '12'::int AS a, CAST('1.5' AS numeric(6, 3)) AS b, 1::text || 2 AS c, '{1,2}'::int[] AS d, 'x'::varchar(10) AS e, 'abc'::char(2) AS f, '1'::bool AS g, 12.7::bigint AS h, '\\x41'::bytea AS i, 3::double precision AS j, '1'::\"char\" AS k",
  },
  {
    name: 'typed literals',
    sql: "SELECT date '2026-01-31' AS a, time '10:30' AS b, timestamp '2026-01-31 10:00' AS c, timestamp with time zone '2026-01-31 10:00+02' AS d, interval '1 day 2 hours' AS e, numeric '1.50' AS f, float8 '1.5' AS g, uuid '6f1c8d52-3a9b-4c1e-9d4e-2f7a8b9c0d1e' AS h",
  },
  {
    name: 'intervals',
    sql: "SELECT interval '1' year AS a, interval '1 2' day to hour AS b, interval(3) '1.23456 s' AS c, placed_at + 2 * interval '1 week' AS d, age(placed_at, '2025-01-01') AS e FROM orders WHERE id = 1",
  },
  {
    name: 'dates',
    sql: "SELECT date_trunc('month', placed_at) AS m, extract(isodow FROM placed_at) AS w, extract(epoch FROM interval '1 day') AS s, to_char(placed_at, 'YYYY-MM-DD') AS t, due - date '2026-01-01' AS days, due + 7 AS later FROM orders",
  },
  {
    name: 'time zones',
    sql: "SELECT placed_at AT TIME ZONE 'Europe/Amsterdam' AS l, timestamp '2026-07-01 12:00' AT TIME ZONE 'UTC' AS u FROM orders WHERE id < 3",
  },
  {
    name: 'this moment',
    sql: "SELECT current_date = now()::date AS a, current_timestamp(3) <= now() + interval '1 s' AS b, localtimestamp IS NOT NULL AS c, CURRENT_TIME IS NULL AS d",
  },
  {
    name: 'OVERLAPS',
    sql: "SELECT (date '2026-01-01', date '2026-02-01') OVERLAPS (date '2026-01-15', interval '1 day') AS o",
  },
  {
    name: 'texts',
    sql: "SELECT upper(status) AS a, substring(status FROM 2 FOR 2) AS b, position('a' IN status) AS c, trim(both 'o' from status) AS d, overlay(status placing 'XX' from 1 for 2) AS e, lower('É') || initcap('ab cd') AS f, length(status), left(status, 2), split_part('a-b', '-', 2) FROM orders",
  },
  {
    name: 'more of texts',
    sql: "SELECT format('%s-%s', id, status) AS a, regexp_replace(status, '[aeiou]', '*', 'g') AS b, md5(status) AS c, lpad(id::text, 5, '0') AS d, concat_ws('/', id, NULL, status) AS e, replace(status, 'p', 'P') AS f, repeat('ab', 3) AS g, ltrim('  x') AS h, reverse(status) AS i FROM orders",
  },
  { name: 'collations', sql: 'SELECT country FROM customers ORDER BY country COLLATE "C" DESC, id' },
  {
    name: 'numbers',
    sql: 'SELECT round(total, 1) AS a, ceil(total) AS b, floor(weight) AS c, power(2, 10) AS d, mod(id, 3) AS e, 1e3 AS f, .5 AS g, 12345678901234567890 AS h, 1.50 AS i, trunc(1.999, 2) AS j, 0 AS k FROM orders WHERE id < 4',
  },
  {
    name: 'ranges',
    sql: "SELECT int4range(1, 5) @> 3 AS a, daterange('2026-01-01', '2026-02-01') && daterange(due, due + 3) AS b, lower(numrange(1, 2)) AS c FROM orders WHERE due IS NOT NULL",
  },
  {
    name: 'text search',
    sql: "SELECT id FROM orders WHERE to_tsvector('english', data ->> 'name') @@ plainto_tsquery('english', 'order 7')",
  },
  { name: 'bits', sql: "SELECT B'101' | B'010' AS a, X'1F' AS b, 5 & 3 AS c, 5 # 1 AS d, ~ 5 AS e, 1 << 4 AS f" },
  {
    name: 'control characters',
    sql: raw`SELECT E'\x01\x7f\u0085\\\t\'' AS a, '😀' AS b, octet_length(E'\u001b') AS c`,
  },
]
