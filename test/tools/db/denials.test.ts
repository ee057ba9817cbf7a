import { describe, expect, test } from 'vitest'
import { type JudgeMaker, OutOfScope } from '../../../tools/db/judge.ts'
import { judgeMysql } from '../../../tools/db/mysql/judge.ts'
import { judgePostgres } from '../../../tools/db/postgres/judge.ts'
import { scopeOf } from '../../../tools/db/scope.ts'
import { judgeSqlite } from '../../../tools/db/sqlite/judge.ts'
import { dbTarget } from '../../support/db-executor.ts'

const tables = {
  customers: ['id', 'country'],
  orders: { columns: '*', write: ['insert', 'update'] },
  notes: { columns: ['id', 'body'], write: ['insert', 'update', 'delete'] },
}
const every = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] as const
const onlyThese = 'only SELECT, INSERT, UPDATE, DELETE can be run with this tool'
const inTarget = 'in the table that is written to; qualify it if it belongs to another table'

const denied: readonly (readonly [sql: string, reason: string, allowed: readonly string[]])[] = [
  ['SELECT * FROM secrets', 'no table secrets here', ['customers', 'orders', 'notes']],
  ['SELECT * FROM other.orders', 'no table other.orders here', ['customers', 'orders', 'notes']],
  ['SELECT email FROM customers', 'no column email here', ['id', 'country']],
  ['SELECT c.email FROM customers c', 'no column c.email here', ['id', 'country']],
  ['SELECT sleep(1)', 'the function sleep() is not available', []],
  ['DROP TABLE orders', onlyThese, every],
  ['DELETE FROM orders WHERE id = 1', 'DELETE is not allowed on orders', ['insert', 'update']],
  ["UPDATE customers SET country = 'x' WHERE id = 1", 'UPDATE is not allowed on customers', []],
  ['DELETE FROM notes', 'DELETE needs a WHERE', []],
  ["UPDATE notes SET body = 'x'", 'UPDATE needs a WHERE', []],
  ["UPDATE notes SET internal = 'x' WHERE id = 1", 'no column notes.internal here', ['id', 'body']],
  ['UPDATE notes SET body = internal WHERE id = 1', `no column internal ${inTarget}`, ['id', 'body']],
  ['DELETE FROM notes WHERE notes.internal = 1', 'no column notes.internal here', ['id', 'body']],
  ['INSERT INTO notes VALUES (1)', 'INSERT needs its columns listed', ['id', 'body']],
  ['DELETE FROM notes WHERE id = 1 RETURNING *', '* is not available here; name the columns', ['id', 'body']],
]

const readOnly = [
  'INSERT INTO orders (id) VALUES (1)',
  'UPDATE orders SET id = 1 WHERE id = 2',
  'DELETE FROM orders WHERE id = 1',
]

const engines: readonly (readonly [name: string, url: string, judge: JudgeMaker])[] = [
  ['postgres', 'postgres://127.0.0.1/shop', judgePostgres],
  ['mysql', 'mysql://127.0.0.1/shop', judgeMysql],
  ['sqlite', 'sqlite:/var/lib/shop.db', judgeSqlite],
]

/** What a judge says of a statement, but for the table that some put before a column that would be allowed. */
async function said(url: string, judgeOf: JudgeMaker, access: 'read' | 'write', sql: string) {
  const judge = await judgeOf(scopeOf(dbTarget({ url, access, tables })))
  try {
    return judge(sql)
  } catch (error) {
    if (!(error instanceof OutOfScope)) throw error
    return { reason: error.message, allowed: error.allowed.map(name => name.split('.').at(-1)) }
  }
}

describe.each(engines)('%s', (_name, url, judgeOf) => {
  test.each(denied)('%s', async (sql, reason, allowed) => {
    expect(await said(url, judgeOf, 'write', sql)).toEqual({ reason, allowed })
  })

  test.each(readOnly)('%s with a tool that reads', async sql => {
    const reason = 'only SELECT can be run with this tool'
    expect(await said(url, judgeOf, 'read', sql)).toEqual({ reason, allowed: ['SELECT'] })
  })
})
