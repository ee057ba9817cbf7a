import assert from 'node:assert/strict'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Refusal } from '../../../../src/refusal.ts'
import { openMysql } from '../../../../tools/db/mysql/open.ts'
import { readGrant } from '../../../../tools/db/mysql/grants.ts'
import { type Database, databases } from '../../../support/databases.ts'
import { ask, dbContext, dbLimits, dbTarget, passwordOf, rawQuery } from '../../../support/db-executor.ts'

let database: Database

beforeAll(async () => {
  database = await databases.MariaDB()
  await database.admin(
    'CREATE TABLE orders (id INT, customer INT, note VARCHAR(10))',
    'CREATE TABLE other (id INT)',
    'CREATE FUNCTION as_maker() RETURNS INT READS SQL DATA RETURN (SELECT COUNT(*) FROM other)',
    'CREATE FUNCTION as_caller() RETURNS INT SQL SECURITY INVOKER RETURN 1',
    'CREATE ROLE wide',
    'GRANT SELECT ON mysql.* TO wide',
    'CREATE ROLE outer_role',
    'GRANT wide TO outer_role',
  )
})

afterAll(() => database?.stop())

const scope = { tables: { orders: ['id', 'customer'] } }
let count = 0

/** A tool whose user has exactly these rights. */
async function tool(rights: readonly string[], written: Record<string, unknown> = {}) {
  const user = `role${count++}`
  await database.setPassword(user, 'x')
  for (const right of rights) await database.admin(`GRANT ${right.replace('$USER', `'${user}'@'%'`)}`)
  const executor = await openMysql(dbTarget({ url: database.url, ...scope, ...written }), dbLimits())
  return { executor, user: passwordOf(user, 'x'), name: user }
}

interface Inspected {
  readonly findings: readonly { readonly level: string; readonly message: string }[]
  readonly role: string
  readonly server_version: string
}

async function inspected(rights: readonly string[], written: Record<string, unknown> = {}): Promise<Inspected> {
  const { executor, user } = await tool(rights, written)
  const { answer } = await ask(executor, { type: 'inspect' }, user)
  await executor.close()
  const all = answer as unknown as Inspected
  // What is not there for these roles of few rights is another matter.
  return { ...all, findings: all.findings.filter(({ message }) => !message.endsWith('that can be used')) }
}

const to = 'TO $USER'
/** Without any right on a database nobody may use it. */
const own = `SELECT (id) ON shop.orders ${to}`

test('a role with the rights of the scope has no findings', async () => {
  const { findings, role, server_version } = await inspected([`SELECT (id, customer) ON shop.orders ${to}`])
  assert.deepEqual(findings, [])
  assert.match(role, /^role\d+@%$/)
  assert.match(server_version, /^10\.\d+\.\d+-MariaDB/)
})

test('nor has one with less', async () => {
  assert.deepEqual((await inspected([`SELECT (id) ON shop.orders ${to}`])).findings, [])
})

