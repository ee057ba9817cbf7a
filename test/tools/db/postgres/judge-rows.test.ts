import type { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Judge } from '../../../../tools/db/judge.ts'
import { judgePostgres } from '../../../../tools/db/postgres/judge.ts'
import { scopeOf } from '../../../../tools/db/scope.ts'
import { type DatabaseServer, startPostgres } from '../../../support/database-server.ts'
import { dbTarget } from '../../../support/db-executor.ts'
import { fixtureScope, fixtureSql, markerPattern } from './fixture.ts'
import { connectSuperuser } from './superuser.ts'

let server: DatabaseServer
let client: Client
let judge: Judge

beforeAll(async () => {
  judge = await judgeOf(fixtureScope.tables)
  server = await startPostgres()
  client = await connectSuperuser(server)
  await client.query(fixtureSql)
  await client.query('ANALYZE')
  await client.query('SET search_path = pg_catalog, pg_temp')
})

afterAll(async () => {
  await client?.end()
  await server?.stop()
})

function judgeOf(tables: object, functions: readonly string[] = []): Promise<Judge> {
  const target = { url: 'postgres://127.0.0.1/postgres', access: 'write', tables, functions }
  return judgePostgres(scopeOf(dbTarget(target)))
}

const sayError = async (sql: string) =>
  client.query({ text: sql, rowMode: 'array' }).then(
    ({ rows }) => JSON.stringify(rows),
    (error: Error) => `error: ${error.message}`,
  )

/** Statements that fail, or not, by what is in a row that they should not be able to reach. */
const oracles = [
  'SELECT count(*) FROM people WHERE 1 / (id - 9) IS NOT NULL',
  'SELECT count(*) FROM people p WHERE p.name::int > 0 AND p.balance < 1000',
  'SELECT p.id FROM people p JOIN orders o ON o.id = p.name::int',
  'SELECT o.id FROM orders o WHERE EXISTS (SELECT 1 FROM people p WHERE p.name::int = o.id)',
  'SELECT o.id FROM orders o WHERE o.id IN (SELECT name::int FROM people)',
  'SELECT sum(name::int) FROM people',
  'SELECT DISTINCT name::int FROM people',
  'SELECT name::int FROM people GROUP BY 1',
  'SELECT max(name::int) OVER (PARTITION BY balance) FROM people',
  'SELECT id FROM people ORDER BY name::int',
  'WITH p AS (SELECT * FROM people) SELECT count(*) FROM p WHERE name::int > 0',
  'WITH p AS NOT MATERIALIZED (SELECT * FROM people) SELECT count(*) FROM p WHERE 1 / (id - 13) = 0',
  'SELECT count(*) FROM (SELECT * FROM people UNION ALL SELECT * FROM people) p WHERE name::int > 0',
  'SELECT l.n FROM people p, LATERAL (SELECT p.name::int AS n) l WHERE l.n > 0',
  'SELECT count(*) FROM people a JOIN people b USING (id) WHERE a.name::int = b.name::int',
  'SELECT CASE WHEN min(1 / (id - 9)) = 0 THEN 1 END FROM people',
  'SELECT count(*) FROM people TABLESAMPLE SYSTEM (100) WHERE name::int > 0',
  "SELECT count(*) FROM tickets WHERE split_part(subject, ' ', 2)::int > 0",
  // The planner tries these on the most common and other values that its statistics have.
  String.raw`SELECT count(*) FROM people WHERE country LIKE 'X%\'`,
  String.raw`SELECT count(*) FROM people WHERE name LIKE 'mkB9%\'`,
  String.raw`SELECT count(*) FROM people WHERE name ILIKE 'MKb9%\'`,
  String.raw`SELECT count(*) FROM (SELECT p.name AS n FROM people p) x WHERE n LIKE 'mkB9%\'`,
  String.raw`WITH x AS (SELECT * FROM people) SELECT count(*) FROM x JOIN orders o ON o.id = x.id AND x.name NOT LIKE 'mkB9%\'`,
  String.raw`SELECT count(*) FROM people TABLESAMPLE SYSTEM (100) WHERE name LIKE 'mkB9%\'`,
  String.raw`SELECT count(*) FROM tickets WHERE subject LIKE 'mkB9%\'`,
]

test.each(oracles)('no condition is tried on a hidden row: %s', async sql => {
  const said = await sayError(judge(sql).text)
  expect(said).not.toMatch(/^error/)
  expect(said).not.toMatch(markerPattern)
})

