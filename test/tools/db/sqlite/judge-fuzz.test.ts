import { constants, type DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { seeded } from '../../../support/random.ts'
import type { Judge } from '../../../../tools/db/judge.ts'
import { fold } from '../../../../tools/db/sqlite/names.ts'
import { judgeWith, openFixture, outcomeOf, scopeWith, verdictOf } from './judged.ts'
import { mutated } from './mutations.ts'

const count = Number(process.env['KEYHOLD_FUZZ_JUDGE'] ?? 4_000)

/** The same as far as an agent may see, and different in all that is hidden. */
const changes = `
UPDATE customers SET email = 'other-' || id, card = 'other card ' || id;
UPDATE secrets SET secret = 'other', country = 'XX';
INSERT INTO secrets VALUES (3, 'XX', 'third');
UPDATE people SET pin = 'other pin';
UPDATE people SET id = 8, name = 'Other', country = 'FR' WHERE id = 7;
INSERT INTO people VALUES (10, 'Another', 'BE', '0');
UPDATE notes SET internal = 'other internal';
UPDATE "odd ""name" SET hidden = 'other';
UPDATE no_rowid SET hidden = 'other';
DELETE FROM documents;
`
const [one, other] = [openFixture(':memory:'), openFixture(':memory:')]
other.exec(changes)
let judge: Judge

beforeAll(async () => {
  judge = await judgeWith()
})
afterAll(() => {
  one.close()
  other.close()
})

test('whatever is let through, what is hidden makes no difference to it', { timeout: 600_000 }, () => {
  const random = seeded(20_261_123)
  let carriedOut = 0
  for (let round = 0; round < count; round++) {
    const sql = mutated(random)
    const text = verdictOf(judge, sql)
    if (text === 'not_allowed' || text === 'invalid_input') continue
    // Nothing of SQLite's in this process stops a query that goes on for ever.
    if ((/\bwith\b/i.test(text) && /\bunion\b/i.test(text)) || isMoment(text)) continue
    const parameters = text.includes('?')
    if (parameters) continue
    carriedOut += 1
    expect(outcomeOf(one, text), sql).toBe(outcomeOf(other, text))
    expect(readBy(one, text), sql).toEqual([])
  }
  expect(carriedOut).toBeGreaterThan(count / 20)
})

function isMoment(text: string): boolean {
  // Without arguments, those of time are about now.
  return /random|current_|now|\b(?:date|time|datetime|julianday|unixepoch|strftime)\b/i.test(text)
}

/** What a statement reads that is in no list, as SQLite's authorizer is asked. */
function readBy(database: DatabaseSync, text: string): readonly string[] {
  const tables = new Map(scopeWith().tables.map(({ name, columns }) => [fold(name), columns?.map(fold) ?? null]))
  const beyond: string[] = []
  database.setAuthorizer((code, table, column) => {
    const known = new Set<number>([constants.SQLITE_SELECT, constants.SQLITE_FUNCTION, constants.SQLITE_RECURSIVE])
    const isWrite = [constants.SQLITE_INSERT, constants.SQLITE_UPDATE, constants.SQLITE_DELETE].includes(code)
    if (known.has(code) || isWrite || table === null || /^json_(?:each|tree)$/.test(table)) return constants.SQLITE_OK
    const columns = tables.get(fold(table))
    const isListed = columns === null || columns?.includes(fold(column ?? '')) === true
    // Where no column is named, it asks with an empty name, and with the name of a WITH as if it were a table.
    if (code !== constants.SQLITE_READ || !(isListed || column === '')) beyond.push(`${code} ${table}.${column}`)
    return constants.SQLITE_OK
  })
  try {
    database.prepare(text)
  } catch {
    // What cannot be prepared reads nothing.
  } finally {
    database.setAuthorizer(null)
  }
  return beyond
}
