import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Judge } from '../../../../tools/db/judge.ts'
import { judgeWith, openFixture, verdictOf } from './judged.ts'
import { writes } from './legitimate.ts'

const folder = mkdtempSync(join(tmpdir(), 'keyhold-writes-'))
const database = openFixture(join(folder, 'shop.db'))
let judge: Judge
beforeAll(async () => {
  judge = await judgeWith()
})
afterAll(() => {
  database.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('a write does what it would do without the judge, and says what it touches', () => {
  test.each(writes.map(write => [write.sql, write] as const))('%s', (sql, { action, touches }) => {
    const judged = judge(sql)
    expect(judged.action).toBe(action)
    const expected = touches.map(touch => ({ access: touch.split(' ')[0], resource: touch.split(' ')[1] }))
    expect(judged.touches).toHaveLength(expected.length)
    expect(judged.touches).toEqual(expect.arrayContaining(expected))
    expect(effectOf(judged.text)).toEqual(effectOf(sql))
  })

  function effectOf(sql: string): unknown {
    database.exec('BEGIN')
    try {
      const rows = database.prepare(sql).all()
      return [rows, database.prepare('SELECT * FROM notes').all(), database.prepare('SELECT * FROM tags').all()]
    } finally {
      database.exec('ROLLBACK')
    }
  }
})

test('with access: read nothing is written', async () => {
  const reading = await judgeWith({ access: 'read', tables: { notes: '*', orders: '*' } })
  for (const { sql } of writes) expect(verdictOf(reading, sql), sql).toBe('not_allowed')
})

test('each of insert, update and delete has to be allowed', async () => {
  const only = await judgeWith({ tables: { notes: { columns: '*', write: ['insert'] } } })
  expect(verdictOf(only, "INSERT INTO notes (title) VALUES ('a')")).toContain('main."notes"')
  expect(verdictOf(only, "INSERT INTO notes (title) VALUES ('a') ON CONFLICT DO UPDATE SET title = 1")).toBe(
    'not_allowed',
  )
  expect(verdictOf(only, 'UPDATE notes SET title = 1 WHERE id = 1')).toBe('not_allowed')
  expect(verdictOf(only, 'DELETE FROM notes WHERE id = 1')).toBe('not_allowed')
})
