import { describe, expect, test } from 'vitest'
import type { Plan } from '../../../src/kind.ts'
import { furtherRequests } from '../../../tools/http/further.ts'
import type { Asked } from '../../../tools/http/judge.ts'
import { formatPath } from '../../../tools/http/path.ts'
import { formatQuery } from '../../../tools/http/query.ts'
import { HttpTarget } from '../../../tools/http/target.ts'

const target = HttpTarget.parse({ base_url: 'https://api.example.com/v1', allow: ['GET /a'] })

/** Permits what lies under `/a`, and gives what it was asked as it would be sent. */
function judge({ method, segments, slash, query }: Asked): Plan {
  const resource = `${formatPath(segments, slash)}?${formatQuery(query)}`
  return {
    operation: { action: method, resource, access: 'read', summary: '', idempotent: true },
    scope: segments[0] === 'a' ? { allowed: true, by: 'GET /a' } : { allowed: false, reason: 'elsewhere' },
    request: null,
  }
}

function led(why: 'redirect' | 'page', to: string, from = '/v1/a/b?x=1'): string {
  const { operation, scope } = furtherRequests({ why, method: 'GET', from, to }, target, ['v1'], judge)
  return `${scope.allowed ? 'permitted' : 'refused'} ${operation.resource}`
}

describe('a redirect', () => {
  test.each([
    ['/v1/a/c?y=2', 'permitted /a/c?y=2'],
    ['https://api.example.com/v1/a/c', 'permitted /a/c?'],
    ['https://API.example.com:443/v1/a', 'permitted /a?'],
    ['//api.example.com/v1/a', 'permitted /a?'],
    ['c?y=2', 'permitted /a/c?y=2'],
    ['?y=2', 'permitted /a/b?y=2'],
    ['/v1/a/', 'permitted /a/?'],
    ['/v1/b', 'refused /b?'],
    ['/v1/a?l=1&l=2&q=a+b', 'permitted /a?l=1&l=2&q=a+b'],
    ['/v1/a/c#part', 'permitted /a/c?'],
    ['../b', 'refused /b?'],
  ])('to %s: %s', (to, expected) => {
    expect(led('redirect', to)).toBe(expected)
  })

  test.each([
    ['https://attacker.example/v1/a', 'another origin'],
    ['http://api.example.com/v1/a', 'another origin'],
    ['https://api.example.com:8443/v1/a', 'another origin'],
    ['https://me:pw@api.example.com/v1/a', 'another origin'],
    ['//attacker.example/v1/a', 'another origin'],
    ['\\\\attacker.example\\v1\\a', 'another origin'],
    ['javascript:alert(1)', 'another origin'],
    ['data:text/plain,a', 'another origin'],
    ['https://[', 'not a URL'],
    ['/v2/a', 'outside of the base URL'],
    ['/', 'outside of the base URL'],
    ['/v1x/a', 'outside of the base URL'],
    ['../../v2/a', 'outside of the base URL'],
    ['/v1/a/%2e%2e%2f%2e%2e%2fb', 'a character that is not accepted'],
    ['/v1/a//b', 'an empty segment'],
    ['/v1/a;b', 'a character that is not accepted'],
  ])('to %s is not understood as a request of this tool: %s', (to, message) => {
    expect(() => led('redirect', to)).toThrow(message)
  })
})

describe('the next page', () => {
  test.each([
    ['is where the link leads', '/v1/a/b?page=2', 'permitted /a/b?page=2'],
    ['may be another path of the scope', '/v1/a/c?page=2', 'permitted /a/c?page=2'],
    [
      'by another name is asked for under the path that was judged',
      '/v1/repositories/1?page=2',
      'permitted /a/b?page=2',
    ],
    ['outside of the base URL as well', '/repositories/1?page=2', 'permitted /a/b?page=2'],
    ['by a name without a query has none that could be asked for', '/v1/repositories/1', 'refused /repositories/1?'],
    ['by a name with the query that was sent is no next page', '/v1/repositories/1?x=1', 'refused /repositories/1?x=1'],
  ])('%s: %s', (_what, to, expected) => {
    expect(led('page', to)).toBe(expected)
  })

  test('at another origin is never asked for', () => {
    expect(() => led('page', 'https://attacker.example/v1/a/b?page=2')).toThrow('another origin')
  })
})

test.each([
  {},
  { why: 'else', method: 'GET', from: '/a', to: '/b' },
  { why: 'page', method: 'POST', from: '/a', to: '/b' },
  { why: 'page', method: 'GET', from: 'a', to: '/b' },
  { why: 'page', method: 'GET', from: '/a', to: 'x'.repeat(8_193) },
  { why: 'page', method: 'GET', from: '/a', to: '/b', more: 1 },
])('what is not a step is refused: %j', step => {
  expect(() => furtherRequests(step, target, ['v1'], judge)).toThrow()
})
