import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findForms } from '../../support/forms.ts'
import { type CustomScene, setCustomScene } from '../../support/custom-scene.ts'
import { type Database, databases } from '../../support/databases.ts'

/* A tool of kind db from end to end: the real binary, the official client, real databases. */

const password = 'pw_Q7ZkR2xTn0VbLm4e'
const hidden = 'hidden-7f3a9c21'

const tables = {
  orders: '*',
  customers: ['id', 'country'],
  notes: { columns: '*', write: ['insert', 'update', 'delete'] },
}

const renameDraft = 'update drafts set title = $1 where id = $2'

/** The rights of the tool's role, as an admin would give them. */
const grants: Record<Database['engine'], readonly string[]> = {
  postgres: [
    'GRANT SELECT ON orders TO agent',
    'GRANT SELECT (id, country) ON customers TO agent',
    'GRANT SELECT, INSERT, UPDATE, DELETE ON notes TO agent',
    'GRANT SELECT (id, title), UPDATE (title) ON drafts TO agent',
  ],
  mysql: [
    "GRANT SELECT ON shop.orders TO 'agent'@'%'",
    "GRANT SELECT (id, country) ON shop.customers TO 'agent'@'%'",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON shop.notes TO 'agent'@'%'",
    "GRANT SELECT (id, title), UPDATE (title) ON shop.drafts TO 'agent'@'%'",
  ],
  sqlite: [],
}

