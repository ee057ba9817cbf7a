import { afterAll, assert, beforeAll, describe, test } from 'vitest'
import { dbLimits, rawQuery } from '../../../support/db-executor.ts'
import { type EngineScene, engineScene, itemsAndWriter, outcome, roleOf, rowsIn, writable } from './engine-scene.ts'

let scene: EngineScene

beforeAll(async () => {
  scene = await engineScene(itemsAndWriter)
})
afterAll(() => scene?.stop())

const reader = roleOf('reader')
const writer = roleOf('writer')
describe('a statement that reads', () => {
  test('gives columns with their types, and rows', async () => {
    const executor = await scene.executor()
    const { answer } = await outcome(
      executor,
      rawQuery('SELECT id, name, price, tags, data FROM public.items ORDER BY id LIMIT 1'),
      reader,
    )
    assert.deepEqual(answer['columns'], [
      { name: 'id', type: 'int4' },
      { name: 'name', type: 'text' },
      { name: 'price', type: 'numeric' },
      { name: 'tags', type: 'text[]' },
      { name: 'data', type: 'jsonb' },
    ])
    assert.deepEqual(rowsIn(answer), [[1, 'item 1', '1.50', ['a', 'b'], { n: 1 }]])
    assert.equal(answer['row_count'], 1)
    assert.equal(answer['truncated'], false)
  })

  test('binds values of every JSON type', async () => {
    const executor = await scene.executor()
    const cases: [string, unknown, unknown][] = [
      ['SELECT $1::int + 1', 41, 42],
      ['SELECT $1::int8', 41, '41'],
      ['SELECT $1::numeric', 1.25, '1.25'],
      ['SELECT NOT $1::bool', true, false],
      ['SELECT $1', 'it\'s \\ "x"', 'it\'s \\ "x"'],
      ['SELECT $1::text IS NULL', null, true],
      ['SELECT $1::jsonb', { a: [1, null] }, { a: [1, null] }],
      ['SELECT $1::jsonb', [1, 'b'], [1, 'b']],
      ['SELECT $1::text[]', ['a', null, 'b,"c"\\', ''], ['a', null, 'b,"c"\\', '']],
      ['SELECT count(*)::int FROM public.items WHERE id = ANY ($1)', [1, 2, 5_000], 2],
      [
        'SELECT $1::int[]',
        [
          [1, 2],
          [3, 4],
        ],
        [
          [1, 2],
          [3, 4],
        ],
      ],
    ]
    for (const [sql, param, expected] of cases) {
      const { answer } = await outcome(executor, rawQuery(sql, [param as never]), reader)
      assert.deepEqual(rowsIn(answer), [[expected]] as never, sql)
    }
  })

  test('is cut between rows at the cap of rows, and says so', async () => {
    const executor = await scene.executor({ limits: { max_rows: 3 } })
    const cut = await outcome(executor, rawQuery('SELECT id FROM public.items ORDER BY id'), reader)
    assert.deepEqual(rowsIn(cut.answer), [[1], [2], [3]])
    assert.equal(cut.answer['truncated'], true)
    const whole = await outcome(executor, rawQuery('SELECT id FROM public.items ORDER BY id LIMIT 3'), reader)
    assert.equal(whole.answer['truncated'], false)
  })

  test('is cut between rows at the cap of bytes, and the next one works', async () => {
    const executor = await scene.executor()
    const limits = dbLimits({ maxResponseBytes: 1_000 })
    const { answer } = await outcome(
      executor,
      rawQuery("SELECT i, repeat('x', 90) FROM generate_series(1, 400) i"),
      reader,
      {
        limits,
      },
    )
    assert.equal((rowsIn(answer) as unknown[]).length, 10)
    assert.equal(answer['truncated'], true)
    const next = await outcome(executor, rawQuery('SELECT 1'), reader)
    assert.deepEqual(rowsIn(next.answer), [[1]])
  })

  test('answers an error of the server with a code and our own words', async () => {
    const executor = await scene.executor()
    const cases: [string, string, string | undefined][] = [
      ['SELECT 1 / 0', '22012', undefined],
      ['SELECT name::int FROM public.items WHERE id = 1', '22P02', undefined],
      ['SELECT nothing FROM public.items', '42703', 'nothing'],
      ['SELECT "no thing" FROM public.items', '42703', '"no thing"'],
      ['SELECT 1 FROM public.missing', '42P01', 'public.missing'],
      ['SELECT frob(1)', '42883', 'frob'],
      ['SELECT FROM WHERE', '42601', 'WHERE'],
      ['SELECT 1; SELECT 2', '42601', undefined],
      ['SELECT id FROM public.parents', '42501', undefined],
      ["SELECT 'x'::date", '22007', undefined],
      ["SELECT '1'::int + 99999999999999::int", '22003', undefined],
      ['SELECT * INTO public.copy FROM public.items', '25006', undefined],
      ['WITH gone AS (DELETE FROM public.items RETURNING 1) SELECT * FROM gone', '25006', undefined],
    ]
    for (const [sql, code, near] of cases) {
      const { answer, refused } = await outcome(executor, rawQuery(sql), reader)
      assert.equal(refused, null, sql)
      const error = answer['error'] as { code: string; message: string; near?: string }
      assert.equal(error.code, code, sql)
      assert.equal(error.near, near, sql)
      assert.notInclude(JSON.stringify(answer), 'item 1')
    }
  })

  test('cannot write with a role that could', async () => {
    const executor = await scene.executor(writable)
    for (const sql of [
      'WITH gone AS (DELETE FROM public.items RETURNING 1) SELECT * FROM gone',
      "SELECT nextval('public.counter')",
      'SELECT * INTO TEMP x FROM public.items',
    ]) {
      const { answer } = await outcome(executor, rawQuery(sql), writer)
      assert.equal((answer['error'] as { code: string }).code, '25006', sql)
    }
    const [row] = await scene.admin('SELECT count(*)::int AS n FROM items')
    assert.equal(row?.['n'], 1_000)
  })

  test('is one statement, and none of another kind', async () => {
    const executor = await scene.executor(writable)
    const others = [
      'COMMIT',
      'SHOW ALL',
      'COPY public.items TO STDOUT',
      'COPY public.items FROM STDIN',
      'DO $$ BEGIN END $$',
      'SET ROLE writer',
      'LISTEN x',
      'PREPARE x AS SELECT 1',
      'EXPLAIN SELECT 1',
      'TABLE public.items',
      'DROP TABLE public.items',
      '/* x */ SELECT 1',
    ]
    for (const text of others) {
      for (const action of ['SELECT', 'UPDATE'] as const) {
        const { refused } = await outcome(executor, rawQuery(text, [], { action }), writer)
        assert.equal(refused, 'not_allowed', text)
      }
    }
    const disguised = await outcome(
      executor,
      rawQuery('WITH x AS (SELECT 1) DELETE FROM public.items', [], { action: 'UPDATE' }),
      writer,
    )
    assert.equal(disguised.refused, 'not_allowed')
    const [row] = await scene.admin('SELECT count(*)::int AS n FROM items')
    assert.equal(row?.['n'], 1_000)
  })

  test('a tool that reads refuses to write, whatever the role may do', async () => {
    const executor = await scene.executor()
    const { refused } = await outcome(executor, rawQuery('DELETE FROM public.items WHERE id = 1'), writer)
    assert.equal(refused, 'not_allowed')
  })
})

