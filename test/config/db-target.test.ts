import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { loadConfig } from '../../src/config/load.ts'
import { ConfigError, formatProblem } from '../../src/config/problem.ts'
import { kinds } from '../../tools/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'keyhold-db-target-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A whole configuration with one tool of kind `db`. */
function written(tool: Record<string, unknown>): string {
  return stringify({
    version: 1,
    credentials: {
      orders: { type: 'password', username: 'orders_ro', password: { sealed: 'orders' } },
      token: { type: 'bearer', token: { sealed: 'token' } },
      partner: { type: 'mtls', certificate: { sealed: 'cert' }, private_key: { sealed: 'key' } },
    },
    tools: {
      shop: {
        kind: 'db',
        description: 'Orders',
        url: 'postgres://db.example.com/shop',
        credential: 'orders',
        tables: { orders: '*' },
        ...tool,
      },
    },
  })
}

async function problemsOf(tool: Record<string, unknown>): Promise<string> {
  const file = join(folder, 'keyhold.yaml')
  writeFileSync(file, written(tool))
  try {
    await loadConfig(file, kinds)
    return ''
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.map(problem => formatProblem({ ...problem, file: 'keyhold.yaml' })).join('\n')
  }
}

const statement = { description: 'One', sql: 'select 1 from orders where id = $1', params: { id: { type: 'integer' } } }

describe('a target that cannot be meant is refused with place, key and reason', () => {
  test.each<readonly [string, Record<string, unknown>, RegExp]>([
    [
      'a password in the URL',
      { url: 'postgres://u:hunter2@db.example.com/shop' },
      /shop\.url.*carries no user or password/,
    ],
    ['a user in the URL', { url: 'mysql://u@db.example.com/shop' }, /shop\.url.*carries no user or password/],
    ['options in the URL', { url: 'postgres://db.example.com/shop?sslmode=disable' }, /shop\.url.*no query/],
    ['no database', { url: 'postgres://db.example.com' }, /shop\.url.*names no database/],
    ['no host', { url: 'postgres:///shop' }, /shop\.url.*names no host/],
    ['another system', { url: 'oracle://db.example.com/shop' }, /shop\.url.*not postgres/],
    ['no file', { url: 'sqlite:' }, /shop\.url.*path of a file/],
    ['a database in memory', { url: 'sqlite::memory:' }, /shop\.url.*path of a file/],
    ['a URI of SQLite', { url: 'sqlite:file:shop.db?mode=rwc' }, /shop\.url.*path of a file/],
    ['a file that is not there', { url: 'sqlite:./none.db', credential: undefined }, /shop\.url.*no such file/],
    ['a private address', { url: 'postgres://10.0.0.5/shop' }, /shop\.url.*10\.0\.0\.5/],
    ['the address of cloud metadata', { url: 'postgres://169.254.169.254/shop' }, /shop\.url/],
    ['no tables', { tables: undefined }, /shop\.tables/],
    ['an empty list of tables', { tables: {} }, /shop\.tables.*nothing allowed/],
    ['an empty list of columns', { tables: { orders: [] } }, /shop\.tables\.orders.*permits nothing/],
    ['a table with three parts', { tables: { 'a.b.c': '*' } }, /shop\.tables/],
    ['SQL for a table', { tables: { 'orders; drop table x': '*' } }, /shop\.tables/],
    ['an unknown key of a table', { tables: { orders: { columns: '*', filter: 'x' } } }, /filter/],
    ['an unknown right', { tables: { orders: { columns: '*', write: ['truncate'] } }, access: 'write' }, /write/],
    [
      'writing where only reading is meant',
      { tables: { orders: { columns: '*', write: ['insert'] } } },
      /access: write/,
    ],
    [
      'rows of a table that is written to',
      { access: 'write', tables: { orders: { columns: '*', rows: 'id > 1', write: ['update'] } } },
      /rows cannot be enforced/,
    ],
    ['nothing to offer', { query: false }, /shop\.query.*leaves nothing/],
    ['a credential of another type', { credential: 'token' }, /shop\.credential.*type bearer cannot/],
    [
      'a client certificate of another type',
      { tls: { certificate: 'orders' } },
      /shop\.tls\.certificate.*type password/,
    ],
    ['nobody to log in as', { credential: undefined }, /shop\.user.*whom to log in as/],
    ['an unknown limit', { limits: { max_pages: 5 } }, /shop\.limits.*max_pages/],
    ['no rows at all', { limits: { max_rows: 0 } }, /shop\.limits\.max_rows/],
    ['a socket for a file', { url: 'sqlite:keyhold.yaml', credential: undefined, socket: '/run/x' }, /no socket/],
    [
      'a table that is not in the scope',
      { statements: { one: { ...statement, sql: 'select $1 from secrets' } } },
      /one\.sql/,
    ],
    ['SQL that is none', { statements: { one: { ...statement, sql: 'selekt $1' } } }, /one\.sql/],
    [
      'parameters that are not there',
      { statements: { one: { ...statement, sql: 'select 1 from orders' } } },
      /one\.params.*0 parameters/,
    ],
    [
      'a schema that is none',
      { statements: { one: { ...statement, params: { id: { type: 'number?' } } } } },
      /one\.params\.id/,
    ],
    ['a statement named as another MCP tool', { statements: { db_query: statement } }, /db_query/],
    ['rows that are no condition', { tables: { orders: { columns: ['id'], rows: 'id = 1; drop table x' } } }, /rows/],
    ['rows with a subquery', { tables: { orders: { columns: ['id'], rows: 'id in (select id from x)' } } }, /rows/],
  ])('%s', async (_what, tool, expected) => {
    const problems = await problemsOf(tool)
    expect(problems).toMatch(expected)
    expect(problems).not.toContain('hunter2')
  })
})

