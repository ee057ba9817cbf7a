import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findForms } from '../../support/forms.ts'
import { type CustomScene, setCustomScene } from '../../support/custom-scene.ts'
import { type Database, databases } from '../../support/databases.ts'

/* The role of a database, as an admin looks at it and has one made; and a password that is changed while a worker runs. */

const password = 'pw_Q7ZkR2xTn0VbLm4e'
const newPassword = 'pw_9sW1cYh6GdPz3KfA'

describe.each(Object.entries(databases).filter(([name]) => name !== 'SQLite'))('%s', (_name, start) => {
  let database: Database
  let scene: CustomScene
  const run = async (...args: readonly string[]) => {
    const { code, out, err } = await scene.home.run(args)
    return { code, out, err, json: args.includes('--json') ? (JSON.parse(out) as Record<string, unknown>) : {} }
  }

  beforeAll(async () => {
    database = await start()
    await database.admin(
      'CREATE TABLE orders (id integer PRIMARY KEY, total decimal(10,2))',
      'CREATE TABLE customers (id integer PRIMARY KEY, country varchar(2), email varchar(100))',
      'CREATE TABLE secrets (id integer PRIMARY KEY)',
    )
    await database.setPassword('boss', password)
    await database.admin(
      database.engine === 'postgres' ? 'ALTER ROLE boss SUPERUSER' : "GRANT ALL ON *.* TO 'boss'@'%' WITH GRANT OPTION",
    )
    const tool = {
      kind: 'db',
      description: 'The shop',
      url: database.url,
      access: 'write',
      tables: { orders: { columns: '*', write: ['insert'] }, customers: ['id', 'country'] },
      limits: { timeout: '10s' },
    }
    scene = await setCustomScene({ shop: password, boss: password }, file => ({
      credentials: {
        shop: { type: 'password', username: 'shop', password: file('shop') },
        boss: { type: 'password', username: 'boss', password: file('boss') },
      },
      tools: {
        shop: { ...tool, credential: 'shop' },
        root: { ...tool, credential: 'boss' },
        rootly: { ...tool, credential: 'boss', unsafe_allow_privileged_role: true },
      },
    }))
  })
  afterAll(async () => {
    await scene.end()
    await database.stop()
  })

  test('what provision prints makes a role that check has nothing to say about, and that works', async () => {
    const { code, out } = await run('tool', 'provision', 'shop')
    expect(code).toBe(0)
    expect(out).not.toContain(password)
    await database.admin(...statementsOf(out))
    await database.setPassword('shop', password)
    const check = await run('tool', 'check', 'shop', '--json')
    expect(check.json, check.out).toMatchObject({ tool: 'shop', ok: true, findings: [] })
    expect(check.code).toBe(0)
    const { structured } = await scene.call('shop_db_query', { sql: 'select id, country from customers' })
    expect(structured).toMatchObject({ rows: [] })
    await scene.call('shop_db_query', { sql: 'insert into orders (id, total) values (1, 2.50)' })
    expect(await database.rows('select id, total from orders')).toEqual([['1', '2.50']])
  })

  test('an all-powerful role is refused, on every call and by check, unless that is switched off', async () => {
    const { isError, structured } = await scene.call('root_db_query', { sql: 'select id from orders' })
    expect({ isError, code: structured['code'] }).toEqual({ isError: true, code: 'role_refused' })
    const check = await run('tool', 'check', 'root')
    expect(check.code).toBe(1)
    expect(check.out).toMatch(/^FAIL /m)
    expect(check.out).toContain('keyhold tool provision root')
    const allowed = await scene.call('rootly_db_query', { sql: 'select id from customers' })
    expect(allowed.structured, allowed.raw).toMatchObject({ rows: [] })
    expect(scene.events('tool.warned').length).toBeGreaterThan(0)
  })

  test('a role that is wider than the scope is named, in the log and on record, and works', async () => {
    const grant =
      database.engine === 'postgres' ? 'GRANT SELECT ON secrets TO wide' : "GRANT SELECT ON shop.secrets TO 'wide'@'%'"
    await database.setPassword('wide', password)
    await database.admin(grant)
    const home = scene.home
    expect(home).toBeDefined()
    const wide = await setCustomScene({ wide: password }, file => ({
      credentials: { wide: { type: 'password', username: 'wide', password: file('wide') } },
      tools: {
        shop: { kind: 'db', description: 'S', url: database.url, credential: 'wide', tables: { orders: '*' } },
      },
    }))
    try {
      await wide.call('shop_db_query', { sql: 'select 1' })
      expect(
        wide
          .events('tool.warned')
          .map(line => String(line['finding']))
          .join('\n'),
      ).toMatch(/secrets/)
      const { out, code } = await wide.home.run(['tool', 'check', 'shop'])
      expect({ code, out }).toMatchObject({ code: 0, out: expect.stringMatching(/^warn .*secrets/m) })
    } finally {
      await wide.end()
    }
  })

  test('a password that was changed is read again, and one that is not accepted is said to be', async () => {
    await database.setPassword('shop', newPassword)
    await database.admin(...kickOut(database.engine))
    writeFileSync(`${scene.home.folder}/shop.key`, newPassword)
    const right = await scene.call('shop_db_query', { sql: 'select id from orders' })
    expect(right.structured, right.raw).toMatchObject({ rows: [[1]] })
    await database.setPassword('shop', password)
    await database.admin(...kickOut(database.engine))
    const wrong = await scene.call('shop_db_query', { sql: 'select id from orders' })
    expect(wrong.structured['code']).toBe('credential_unavailable')
    expect(findForms(scene.log() + scene.home.auditText(), newPassword)).toEqual([])
  })

  test('check names what of the scope is not there, or not for the role', async () => {
    const other = await setCustomScene({ shop: newPassword }, file => ({
      credentials: { shop: { type: 'password', username: 'shop', password: file('shop') } },
      tools: {
        shop: {
          kind: 'db',
          description: 'S',
          url: database.url,
          credential: 'shop',
          tables: { orders: '*', customers: ['id', 'contry'], secrets: '*', nowhere: '*' },
        },
      },
    }))
    try {
      await database.setPassword('shop', newPassword)
      const { out } = await other.home.run(['tool', 'check', 'shop'])
      expect(out).toMatch(/^warn .*no table secrets that can be used/m)
      expect(out).toMatch(/^warn .*no table nowhere that can be used/m)
      expect(out).toMatch(/^warn .*customers has no column contry that can be used/m)
    } finally {
      await other.end()
    }
  })

  test('check names a tool that is not there', async () => {
    const { code, err } = await run('tool', 'check', 'shopp')
    expect({ code, err }).toMatchObject({ code: 2, err: expect.stringMatching(/did you mean shop\?/) })
  })
})

test('check tells of a file of SQLite, which has no roles', async () => {
  const database = await databases.SQLite()
  await database.admin('create table orders (id integer primary key)')
  const scene = await setCustomScene({}, () => ({
    credentials: {},
    tools: { shop: { kind: 'db', description: 'S', url: database.url, tables: { orders: '*', nowhere: '*' } } },
  }))
  try {
    const { out, code } = await scene.home.run(['tool', 'check', 'shop'])
    expect({ code, out }).toMatchObject({ code: 0, out: expect.stringMatching(/^shop: SQLite 3[^]*^warn .*nowhere/m) })
  } finally {
    await scene.end()
    await database.stop()
  }
})

/** The statements of a script, without its comments. */
function statementsOf(script: string): string[] {
  return script
    .replaceAll(/^\s*(?:--|\\).*$/gm, '')
    .split(/;\s*$/m)
    .map(statement => statement.trim())
    .filter(statement => statement !== '')
}

/** Ends the connections of the tool's role, so that it has to log in again. */
function kickOut(engine: Database['engine']): string[] {
  return engine === 'postgres'
    ? ["SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'shop'"]
    : ["KILL USER 'shop'@'%'"]
}