describe.each(Object.entries(databases))('%s', (_name, start) => {
  let database: Database
  let scene: CustomScene
  const first = () => (database.engine === 'postgres' ? '$1' : '?')

  beforeAll(async () => {
    database = await start()
    await database.setPassword('agent', password)
    await database.admin(
      'CREATE TABLE customers (id integer PRIMARY KEY, country varchar(2), email varchar(100))',
      'CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer, total decimal(10,2))',
      'CREATE TABLE notes (id integer PRIMARY KEY, body varchar(200))',
      'CREATE TABLE drafts (id integer PRIMARY KEY, title varchar(100), secret varchar(100))',
      `CREATE TABLE secrets (id integer PRIMARY KEY, value varchar(100))`,
      `INSERT INTO customers VALUES (1, 'NL', '${hidden}'), (2, 'DE', '${hidden}')`,
      'INSERT INTO orders VALUES (10, 1, 12.50), (11, 2, 7.25), (12, 1, 99.00)',
      `INSERT INTO notes VALUES (1, '${password}'), (2, 'two'), (3, 'three')`,
      `INSERT INTO drafts VALUES (1, 'one', '${hidden}'), (2, 'two', '${hidden}')`,
      `INSERT INTO secrets VALUES (1, '${hidden}')`,
      ...grants[database.engine],
    )
    const at = { kind: 'db', url: database.url, ...(database.engine === 'sqlite' ? {} : { credential: 'agent' }) }
    scene = await setCustomScene({ db: password }, file => ({
      credentials: { agent: { type: 'password', username: 'agent', password: file('db') } },
      tools: {
        viewer: { ...at, description: 'Orders', tables: { orders: '*' } },
        desk: {
          ...at,
          description: 'Drafts',
          access: 'write',
          tables: { drafts: { columns: ['id', 'title'], write: ['update'] } },
          statements: {
            rename: {
              description: 'Renames a draft',
              sql: database.engine === 'postgres' ? renameDraft : renameDraft.replaceAll(/\$[12]/g, '?'),
              params: { title: { type: 'string' }, id: { type: 'integer' } },
            },
          },
        },
        shop: {
          ...at,
          description: 'The shop',
          access: 'write',
          tables,
          statements: {
            orders_of: {
              description: 'Orders of one customer',
              sql: `select id, total from orders where customer_id = ${first()} order by id`,
              params: { customer_id: { type: 'integer', minimum: 1 } },
            },
          },
          limits: { timeout: '10s', max_rows: 2, max_affected_rows: 2 },
        },
      },
      deny: ['shop_db_query(write orders)'],
    }))
  })
  afterAll(async () => {
    await scene.end()
    await database.stop()
  })

  const query = (sql: string, params: readonly unknown[] = []) => scene.call('shop_db_query', { sql, params })

  test('a query gives rows, their columns and how long it took, and is on record with its tables', async () => {
    const sql = `select o.id, c.country from orders o join customers c on c.id = o.customer_id where o.id < ${first()} order by o.id`
    const { isError, structured } = await query(sql, [12])
    expect(isError, JSON.stringify(structured)).toBe(false)
    expect(structured).toMatchObject({
      rows: [
        [10, 'NL'],
        [11, 'DE'],
      ],
      row_count: 2,
      truncated: false,
    })
    expect((structured['columns'] as { name: string }[]).map(({ name }) => name)).toEqual(['id', 'country'])
    expect(structured['duration_ms']).toBeGreaterThan(0)
    expect(scene.calls().at(-1)).toMatchObject({
      outcome: 'ok',
      kind: 'db',
      rows: 2,
      operation: { action: 'SELECT', resource: 'orders, customers', access: 'read' },
    })
  })

  test('an answer with more rows than allowed is cut, and says so', async () => {
    const { structured } = await query('select id from orders order by id')
    expect(structured).toMatchObject({ rows: [[10], [11]], row_count: 2, truncated: true })
  })

  test('a statement of the admin is a tool of its own, with typed arguments', async () => {
    const { tools } = await scene.client.listTools()
    const tool = tools.find(({ name }) => name === 'shop_orders_of')
    expect(tool?.inputSchema).toMatchObject({
      properties: { customer_id: { type: 'integer' } },
      required: ['customer_id'],
    })
    const done = await scene.call('shop_orders_of', { customer_id: 1 })
    expect((done.structured['rows'] as unknown[][]).map(([id]) => id)).toEqual([10, 12])
    for (const args of [{ customer_id: '1 or 1=1' }, { customer_id: 0 }, {}, { customer_id: 1, more: 2 }])
      expect((await scene.call('shop_orders_of', args)).structured['code']).toBe('invalid_input')
  })

  test('describe shows the allowed tables and columns, and nothing else', async () => {
    const { structured, raw } = await scene.call('shop_db_describe', {})
    const described = structured['tables'] as { name: string; columns: { name: string }[] }[]
    expect(described.map(({ name, columns }) => [name, columns.map(column => column.name)])).toEqual([
      ['orders', ['id', 'customer_id', 'total']],
      ['customers', ['id', 'country']],
      ['notes', ['id', 'body']],
    ])
    expect(raw).not.toMatch(/email|secrets/)
  })

  test.each([
    ['a table that is not listed', 'select * from secrets'],
    ['a column that is not listed', 'select email from customers'],
    ['writing what may only be read', 'delete from orders where id = 10'],
    ['another statement', 'drop table notes'],
    ['two statements', 'select id from orders; delete from notes where id = 2'],
  ])('%s is refused with a code and a way forward, and on record', async (_what, sql) => {
    const { isError, structured } = await query(sql)
    expect(isError).toBe(true)
    expect(structured['code']).toMatch(/^(?:not_allowed|invalid_input)$/)
    expect(JSON.stringify(structured['problems'] ?? structured['allowed'])).toMatch(/.{10}/)
    expect(scene.calls().at(-1)).toMatchObject({ outcome: 'refused', code: structured['code'] })
  })

  test('every column of a table with listed columns is every listed column', async () => {
    const { structured, raw } = await query('select * from customers order by 1')
    expect(structured).toMatchObject({
      rows: [
        [1, 'NL'],
        [2, 'DE'],
      ],
    })
    expect(raw).not.toContain(hidden)
  })

  test('a write is done, counted, and undone where it changes too many rows', async () => {
    const done = await query(`update notes set body = ${first()} where id = 2`, ['changed'])
    expect(done.structured, JSON.stringify(done.structured)).toMatchObject({ row_count: 1, affected_rows: 1 })
    expect(await database.rows('select body from notes where id = 2')).toEqual([['changed']])
    const many = await query("update notes set body = 'all' where id > 0")
    expect(many).toMatchObject({ isError: true, structured: { error: { code: 'max_affected_rows' } } })
    expect(await database.rows("select count(*) from notes where body = 'all'")).toEqual([['0']])
    const none = await query('delete from notes')
    expect(none.structured['code']).toBe('not_allowed')
  })

  test.each(['desk_db_query', 'desk_rename'])(
    'a preview by %s shows what would change, and changes nothing',
    async verb => {
      const sql = `update drafts set title = 'new' where id = 2`
      const args = verb === 'desk_rename' ? { title: 'new', id: 2 } : { sql }
      const { isError, structured, raw } = await scene.call(verb, { ...args, preview: true })
      expect(isError, JSON.stringify(structured)).toBe(false)
      expect(structured).toMatchObject({ preview: true, affected_rows: 1, truncated: false })
      // There is no RETURNING that every MySQL and MariaDB has for this.
      expect(structured['rows']).toEqual(database.engine === 'mysql' ? [] : [[2, 'new']])
      expect(raw).not.toContain(hidden)
      expect(await database.rows('select title from drafts where id = 2')).toEqual([['two']])
      expect(scene.calls().at(-1)).toMatchObject({
        outcome: 'ok',
        operation: { action: 'UPDATE', access: 'write', summary: 'preview of UPDATE drafts' },
      })
    },
  )

  test('what only reads has no argument preview', async () => {
    const { tools } = await scene.client.listTools()
    const withPreview = tools.filter(({ inputSchema }) => 'preview' in (inputSchema.properties ?? {}))
    expect(withPreview.map(({ name }) => name).sort()).toEqual(['desk_db_query', 'desk_rename', 'shop_db_query'])
    for (const [verb, args] of [
      ['viewer_db_query', { sql: 'select id from orders', preview: true }],
      ['shop_orders_of', { customer_id: 1, preview: true }],
      ['shop_db_describe', { preview: true }],
    ] as const)
      expect((await scene.call(verb, args)).structured['code']).toBe('invalid_input')
  })

  test('an error of the database is a code and a sentence, and says nothing of other rows', async () => {
    const { isError, structured, raw } = await query('insert into notes (id, body) values (2, ' + first() + ')', ['x'])
    expect(isError).toBe(true)
    expect(structured).toMatchObject({ rows: [], error: { code: expect.any(String), message: expect.any(String) } })
    expect(raw).not.toMatch(/Duplicate entry|notes_pkey|UNIQUE constraint/)
    expect(scene.calls().at(-1)).toMatchObject({ outcome: 'failed' })
  })

  test('a password that is in a table is redacted like anywhere else, where the tool has one', async () => {
    const { raw, structured } = await query('select body from notes where id = 1')
    const isFile = database.engine === 'sqlite'
    expect(findForms(raw, password).length > 0).toBe(isFile)
    expect(structured['rows']).toEqual([[isFile ? password : '[credential agent]']])
  })

  test('the password is in no argument, environment, log or record', async () => {
    expect(findForms(scene.log() + scene.home.auditText(), password)).toEqual([])
  })
})