test('a rule about a table that is none of the tool is refused: a typo must not deny nothing', async () => {
  const file = join(folder, 'rules.yaml')
  const agents = (rule: string) => `agents:\n  local: { transport: stdio, allow: ["*"], deny: ["${rule}"] }\n`
  writeFileSync(file, `${written({})}${agents('shop_db_query(read ordres)')}`)
  await expect(loadConfig(file, kinds)).rejects.toThrow(/read ordres.*is not a specifier/)
  writeFileSync(file, `${written({})}${agents('shop_db_query(read orders)')}`)
  await expect(loadConfig(file, kinds)).resolves.toBeDefined()
})

describe('limits of one kind are unknown to the other', () => {
  test('max_rows is an error for http', async () => {
    const file = join(folder, 'http.yaml')
    const tool = { kind: 'http', description: 'A', base_url: 'https://a.example', allow: ['GET /x'] }
    writeFileSync(file, stringify({ version: 1, tools: { a: { ...tool, limits: { max_rows: 5 } } } }))
    await expect(loadConfig(file, kinds)).rejects.toThrow(/max_rows/)
  })
})

describe('a target that is meant loads', () => {
  test.each<readonly [string, Record<string, unknown>, readonly string[]]>([
    ['with SQL of agents', {}, ['shop_db_describe', 'shop_db_query']],
    ['with statements', { statements: { one: statement } }, ['shop_db_describe', 'shop_db_query', 'shop_one']],
    ['with statements only', { query: false, statements: { one: statement } }, ['shop_db_describe', 'shop_one']],
    ['for MariaDB', { url: 'mariadb://db.example.com/shop' }, ['shop_db_describe', 'shop_db_query']],
    ['for SQLite', { url: 'sqlite:./keyhold.yaml', credential: undefined }, ['shop_db_describe', 'shop_db_query']],
    [
      'at a private address',
      { url: 'postgres://10.0.0.5/shop', unsafe_allow_private: ['10.0.0.0/8'] },
      ['shop_db_describe', 'shop_db_query'],
    ],
  ])('%s', async (_what, tool, offered) => {
    const file = join(folder, 'keyhold.yaml')
    writeFileSync(file, written(tool))
    const { verbs } = await loadConfig(file, kinds)
    expect([...verbs.keys()]).toEqual(offered)
  })

  test('a file of SQLite is looked for beside the configuration', async () => {
    const file = join(folder, 'keyhold.yaml')
    writeFileSync(file, written({ url: 'sqlite:./keyhold.yaml', credential: undefined }))
    const { config } = await loadConfig(file, kinds)
    expect(config.tools[0]?.target).toMatchObject({ url: `sqlite:${file}`, limits: { max_rows: 500 } })
  })
})
