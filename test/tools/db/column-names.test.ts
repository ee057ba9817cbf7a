import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { judges } from '../../../tools/db/index.ts'
import { scopeOf } from '../../../tools/db/scope.ts'
import { type Database, databases } from '../../support/databases.ts'
import { dbTarget } from '../../support/db-executor.ts'

/*
 * A column without a name of its own is called after its text by some databases, and what is sent has the condition on rows
 * in it: which values an admin compares with, and hidden columns.
 */

const condition = "grade <> 'q7Hidden' and grade is not null"

const statements = [
  'select exists(select 1 from people)',
  'select (select count(*) from people), id from orders',
  'select * from (select (select max(id) from people) from orders) x',
  'select id + (select min(id) from people) from orders union all select (select 1 from people where id = 1)',
  'select 1 + (select count(*) from people where id in (select (select min(id) from people) from orders))',
  'with x as (select (select min(id) from people)) select * from x',
  'select max((select min(id) from people)) from orders order by (select 1 from people where id = 1)',
]

describe.each(Object.entries(databases))('%s', (_name, start) => {
  let database: Database
  beforeAll(async () => {
    database = await start()
    await database.admin(
      'CREATE TABLE orders (id integer)',
      'CREATE TABLE people (id integer, grade varchar(20))',
      'INSERT INTO orders VALUES (1)',
      "INSERT INTO people VALUES (1, 'a')",
    )
  })
  afterAll(() => database.stop())

  test.each(statements)('no column is called after the condition on rows: %s', async sql => {
    const credential = database.engine === 'sqlite' ? {} : { user: 'x' }
    const tables = { orders: '*', people: { columns: ['id'], rows: condition } }
    const target = dbTarget({ url: database.url, ...credential, tables })
    const { text } = (await judges[database.engine](scopeOf(target)))(sql)
    expect(text).toContain('q7Hidden')
    const names = await database.columns(text)
    expect(names.length).toBeGreaterThan(0)
    expect(names.join(' ')).not.toMatch(/q7hidden|grade/i)
  })
})
