import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Refusal } from '../../../../src/refusal.ts'
import { type Judge, type Judged, OutOfScope } from '../../../../tools/db/judge.ts'
import { judgePostgres } from '../../../../tools/db/postgres/judge.ts'
import { scopeOf } from '../../../../tools/db/scope.ts'
import { type DatabaseServer, startPostgres } from '../../../support/database-server.ts'
import { dbTarget } from '../../../support/db-executor.ts'
import type { Attack } from './attack.ts'
import { attacks } from './attacks.ts'
import { fixtureScope, fixtureSql, markerPattern } from './fixture.ts'
import { connectSuperuser } from './superuser.ts'

let server: DatabaseServer
/** Of a superuser, who can see everything: what the judge lets through is all that holds. */
let client: Client
let judge: Judge

beforeAll(async () => {
  judge = await judgePostgres(scopeOf(dbTarget({ url: 'postgres://127.0.0.1/postgres', ...fixtureScope })))
  server = await startPostgres()
  client = await connectSuperuser(server)
  await client.query(fixtureSql)
  await client.query('SET search_path = pg_catalog, pg_temp')
})

afterAll(async () => {
  await client?.end()
  await server?.stop()
})

/** What the judge says: its text, or why not. */
function judgement(sql: string): Judged | 'invalid_input' | 'not_allowed' {
  try {
    return judge(sql)
  } catch (error) {
    if (error instanceof OutOfScope) return 'not_allowed'
    if (error instanceof Refusal && error.code === 'invalid_input') return 'invalid_input'
    throw error
  }
}

/** Everything that the server says to a statement: rows, and with an error all its parts. */
async function saidTo(sql: string): Promise<string> {
  await client.query('BEGIN')
  try {
    return JSON.stringify((await client.query({ text: sql, rowMode: 'array' })).rows)
  } catch (error) {
    return JSON.stringify({ ...(error as Error), message: (error as Error).message })
  } finally {
    await client.query('ROLLBACK')
  }
}

describe.each(Object.entries(attacks))('%s', (_aim, list) => {
  test.each(list.map(each => [each.name, each] as const))('%s', async (_name, attack: Attack) => {
    const judged = judgement(attack.sql)
    if (attack.expect !== 'contained') return expect(judged).toBe(attack.expect)
    expect(judged).toHaveProperty('text')
    expect(await saidTo((judged as Judged).text)).not.toMatch(markerPattern)
  })
})

test('at least 130 attacks, and the judge works after all of them', () => {
  expect(Object.values(attacks).flat().length).toBeGreaterThanOrEqual(130)
  expect(judge('SELECT id FROM orders').text).toBe('SELECT "id" FROM "public"."orders"')
})

test('without the judge, attacks of this table do find what is hidden', async () => {
  await client.query('SET search_path = public')
  const found: string[] = []
  for (const { name, sql } of attacks.columns ?? []) if (markerPattern.test(await saidTo(sql))) found.push(name)
  await client.query('SET search_path = pg_catalog, pg_temp')
  expect(found.length).toBeGreaterThan(15)
})