describe('rights with which a role could read files or give itself others are refused', () => {
  test.each([
    [`FILE ON *.* ${to}`, 'FILE'],
    [`SUPER ON *.* ${to}`, 'SUPER'],
    [`SHUTDOWN ON *.* ${to}`, 'SHUTDOWN'],
    [`RELOAD ON *.* ${to}`, 'RELOAD'],
    [`CREATE USER ON *.* ${to}`, 'CREATE USER'],
    [`ALL ON *.* ${to}`, 'ALL PRIVILEGES'],
    [`SELECT ON *.* ${to} WITH GRANT OPTION`, 'GRANT OPTION'],
    [`SELECT ON shop.* ${to} WITH GRANT OPTION`, 'GRANT OPTION'],
    [`SELECT ON shop.other ${to} WITH GRANT OPTION`, 'shop.other'],
    [`BINLOG ADMIN ON *.* ${to}`, 'BINLOG ADMIN'],
    [`READ_ONLY ADMIN ON *.* ${to}`, 'READ_ONLY ADMIN'],
    [`CONNECTION ADMIN ON *.* ${to}`, 'CONNECTION ADMIN'],
    [`SET USER ON *.* ${to}`, 'SET USER'],
    [`SELECT ON mysql.* ${to}`, 'mysql'],
    ['INSERT ON `my%`.* TO $USER', 'my%'],
    [`SELECT ON mysql.global_priv ${to}`, 'mysql.global_priv'],
    [`wide ${to}`, 'mysql'],
    [`outer_role ${to}`, 'mysql'],
    ["PROXY ON 'nobody'@'%' TO $USER", 'PROXY'],
  ])('%s', async (right, named) => {
    const { executor, user } = await tool([`SELECT ON shop.orders ${to}`, right])
    const asked = ask(executor, rawQuery('SELECT 1'), user)
    const error: unknown = await asked.catch((thrown: unknown) => thrown)
    assert.ok(error instanceof Refusal && error.code === 'role_refused', String(error))
    assert.ok(error.message.includes(named), error.message)
    const { answer } = await ask(executor, { type: 'inspect' }, user)
    const { findings } = answer as unknown as Inspected
    assert.ok(findings.some(({ level, message }) => level === 'refused' && message.includes(named)))
    await executor.close()
  })

  test('by a role that is on by default, which the session keeps', async () => {
    const { executor, user, name } = await tool([own, `outer_role ${to}`], { unsafe_allow_privileged_role: true })
    await database.admin(`SET DEFAULT ROLE outer_role FOR '${name}'@'%'`)
    const warned: string[] = []
    const context = dbContext(dbLimits(), user, { warned })
    const { answer } = await executor.execute(rawQuery('SELECT CURRENT_ROLE()'), context)
    assert.deepEqual(answer['rows'], [['outer_role']])
    assert.deepEqual(warned, ['the role has SELECT on all of the database mysql'])
    await executor.close()
  })

  test('by what everybody may do', async () => {
    const { executor, user } = await tool([`SELECT (id, customer) ON shop.orders ${to}`])
    await database.admin('GRANT SELECT ON shop.other TO PUBLIC')
    try {
      const { answer } = await ask(executor, { type: 'inspect' }, user)
      const { findings } = answer as unknown as Inspected
      assert.deepEqual(findings, [
        { level: 'warning', message: 'the role has SELECT on shop.other, which is not in the scope' },
      ])
    } finally {
      await database.admin('REVOKE SELECT ON shop.other FROM PUBLIC')
      await executor.close()
    }
  })

  test('unless an admin says otherwise; then they are warned of once', async () => {
    const { executor, user } = await tool([own, `FILE ON *.* ${to}`], { unsafe_allow_privileged_role: true })
    const warned: string[] = []
    for (let call = 0; call < 2; call++)
      await executor.execute(rawQuery('SELECT 1'), dbContext(dbLimits(), user, { warned }))
    assert.deepEqual(warned, ['the role has FILE on everything at the server'])
    await executor.close()
  })

  test('and no longer once they are taken away', async () => {
    const { executor, user, name } = await tool([own, `FILE ON *.* ${to}`])
    await assert.rejects(ask(executor, rawQuery('SELECT 1'), user), { code: 'role_refused' })
    await database.admin(`REVOKE FILE ON *.* FROM '${name}'@'%'`)
    assert.deepEqual((await ask(executor, rawQuery('SELECT 1'), user)).answer['rows'], [[1]])
    await executor.close()
  })
})

describe('rights beyond the scope are warned of by name, and calls go on', () => {
  test.each([
    [`SELECT ON shop.orders ${to}`, 'the role has SELECT on all columns of shop.orders, beyond the scope'],
    [`SELECT (id, note) ON shop.orders ${to}`, 'the role has SELECT on shop.orders (note), beyond the scope'],
    [`SELECT ON shop.other ${to}`, 'the role has SELECT on shop.other, which is not in the scope'],
    [`SELECT ON shop.* ${to}`, 'the role has SELECT on all of the database shop'],
    [`SELECT ON *.* ${to}`, 'the role has SELECT on everything at the server'],
    [`PROCESS ON *.* ${to}`, 'the role has PROCESS on everything at the server'],
    [`UPDATE ON shop.orders ${to}`, 'the role has UPDATE on shop.orders, beyond the scope'],
    [`DELETE ON shop.orders ${to}`, 'the role has DELETE on shop.orders, beyond the scope'],
    [`TRIGGER ON shop.orders ${to}`, 'the role has TRIGGER on shop.orders, beyond the scope'],
    [`EVENT ON shop.* ${to}`, 'the role has EVENT on all of the database shop'],
    [`EXECUTE ON FUNCTION shop.as_caller ${to}`, 'the role has EXECUTE on the routine shop.as_caller'],
    [
      `EXECUTE ON FUNCTION shop.as_maker ${to}`,
      'the role can run shop.as_maker with the rights of its maker (SQL SECURITY DEFINER)',
    ],
  ])('%s', async (right, message) => {
    const { executor, user } = await tool([own, right])
    const warned: string[] = []
    await executor.execute(rawQuery('SELECT 1'), dbContext(dbLimits(), user, { warned }))
    assert.ok(warned.includes(message), warned.join('\n'))
    await executor.close()
  })

  test('what is written to is in the scope', async () => {
    const written = { access: 'write', tables: { orders: { columns: ['id', 'note'], write: ['insert', 'delete'] } } }
    const rights = [`SELECT (id), INSERT (id, note), DELETE ON shop.orders ${to}`]
    assert.deepEqual((await inspected(rights, written)).findings, [])
    const { findings } = await inspected([`INSERT (id, customer), UPDATE (id) ON shop.orders ${to}`], written)
    expect(findings).toEqual([
      { level: 'warning', message: 'the role has INSERT on shop.orders (customer), beyond the scope' },
      { level: 'warning', message: 'the role has UPDATE on shop.orders, beyond the scope' },
    ])
  })

  test('a function of the scope is in the scope', async () => {
    const rights = [`EXECUTE ON FUNCTION shop.as_maker ${to}`]
    assert.deepEqual((await inspected(rights, { functions: ['shop.as_maker'] })).findings, [])
  })
})

