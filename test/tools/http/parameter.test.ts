import { expect, test } from 'vitest'
import type { JsonObject } from '../../../src/kind.ts'
import { compileParameters, readParameter } from '../../../tools/http/parameter.ts'
import { schemaCompiler } from '../../../src/schema/check.ts'

const compile = await schemaCompiler()

/** What a value comes to: what is judged and sent, or what is wrong with it. */
function read(schema: JsonObject, value: unknown): unknown {
  const [parameter] = compileParameters({ n: schema }, compile)
  if (parameter === undefined) throw new Error('there is no parameter')
  const outcome = readParameter(parameter, value, 'n')
  return 'problems' in outcome ? outcome.problems.join('; ') : outcome.value
}

test.each<[JsonObject, unknown, unknown]>([
  [{ type: 'integer' }, '2', 2],
  [{ type: 'integer' }, 2, 2],
  [{ type: 'integer' }, '-2', -2],
  [{ type: 'number' }, '1.5', 1.5],
  [{ type: ['integer', 'null'] }, '2', 2],
  [{ type: 'boolean' }, 'true', true],
  [{ type: 'boolean' }, 'false', false],
  [{ type: 'string' }, 2, '2'],
  [{ type: 'string' }, true, 'true'],
  [{ type: 'string' }, 'x', 'x'],
  [{ type: 'string' }, '', ''],
  [{ type: ['string', 'integer'] }, '2', '2'],
  [{}, 2, '2'],
  [{ enum: ['open', 'closed'] }, 'open', 'open'],
  [{ enum: [1, 2] }, '1', 1],
  [{ enum: [true] }, 'true', true],
  [{ const: 5 }, '5', 5],
  [{ type: 'array' }, 'x', ['x']],
  [{ type: 'array', items: { type: 'integer' } }, '1', [1]],
  [{ type: 'array', items: { type: 'integer' } }, ['1', 2], [1, 2]],
  [{ type: 'array', items: { type: 'string' } }, [1, true], ['1', 'true']],
])('as %j means it, %j is %j', (schema, value, expected) => {
  expect(read(schema, value)).toEqual(expected)
})

test.each<[JsonObject, unknown, string]>([
  // Only the one way in which a number is written is a number.
  [{ type: 'integer' }, '02', 'n: must be integer'],
  [{ type: 'integer' }, '2.0', 'n: must be integer'],
  [{ type: 'integer' }, ' 2', 'n: must be integer'],
  [{ type: 'integer' }, '1e3', 'n: must be integer'],
  [{ type: 'integer' }, '0x10', 'n: must be integer'],
  [{ type: 'integer' }, '', 'n: must be integer'],
  [{ type: 'integer' }, '9007199254740993', 'n: must be integer'],
  [{ type: 'integer' }, 'NaN', 'n: must be integer'],
  [{ type: 'number' }, 'NaN', 'n: must be number'],
  [{ type: 'number' }, 'Infinity', 'n: must be number'],
  [{ type: 'number', maximum: 5 }, '-Infinity', 'n: must be number'],
  [{ type: 'boolean' }, 'TRUE', 'n: must be boolean'],
  [{ type: 'boolean' }, 1, 'n: must be boolean'],
  [{ type: 'array', items: { type: 'integer' } }, ['1', 'x'], 'n/1: must be integer'],
  [{ type: 'string' }, ['a'], 'n: expected one value'],
  [{}, ['a'], 'n: expected one value'],
  [{ type: 'string' }, { a: 1 }, 'n: expected one value'],
  [{ type: 'string' }, null, 'n: expected one value'],
  [{ type: 'array' }, [['a']], 'n: expected a list of values'],
  [{ type: 'array' }, [null], 'n: expected a list of values'],
  [{ type: 'string' }, undefined, 'n: is missing'],
])('for %j, %j is wrong: %s', (schema, value, problem) => {
  expect(read(schema, value)).toBe(problem)
})

test('a problem names the parameter, and never the value', () => {
  const [parameter] = compileParameters({ n: { type: 'string', pattern: '^a+$' } }, compile)
  expect(parameter?.check('secret', 'query.n')).toEqual(['query.n: must match pattern "^a+$"'])
  expect(parameter?.check(undefined, 'query.n')).toEqual(['query.n: is missing'])
  expect(parameter?.check('aaa', 'query.n')).toBeNull()
})

test.each<[JsonObject, string]>([
  [{ $ref: '#/$defs/a' }, 'n: $ref is not accepted here; write the schema out'],
  [{ type: 'array', items: { $ref: 'https://example.com' } }, 'n: $ref is not accepted here; write the schema out'],
  [{ maxLenght: 1 }, 'n: '],
  [{ type: 'text' }, 'n: '],
  [{ type: 'string', format: 'no such format' }, 'n: '],
  [{ type: 'string', pattern: '(?=a)' }, 'n: '],
])('%j is refused when the configuration is read', (schema, message) => {
  expect(() => compileParameters({ n: schema }, compile)).toThrow(message)
})
