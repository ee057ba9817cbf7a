/** A query inside the scope of `fixture.ts`: as the judge makes it, it gives the very rows that it gives as it is. */
export interface Legitimate {
  readonly sql: string
  readonly params?: readonly (string | number | null)[]
  /** What MariaDB is asked instead, where only MySQL knows the statement. */
  readonly original?: string
}

const q = (sql: string, ...params: readonly (string | number | null)[]): Legitimate => ({ sql, params })

export const legitimate: readonly Legitimate[] = [
  q('SELECT * FROM orders ORDER BY id'),
  q('select id, total from orders where status = ? order by total desc limit ?', 'paid', 2),
  q('SELECT id FROM shop.orders ORDER BY id LIMIT 2 OFFSET 1'),
  q('SELECT id FROM orders ORDER BY id LIMIT ?, ?', 1, 3),
  q('SELECT o.id, c.country FROM orders o JOIN customers c ON c.id = o.customer_id ORDER BY o.id'),
  q(
    'SELECT o.id, c.country FROM orders AS o INNER JOIN customers AS c ON c.id = o.customer_id AND c.country = ? ORDER BY o.id',
    'NL',
  ),
  q(
    'SELECT c.id, count(o.id) AS n FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id HAVING n > 0 ORDER BY n DESC, c.id',
  ),
  q('SELECT c.id, o.id FROM orders o RIGHT OUTER JOIN customers c ON c.id = o.customer_id ORDER BY 1, 2'),
  q('SELECT a.id, b.id FROM orders a CROSS JOIN orders b WHERE a.id < b.id ORDER BY 1, 2'),
  q('SELECT a.id, b.id FROM orders a, orders b WHERE a.customer_id = b.customer_id AND a.id <> b.id ORDER BY 1, 2'),
  q('SELECT id, x.n FROM orders JOIN (SELECT id, total * 2 AS n FROM orders) AS x USING (id) ORDER BY id'),
  q('SELECT * FROM tickets NATURAL JOIN (SELECT 1 AS id) AS one'),
  q(
    'SELECT o.id FROM (orders o JOIN customers c ON c.id = o.customer_id) LEFT JOIN tickets t ON t.id = o.id ORDER BY 1',
  ),
  q('SELECT o.id FROM orders o STRAIGHT_JOIN customers c ON c.id = o.customer_id ORDER BY 1'),
  q('WITH paid AS (SELECT * FROM orders WHERE status = ?) SELECT count(*), sum(total) FROM paid', 'paid'),
  q(
    'WITH a AS (SELECT id FROM orders), b (n) AS (SELECT id + 1 FROM a) SELECT a.id, b.n FROM a JOIN b ON b.n = a.id ORDER BY 1',
  ),
  q('WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 10) SELECT i FROM n'),
  q(
    "WITH RECURSIVE days (d) AS (SELECT DATE '2026-01-01' UNION ALL SELECT d + INTERVAL 1 DAY FROM days WHERE d < '2026-01-05') SELECT d, count(o.id) FROM days LEFT JOIN orders o ON date(o.placed) = d GROUP BY d ORDER BY d",
  ),
  q('WITH orders AS (SELECT id FROM customers) SELECT count(*) FROM orders'),
  q('WITH a AS (SELECT 1 AS x), c AS (WITH b AS (SELECT 2 AS y) SELECT y FROM b) SELECT a.x, c.y FROM a, c'),
  q('SELECT id, row_number() OVER (ORDER BY total DESC) AS r FROM orders ORDER BY id'),
  q(
    'SELECT id, sum(total) OVER (PARTITION BY customer_id ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS s FROM orders ORDER BY id',
  ),
  q('SELECT id, lag(total, 1) OVER w, lead(total) OVER w FROM orders WINDOW w AS (ORDER BY id) ORDER BY id'),
  q(
    'SELECT id, first_value(id) OVER (PARTITION BY status ORDER BY id ROWS 1 PRECEDING), ntile(2) OVER (ORDER BY id) FROM orders ORDER BY id',
  ),
  q(
    'SELECT id, rank() OVER (ORDER BY status), dense_rank() OVER (ORDER BY status), percent_rank() OVER (ORDER BY status) FROM orders ORDER BY id',
  ),
  q("SELECT json_extract(data, '$.x'), json_unquote(json_extract(data, '$.who.name')) FROM orders ORDER BY id"),
  {
    sql: "SELECT id, data->'$.x', o.data->>'$.who.name' FROM orders o WHERE data->>'$.x' = '1'",
    original:
      "SELECT id, json_extract(data, '$.x'), json_unquote(json_extract(o.data, '$.who.name')) FROM orders o WHERE json_unquote(json_extract(data, '$.x')) = '1'",
  },
  q("SELECT id FROM orders WHERE json_contains(data, '\"a\"', '$.tags') ORDER BY id"),
  q(
    "SELECT json_object('id', id, 'total', total), json_array(1, 'a', NULL), json_length(data), json_keys(data) FROM orders ORDER BY id",
  ),
  q('SELECT json_arrayagg(id), json_objectagg(id, status) FROM orders'),
  q(
    "SELECT json_set(data, '$.y', 9), json_remove(data, '$.x'), json_type(data), json_valid(note) FROM orders ORDER BY id",
  ),
  q(
    "SELECT customer_id, group_concat(DISTINCT status ORDER BY status DESC SEPARATOR ' / ') FROM orders GROUP BY customer_id ORDER BY 1",
  ),
  q('SELECT group_concat(id, status ORDER BY id) FROM orders'),
  q(
    'SELECT status, count(*), avg(total), min(total), max(total), std(total) FROM orders GROUP BY status ORDER BY status',
  ),
  q('SELECT status, sum(total) FROM orders GROUP BY status WITH ROLLUP'),
  q('SELECT year(placed) AS y, month(placed) AS m, count(*) FROM orders GROUP BY y, m WITH ROLLUP HAVING count(*) > 0'),
  q('SELECT count(DISTINCT customer_id, status) FROM orders'),
  q('SELECT DISTINCT status FROM orders ORDER BY status'),
  q(
    'SELECT id FROM orders WHERE placed >= ? AND placed < ? + INTERVAL 1 MONTH ORDER BY id',
    '2026-01-01',
    '2026-01-01',
  ),
  q(
    "SELECT date_add(placed, INTERVAL 90 MINUTE), date_sub(placed, INTERVAL -1 YEAR), placed - INTERVAL '3' WEEK FROM orders ORDER BY id",
  ),
  q(
    "SELECT date_format(placed, '%Y-%m'), datediff(placed, '2026-01-01'), last_day(placed), extract(QUARTER FROM placed), dayname(placed) FROM orders ORDER BY id",
  ),
  q(
    "SELECT timestampdiff(DAY, '2026-01-01', placed), timestampadd(HOUR, 2, placed), unix_timestamp(placed) FROM orders ORDER BY id",
  ),
  q(
    "SELECT DATE '2026-01-31', TIME '10:00:00', TIMESTAMP '2026-01-31 10:00:00', str_to_date('31.01.2026', '%d.%m.%Y')",
  ),
  q('SELECT CURRENT_DATE = curdate(), CURRENT_TIMESTAMP <= now(), date(now(3)) = current_date()'),
  q(
    "SELECT CASE status WHEN 'paid' THEN 1 WHEN 'open' THEN 2 ELSE 3 END, CASE WHEN total > 10 THEN 'big' END FROM orders ORDER BY id",
  ),
  q(
    "SELECT if(total > 10, 'big', 'small'), ifnull(note, '-'), nullif(status, 'void'), coalesce(note, status), greatest(1, id) FROM orders ORDER BY id",
  ),
  q(
    "SELECT concat(status, '-', id), upper(status), left(note, 3), right(note, 3), char_length(note), replace(note, 'e', 'E') FROM orders ORDER BY id",
  ),
  q(
    "SELECT substring(note, 2), substr(note, 2, 3), substring(note FROM 2 FOR 3), mid(note, 1, 2), trim(note), trim(BOTH 'f' FROM note), position('o' IN note) FROM orders ORDER BY id",
  ),
  q(
    "SELECT lpad(id, 3, '0'), concat_ws(',', id, NULL, status), find_in_set('b', 'a,b'), field(status, 'open', 'paid'), elt(1, 'x'), format(total, 1), insert('abc', 1, 1, 'X') FROM orders ORDER BY id",
  ),
  q(
    'SELECT abs(-1), - -1, 7 DIV 2, 7 % 4, mod(7, 4), round(2.567, 1), ceil(1.2), ceiling(1.2), floor(-1.5), pow(2, 3), 1e3, .5 + 0.5, 6 / 4',
  ),
  q('SELECT 5 & 3, 5 | 3, 5 ^ 3, ~0, 1 << 4, 16 >> 2, TRUE XOR FALSE, NOT TRUE, 1 AND 0 OR 1, NULL <=> NULL'),
  q('SELECT 2 + 3 * 4, (2 + 3) * 4, 10 - 4 - 3, NOT 1 = 2, 1 = 1 = 1, -2 * -3, 1 BETWEEN 0 AND 2 AND 0'),
  q(
    "SELECT cast(total AS SIGNED), cast(id AS CHAR(2)), cast('2026-01-01' AS DATE), cast(total AS DECIMAL(5, 1)), convert(id, CHAR), convert(note USING utf8mb4), cast(placed AS DATETIME(3)), cast(1 AS UNSIGNED) FROM orders ORDER BY id",
  ),
  q("SELECT id FROM orders WHERE note LIKE '%order%' OR note LIKE ? ESCAPE '|' ORDER BY id", '%|%%'),
  q("SELECT id FROM orders WHERE note NOT LIKE 'f%' ORDER BY id"),
  q(
    "SELECT id FROM orders WHERE note REGEXP '^[a-f]' OR note RLIKE ? OR status NOT REGEXP 'p' ORDER BY id",
    '\\bcomment$',
  ),
  q('SELECT id FROM orders WHERE total BETWEEN 5 AND 20 AND id NOT BETWEEN 4 AND 9 ORDER BY id'),
  q("SELECT id FROM orders WHERE status IN ('paid', 'void') AND id NOT IN (?, ?) ORDER BY id", 1, 9),
  q('SELECT id FROM orders WHERE (customer_id, status) IN (SELECT id, ? FROM customers) ORDER BY id', 'paid'),
  q('SELECT id FROM orders WHERE (customer_id, status) = (1, ?) ORDER BY id', 'open'),
  q(
    'SELECT id FROM orders WHERE note IS NULL OR data IS NOT NULL AND (total > 5) IS TRUE AND (note = 1) IS NOT UNKNOWN ORDER BY id',
  ),
  q(
    'SELECT id FROM customers c WHERE EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id AND o.total > 50) ORDER BY id',
  ),
  q('SELECT id FROM customers c WHERE NOT EXISTS (SELECT * FROM orders WHERE customer_id = c.id AND total > 0)'),
  q(
    'SELECT id FROM orders WHERE total >= ALL (SELECT total FROM orders) OR id = ANY (SELECT id FROM customers WHERE country = ?) ORDER BY id',
    'DE',
  ),
  q('SELECT id, (SELECT country FROM customers c WHERE c.id = o.customer_id) AS country FROM orders o ORDER BY id'),
  q('SELECT d.n FROM (SELECT count(*) AS n FROM orders GROUP BY status) AS d ORDER BY d.n'),
  q('SELECT id FROM orders UNION SELECT id FROM customers ORDER BY id'),
  q('SELECT id FROM orders UNION ALL SELECT id FROM customers ORDER BY id DESC LIMIT 4'),
  q('SELECT id FROM orders EXCEPT SELECT id FROM customers ORDER BY id'),
  q('SELECT id FROM orders INTERSECT SELECT id FROM customers ORDER BY id'),
  q(
    '(SELECT id FROM orders ORDER BY id LIMIT 1) UNION ALL (SELECT id FROM orders ORDER BY id DESC LIMIT 1) ORDER BY 1',
  ),
  q('SELECT 1 UNION SELECT 2 UNION DISTINCT (SELECT 3 INTERSECT SELECT 3)'),
  q('VALUES (1, 2), (3, 4)'),
  q('SELECT größe FROM größen ORDER BY id'),
  q('SELECT `g`.`größe` AS `wie groß` FROM `größen` AS `g` WHERE `g`.`größe` <> ? ORDER BY `wie groß`', 'klein'),
  q('SELECT `a b`, `select` FROM `odd name`'),
  q('SELECT o.`select` AS `from`, `o`.`a b` + 1 AS `x y` FROM `shop`.`odd name` o'),
  q("SELECT 'DROP TABLE x; -- /* no */ # comment', 'it''s', '' FROM orders LIMIT 1"),
  q("SELECT id FROM orders WHERE note = 'select * from secrets' OR note = 'it''s -- no comment' ORDER BY id"),
  q('SELECT /* all of them */ id -- and nothing else\nFROM orders /* ; DROP TABLE orders */ ORDER BY id;'),
  q("SELECT '🎉', note FROM orders WHERE note LIKE '%🎉%'"),
  q("SELECT id FROM orders WHERE MATCH (note) AGAINST ('comment' IN BOOLEAN MODE)"),
  q("SELECT status COLLATE utf8mb4_bin FROM orders WHERE status COLLATE utf8mb4_general_ci = 'PAID' ORDER BY id"),
  q('SELECT shop.twice(id) FROM orders ORDER BY id'),
  q('SELECT 1 FROM dual WHERE 1 = 1'),
  q(
    'SELECT id MOD 2, utc_date = utc_date(), timestampdiff(MINUTE, UTC_TIMESTAMP, utc_timestamp()) FROM orders ORDER BY id',
  ),
  q('SELECT 1 + ?, concat(?, ?), ? IS NULL', 2, 'a', 'b', null),
  q(
    'SELECT ?, (SELECT count(*) FROM orders WHERE id > ?), d.x FROM (SELECT ? AS x) AS d WHERE ? = 4 GROUP BY d.x HAVING 5 = ? ORDER BY ? LIMIT ?',
    1,
    2,
    3,
    4,
    5,
    6,
    7,
  ),
  q('SELECT user.id FROM orders AS user ORDER BY user.id'),
  q(
    'SELECT md5(status), sha2(status, 256), hex(status), crc32(status), to_base64(status), inet_aton(?) FROM orders ORDER BY id',
    '10.0.0.1',
  ),
  q('SELECT id FROM orders ORDER BY note IS NULL, field(status, ?, ?) DESC, id', 'open', 'paid'),
]
