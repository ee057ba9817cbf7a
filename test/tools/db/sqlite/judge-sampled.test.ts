import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Judge } from '../../../../tools/db/judge.ts'
import { secretMarker } from './fixture.ts'
import { judgeWith, openFixture } from './judged.ts'
import { writes as legitimate } from './legitimate.ts'

const folder = mkdtempSync(join(tmpdir(), 'keyhold-sampled-'))
const database = openFixture(join(folder, 'shop.db'))
let judge: Judge
beforeAll(async () => {
  judge = await judgeWith()
})
afterAll(() => {
  database.close()
  rmSync(folder, { recursive: true, force: true })
})

const ofNotes = ['id', 'title', 'body']
const ofTags = ['id', 'name']

/** Writes, the columns that a preview shows of each, and of how many rows. */
const writes: readonly (readonly [sql: string, columns: readonly string[], rows: number])[] = [
  ["INSERT INTO notes (title) VALUES ('a'), ('b') -- comment", ofNotes, 2],
  ["INSERT INTO main.notes AS n (title) VALUES ('a');", ofNotes, 1],
  ['INSERT INTO notes (title) SELECT country FROM customers WHERE id < 3', ofNotes, 2],
  ['INSERT INTO notes (title) SELECT c.country FROM customers AS c WHERE id < 3', ofNotes, 2],
  ["INSERT OR IGNORE INTO notes (title) VALUES ('first'), ('new')", ofNotes, 1],
  ["INSERT INTO notes (title) VALUES ('first') ON CONFLICT DO NOTHING", ofNotes, 0],
  ["INSERT INTO notes (title) VALUES ('first') ON CONFLICT (title) DO UPDATE SET body = excluded.title", ofNotes, 1],
  ["WITH x AS (SELECT 'a' AS a) INSERT INTO notes (title) SELECT a FROM x", ofNotes, 1],
  ['INSERT INTO tags DEFAULT VALUES', ofTags, 1],
  ["INSERT INTO tags VALUES (9, 'green')", ofTags, 1],
  ["UPDATE notes SET body = 'x' WHERE id > 0", ofNotes, 2],
  ["UPDATE notes AS n SET body = 'x' WHERE n.id = 1", ofNotes, 1],
  ['UPDATE notes SET body = c.country FROM customers c WHERE c.id = notes.id', ofNotes, 2],
  ["WITH x AS (SELECT 1 AS i) UPDATE notes SET body = 'x' WHERE id IN (SELECT i FROM x)", ofNotes, 1],
  ["UPDATE tags SET name = name || '!' WHERE id = 1", ofTags, 1],
  ['DELETE FROM notes WHERE id = 1', ofNotes, 1],
  ['DELETE FROM [notes] AS n WHERE n.id IN (SELECT id FROM orders)', ofNotes, 2],
  ['WITH x AS (SELECT 2 AS i) DELETE FROM notes WHERE id < (SELECT i FROM x)', ofNotes, 1],
]

describe('what a preview carries out changes the same, and gives what is allowed of each changed row', () => {
  test.each(writes)('%s', (sql, columns, rows) => {
    const { text, sampled } = judge(sql)
    const [plain, shown] = [outcomeOf(text), outcomeOf(sampled ?? '')]
    expect(shown.columns).toEqual(columns)
    expect(shown.rows).toHaveLength(rows)
    expect(shown.left).toEqual(plain.left)
    expect(JSON.stringify(shown.rows)).not.toContain(secretMarker)
  })

  test('every other write that an agent may make', () => {
    const others = legitimate.filter(({ sql }) => !/returning/i.test(sql))
    expect(others.length).toBeGreaterThan(5)
    for (const { sql } of others) {
      const { text, sampled } = judge(sql)
      expect(outcomeOf(sampled ?? '').left, sql).toEqual(outcomeOf(text).left)
    }
  })
})

/** Carries out a statement and undoes it. */
function outcomeOf(text: string) {
  database.exec('BEGIN')
  try {
    const prepared = database.prepare(text)
    const rows = prepared.all()
    const left = ['notes', 'tags'].map(table => database.prepare(`SELECT * FROM ${table}`).all())
    return { columns: prepared.columns().map(({ name }) => name), rows, left }
  } finally {
    database.exec('ROLLBACK')
  }
}

test('a write that says itself what it gives, and a query, have no such text', () => {
  for (const { sql } of legitimate.filter(each => /returning/i.test(each.sql))) expect(judge(sql).sampled).toBeNull()
  expect(judge('SELECT * FROM notes').sampled).toBeNull()
})

test.each([
  ['DELETE FROM notes WHERE id = ?;', 'DELETE FROM main."notes" WHERE id = ? RETURNING "id", "title", "body"'],
  ['INSERT INTO tags DEFAULT VALUES', 'INSERT INTO main."tags" DEFAULT VALUES RETURNING *'],
])('%s is made to give its rows', (sql, sampled) => {
  expect(judge(sql).sampled).toBe(sampled)
})

test('a name of a column is quoted', async () => {
  const odd = await judgeWith({ tables: { notes: { columns: ['id', 'a"; DROP'], write: ['delete'] } } })
  expect(odd('DELETE FROM notes WHERE id = 1').sampled).toMatch(/ RETURNING "id", "a""; DROP"$/)
})
