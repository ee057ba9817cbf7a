import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Execution, Executor, Json } from '../../../../src/kind.ts'
import type { QueryRequest } from '../../../../tools/db/request.ts'
import { openSqlite } from '../../../../tools/db/sqlite/open.ts'
import { ask, dbLimits, dbTarget, rawQuery } from '../../../support/db-executor.ts'

/** What stands in every hidden column and table, and in no answer. */
export const marker = 'HIDDEN'

const schema = `
  CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, country TEXT, secret TEXT, pin INTEGER);
  CREATE INDEX customers_secret_name ON customers (secret, name);
  CREATE INDEX customers_lower ON customers (lower(secret));
  CREATE INDEX customers_upper_name ON customers (upper(name));
  CREATE INDEX customers_name ON customers (name, pin);
  CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), total REAL, note TEXT, body BLOB);
  CREATE INDEX orders_customer ON orders (customer_id, total);
  CREATE TABLE tags (name TEXT PRIMARY KEY, colour TEXT, secret TEXT) WITHOUT ROWID;
  CREATE INDEX tags_secret ON tags (secret);
  CREATE TABLE people (code TEXT, secret TEXT, pin INTEGER,
    masked TEXT GENERATED ALWAYS AS (substr(secret, 1, 1) || '***'),
    leaked TEXT GENERATED ALWAYS AS (secret || pin),
    stored TEXT GENERATED ALWAYS AS (upper(code)) STORED);
  CREATE TABLE codes (id INTEGER PRIMARY KEY, code TEXT, kind TEXT);
  CREATE INDEX codes_code ON codes (code);
  CREATE INDEX codes_kind ON codes (kind);
  CREATE TABLE vault (id INTEGER PRIMARY KEY, secret TEXT);
  CREATE TABLE local_customers (id INTEGER PRIMARY KEY, name TEXT, country TEXT, secret TEXT);
  CREATE TABLE notes (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL UNIQUE, text TEXT, secret TEXT DEFAULT 'HIDDEN');
  CREATE TABLE audited (id INTEGER PRIMARY KEY, a TEXT);
  CREATE TABLE log (line TEXT);
  CREATE TRIGGER audited_log AFTER INSERT ON audited BEGIN INSERT INTO log VALUES (new.a); END;
  CREATE TABLE counted (id INTEGER PRIMARY KEY, a TEXT);
  CREATE TRIGGER counted_title AFTER INSERT ON counted BEGIN INSERT INTO notes (title) VALUES ('of ' || new.a); END;
  CREATE VIEW dutch AS SELECT id, name FROM customers WHERE country = 'NL' AND secret <> '';
  CREATE VIEW vault_count AS SELECT count(*) AS n FROM vault NATURAL JOIN (SELECT 'HIDDEN' AS secret);
  CREATE VIEW broken AS SELECT * FROM nowhere;
  CREATE VIRTUAL TABLE found USING fts5 (words);
  INSERT INTO customers VALUES (1, 'Anna', 'NL', 'HIDDEN', 77), (2, 'Bob', 'DE', 'HIDDEN', 88), (3, 'Zoë', 'NL', 'HIDDEN', 99);
  INSERT INTO orders VALUES (10, 1, 12.5, 'first', x'00ff'), (11, 1, 7, 'second', NULL), (12, 2, 100, NULL, NULL);
  INSERT INTO tags VALUES ('new', 'red', 'HIDDEN'), ('old', 'grey', 'HIDDEN');
  INSERT INTO people (code, secret, pin) VALUES ('p1', 'HIDDEN', 5), ('p2', 'HIDDEN', 6);
  INSERT INTO codes VALUES (4711, 'c1', 'x'), (4712, 'c2', 'y');
  INSERT INTO vault VALUES (1, 'HIDDEN'), (2, 'HIDDEN');
  INSERT INTO local_customers VALUES (1, 'Anna', 'NL', 'HIDDEN'), (7, 'HIDDEN', 'DE', 'HIDDEN');
  INSERT INTO notes (title, text) VALUES ('one', 'text'), ('two', 'text');
  INSERT INTO found VALUES ('HIDDEN');
`

/** What an agent may do there. */
export const tables = {
  customers: ['id', 'name', 'country'],
  orders: '*',
  tags: ['name', 'colour'],
  people: ['code', 'masked', 'stored'],
  codes: ['code', 'kind'],
  local_customers: { columns: ['id', 'name'], rows: "country = 'NL'" },
  dutch: '*',
  vault_count: '*',
}

/** The same with what can be written to. */
export const writableTables = {
  ...tables,
  notes: { columns: ['id', 'title', 'text'], write: ['insert', 'update', 'delete'] },
  orders: { columns: '*', write: ['insert', 'update'] },
  audited: { columns: '*', write: ['insert', 'delete'] },
  counted: { columns: '*', write: ['insert'] },
}

/** A database file in a folder of its own. */
export interface Shop {
  readonly folder: string
  readonly file: string
  /** A handle that may do everything. */
  readonly admin: DatabaseSync
  engine(written?: Record<string, unknown>): Promise<Executor>
  remove(): void
}

/** Makes the database that these tests ask. */
export function makeShop(): Shop {
  const folder = mkdtempSync(join(tmpdir(), 'keyhold-sqlite-'))
  const file = join(folder, 'shop.db')
  const admin = new DatabaseSync(file)
  admin.exec('PRAGMA synchronous = OFF')
  admin.exec(`BEGIN; ${schema} COMMIT`)
  const engines: Executor[] = []
  return {
    folder,
    file,
    admin,
    async engine(written = {}) {
      const engine = await openSqlite(dbTarget({ url: `sqlite:${file}`, tables, ...written }), dbLimits())
      engines.push(engine)
      return engine
    },
    remove() {
      for (const engine of engines) void engine.close()
      if (admin.isOpen) admin.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** What an engine answered, in the words that a test needs. */
export interface Answered {
  readonly error: { readonly code: string; readonly message: string; readonly near?: string } | undefined
  readonly rows: Json[][]
  readonly columns: readonly { readonly name: string; readonly type: string }[]
  readonly truncated: boolean
  readonly affected: number | undefined
  readonly execution: Execution
}

/** Has an engine carry out a statement that no judge has seen. */
export async function asked(
  engine: Executor,
  sql: string,
  params: readonly Json[] = [],
  rest: Partial<QueryRequest> = {},
): Promise<Answered> {
  const execution = await ask(engine, rawQuery(sql, params, rest), null)
  const { error, rows, columns, truncated, affected_rows } = execution.answer as never as Record<string, never>
  return { error, rows, columns, truncated, affected: affected_rows, execution } as never
}
