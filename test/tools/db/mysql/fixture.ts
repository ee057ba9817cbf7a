/** Occurs in every value that no agent may ever see. */
export const marker = 'HIDDEN'

/** What an admin writes for the database that `fixtureSql` makes. */
export const target = {
  url: 'mysql://127.0.0.1/shop',
  access: 'write',
  functions: ['shop.twice'],
  tables: {
    orders: '*',
    customers: ['id', 'country', 'created_at'],
    people: { columns: ['id', 'name', 'country'], rows: "country = 'NL'" },
    notes: { columns: ['id', 'body'], write: ['insert', 'update', 'delete'] },
    tickets: { columns: '*', write: ['insert', 'update', 'delete'] },
    log: { columns: ['id', 'line'], write: ['insert'] },
    größen: ['id', 'größe'],
    '"odd name"': ['a b', 'select', 'id'],
  },
}

/** The statements that make the databases `shop` and `other`, in order. */
export const fixtureSql: readonly string[] = [
  'CREATE DATABASE shop CHARACTER SET utf8mb4',
  'CREATE DATABASE other CHARACTER SET utf8mb4',
  `CREATE TABLE shop.orders (
    id INT PRIMARY KEY, customer_id INT, total DECIMAL(10,2), status VARCHAR(20), note TEXT, data JSON, placed DATETIME,
    FULLTEXT (note))`,
  `INSERT INTO shop.orders VALUES
    (1, 1, 10.50, 'paid', 'first order', '{"x": 1, "tags": ["a", "b"], "who": {"name": "Ann"}}', '2026-01-01 10:00:00'),
    (2, 1, 20.00, 'open', 'it''s -- no comment', '{"x": 2, "tags": []}', '2026-01-15 11:30:00'),
    (3, 2, 99.99, 'paid', 'select * from secrets', '{"x": null}', '2026-02-01 00:00:00'),
    (4, 3, 0.00, 'void', NULL, NULL, '2026-02-28 23:59:59'),
    (5, 2, 5.25, 'open', 'größe über alles 🎉', '{"x": 5}', '2026-03-31 12:00:00')`,
  'CREATE TABLE shop.customers (id INT PRIMARY KEY, country CHAR(2), created_at DATE, email VARCHAR(60), card VARCHAR(60))',
  `INSERT INTO shop.customers VALUES (1, 'NL', '2025-01-01', '${marker}-mail-1', '${marker}-card-1'),
    (2, 'DE', '2025-06-01', '${marker}-mail-2', '${marker}-card-2'), (3, 'NL', '2025-12-31', '${marker}-mail-3', NULL)`,
  'CREATE TABLE shop.people (id INT PRIMARY KEY, name VARCHAR(40), country VARCHAR(40), salary VARCHAR(40))',
  `INSERT INTO shop.people VALUES (1, 'Ann', 'NL', '${marker}-salary-1'), (2, 'Bob', 'NL', '${marker}-salary-2'),
    (7, '${marker}-name-7', '${marker}-BE', '${marker}-salary-7'), (8, '${marker}-name-8', 'FR', '8')`,
  'CREATE TABLE shop.notes (id INT PRIMARY KEY AUTO_INCREMENT, body VARCHAR(200), secret VARCHAR(40))',
  `INSERT INTO shop.notes VALUES (1, 'one', '${marker}-note-1'), (2, 'two', '${marker}-note-2')`,
  'CREATE TABLE shop.tickets (id INT PRIMARY KEY AUTO_INCREMENT, title VARCHAR(200), n INT DEFAULT 7)',
  "INSERT INTO shop.tickets VALUES (1, 'a', 1), (2, 'b', 2)",
  `CREATE TABLE shop.log (id INT PRIMARY KEY AUTO_INCREMENT, line VARCHAR(200), origin VARCHAR(40) DEFAULT '${marker}-log')`,
  'CREATE TABLE shop.secrets (id INT PRIMARY KEY, value VARCHAR(40))',
  `INSERT INTO shop.secrets VALUES (1, '${marker}-secret')`,
  'CREATE TABLE shop.`größen` (id INT PRIMARY KEY, `größe` VARCHAR(20), geheim VARCHAR(40))',
  `INSERT INTO shop.\`größen\` VALUES (1, 'groß', '${marker}-größe'), (2, 'klein', '${marker}-größe')`,
  'CREATE TABLE shop.`odd name` (id INT PRIMARY KEY, `a b` INT, `select` VARCHAR(20), `c d` VARCHAR(40))',
  `INSERT INTO shop.\`odd name\` VALUES (1, 10, 'from', '${marker}-odd')`,
  'CREATE TABLE other.vault (id INT PRIMARY KEY, secret VARCHAR(40))',
  `INSERT INTO other.vault VALUES (1, '${marker}-vault')`,
  'CREATE TABLE other.orders (id INT PRIMARY KEY, note VARCHAR(40))',
  `INSERT INTO other.orders VALUES (1, '${marker}-other')`,
  'CREATE VIEW shop.cards AS SELECT id, card FROM shop.customers',
  'CREATE FUNCTION shop.twice(n INT) RETURNS INT DETERMINISTIC NO SQL SQL SECURITY INVOKER RETURN n * 2',
  'CREATE FUNCTION shop.leak() RETURNS VARCHAR(40) READS SQL DATA SQL SECURITY DEFINER RETURN (SELECT value FROM shop.secrets LIMIT 1)',
  'CREATE FUNCTION shop.card_of(n INT) RETURNS VARCHAR(60) READS SQL DATA SQL SECURITY DEFINER RETURN (SELECT card FROM shop.customers WHERE id = n)',
  'CREATE PROCEDURE shop.dump() SQL SECURITY DEFINER SELECT value FROM shop.secrets',
]
