import { describe, expect, test } from 'vitest'
import { AllowEntry } from '../../../tools/http/entry.ts'
import { documentCompiler } from '../../../tools/http/graphql.ts'
import { type Asked, judge, matchingEntries } from '../../../tools/http/judge.ts'
import { schemaCompiler } from '../../../src/schema/check.ts'
import { compileEntry, describeEntry } from '../../../tools/http/scope.ts'

const compilers = { schema: await schemaCompiler(), document: await documentCompiler() }
const scopeOf = (...entries: readonly unknown[]) =>
  entries.map(entry => compileEntry(AllowEntry.parse(entry), [], compilers))

function judged(entries: readonly unknown[], asked: Partial<Asked>) {
  const scope = scopeOf(...entries)
  const whole: Asked = {
    method: 'GET',
    segments: [],
    slash: false,
    query: [],
    contentType: null,
    body: undefined,
    ...asked,
  }
  return judge(scope, matchingEntries(scope, whole), whole, [])
}

describe('an entry', () => {
  test.each<[unknown, string]>([
    ['GET /a/:b', 'GET /a/:b'],
    [{ method: 'GET', path: '/a', query: {} }, 'GET /a (query: none)'],
    [{ method: 'GET', path: '/a', query: { b: {}, c: {} } }, 'GET /a (query: b, c)'],
    [
      { method: 'POST', path: '/graphql', graphql: { x: { document: '{ a }' } } },
      'POST /graphql (query: none) (document: x)',
    ],
  ])('%j is shown as %s', (entry, text) => {
    expect(scopeOf(entry).map(describeEntry)).toEqual([text])
  })
})

describe('a request is allowed', () => {
  test('by the first entry that is satisfied, which the record names', () => {
    const entries = ['GET /a/b', { method: 'GET', path: '/a/:x', params: { x: { enum: ['c'] } } }, 'GET /**']
    expect(judged(entries, { segments: ['a', 'b'] }).verdict).toEqual({ allowed: true, by: 'GET /a/b' })
    expect(judged(entries, { segments: ['a', 'c'] }).verdict).toEqual({ allowed: true, by: 'GET /a/:x' })
    expect(judged(entries, { segments: ['a', 'd'] }).verdict).toEqual({ allowed: true, by: 'GET /**' })
  })

  test('with a slash at its end only by an entry that has one', () => {
    expect(judged(['GET /a/'], { segments: ['a'], slash: true }).verdict.allowed).toBe(true)
    expect(judged(['GET /a/'], { segments: ['a'] }).verdict.allowed).toBe(false)
    expect(judged(['GET /a'], { segments: ['a'], slash: true }).verdict.allowed).toBe(false)
  })
})

describe('a request is refused', () => {
  test('by an empty scope', () => {
    expect(judged([], { segments: ['a'] }).verdict).toMatchObject({ allowed: false, fields: { allowed: [] } })
  })

  test('with all entries, where no path matches', () => {
    expect(judged(['GET /a', 'POST /a'], { segments: ['b'] }).verdict).toEqual({
      allowed: false,
      reason: 'no entry of the scope matches this method and path',
      fields: { allowed: ['GET /a', 'POST /a'] },
    })
  })

  test('with those that match the path, and what was wrong for each', () => {
    const entries = [
      'GET /b',
      { method: 'GET', path: '/a', query: { x: {} } },
      { method: 'GET', path: '/a', query: { y: {} } },
    ]
    expect(judged(entries, { segments: ['a'], query: [['z', '1']] }).verdict).toEqual({
      allowed: false,
      reason: 'the arguments are not what the scope asks for',
      fields: {
        allowed: ['GET /a (query: x)', 'GET /a (query: y)'],
        problems: ['query: "z" is not one of x', 'query: "z" is not one of y'],
      },
    })
  })

  test('at a GraphQL endpoint that only a wide pattern matches', () => {
    for (const path of ['graphql', 'GraphQL', 'gql', 'graphql.php'])
      expect(
        judged(['POST /**'], { method: 'POST', segments: ['api', path], contentType: 'application/json', body: {} })
          .verdict.allowed,
      ).toBe(false)
  })
})

describe('a stored document', () => {
  const documents = {
    method: 'POST',
    path: '/graphql',
    graphql: {
      read: { document: 'query A { a }' },
      write: { document: 'mutation ($x: Int = 1) { b(x: $x) }', variables: { x: { type: 'integer' } } },
    },
  }
  const asked = (body: unknown) =>
    judged([documents], { method: 'POST', segments: ['graphql'], contentType: 'application/json', body })

  test('takes the place of what the agent named', () => {
    expect(asked({ document: 'read' })).toMatchObject({
      access: 'read',
      idempotent: true,
      document: { name: 'read', body: { query: 'query A { a }', variables: {}, operationName: 'A' } },
    })
    expect(asked({ document: 'write', variables: { x: 2 } })).toMatchObject({
      access: 'write',
      idempotent: false,
      document: { name: 'write', body: { query: 'mutation ($x: Int = 1) { b(x: $x) }', variables: { x: 2 } } },
    })
  })

  test.each([
    [undefined],
    [null],
    ['read'],
    [['read']],
    [{}],
    [{ document: 'toString' }],
    [{ document: ['read'] }],
    [{ document: 'read', query: '{ secrets }' }],
    [{ document: 'read', operationName: 'B' }],
    [{ document: 'read', variables: [] }],
    [{ document: 'read', variables: { x: 1 } }],
    [{ document: 'write', variables: { x: '1' } }],
    [[{ document: 'read' }, { document: 'write' }]],
  ])('is not what %j asks for', body => {
    const { verdict, document } = asked(body)
    expect(verdict).toMatchObject({
      allowed: false,
      fields: { allowed: ['POST /graphql (query: none) (document: read, write)'] },
    })
    expect(document).toBeNull()
  })
})