describe('a statement that writes', () => {
  const one = async (sql: string) => (await scene.admin(sql))[0]?.['n']

  test('is committed, and says how many rows it changed', async () => {
    const executor = await scene.executor(writable)
    const update = rawQuery("UPDATE public.items SET name = 'changed' WHERE id IN (1, 2)")
    const { answer } = await outcome(executor, update, writer)
    assert.equal(answer['affected_rows'], 2)
    assert.equal(answer['row_count'], 2)
    assert.equal(await one("SELECT count(*)::int AS n FROM items WHERE name = 'changed'"), 2)
    const insert = rawQuery('INSERT INTO public.items (id, name) VALUES ($1, $2) RETURNING id, name', [5_001, 'new'])
    const inserted = await outcome(executor, insert, writer)
    assert.deepEqual(rowsIn(inserted.answer), [[5_001, 'new']])
    assert.equal(inserted.answer['affected_rows'], 1)
    await outcome(executor, rawQuery('DELETE FROM public.items WHERE id = $1', [5_001]), writer)
    assert.equal(await one('SELECT count(*)::int AS n FROM items WHERE id > 5000'), 0)
  })

  test('is undone when it changed more rows than it may', async () => {
    const executor = await scene.executor({ ...writable, limits: { max_affected_rows: 5 } })
    for (const returning of ['', ' RETURNING id']) {
      const update = rawQuery(`UPDATE public.items SET price = 0 WHERE id BETWEEN 10 AND 19${returning}`)
      const { answer } = await outcome(executor, update, writer)
      assert.equal((answer['error'] as { code: string }).code, 'max_affected_rows')
    }
    const five = await outcome(
      executor,
      rawQuery('UPDATE public.items SET price = 1 WHERE id BETWEEN 10 AND 14'),
      writer,
    )
    assert.equal(five.answer['affected_rows'], 5)
    assert.equal(await one('SELECT count(*)::int AS n FROM items WHERE price = 0'), 0)
  })

  test('that returns more rows than an answer takes is carried out whole, and its answer is cut', async () => {
    const executor = await scene.executor({ ...writable, limits: { max_rows: 3 } })
    const update = rawQuery("UPDATE public.items SET name = 'many' WHERE id BETWEEN 40 AND 49 RETURNING id")
    const { answer } = await outcome(executor, update, writer)
    assert.equal((rowsIn(answer) as unknown[]).length, 3)
    assert.equal(answer['truncated'], true)
    assert.equal(answer['affected_rows'], 10)
    assert.equal(await one("SELECT count(*)::int AS n FROM items WHERE name = 'many'"), 10)
  })

  test('is undone when it changed another number of rows than a person has seen', async () => {
    const executor = await scene.executor(writable)
    const update = (expected: number) => rawQuery('UPDATE public.items SET price = 7 WHERE id = 20', [], { expected })
    const other = await outcome(executor, update(2), writer)
    assert.equal((other.answer['error'] as { code: string }).code, 'changed_since_preview')
    assert.equal(await one('SELECT count(*)::int AS n FROM items WHERE price = 7'), 0)
    const same = await outcome(executor, update(1), writer)
    assert.equal(same.answer['affected_rows'], 1)
  })

  test('shows what it would change, and changes nothing', async () => {
    const executor = await scene.executor(writable)
    const preview = rawQuery('DELETE FROM public.items WHERE id = 30 RETURNING id', [], { preview: true })
    const { answer } = await outcome(executor, preview, writer)
    assert.equal(answer['preview'], true)
    assert.equal(answer['affected_rows'], 1)
    assert.deepEqual(rowsIn(answer), [[30]])
    assert.equal(await one('SELECT count(*)::int AS n FROM items WHERE id = 30'), 1)
  })

  test('shows in a preview some of the rows that it would change, and counts all', async () => {
    const executor = await scene.executor(writable)
    const where = "SET name = 'seen' WHERE id BETWEEN 50 AND 79"
    const sampled = `UPDATE public.items ${where} RETURNING public.items.id, public.items.name`
    const preview = rawQuery(`UPDATE public.items ${where}`, [], { sampled, preview: true })
    const { answer } = await outcome(executor, preview, writer)
    const rows = rowsIn(answer) as unknown[][]
    assert.deepEqual(answer['columns'], [
      { name: 'id', type: 'int4' },
      { name: 'name', type: 'text' },
    ])
    assert.deepEqual([rows.length, answer['row_count'], answer['affected_rows']], [10, 10, 30])
    assert.deepEqual([answer['preview'], answer['truncated']], [true, true])
    assert.match(String(answer['hint']), /affected_rows/)
    assert.ok(rows.every(([, name]) => name === 'seen'))
    assert.equal(await one("SELECT count(*)::int AS n FROM items WHERE name = 'seen'"), 0)
    const done = rawQuery(`UPDATE public.items ${where}`, [], { sampled, expected: 30 })
    const carriedOut = await outcome(executor, done, writer)
    assert.deepEqual([rowsIn(carriedOut.answer), carriedOut.answer['affected_rows']], [[], 30])
  })

  test('is only counted in a preview by a role that may not read what it wrote', async () => {
    await scene.admin(`
      CREATE TABLE entries (id int, body text, secret text);
      CREATE ROLE inserter LOGIN PASSWORD 'inserter'; GRANT INSERT ON entries TO inserter;
    `)
    const tables = { entries: { columns: ['id', 'body'], write: ['insert'] } }
    const executor = await scene.executor({ access: 'write', tables })
    const text = "INSERT INTO public.entries (id, body) VALUES (1, 'a'), (2, 'b')"
    const sampled = `${text} RETURNING public.entries.id, public.entries.body`
    const preview = await outcome(executor, rawQuery(text, [], { sampled, preview: true }), roleOf('inserter'))
    assert.deepEqual(
      [rowsIn(preview.answer), preview.answer['affected_rows'], preview.answer['preview']],
      [[], 2, true],
    )
    const returning = await outcome(executor, rawQuery(sampled, [], { preview: true }), roleOf('inserter'))
    assert.equal((returning.answer['error'] as { code: string }).code, '42501')
    const done = await outcome(executor, rawQuery(text, [], { expected: 2 }), roleOf('inserter'))
    assert.equal(done.answer['affected_rows'], 2)
    assert.equal(await one('SELECT count(*)::int AS n FROM entries'), 2)
  })

  test('is no other statement in its preview', async () => {
    const executor = await scene.executor(writable)
    for (const sampled of ['DROP TABLE public.items', 'DELETE FROM public.items WHERE id = 90 RETURNING id']) {
      const text = "UPDATE public.items SET name = 'x' WHERE id = 90"
      const preview = rawQuery(text, [], { sampled, preview: true })
      assert.equal((await outcome(executor, preview, writer)).refused, 'not_allowed')
    }
    assert.equal(await one('SELECT count(*)::int AS n FROM items WHERE id = 90'), 1)
  })

  test('fails in the preview and at the commit alike when a deferred constraint does not hold', async () => {
    const executor = await scene.executor(writable)
    for (const preview of [true, false]) {
      const insert = rawQuery('INSERT INTO public.children (id, parent) VALUES (1, 99)', [], { preview })
      const { answer } = await outcome(executor, insert, writer)
      assert.equal((answer['error'] as { code: string }).code, '23503')
    }
    assert.equal(await one('SELECT count(*)::int AS n FROM children'), 0)
  })
})
