import { availableParallelism, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Client } from 'pg'
import { scopeOf } from '../../../tools/db/scope.ts'
import { judgePostgres } from '../../../tools/db/postgres/judge.ts'
import { openPostgres } from '../../../tools/db/postgres/open.ts'
import { dbContext, dbLimits, dbTarget, passwordOf, rawQuery } from '../../support/db-executor.ts'
import { startPostgres } from '../../support/database-server.ts'
import { keyholdCommand, makeHome } from '../../support/home.ts'
import { quantile } from '../quantile.ts'
import { startQueryCaller } from './query-caller.ts'

/*
 * `npm run bench:database`: ten rows from PostgreSQL through Keyhold, through a bare server of the same SDK and driver, and
 * by the driver alone, in turns within one run. It informs and does not judge.
 */

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
})
const rounds = options.quick ? 1_000 : 5_000
const sql =
  'select o.id, o.total, o.created_at, c.country from orders o join customers c on c.id = o.customer_id where o.customer_id = $1 order by o.id limit 10'
const password = 'pw_Q7ZkR2xTn0VbLm4e'
const tables = { orders: '*', customers: ['id', 'country'] }

const ways = ['judge', 'driver', 'careful', 'engine', 'bare', 'keyhold'] as const
type Way = (typeof ways)[number]

const server = await startPostgres()
const home = makeHome()
const url = `postgres://127.0.0.1:${server.port}/postgres`
try {
  await fill()
  const figures = await measure()
  process.stdout.write(options.json ? `${JSON.stringify(figures, null, 2)}\n` : report(figures))
} finally {
  home.remove()
  await server.stop()
}

async function fill(): Promise<void> {
  const admin = new Client({ host: '127.0.0.1', port: server.port, user: 'postgres', password: 'postgres' })
  await admin.connect()
  for (const statement of [
    'create table customers (id int primary key, country text, email text)',
    'create table orders (id serial primary key, customer_id int, total numeric(10,2), created_at timestamptz)',
    "insert into customers select n, 'NL', 'x' from generate_series(1, 1000) n",
    'insert into orders (customer_id, total, created_at) select n % 1000 + 1, n / 7.0, now() from generate_series(1, 50000) n',
    'create index on orders (customer_id)',
    'analyze',
    `create role agent login password '${password}'`,
    'grant select on orders to agent',
    'grant select (id, country) on customers to agent',
  ])
    await admin.query(statement)
  await admin.end()
}

interface Figures {
  readonly machine: { readonly node: string; readonly cores: number; readonly load: number }
  /** p50 and p99 in milliseconds. */
  readonly ms: Readonly<Record<Way, { readonly p50: number; readonly p99: number }>>
}

async function measure(): Promise<Figures> {
  const direct = new Client({ host: '127.0.0.1', port: server.port, user: 'agent', password, database: 'postgres' })
  await direct.connect()
  const target = dbTarget({ url, tables })
  const judge = await judgePostgres(scopeOf(target))
  const limits = dbLimits()
  const engine = await openPostgres(target, limits)
  const credential = passwordOf('agent', password)
  const bare = startQueryCaller({
    argv: [process.execPath, fileURLToPath(new URL('./bare.ts', import.meta.url))],
    environment: { DATABASE_URL: `postgres://agent:${password}@127.0.0.1:${server.port}/postgres` },
    cwd: home.folder,
  })
  await home.seal('agent', password)
  home.writeConfig({
    version: 1,
    credentials: { agent: { type: 'password', username: 'agent', password: { sealed: 'agent' } } },
    tools: {
      shop: { kind: 'db', description: 'The shop', url, credential: 'agent', tables, limits: { rate: '1000000/s' } },
    },
    agents: { local: { transport: 'stdio', allow: ['shop_*'] } },
  })
  const keyhold = startQueryCaller({
    argv: [process.execPath, keyholdCommand, 'stdio'],
    environment: home.environment,
    cwd: home.folder,
  })
  const text = judge(sql).text
  const run: Record<Way, (id: number) => Promise<unknown>> = {
    judge: async () => judge(sql),
    driver: id => direct.query({ text: sql, values: [id], rowMode: 'array' }),
    // The driver, with a read-only transaction that has a time limit: what Keyhold's engine does at least.
    async careful(id) {
      await direct.query('begin read only; set local statement_timeout = 5000')
      await direct.query({ text: sql, values: [id], rowMode: 'array' })
      await direct.query('rollback')
    },
    engine: id => engine.execute(rawQuery(text, [id]), dbContext(limits, credential)),
    bare: id => bare.ask(sql, [id]),
    keyhold: id => keyhold.ask(sql, [id]),
  }
  const times = Object.fromEntries(ways.map(way => [way, [] as number[]])) as Record<Way, number[]>
  for (let round = -Math.ceil(rounds / 5); round < rounds; round += 1) {
    for (const way of ways) {
      const began = performance.now()
      await run[way]((Math.abs(round) % 1_000) + 1)
      if (round >= 0) times[way].push(performance.now() - began)
    }
  }
  await Promise.all([direct.end(), engine.close(), bare.close(), keyhold.close()])
  const spread = (values: number[]) => {
    const ascending = Float64Array.from(values).sort()
    return { p50: quantile(ascending, 0.5), p99: quantile(ascending, 0.99) }
  }
  return {
    machine: { node: process.version, cores: availableParallelism(), load: loadavg()[0] ?? 0 },
    ms: Object.fromEntries(ways.map(way => [way, spread(times[way])])) as Figures['ms'],
  }
}

function report({ machine, ms }: Figures): string {
  const names: Record<Way, string> = {
    judge: 'parse, scope check and rewriting alone',
    driver: 'pg, in one process, on one connection',
    careful: 'pg, with a read-only transaction',
    engine: "Keyhold's engine alone, in one process",
    bare: 'a bare MCP server with pg, over stdio',
    keyhold: 'Keyhold, over stdio',
  }
  const line = (way: Way) =>
    `${names[way].padEnd(44)}${ms[way].p50.toFixed(3).padStart(9)}${ms[way].p99.toFixed(3).padStart(9)}`
  const ratio = (what: string, value: number, aim: number) =>
    `${what.padEnd(44)}${value.toFixed(2).padStart(9)}   at most ${aim}: ${value <= aim ? 'reached' : 'not reached'}`
  return [
    `Ten rows from PostgreSQL; Node ${machine.node}, ${machine.cores} cores, load ${machine.load.toFixed(2)}`,
    `${'ms'.padEnd(44)}${'p50'.padStart(9)}${'p99'.padStart(9)}`,
    ...ways.map(line),
    '',
    ratio('p50 of Keyhold / bare MCP server', ms.keyhold.p50 / ms.bare.p50, 1.6),
    ratio('p50 of Keyhold / pg in one process', ms.keyhold.p50 / ms.driver.p50, 1.6),
    ratio("p50 of Keyhold's engine / pg in one process", ms.engine.p50 / ms.driver.p50, 1.6),
    ratio('p50 of parse and scope check (ms)', ms.judge.p50, 0.3),
    '',
  ].join('\n')
}
