import { afterAll, assert, beforeAll, describe, test } from 'vitest'
import type { Json } from '../../../../src/kind.ts'
import { parseArray } from '../../../../tools/db/postgres/array-text.ts'
import { TypeNames } from '../../../../tools/db/postgres/type-names.ts'
import { rawQuery } from '../../../support/db-executor.ts'
import { type EngineScene, engineScene, outcome, roleOf, rowsIn } from './engine-scene.ts'

let scene: EngineScene

beforeAll(async () => {
  scene = await engineScene(`
    CREATE TABLE items (id int);
    CREATE TYPE mood AS ENUM ('sad', 'so so', 'happy');
    CREATE TYPE pair AS (a int, b text);
    CREATE DOMAIN positive AS int CHECK (VALUE > 0);
    CREATE ROLE reader LOGIN PASSWORD 'reader'; GRANT SELECT ON items TO reader;
    ALTER ROLE reader SET timezone = 'Asia/Tokyo'; ALTER ROLE reader SET datestyle = 'German';
    ALTER ROLE reader SET bytea_output = 'escape'; ALTER ROLE reader SET intervalstyle = 'sql_standard';
    ALTER ROLE reader SET extra_float_digits = -5; ALTER ROLE reader SET search_path = 'nowhere';
  `)
})
afterAll(() => scene?.stop())

const reader = roleOf('reader')

/** An expression, the type of its column, and what an agent gets; the settings of the role change nothing. */
const cases: readonly (readonly [string, string, Json])[] = [
  ['1::int2', 'int2', 1],
  ["'-2147483648'::int4", 'int4', -2_147_483_648],
  ['1::int8', 'int8', '1'],
  ['9223372036854775807::int8', 'int8', '9223372036854775807'],
  ['4294967295::oid', 'oid', 4_294_967_295],
  ['1.50::numeric', 'numeric', '1.50'],
  ["'NaN'::numeric", 'numeric', 'NaN'],
  ['12345678901234567890.123456789::numeric', 'numeric', '12345678901234567890.123456789'],
  ['1.5::float4', 'float4', 1.5],
  ['0.1::float8 + 0.2::float8', 'float8', 0.1 + 0.2],
  ["'Infinity'::float8", 'float8', 'Infinity'],
  ["'-Infinity'::float4", 'float4', '-Infinity'],
  ["'NaN'::float8", 'float8', 'NaN'],
  ['1e300::float8', 'float8', 1e300],
  ['true', 'bool', true],
  ['1 = 2', 'bool', false],
  ['NULL::bool', 'bool', null],
  ["'héllo ☃ 𝄞'::text", 'text', 'héllo ☃ 𝄞'],
  ["''::text", 'text', ''],
  ["'ab'::char(4)", 'bpchar', 'ab  '],
  ["'ab'::varchar(4)", 'varchar', 'ab'],
  ['\'x\'::"char"', 'char', 'x'],
  ["'name'::name", 'name', 'name'],
  [String.raw`'\x00ff10'::bytea`, 'bytea', 'AP8Q'],
  ["''::bytea", 'bytea', ''],
  [`'{"a": [1, 2.5, null, "x"]}'::json`, 'json', { a: [1, 2.5, null, 'x'] }],
  [`'{"b": {"c": true}}'::jsonb`, 'jsonb', { b: { c: true } }],
  ["'null'::jsonb", 'jsonb', null],
  ["'12345678901234567890'::jsonb", 'jsonb', '12345678901234567890'],
  [`'{"n": 9007199254740993, "m": 5}'::jsonb`, 'jsonb', { n: '9007199254740993', m: 5 }],
  [`'{"__proto__": 1}'::json`, 'json', JSON.parse('{"__proto__": 1}') as Json],
  ["repeat('[', 200)::text || repeat(']', 200)", 'text', '['.repeat(200) + ']'.repeat(200)],
  ["(repeat('[', 200) || repeat(']', 200))::json", 'json', '['.repeat(200) + ']'.repeat(200)],
  ["'2024-02-29'::date", 'date', '2024-02-29'],
  ["'0044-03-15 BC'::date", 'date', '0044-03-15 BC'],
  ["'infinity'::date", 'date', 'infinity'],
  ["'13:14:15.5'::time", 'time', '13:14:15.5'],
  ["'13:14:15+02'::timetz", 'timetz', '13:14:15+02'],
  ["'2024-02-29 13:14:15.123456'::timestamp", 'timestamp', '2024-02-29T13:14:15.123456'],
  ["'2024-02-29 13:14:15+02'::timestamptz", 'timestamptz', '2024-02-29T11:14:15Z'],
  ["'2024-07-01 00:00:00.25+00'::timestamptz", 'timestamptz', '2024-07-01T00:00:00.25Z'],
  ["'infinity'::timestamptz", 'timestamptz', 'infinity'],
  ["'0044-03-15 00:00:00+00 BC'::timestamptz", 'timestamptz', '0044-03-15 00:00:00+00 BC'],
  ["'12024-01-01 00:00:00'::timestamp", 'timestamp', '12024-01-01T00:00:00'],
  ["'1 year 2 mons 3 days 04:05:06.7'::interval", 'interval', 'P1Y2M3DT4H5M6.7S'],
  ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", 'uuid', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  ["'12.34'::money", 'money', '$12.34'],
  ["'192.168.0.1/24'::inet", 'inet', '192.168.0.1/24'],
  ["'10.0.0.0/8'::cidr", 'cidr', '10.0.0.0/8'],
  ["'08:00:2b:01:02:03'::macaddr", 'macaddr', '08:00:2b:01:02:03'],
  ["B'101'", 'bit', '101'],
  ["'(1,2)'::point", 'point', '(1,2)'],
  ["'[1,5)'::int4range", 'int4range', '[1,5)'],
  ["'<a/>'::xml", 'xml', '<a/>'],
  ["to_tsvector('simple', 'a b')", 'tsvector', "'a':1 'b':2"],
  ["ROW(1, 'a b')", 'record', '(1,"a b")'],
  ["ROW(1, 'x')::public.pair", 'pair', '(1,x)'],
  ["'so so'::public.mood", 'mood', 'so so'],
  ['5::public.positive', 'int4', 5],
  ["ARRAY['sad', 'so so']::public.mood[]", 'mood[]', ['sad', 'so so']],
  ['ARRAY[1, NULL, 3]', 'int4[]', [1, null, 3]],
  [
    'ARRAY[[1, 2], [3, 4]]',
    'int4[]',
    [
      [1, 2],
      [3, 4],
    ],
  ],
  ["'{}'::int[]", 'int4[]', []],
  ["'[2:3]={7,8}'::int[]", 'int4[]', [7, 8]],
  ['ARRAY[9223372036854775807]', 'int8[]', ['9223372036854775807']],
  ['ARRAY[1.10]', 'numeric[]', ['1.10']],
  ["ARRAY['a,b', 'c\"d', E'e\\\\f', '', 'NULL', '{x}', ' ']", 'text[]', ['a,b', 'c"d', 'e\\f', '', 'NULL', '{x}', ' ']],
  ['ARRAY[\'{"a":1}\'::jsonb]', 'jsonb[]', [{ a: 1 }]],
  ["ARRAY['2024-01-01 00:00:00+00'::timestamptz]", 'timestamptz[]', ['2024-01-01T00:00:00Z']],
  ['ARRAY[true, false]', 'bool[]', [true, false]],
  [String.raw`ARRAY['\x00'::bytea]`, 'bytea[]', ['AA==']],
  ["ARRAY['(1,2),(3,4)'::box]", 'box[]', ['(3,4),(1,2)']],
  ["'16/B374D848'::pg_lsn", 'pg_lsn', '16/B374D848'],
]