test('without the fence, the planner does try them', async () => {
  const { text } = judge('SELECT count(*) FROM people p WHERE p.name::int > 0')
  expect(text).toContain(' OFFSET 0)')
  // The filter here looks costly, so the planner takes the other condition first.
  const unfenced =
    'SELECT count(*) FROM (SELECT id, name FROM public.people WHERE length(country || repeat(pin, 200)) < 0) p'
  expect(await sayError(`${unfenced} WHERE 1 / (id - 9) IS NULL`)).toBe('error: division by zero')
  const fenced = unfenced.replace(') p', ' OFFSET 0) p')
  expect(await sayError(`${fenced} WHERE 1 / (id - 9) IS NULL`)).toBe('[["0"]]')
})

test('without the second part of the fence, the planner tries them on its statistics', async () => {
  const { text } = judge('SELECT count(*) FROM people')
  expect(text).toContain('WHERE FALSE) OFFSET 0)')
  const fenced = "SELECT count(*) FROM (SELECT name FROM public.people WHERE country = 'NL' OFFSET 0) p"
  expect(await sayError(String.raw`${fenced} WHERE name LIKE 'mkB9%\'`)).toMatch(/^error: LIKE pattern/)
  expect(await sayError(String.raw`${fenced} WHERE name LIKE 'mkC9%\'`)).toBe('[["0"]]')
})

test('a hidden row is in no answer, whatever is asked', async () => {
  expect(await sayError(judge('SELECT array_agg(id ORDER BY id) FROM people').text)).toBe('[[[1,2,3,4,5,6]]]')
  expect(await sayError(judge('SELECT id FROM people WHERE id = 13 OR true ORDER BY 1').text)).toBe(
    '[[1],[2],[3],[4],[5],[6]]',
  )
  expect(await sayError(judge('SELECT count(*) FROM people FULL JOIN orders ON false').text)).toBe('[["46"]]')
})

test('a column of the filter that is not there is not looked for in the query around it', async () => {
  const wrong = await judgeOf({ notes: { columns: ['id', 'body'], rows: "country = 'NL'" }, customers: '*' })
  const { text } = wrong('SELECT (SELECT count(*) FROM notes) FROM customers')
  expect(await sayError(text)).toBe('error: column notes.country does not exist')
})

test('a listed column that is not there is not looked for in the query around it', async () => {
  const wrong = await judgeOf({ notes: ['id', 'country'], customers: '*' })
  const { text } = wrong('SELECT (SELECT max(country) FROM notes) FROM customers')
  expect(await sayError(text)).toBe('error: column notes.country does not exist')
})

const conditions: readonly (readonly [string, string])[] = [
  ["country = 'NL' -- everything", 'WHERE ("people"."country" = \'NL\')) UNION ALL'],
  ["people.country IN ('NL', 'DE') AND lower(name) <> 'x'", '"pg_catalog"."lower"("people"."name")'],
  ['public.twice(id) > 3', '"public"."twice"("people"."id") > 3'],
  ['a) OR (hidden', 'WHERE ("people"."a" OR "people"."hidden")) UNION ALL'],
  ['hidden = false', 'WHERE ("people"."hidden" = FALSE)) UNION ALL'],
]

test.each(conditions)('rows: %s', async (rows, expected) => {
  const some = await judgeOf({ people: { columns: ['id'], rows } }, ['public.twice'])
  expect(some('SELECT * FROM people').text).toContain(expected)
})

const wrongConditions: readonly (readonly [string, string])[] = [
  ['', 'rows'],
  ['country =', 'is not valid PostgreSQL'],
  ['true) ORDER BY (1', 'not available here: sort clause'],
  ['true) UNION (SELECT 1', 'not available'],
  ['true) FROM secrets WHERE (true', 'is not valid PostgreSQL'],
  ['true); DROP TABLE people; SELECT (1', 'more than one statement'],
  ['id IN (SELECT id FROM secrets)', 'cannot hold a query'],
  ['EXISTS (SELECT 1)', 'cannot hold a query'],
  ['id = $1', 'has no parameters'],
  ['orders.id = 1', 'columns of this table only'],
  ['people.* IS NOT NULL', 'columns of this table only'],
  ["pg_read_file('x') = ''", 'not available'],
  ['reveal() IS NOT NULL', 'not available'],
  ['owner = current_user', 'not available'],
  ["id = 'people'::regclass::int", 'not available'],
]

test.each(wrongConditions)('rows that an admin got wrong: %s', async (rows, said) => {
  const made = async () => judgeOf({ people: { columns: ['id'], rows } })
  await expect(made()).rejects.toThrow(said)
})
