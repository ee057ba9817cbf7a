import { mkdtempSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createConnection } from 'mysql2/promise'
import { Client } from 'pg'
import { type DatabaseServer, startMariadb, startPostgres } from './database-server.ts'

/** A real database of one system, empty at first, and what an admin does to it. */
export interface Database {
  readonly engine: 'postgres' | 'mysql' | 'sqlite'
  /** As a tool names it. */
  readonly url: string
  /** Null for SQLite, which has no server. */
  readonly server: DatabaseServer | null
  /** Runs statements with every right. */
  admin(...statements: readonly string[]): Promise<void>
  /** Runs one query with every right, and gives its rows as lists of text. */
  rows(sql: string): Promise<(string | null)[][]>
  /** What the columns of a query are called. */
  columns(sql: string): Promise<string[]>
  /** The statement that gives a user this password; the user need not exist. */
  setPassword(user: string, password: string): Promise<void>
  stop(): Promise<void>
}

/** The systems by the names that tests show. */
export const databases: Readonly<Record<'PostgreSQL' | 'MariaDB' | 'SQLite', () => Promise<Database>>> = {
  PostgreSQL: postgres,
  MariaDB: mariadb,
  SQLite: sqlite,
}

const textOf = (value: unknown) =>
  value === null || value === undefined ? null : typeof value === 'string' ? value : JSON.stringify(value)

async function postgres(): Promise<Database> {
  const server = await startPostgres()
  const connected = async <T>(work: (client: Client) => Promise<T>): Promise<T> => {
    const client = new Client({ host: '127.0.0.1', port: server.port, user: 'postgres', password: 'postgres' })
    client.on('error', () => {})
    await client.connect()
    try {
      return await work(client)
    } finally {
      await client.end()
    }
  }
  const admin = (...statements: readonly string[]) =>
    connected(async client => {
      for (const statement of statements) await client.query(statement)
    })
  return {
    engine: 'postgres',
    url: `postgres://127.0.0.1:${server.port}/postgres`,
    server,
    admin,
    rows: sql =>
      connected(async client => {
        const { rows } = await client.query<unknown[]>({ text: sql, rowMode: 'array' })
        return rows.map(row => row.map(textOf))
      }),
    columns: sql => connected(async client => (await client.query(sql)).fields.map(({ name }) => name)),
    setPassword: (user, password) =>
      admin(
        `DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${user}') THEN CREATE ROLE ${user} LOGIN; END IF; END $$`,
        `ALTER ROLE ${user} PASSWORD '${password}'`,
      ),
    stop: () => server.stop(),
  }
}

async function mariadb(): Promise<Database> {
  const server = await startMariadb()
  const connected = async <T>(work: (client: Awaited<ReturnType<typeof createConnection>>) => Promise<T>) => {
    const login = { host: '127.0.0.1', port: server.port, user: 'root', password: 'root' }
    const client = await createConnection({ ...login, dateStrings: true })
    try {
      return await work(client)
    } finally {
      await client.end()
    }
  }
  const admin = (...statements: readonly string[]) =>
    connected(async client => {
      for (const statement of statements) await client.query(statement)
    })
  await admin('CREATE DATABASE shop CHARACTER SET utf8mb4')
  const inShop = (...statements: readonly string[]) => admin('USE shop', ...statements)
  return {
    engine: 'mysql',
    url: `mysql://127.0.0.1:${server.port}/shop`,
    server,
    admin: inShop,
    rows: sql =>
      connected(async client => {
        await client.query('USE shop')
        const [rows] = await client.query({ sql, rowsAsArray: true })
        return (rows as unknown[][]).map(row => row.map(textOf))
      }),
    columns: sql =>
      connected(async client => {
        await client.query('USE shop')
        return (await client.query(sql))[1].map(({ name }) => name)
      }),
    setPassword: (user, password) =>
      admin(
        `CREATE USER IF NOT EXISTS '${user}'@'%'`,
        `ALTER USER '${user}'@'%' IDENTIFIED BY '${password}' ACCOUNT UNLOCK`,
      ),
    stop: () => server.stop(),
  }
}

async function sqlite(): Promise<Database> {
  const folder = mkdtempSync(join(tmpdir(), 'keyhold-sqlite-'))
  const file = join(folder, 'shop.db')
  const connected = async <T>(work: (database: DatabaseSync) => T): Promise<T> => {
    const database = new DatabaseSync(file)
    try {
      return work(database)
    } finally {
      database.close()
    }
  }
  await connected(database => database.exec('create table empty(id); drop table empty'))
  return {
    engine: 'sqlite',
    url: `sqlite:${file}`,
    server: null,
    admin: (...statements) =>
      connected(database => {
        for (const statement of statements) database.exec(statement)
      }),
    rows: sql =>
      connected(database => {
        const statement = database.prepare(sql)
        statement.setReturnArrays(true)
        return (statement.all() as unknown as unknown[][]).map(row => row.map(textOf))
      }),
    columns: sql =>
      connected(database =>
        database
          .prepare(sql)
          .columns()
          .map(({ name }) => name),
      ),
    async setPassword() {},
    stop: async () => rmSync(folder, { recursive: true, force: true }),
  }
}