test('a function that takes the name of a safe one, which the server lacks, is warned of', async () => {
  await database.admin(
    'CREATE FUNCTION any_value(x INT) RETURNS INT SQL SECURITY INVOKER RETURN 42',
    "INSERT INTO mysql.func VALUES ('regexp_like', 0, 'own.so', 'function')",
  )
  const rights = [own, `EXECUTE ON FUNCTION shop.any_value ${to}`, `SELECT ON mysql.func ${to}`]
  const { executor, user } = await tool(rights, { unsafe_allow_privileged_role: true })
  const warned: string[] = []
  const context = dbContext(dbLimits(), user, { warned })
  assert.deepEqual((await executor.execute(rawQuery('SELECT ANY_VALUE(1)'), context)).answer['rows'], [[42]])
  for (const name of ['shop.any_value', 'regexp_like'])
    assert.ok(warned.includes(`the function ${name} has the name of a built-in one`), warned.join())
  await executor.close()
  assert.deepEqual((await inspected([own])).findings, [], 'whoever may not call it is not told')
})

describe('a line of SHOW GRANTS is read', () => {
  test.each([
    ["GRANT USAGE ON *.* TO `u`@`%` IDENTIFIED BY PASSWORD '*AB' REQUIRE SSL", { kind: 'grants', grants: [] }],
    [
      'GRANT APPLICATION_PASSWORD_ADMIN,AUDIT_ADMIN ON *.* TO `root`@`localhost`',
      {
        kind: 'grants',
        grants: [
          { privilege: 'APPLICATION_PASSWORD_ADMIN', columns: null, on: { kind: 'everything' } },
          { privilege: 'AUDIT_ADMIN', columns: null, on: { kind: 'everything' } },
        ],
      },
    ],
    [
      'GRANT `r1`@`%`,`r2`@`%` TO `u1`@`%`',
      {
        kind: 'roles',
        roles: [
          { name: 'r1', host: '%' },
          { name: 'r2', host: '%' },
        ],
      },
    ],
    ['GRANT `r1` TO `u1`@`%` WITH ADMIN OPTION', { kind: 'roles', roles: [{ name: 'r1', host: null }] }],
    ['SET DEFAULT ROLE `r1` FOR `u1`@`%`', { kind: 'nothing' }],
    [
      'GRANT SELECT (`a, b`, `c``)`) ON `d`.`t ON x` TO `GRANT OPTION`@`%` WITH MAX_QUERIES_PER_HOUR 5 GRANT OPTION',
      {
        kind: 'grants',
        grants: [
          { privilege: 'SELECT', columns: ['a, b', 'c`)'], on: { kind: 'table', database: 'd', table: 't ON x' } },
          { privilege: 'GRANT OPTION', columns: null, on: { kind: 'table', database: 'd', table: 't ON x' } },
        ],
      },
    ],
    [
      'GRANT EXECUTE ON PACKAGE BODY `d`.`p` TO `u`@`%`',
      {
        kind: 'grants',
        grants: [{ privilege: 'EXECUTE', columns: null, on: { kind: 'routine', database: 'd', name: 'p' } }],
      },
    ],
    ['REVOKE SELECT ON `mysql`.* FROM `u`@`%`', { kind: 'unknown' }],
    ['something else', { kind: 'unknown' }],
    ['', { kind: 'unknown' }],
  ])('%s', (line, read) => {
    assert.deepEqual(readGrant(line), read)
  })
})
