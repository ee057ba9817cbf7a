import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { grounds } from './grounds.ts'
import { arrangements, type Ground, tryAll } from './layers.ts'

/*
 * Every attack with both layers standing, and with each of them alone. A role cannot hold which rows exist (without
 * row-level security), and PostgreSQL shows every role the definitions of views and functions, and statistics of what it
 * may read: there, the judge is alone.
 */

const expected = [
  {
    system: 'PostgreSQL',
    least: 120,
    beyondTheRole: [
      'rows: one that is hidden',
      'rows: by OR',
      'rows: all columns of hidden rows',
      "functions: schema_to_xml('public', true, true, '')",
      "functions: database_to_xml(true, true, '')",
      "functions: pg_get_viewdef('secret_view')",
      "functions: pg_get_functiondef('reveal'::regproc)",
      'catalogue: pg_proc',
      'catalogue: pg_stats',
    ],
  },
  { system: 'MariaDB', least: 80, beyondTheRole: [] },
  { system: 'SQLite', least: 60, beyondTheRole: [] },
] as const

describe.each(expected)('$system', ({ system, least, beyondTheRole }) => {
  let ground: Ground
  beforeAll(async () => {
    ground = await grounds[system]()
  })
  afterAll(() => ground.stop())

  test('there are enough attacks, with names of their own', () => {
    expect(ground.attacks.length).toBeGreaterThanOrEqual(least)
    expect(new Set(ground.attacks.map(({ name }) => name)).size).toBe(ground.attacks.length)
  })

  test.each(arrangements)(
    '%s: nothing escapes that this can hold',
    async arrangement => {
      const outcomes = await tryAll(ground, arrangement)
      const escaped = [...outcomes].filter(([, outcome]) => outcome === 'ESCAPED').map(([name]) => name)
      expect(escaped).toEqual(arrangement.startsWith('the database alone') ? beyondTheRole : [])
    },
    120_000,
  )
})
