import { expect, test } from 'vitest'
import { compileNever } from '../../../tools/http/never.ts'
import { parsePath } from '../../../tools/http/path.ts'
import type { Query } from '../../../tools/http/query.ts'

const never = compileNever({
  requests: ['* /repositories/**', 'DELETE /repos/:owner/:repo', 'GET /search/code'],
  query: ['expand[]', 'expand', 'on_behalf_of'],
  body: ['token'],
})

const request = 'this request is never permitted, whatever the scope says'
const parameter = 'a query parameter of this name is never permitted'
const key = 'a key of this name at the top of the body is never permitted'

test.each<[string, string, Query, unknown, string | null]>([
  ['GET', '/repositories/1', [], undefined, request],
  ['DELETE', '/repositories/1/issues/2', [], undefined, request],
  ['DELETE', '/repos/a/b', [], undefined, request],
  ['GET', '/repos/a/b', [], undefined, null],
  ['DELETE', '/repos/a/b/c', [], undefined, null],
  ['GET', '/search/code', [], undefined, request],
  ['HEAD', '/search/code', [], undefined, null],
  ['GET', '/repositories', [], undefined, null],
  ['GET', '/%72epositories/1', [], undefined, request],
  ['GET', '/a', [['expand', 'x']], undefined, parameter],
  ['GET', '/a', [['expand[]', 'x']], undefined, parameter],
  ['GET', '/a', [['Expand[0]', 'x']], undefined, parameter],
  ['GET', '/a', [['onBehalfOf', 'x']], undefined, parameter],
  ['GET', '/a', [['expanded', 'x']], undefined, null],
  ['POST', '/a', [], { token: 'x' }, key],
  ['POST', '/a', [], { Token: 'x' }, key],
  ['POST', '/a', [], { a: { token: 'x' } }, null],
  ['POST', '/a', [], ['token'], null],
  ['POST', '/a', [], 'token', 'a text body is never permitted here'],
  ['POST', '/a', [], null, null],
])('%s %s, query %j, body %j: %s', (method, path, query, body, reason) => {
  expect(never(method, parsePath(path), query, body)).toBe(reason)
})

test('nothing is never permitted where nothing is listed', () => {
  const nothing = compileNever({ requests: [], query: [], body: [] })
  expect(nothing('DELETE', ['a'], [['expand', '1']], { token: 'x' })).toBeNull()
})
