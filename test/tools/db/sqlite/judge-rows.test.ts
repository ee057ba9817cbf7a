import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { judgeWith, openFixture, outcomeOf } from './judged.ts'
import { tables } from './fixture.ts'

/** A condition that SQLite would rather look at after one that an index helps with. */
const rows = "upper(country) = 'NL'"
const overflow = (column: string) => `abs(CASE WHEN ${column} LIKE '%Bob' THEN -9223372036854775808 ELSE 1 END)`

const folder = mkdtempSync(join(tmpdir(), 'keyhold-rows-'))
const database = openFixture(join(folder, 'shop.db'))
beforeAll(() => {
  database.exec('CREATE INDEX people_by_name ON people (name); CREATE INDEX people_by_both ON people (country, name)')
})
afterAll(() => {
  database.close()
  rmSync(folder, { recursive: true, force: true })
})

const probes: readonly (readonly [string, string])[] = [
  ['WHERE', `SELECT name FROM people WHERE name > 'A' AND ${overflow('name')} > 0`],
  [
    'the ON of a LEFT JOIN',
    `SELECT p.name FROM orders LEFT JOIN people p ON p.name > 'A' AND ${overflow('p.name')} > 0`,
  ],
  ['the ON of a FULL JOIN', `SELECT p.name FROM people p FULL JOIN orders ON ${overflow('p.name')} = 1`],
  ['the ON of a JOIN', `SELECT p.name FROM orders JOIN people p ON p.name > 'A' AND ${overflow('p.name')} > 0`],
  ['the result', `SELECT ${overflow('name')} AS n FROM people WHERE name > 'A'`],
  ['ORDER BY', `SELECT id FROM people WHERE name > 'A' ORDER BY ${overflow('name')}`],
  ['GROUP BY', `SELECT count(*) AS n FROM people WHERE name > 'A' GROUP BY ${overflow('name')}`],
  ['an aggregate', `SELECT max(${overflow('name')}) AS n FROM people WHERE name > 'A'`],
  [
    'a sum',
    "SELECT sum(CASE WHEN name LIKE '%Bob' THEN 9223372036854775807 ELSE 1 END) AS s FROM people WHERE name > 'A'",
  ],
  ['a window', `SELECT sum(id) OVER (ORDER BY ${overflow('name')}) AS s FROM people WHERE name > 'A'`],
  ['json()', "SELECT id FROM people WHERE name > 'A' AND json(CASE WHEN name LIKE '%Bob' THEN 'bad' ELSE '1' END)"],
  ['json_each', "SELECT p.id FROM people p, json_each(CASE WHEN p.name LIKE '%Bob' THEN 'bad' ELSE '[1]' END)"],
  [
    'ESCAPE',
    "SELECT id FROM people WHERE name > 'A' AND name LIKE 'x' ESCAPE CASE WHEN name LIKE '%Bob' THEN 'xx' ELSE 'x' END",
  ],
  ['a CTE', `WITH x AS (SELECT * FROM people) SELECT name FROM x WHERE name > 'A' AND ${overflow('name')} > 0`],
  ['a subquery', `SELECT name FROM (SELECT name FROM people) x WHERE name > 'A' AND ${overflow('name')} > 0`],
  ['EXISTS', `SELECT 1 AS one WHERE EXISTS (SELECT 1 FROM people WHERE name > 'A' AND ${overflow('name')} > 0)`],
  [
    'a correlated subquery',
    `SELECT (SELECT ${overflow('name')} FROM people WHERE name > 'A' AND id = o.id + 2) AS n FROM orders o`,
  ],
  [
    'a UNION',
    `SELECT n FROM (SELECT name AS n FROM people UNION ALL SELECT status FROM orders) WHERE n > 'A' AND ${overflow('n')} > 0`,
  ],
]

describe('a row that does not exist for an agent causes no error', () => {
  test.each(probes)('in %s', async (_name, sql) => {
    const judge = await judgeWith({ tables: { ...tables, people: { columns: ['id', 'name', 'country'], rows } } })
    const told = outcomeOf(database, judge(sql).text)
    expect(told).toMatch(/^\[/)
    expect(told).not.toContain('Bob')
  })

  test('as it would without the LIMIT', async () => {
    const judge = await judgeWith({ tables: { ...tables, people: { columns: ['id', 'name', 'country'], rows } } })
    const [[, sql]] = probes as [[string, string]]
    expect(outcomeOf(database, judge(sql).text.replace(' LIMIT -1', ''))).toBe('integer overflow')
  })
})

describe('a condition on rows is written anew', () => {
  test.each([
    ["country = 'NL'", `WHERE (country = 'NL') LIMIT -1`],
    ["people.[country] IN ('NL', 'DE') -- both", `WHERE (people."country" IN ('NL', 'DE')) LIMIT -1`],
    [
      'pin IS NOT NULL AND /* a comment */ length(name) < 10 OR 0',
      'WHERE (pin IS NOT NULL AND length(name) < 10 OR 0) LIMIT -1',
    ],
    ["date(country) > date('now')", `WHERE (date(country) > date('now')) LIMIT -1`],
  ])('%s', async (written, made) => {
    const judge = await judgeWith({ tables: { people: { columns: ['id'], rows: written } } })
    expect(judge('SELECT id FROM people').text).toBe(
      `SELECT id FROM (SELECT "id" FROM main."people" ${made}) AS "people"`,
    )
  })
})

describe('a condition on rows is refused at the start when it', () => {
  test.each([
    ['is no expression', 'country ='],
    ['ends what it stands in', "country = 'NL') OR (1"],
    ['has a second statement', "country = 'NL'; DELETE FROM orders"],
    ['goes on with GROUP BY', "country = 'NL' GROUP BY id"],
    ['goes on with ORDER BY', "country = 'NL' ORDER BY id"],
    ['goes on with LIMIT', "country = 'NL' LIMIT 1"],
    ['goes on with UNION', "country = 'NL' UNION SELECT 1"],
    ['goes on with WINDOW', "country = 'NL' WINDOW w AS ()"],
    ['has a subquery', 'country = (SELECT country FROM customers)'],
    ['has EXISTS', 'EXISTS (SELECT 1)'],
    ['looks into a table', 'country IN customers'],
    ['looks into a subquery', 'id IN (SELECT 1)'],
    ['has a parameter', 'country = ?'],
    ['is about another table', "customers.country = 'NL'"],
    ['calls an unsafe function', "load_extension('x')"],
  ])('%s', async (_name, written) => {
    const judge = judgeWith({ tables: { people: { columns: ['id'], rows: written } } })
    await expect(judge).rejects.toThrow(/^people: rows: /)
  })
})
