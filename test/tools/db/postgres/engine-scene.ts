import type { Server } from 'node:net'
import { Client } from 'pg'
import type { Execution, Executor, Json, Limits } from '../../../../src/kind.ts'
import type { LeasedCredential } from '../../../../src/leased.ts'
import { Refusal, type RefusalCode } from '../../../../src/refusal.ts'
import { openPostgres } from '../../../../tools/db/postgres/open.ts'
import type { DbRequest } from '../../../../tools/db/request.ts'
import { type DatabaseServer, startPostgres } from '../../../support/database-server.ts'
import { dbContext, dbLimits, dbTarget, passwordOf } from '../../../support/db-executor.ts'

/** A server with a superuser who prepares it, and executors that are closed with it. */
export interface EngineScene {
  readonly server: DatabaseServer
  /** Runs SQL as the superuser, in the database `postgres`. */
  admin(sql: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>
  /** An executor in front of the server; `written` is laid over a target with the table `items`. */
  executor(written?: Record<string, unknown>, limits?: Limits): Promise<Executor>
  stop(): Promise<void>
}

export async function engineScene(prepare: string, settings: readonly string[] = []): Promise<EngineScene> {
  const server = await startPostgres(settings)
  const executors: Executor[] = []
  const scene: EngineScene = {
    server,
    async admin(sql, values = []) {
      const client = new Client({
        host: '127.0.0.1',
        port: server.port,
        user: 'postgres',
        password: 'postgres',
        database: 'postgres',
        ssl: false,
      })
      client.on('error', () => {})
      await client.connect()
      try {
        const result = values.length === 0 ? await client.query(sql) : await client.query(sql, [...values])
        return Array.isArray(result) ? [] : (result.rows as Record<string, unknown>[])
      } finally {
        await client.end()
      }
    },
    async executor(written = {}, limits = dbLimits()) {
      const url = `postgres://127.0.0.1:${server.port}/postgres`
      const executor = await openPostgres(dbTarget({ url, tables: { items: '*' }, ...written }), limits)
      executors.push(executor)
      return executor
    },
    async stop() {
      for (const executor of executors) await executor.close()
      await server.stop()
    },
  }
  // The port takes connections a little before the server does.
  await until(async () => {
    await scene.admin('SELECT 1')
    return true
  })
  await scene.admin(prepare)
  return scene
}

/** Waits for something that happens elsewhere, at the server. */
export async function until(check: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 15_000
  for (;;) {
    if (await check().catch(() => false)) return
    if (performance.now() > deadline) throw new Error('what was waited for did not happen')
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

/** One credential per name for a whole test file, as a worker holds it. */
const held = new Map<string, LeasedCredential>()

export function roleOf(name: string, password = name): LeasedCredential {
  const key = `${name}:${password}`
  const credential = held.get(key) ?? passwordOf(name, password)
  held.set(key, credential)
  return credential
}

/** Carries out a request, and gives the code of the refusal, or what it answered. */
export async function outcome(
  executor: Executor,
  request: DbRequest,
  credential: LeasedCredential | null,
  options: { readonly limits?: Limits; readonly signal?: AbortSignal; readonly warned?: string[] } = {},
): Promise<{ readonly refused: RefusalCode | null; readonly detail: string; readonly answer: Execution['answer'] }> {
  const { limits = dbLimits(), ...rest } = options
  try {
    const { answer } = await executor.execute(request, dbContext(limits, credential, rest))
    return { refused: null, detail: '', answer }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return { refused: error.code, detail: error.message, answer: {} }
  }
}

/** The rows of an answer. */
export function rowsIn(answer: Execution['answer']): Json {
  return answer['rows'] as Json
}

/** What a scene begins with: a thousand items, two tables with a deferred key, a role that reads and one that writes. */
export const itemsAndWriter = `
    CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL, price numeric(10,2), tags text[], data jsonb);
    INSERT INTO items SELECT i, 'item ' || i, i * 1.5, ARRAY['a', 'b'], jsonb_build_object('n', i) FROM generate_series(1, 1000) i;
    CREATE TABLE parents (id int PRIMARY KEY);
    CREATE TABLE children (id int, parent int REFERENCES parents DEFERRABLE INITIALLY DEFERRED);
    CREATE ROLE reader LOGIN PASSWORD 'reader';
    GRANT SELECT ON items TO reader;
    CREATE ROLE writer LOGIN PASSWORD 'writer';
    GRANT SELECT, INSERT, UPDATE, DELETE ON items, parents, children TO writer;
    CREATE SEQUENCE counter; GRANT USAGE ON SEQUENCE counter TO writer;
  `

/** A target that writes to the items, laid over the usual one. */
export const writable = {
  access: 'write',
  tables: { items: { columns: '*', write: ['insert', 'update', 'delete'] }, parents: '*', children: '*' },
}

/** Has a server listen on a free port of this machine. */
export function listening(server: Server): Promise<number> {
  return new Promise(resolve => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port))
  })
}