describe('values', () => {
  test(`of ${cases.length} kinds keep what they are`, async () => {
    const executor = await scene.executor()
    for (const [sql, type, value] of cases) {
      const { answer, detail } = await outcome(executor, rawQuery(`SELECT ${sql}`), reader)
      assert.deepEqual(rowsIn(answer), [[value]], `${sql} ${detail} ${JSON.stringify(answer['error'])}`)
      assert.equal((answer['columns'] as { type: string }[])[0]?.type, type, sql)
    }
  })

  test('that are too long are cut between characters, and the answer says so', async () => {
    const executor = await scene.executor({ limits: { max_value: '10b' } })
    const long: readonly (readonly [string, Json])[] = [
      ["repeat('x', 100)", 'xxxxxxxxxx'],
      ["repeat('é', 6)", 'ééééé'],
      ["repeat('☃', 6)", '☃☃☃'],
      ["repeat('𝄞', 6)", '𝄞𝄞'],
      ["decode(repeat('ff', 11), 'hex')", Buffer.alloc(10, 0xff).toString('base64')],
      [`'{"long": "xxxxxxxx"}'::json`, '{"long": "'],
      ['ARRAY[1111, 2222, 3333]', '{1111,2222'],
      ['12345678901234567890::numeric', '1234567890'],
    ]
    for (const [sql, expected] of long) {
      const { answer } = await outcome(executor, rawQuery(`SELECT ${sql}`), reader)
      assert.deepEqual(rowsIn(answer), [[expected]], sql)
      assert.equal(answer['truncated'], true, sql)
    }
    for (const sql of ["repeat('x', 10)", "decode(repeat('ff', 10), 'hex')"]) {
      const { answer } = await outcome(executor, rawQuery(`SELECT ${sql}`), reader)
      assert.equal(answer['truncated'], false, sql)
    }
  })

  test('have the types that the server says they have', async () => {
    const types = new TypeNames()
    const rows = await scene.admin(
      'SELECT t.oid::int AS oid, t.typname AS name, e.typname AS element, e.oid::int AS of FROM pg_type t LEFT JOIN pg_type e ON e.typarray = t.oid',
    )
    let found = 0
    for (const { oid, name, element, of } of rows) {
      const type = types.get(Number(oid))
      if (type === undefined) continue
      found += 1
      assert.deepEqual(
        type,
        element === null
          ? { name: name as string, element: null }
          : { name: `${element as string}[]`, element: Number(of) },
      )
    }
    assert.isAbove(found, 60)
  })
})

test('what is no array is not read as one', () => {
  for (const text of [
    '',
    '{',
    '{1',
    '{1}x',
    '{1,}',
    '{,1}',
    '{"a}',
    'x',
    '[1:2]',
    '{{1}',
    '{1}{2}',
    '{{{{{{{1}}}}}}}',
    '{"a"b}',
  ])
    assert.isNull(parseArray(text), text)
})
