import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Judge } from '../../../../tools/db/judge.ts'
import { judgePostgres } from '../../../../tools/db/postgres/judge.ts'
import { scopeOf } from '../../../../tools/db/scope.ts'
import { type DatabaseServer, startPostgres } from '../../../support/database-server.ts'
import { dbTarget } from '../../../support/db-executor.ts'
import { fixtureScope, fixtureSql, markerPattern, scopedViewsSql } from './fixture.ts'
import type { Legitimate } from './legitimate-statement.ts'
import { legitimate, legitimateWrites } from './legitimate.ts'
import { connectSuperuser } from './superuser.ts'

let server: DatabaseServer
let plain: Client
let judged: Client
let judge: Judge

beforeAll(async () => {
  judge = await judgePostgres(scopeOf(dbTarget({ url: 'postgres://127.0.0.1/postgres', ...fixtureScope })))
  server = await startPostgres()
  plain = await connect()
  await plain.query(fixtureSql)
  await plain.query(scopedViewsSql)
  await plain.query('SET search_path = scoped, public')
  judged = await connect()
  await judged.query('SET search_path = pg_catalog, pg_temp')
})

afterAll(async () => {
  await plain?.end()
  await judged?.end()
  await server?.stop()
})

async function connect(): Promise<Client> {
  const client = await connectSuperuser(server)
  await client.query("SET timezone = 'UTC'")
  return client
}

/** Runs a statement and undoes it; gives the names of the columns and the rows as the server writes them. */
async function answerOf(client: Client, sql: string, params: readonly unknown[] = [], left = ''): Promise<unknown> {
  await client.query('BEGIN')
  try {
    const types = { getTypeParser: () => (value: unknown) => value }
    const { fields, rows } = await client.query({ text: sql, values: [...params], rowMode: 'array', types })
    const after = left === '' ? [] : (await client.query({ text: left, rowMode: 'array' })).rows
    const columns = fields.map(({ name, dataTypeID }) => `${name} ${dataTypeID}`)
    return { columns, rows: rows.map(row => JSON.stringify(row)).sort(), after }
  } finally {
    await client.query('ROLLBACK')
  }
}

describe('answers what the database itself answers', () => {
  test.each(legitimate.map(each => [each.name, each] as const))('%s', async (_name, each: Legitimate) => {
    const { text, parameters, action } = judge(each.sql)
    expect(action).toBe('SELECT')
    expect(parameters).toBe(each.params?.length ?? 0)
    const answer = await answerOf(judged, text, each.params)
    expect(answer).toEqual(await answerOf(plain, each.means ?? each.sql, each.params))
    expect(JSON.stringify(answer)).not.toMatch(markerPattern)
  })

  test.each(legitimateWrites.map(each => [each.name, each] as const))('%s', async (_name, each: Legitimate) => {
    const { text, parameters, action } = judge(each.sql)
    expect(action).not.toBe('SELECT')
    expect(parameters).toBe(each.params?.length ?? 0)
    const left = 'SELECT id, order_id, body, done, internal FROM public.notes ORDER BY id'
    expect(await answerOf(judged, text, each.params, left)).toEqual(await answerOf(plain, each.sql, each.params, left))
  })

  test('at least 100 queries', () => {
    expect(legitimate.length).toBeGreaterThanOrEqual(100)
  })

  test('a text that was made is made again from itself where no table is narrowed', () => {
    for (const { sql } of legitimate) {
      if (/customers|people|tickets|Bücher|notes/.test(sql) || sql.length > 1_000) continue
      const { text } = judge(sql)
      expect(judge(text).text).toBe(text)
    }
  })
})
