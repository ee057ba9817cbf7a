/** Stands in every place that no agent may see. */
export const secretMarker = 'S3CRET'

/** A database with something to hide next to everything that is shown. */
export const fixture = `
CREATE TABLE orders (
  id INTEGER PRIMARY KEY,
  customer_id INTEGER NOT NULL,
  total NUMERIC NOT NULL,
  status TEXT NOT NULL DEFAULT 'open',
  placed_at TEXT NOT NULL,
  details TEXT NOT NULL DEFAULT '{}'
);
CREATE TABLE customers (
  id INTEGER PRIMARY KEY,
  country TEXT NOT NULL,
  created_at TEXT NOT NULL,
  email TEXT NOT NULL UNIQUE,
  card TEXT NOT NULL
);
CREATE INDEX customers_by_email ON customers (email, card);
CREATE TABLE secrets (id INTEGER PRIMARY KEY, country TEXT, secret TEXT NOT NULL);
CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL, country TEXT NOT NULL, pin TEXT NOT NULL);
CREATE TABLE notes (
  id INTEGER PRIMARY KEY,
  title TEXT UNIQUE,
  body TEXT,
  internal TEXT NOT NULL DEFAULT '${secretMarker} default'
);
CREATE TABLE tags (id INTEGER PRIMARY KEY, name TEXT NOT NULL DEFAULT 'new' UNIQUE);
CREATE TABLE "odd ""name" ("a column" TEXT, "select" INTEGER, "Größe" REAL, "日本" TEXT, hidden TEXT);
CREATE VIEW order_totals AS SELECT customer_id, count(*) AS orders, sum(total) AS total FROM orders GROUP BY customer_id;
CREATE VIEW secret_view AS SELECT * FROM secrets;
CREATE VIRTUAL TABLE documents USING fts5(title, text);
CREATE TABLE no_rowid (code TEXT PRIMARY KEY, label TEXT, hidden TEXT) WITHOUT ROWID;

INSERT INTO orders (id, customer_id, total, status, placed_at, details) VALUES
  (1, 1, 10.5, 'open', '2026-01-03 10:00:00', '{"items":[{"sku":"a1","n":2},{"sku":"b2","n":1}],"gift":true}'),
  (2, 1, 20, 'paid', '2026-01-04 11:30:00', '{"items":[{"sku":"c3","n":5}],"gift":false}'),
  (3, 2, 7.25, 'paid', '2026-02-01 09:15:00', '{"items":[]}'),
  (4, 3, 99.99, 'sent', '2026-02-14 23:59:59', '{"items":[{"sku":"a1","n":1}],"note":"it''s"}'),
  (5, 3, 0, 'void', '2026-03-01 00:00:00', '{}');
INSERT INTO customers VALUES
  (1, 'NL', '2025-05-01', '${secretMarker}-a@example.com', '${secretMarker} 4111'),
  (2, 'DE', '2025-06-15', '${secretMarker}-b@example.com', '${secretMarker} 4222'),
  (3, 'NL', '2025-07-20', '${secretMarker}-c@example.com', '${secretMarker} 4333');
INSERT INTO secrets VALUES (1, 'NL', '${secretMarker} one'), (2, 'DE', '${secretMarker} two');
INSERT INTO people VALUES
  (1, 'Ann', 'NL', '${secretMarker} 1'),
  (7, '${secretMarker} Bob', 'DE', '${secretMarker} 2'),
  (9, 'Cor', 'NL', '${secretMarker} 3');
INSERT INTO notes (id, title, body, internal) VALUES
  (1, 'first', 'hello', '${secretMarker} note one'),
  (2, 'second', 'world', '${secretMarker} note two');
INSERT INTO tags VALUES (1, 'red'), (2, 'blue');
INSERT INTO "odd ""name" VALUES ('x', 1, 1.5, 'á', '${secretMarker} odd'), ('y', 2, 2.5, '🎉', '${secretMarker} odder');
INSERT INTO documents VALUES ('${secretMarker} title', '${secretMarker} text');
INSERT INTO no_rowid VALUES ('nl', 'Netherlands', '${secretMarker} nl'), ('de', 'Germany', '${secretMarker} de');
`

/** What an admin writes for it: `secrets`, `secret_view` and `documents` are not there, nor are the columns with a marker. */
export const tables = {
  orders: '*',
  customers: ['id', 'country', 'created_at'],
  people: { columns: ['id', 'name', 'country'], rows: "country = 'NL'" },
  notes: { columns: ['id', 'title', 'body'], write: ['insert', 'update', 'delete'] },
  tags: { columns: '*', write: ['insert', 'update'] },
  order_totals: '*',
  no_rowid: ['code', 'label'],
  '"odd ""name"': ['a column', 'select', 'Größe', '日本'],
} as const
