import { beforeAll, describe, expect, test } from 'vitest'
import type { JsonObject, Plan, Verb } from '../../../src/kind.ts'
import { Refusal } from '../../../src/refusal.ts'
import { VerbError } from '../../../src/verb-error.ts'
import { db } from '../../../tools/db/index.ts'
import type { QueryRequest } from '../../../tools/db/request.ts'
import { dbLimits, dbTarget } from '../../support/db-executor.ts'

const statements = {
  note_of: { description: 'One note', sql: 'select title from notes where id = ?', params: { preview: {} } },
  rename: {
    description: 'Renames one note',
    sql: 'update notes set title = ? where id = ?',
    params: { title: { type: 'string' }, id: { type: 'integer' } },
  },
}

async function verbsOf(written: Record<string, unknown>): Promise<(name: string) => Verb> {
  const target = dbTarget({ url: 'sqlite:shop.db', ...written })
  const verbs = await db.verbs(target as never, dbLimits(), { headers: [], query: [] })
  return name => verbs.find(verb => verb.name === name) as Verb
}

let reading: (name: string) => Verb
let writing: (name: string) => Verb
beforeAll(async () => {
  const { note_of } = statements
  reading = await verbsOf({ tables: { notes: ['id', 'title'] }, statements: { note_of } })
  const notes = { columns: ['id', 'title'], write: ['insert', 'update', 'delete'] }
  writing = await verbsOf({ access: 'write', tables: { notes, orders: '*' }, statements })
})

const hasPreview = (verb: Verb) => 'preview' in (verb.inputSchema['properties'] as JsonObject)
const planOf = (verb: Verb, input: unknown): Plan => verb.plan(verb.input.parse(input))
const requestOf = ({ request }: Plan) => request as unknown as QueryRequest

describe('the argument preview', () => {
  test('is there for what can write, and unknown elsewhere', () => {
    expect([hasPreview(writing('db_query')), hasPreview(writing('rename'))]).toEqual([true, true])
    expect([hasPreview(reading('db_query')), hasPreview(writing('db_describe'))]).toEqual([false, false])
    const input = { sql: 'select id from notes', preview: true }
    expect(reading('db_query').input.safeParse(input).error?.issues).toMatchObject([{ code: 'unrecognized_keys' }])
  })

  test('is true or false, and makes no preview unless it is true', () => {
    const sql = 'delete from notes where id = 1'
    expect(writing('db_query').input.safeParse({ sql, preview: 'yes' }).success).toBe(false)
    expect(() => planOf(writing('rename'), { title: 'x', id: 1, preview: 'yes' })).toThrow(Refusal)
    for (const rest of [{}, { preview: false }]) {
      expect(requestOf(planOf(writing('db_query'), { sql, ...rest })).preview).toBe(false)
      expect(requestOf(planOf(writing('rename'), { title: 'x', id: 1, ...rest })).preview).toBe(false)
    }
  })

  test('is not for a query', () => {
    expect(() => planOf(writing('db_query'), { sql: 'select id from notes', preview: true })).toThrow(Refusal)
  })

  test('of a statement that reads is the statement’s own', () => {
    for (const verbs of [reading, writing])
      expect(requestOf(planOf(verbs('note_of'), { preview: true }))).toMatchObject({ preview: false, params: [true] })
  })

  test('cannot be one of a statement that writes', async () => {
    const rename = { ...statements.rename, params: { preview: {}, id: {} } }
    const notes = { columns: '*', write: ['update'] }
    const made = verbsOf({ access: 'write', tables: { notes }, statements: { rename } })
    await expect(made).rejects.toThrow(VerbError)
    await expect(made).rejects.toMatchObject({ path: ['statements', 'rename', 'params', 'preview'] })
  })
})

describe('the plan of a preview', () => {
  test.each([
    ['update notes set title = ? where id = 1', 'preview of UPDATE notes'],
    ['insert into notes (title) select id from orders where id = ?', 'preview of INSERT notes with orders'],
    ['insert into notes (title) values (?)', 'preview of INSERT notes'],
    ['insert into notes (title) values (?) returning id', 'preview of INSERT notes'],
  ])('of %s writes, and reads what it shows', (sql, summary) => {
    const { operation, request } = planOf(writing('db_query'), { sql, params: ['x'], preview: true })
    expect(operation).toMatchObject({ access: 'write', idempotent: false, summary })
    expect(operation.touches).toEqual(
      expect.arrayContaining([
        { access: 'write', resource: 'notes' },
        { access: 'read', resource: 'notes' },
      ]),
    )
    expect(request).toMatchObject({ preview: true, params: ['x'] })
  })

  test('of a statement is like that of a query', () => {
    const plan = planOf(writing('rename'), { title: 'x', id: 1, preview: true })
    expect(plan.operation).toMatchObject({ access: 'write', idempotent: false, summary: 'preview of UPDATE notes' })
    expect(requestOf(plan)).toMatchObject({
      preview: true,
      sampled: expect.stringMatching('RETURNING'),
      params: ['x', 1],
    })
  })

  test('without it, an INSERT still reads nothing', () => {
    const { operation } = planOf(writing('db_query'), { sql: 'insert into notes (title) values (1)' })
    expect(operation).toMatchObject({ summary: 'INSERT notes', touches: [{ access: 'write', resource: 'notes' }] })
  })
})
