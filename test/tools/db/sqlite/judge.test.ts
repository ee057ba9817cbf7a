import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Judge } from '../../../../tools/db/judge.ts'
import { attacks } from './attacks.ts'
import { secretMarker } from './fixture.ts'
import { judgeWith, openFixture, outcomeOf, verdictOf } from './judged.ts'
import { queries } from './legitimate.ts'

const folder = mkdtempSync(join(tmpdir(), 'keyhold-judge-'))
const database = openFixture(join(folder, 'shop.db'))
let judge: Judge

beforeAll(async () => {
  judge = await judgeWith()
})
afterAll(() => {
  database.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('what reaches beyond the scope does not get there', () => {
  test.each(attacks.map(attack => [attack.name, attack] as const))('%s', (_name, { sql, expect: expected }) => {
    const text = verdictOf(judge, sql)
    if (expected !== 'contained') return expect(text).toBe(expected)
    expect(['not_allowed', 'invalid_input']).not.toContain(text)
    // What the statement itself holds may come back.
    const own = sql.match(/S3CRET[^']*/g) ?? []
    const told = own.reduce((left, part) => left.replaceAll(part, ''), outcomeOf(database, text))
    expect(told).not.toContain(secretMarker)
  })
})

describe('what stays inside the scope gives the same rows, under the same names', () => {
  test.each(queries.map(query => [query.name, query] as const))('%s', (_name, { sql, params = [] }) => {
    const judged = judge(sql)
    expect(judged).toMatchObject({ action: 'SELECT', parameters: params.length })
    const made = database.prepare(judged.text)
    const written = database.prepare(sql)
    expect(made.columns().map(({ name, type }) => [name, type])).toEqual(
      written.columns().map(({ name, type }) => [name, type]),
    )
    made.setReturnArrays(true)
    written.setReturnArrays(true)
    expect(made.all(...params)).toEqual(written.all(...params))
  })
})
