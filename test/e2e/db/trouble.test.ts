import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CustomScene, setCustomScene } from '../../support/custom-scene.ts'
import { type Database, databases } from '../../support/databases.ts'
import { childrenOf } from '../../support/processes.ts'

/* What goes wrong with a database costs the call that it happens to, and no other: through the real gate and worker. */

const password = 'pw_Q7ZkR2xTn0VbLm4e'
const timeoutMs = 3_000

/** A statement that none of them comes to an end with. */
const endless: Record<Database['engine'], string> = {
  postgres: 'select count(*) from numbers a, numbers b, numbers c, numbers d, numbers e',
  mysql:
    'select count(*) from numbers a, numbers b, numbers c, numbers d, numbers e where a.n + b.n + c.n + d.n + e.n > 0',
  sqlite: 'with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n',
}

describe.each(Object.entries(databases))('%s', (_name, start) => {
  let database: Database
  let scene: CustomScene
  const ask = async (sql: string) => {
    const began = performance.now()
    const { structured } = await scene.call('shop_db_query', { sql })
    return { structured, tookMs: performance.now() - began }
  }
  const works = async () =>
    expect((await ask('select 1 from numbers where n = 1')).structured).toMatchObject({ rows: [[1]] })

  beforeAll(async () => {
    database = await start()
    await database.setPassword('agent', password)
    const values = Array.from({ length: 500 }, (_, index) => `(${index})`).join(', ')
    await database.admin('CREATE TABLE numbers (n integer)', `INSERT INTO numbers VALUES ${values}`)
    if (database.engine === 'postgres') await database.admin('GRANT SELECT ON numbers TO agent')
    if (database.engine === 'mysql') await database.admin("GRANT SELECT ON shop.numbers TO 'agent'@'%'")
    scene = await setCustomScene({ db: password }, file => ({
      credentials: { agent: { type: 'password', username: 'agent', password: file('db') } },
      tools: {
        shop: {
          kind: 'db',
          description: 'The shop',
          url: database.url,
          ...(database.engine === 'sqlite' ? {} : { credential: 'agent' }),
          tables: { numbers: '*' },
          limits: { timeout: `${timeoutMs}ms`, connections: 2 },
        },
      },
    }))
  })
  afterAll(async () => {
    await scene.end()
    await database.stop()
  })

  test('a statement that does not end is ended at the deadline, at the database too, and the next call works', async () => {
    const { structured, tookMs } = await ask(endless[database.engine])
    expect(structured['code']).toBe('target_timeout')
    expect(tookMs).toBeLessThan(timeoutMs + 1_500)
    await works()
    const running = {
      postgres: "select count(*) from pg_stat_activity where usename = 'agent' and state = 'active'",
      mysql: "select count(*) from information_schema.processlist where user = 'agent' and command <> 'Sleep'",
      sqlite: 'select 0',
    }
    expect(await database.rows(running[database.engine])).toEqual([['0']])
  })

  test('several of them at once do not keep an honest call from its answer for longer than its own time', async () => {
    const many = [1, 2, 3].map(() => ask(endless[database.engine]))
    const honest = ask('select 1 from numbers where n = 1')
    for (const { structured, tookMs } of await Promise.all(many)) {
      expect(structured['code']).toMatch(/^(?:target_timeout|busy)$/)
      expect(tookMs).toBeLessThan(timeoutMs + 1_500)
    }
    expect((await honest).tookMs).toBeLessThan(timeoutMs + 1_500)
    await works()
  })

  test('a worker that is killed in the middle costs its call at most', async () => {
    await works()
    const before = childrenOf(scene.pid)
    const call = ask(endless[database.engine])
    await expect.poll(() => childrenOf(scene.pid).length, { timeout: 2_000 }).toBeGreaterThan(0)
    for (const pid of before) process.kill(pid, 'SIGKILL')
    expect((await call).structured['code']).toMatch(/^(?:target_timeout|internal)$/)
    await works()
  })

  test('a server that is gone is unreachable, and is used again when it is back', async () => {
    if (database.server === null) return
    await database.server.kill()
    expect((await ask('select 1 from numbers where n = 1')).structured['code']).toBe('target_unreachable')
    await database.server.restart()
    await works()
  })
})
