import { Client } from 'pg'
import { judgePostgres } from '../../../tools/db/postgres/judge.ts'
import { openPostgres } from '../../../tools/db/postgres/open.ts'
import { provisionPostgres } from '../../../tools/db/postgres/provision.ts'
import { scopeOf } from '../../../tools/db/scope.ts'
import { databases } from '../../support/databases.ts'
import { dbLimits, dbTarget, passwordOf } from '../../support/db-executor.ts'
import { attacks } from '../../tools/db/postgres/attacks.ts'
import { fixtureScope, fixtureSql, markerPattern } from '../../tools/db/postgres/fixture.ts'
import { type Ground, password } from './layers.ts'

const untouched = ['orders', 'customers', 'people', 'tickets', 'secrets', 'sales.regions', '"Wäre 店"."Bücher"']

/** Sets the fixture up in a server of its own, with a role as `tool provision` and its notes make it. */
export async function postgresGround(): Promise<Ground> {
  const database = await databases.PostgreSQL()
  await database.admin(fixtureSql)
  const target = dbTarget({ url: database.url, ...fixtureScope })
  const scope = scopeOf(target)
  await database.admin(provisionPostgres(scope, { role: 'agent', database: 'postgres' }))
  await database.setPassword('agent', password)
  await database.admin(
    'REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public, sales FROM PUBLIC',
    'GRANT EXECUTE ON FUNCTION public.twice TO agent',
    'REVOKE TEMPORARY ON DATABASE postgres FROM PUBLIC',
  )
  const limits = dbLimits({ timeoutMs: 3_000 })
  const powerful = dbTarget({ url: database.url, ...fixtureScope, unsafe_allow_privileged_role: true })
  const ways = {
    exact: { executor: await openPostgres(target, limits), credential: passwordOf('agent', password) },
    powerful: { executor: await openPostgres(powerful, limits), credential: passwordOf('postgres', 'postgres') },
  }
  const port = database.server?.port ?? 0
  const admin = await connected(port, 'postgres', 'postgres')
  const agent = await connected(port, 'agent', password)
  const rows = untouched.map(table => `(SELECT string_agg(t::text, '|' ORDER BY t::text) FROM ${table} t)`)
  const catalogue =
    "(SELECT string_agg(oid::text, '|' ORDER BY oid) FROM pg_class WHERE relnamespace > 16000 OR relnamespace = 2200)"
  const roles = "(SELECT string_agg(rolname || rolsuper::text, '|' ORDER BY rolname) FROM pg_roles)"
  const watch = await connected(port, 'postgres', 'postgres')
  return {
    url: database.url,
    attacks: Object.entries(attacks).flatMap(([aim, list]) =>
      list.map(({ name, sql }) => ({ name: `${aim}: ${name}`, sql })),
    ),
    judge: await judgePostgres(scope),
    ...ways,
    // The engine finds no table without its schema; the role has to hold by itself.
    alone: async (sql, params) => undone(agent, sql, params, 'BEGIN').catch(() => null),
    plainly: (sql, params) =>
      undone(admin, sql, params, 'BEGIN; SET LOCAL search_path = pg_catalog, pg_temp').catch(
        (error: Error) => error.message,
      ),
    shows: answer => markerPattern.test(answer),
    async state() {
      const result = await watch.query({ text: `SELECT ${[...rows, catalogue, roles].join(', ')}`, rowMode: 'array' })
      return JSON.stringify(result.rows)
    },
    async stop() {
      await Promise.all([
        ...Object.values(ways).map(({ executor }) => executor.close()),
        admin.end(),
        agent.end(),
        watch.end(),
      ])
      await database.stop()
    },
  }
}

/** Opens a connection whose statements end after three seconds. */
export async function connected(port: number, user: string, login: string): Promise<Client> {
  const client = new Client({ host: '127.0.0.1', port, user, password: login, database: 'postgres' })
  client.on('error', () => {})
  await client.connect()
  await client.query("SET statement_timeout = '3s'")
  return client
}

/** Carries out one statement by the extended protocol, which takes no second one, and undoes it. */
async function undone(client: Client, sql: string, values: readonly unknown[], begin: string): Promise<string> {
  await client.query(begin)
  try {
    const request = { text: sql, values: [...values], queryMode: 'extended', rowMode: 'array' as const }
    const { rows } = await client.query<unknown[]>(request)
    return JSON.stringify(rows)
  } finally {
    await client.query('ROLLBACK')
    await client.query('RESET search_path')
  }
}
