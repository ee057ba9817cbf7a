import { parseSync } from 'libpg-query'
import type { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Refusal } from '../../../../src/refusal.ts'
import { type Judge, type Judged, OutOfScope } from '../../../../tools/db/judge.ts'
import { judgePostgres } from '../../../../tools/db/postgres/judge.ts'
import { scopeOf } from '../../../../tools/db/scope.ts'
import { type DatabaseServer, startPostgres } from '../../../support/database-server.ts'
import { dbTarget } from '../../../support/db-executor.ts'
import { attacks } from './attacks.ts'
import { fixtureScope, fixtureSql, markerPattern } from './fixture.ts'
import { legitimate, legitimateWrites } from './legitimate.ts'
import { splicer } from './splice.ts'
import { connectSuperuser } from './superuser.ts'

const scope = scopeOf(dbTarget({ url: 'postgres://127.0.0.1/postgres', ...fixtureScope }))
const known = [...legitimate, ...legitimateWrites, ...Object.values(attacks).flat()].map(({ sql }) => sql)

let server: DatabaseServer
/** Of a superuser, who can see everything. */
let client: Client
let judge: Judge

beforeAll(async () => {
  judge = await judgePostgres(scope)
  server = await startPostgres()
  client = await connectSuperuser(server)
  await client.query(fixtureSql)
  await client.query('SET search_path = pg_catalog, pg_temp; SET statement_timeout = 2000')
})

afterAll(async () => {
  await client?.end()
  await server?.stop()
})

function judgedOrNull(sql: string): Judged | null {
  try {
    return judge(sql)
  } catch (error) {
    if (error instanceof OutOfScope) return null
    if (error instanceof Refusal && !error.message.includes('cannot be rewritten')) return null
    throw new Error(`failed on ${sql}`, { cause: error })
  }
}

/** The tables of a text that are neither in the scope nor a CTE. */
function strangers(text: string): unknown[] {
  const ctes = new Set<unknown>()
  const ranges: Record<string, unknown>[] = []
  const collect = (part: unknown) => {
    if (typeof part !== 'object' || part === null) return
    const fields = part as Record<string, unknown>
    if (fields.ctename !== undefined) ctes.add(fields.ctename)
    if (fields.relname !== undefined) ranges.push(fields)
    for (const value of Object.values(fields)) collect(value)
  }
  collect(parseSync(text).stmts)
  return ranges.filter(({ schemaname, relname }) =>
    schemaname === undefined
      ? !ctes.has(relname)
      : !scope.tables.some(({ schema, name }) => schema === schemaname && name === relname),
  )
}

test.each([1, 2, 3])('whatever is let through stays inside the scope (seed %i)', async seed => {
  const next = splicer(
    seed,
    known.filter(sql => sql.length < 1_500),
  )
  let ran = 0
  for (let left = 1_500; left > 0; left -= 1) {
    const sql = next()
    const judged = sql === null ? null : judgedOrNull(sql)
    if (judged === null) continue
    expect(strangers(judged.text), judged.text).toEqual([])
    await client.query('BEGIN')
    try {
      const values = Array.from({ length: judged.parameters }, () => '1')
      const { rows, fields } = await client.query({ text: judged.text, values, rowMode: 'array' })
      expect(JSON.stringify([rows, fields]), judged.text).not.toMatch(markerPattern)
      ran += 1
    } catch (error) {
      if (!(error instanceof Error) || !('severity' in error)) throw error
      // The detail of a broken constraint quotes the row that was being written; an engine passes no detail on.
      expect(error.message, judged.text).not.toMatch(markerPattern)
      expect(error.message, judged.text).not.toMatch(/^relation "|^syntax error at/)
    } finally {
      await client.query('ROLLBACK')
    }
  }
  expect(ran).toBeGreaterThan(200)
})
