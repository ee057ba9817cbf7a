import { expect, test } from 'vitest'
import { documentCompiler, isGraphqlPath } from '../../../tools/http/graphql.ts'

const compile = await documentCompiler()

test('a query reads and names its variables', () => {
  const document = `query Issues($first: Int!, $state: [State!]! = [OPEN], $after: String) {
    repository { ...R issues(first: $first, states: $state, after: $after) { nodes { title } } }
  }
  fragment R on Repository { id }`
  expect(compile(document)).toEqual({
    access: 'read',
    operationName: 'Issues',
    variables: [
      { name: 'first', required: true },
      { name: 'state', required: false },
      { name: 'after', required: false },
    ],
  })
})

test('a mutation writes, also behind comments and fragments', () => {
  const document = '# query\nfragment F on T { id }\nmutation ($id: ID!) { close(id: $id) { ...F } }'
  expect(compile(document)).toEqual({
    access: 'write',
    operationName: null,
    variables: [{ name: 'id', required: true }],
  })
})

test('the short form is a query', () => {
  expect(compile('{ viewer { login } }')).toEqual({ access: 'read', operationName: null, variables: [] })
})

const refused: readonly (readonly [string, string, RegExp])[] = [
  ['nothing', '', /not GraphQL/],
  ['a comment only', '# hi', /not GraphQL/],
  ['broken syntax', '{ a', /not GraphQL/],
  ['a subscription', 'subscription { a }', /subscription/],
  ['two operations', 'query A { a } mutation B { b }', /exactly one operation, and it has 2/],
  ['two operations of one name', 'query A { a } query A { b }', /exactly one/],
  ['a fragment only', 'fragment F on T { id }', /exactly one operation, and it has 0/],
  ['type definitions', '{ a } type T { a: Int }', /defines types/],
  ['a schema extension', '{ a } extend schema @x', /defines types/],
  ['a fragment twice', '{ ...F } fragment F on T { a } fragment F on T { b }', /fragment F twice/],
  ['a variable twice', 'query ($a: Int, $a: Int!) { a }', /variable \$a twice/],
  ['a large one', `{ a } #${'x'.repeat(65_536)}`, /larger than 64 kB/],
  ['a large one in bytes', `{ a } #${'é'.repeat(33_000)}`, /larger than 64 kB/],
  ['a deep one', `query ($a: ${'['.repeat(30_000)}Int${']'.repeat(30_000)}) { a }`, /nested too deeply/],
]

test.each(refused)('%s is refused', (_what, document, reason) => {
  expect(() => compile(document)).toThrow(reason)
})

test.each([
  [['graphql']],
  [['api', 'graphql']],
  [['GraphQL']],
  [['api', 'gql']],
  [['graphiql']],
  [['admin', 'api', '2026-01', 'graphql.json']],
  [['graphql.php']],
  [['graphql', 'v2']],
  [['graphql', 'v1', '2']],
  [['ｇｒａｐｈｑｌ']],
  [['%67raphql']],
  [['%2567raphql']],
  [[' graphql ']],
])('%j is a GraphQL path', segments => {
  expect(isGraphqlPath(segments)).toBe(true)
})

test.each([
  [[]],
  [['']],
  [['v1']],
  [['repos', 'acme', 'graphql', 'issues']],
  [['graphqlx']],
  [['my-graphql']],
  [['graph']],
  [['query']],
])('%j is none', segments => {
  expect(isGraphqlPath(segments)).toBe(false)
})
