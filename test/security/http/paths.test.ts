import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { refused, sent, shown } from '../../support/attempt.ts'
import { type CustomScene, setCustomScene } from '../../support/custom-scene.ts'
import { startUpstream, type Upstream } from '../../support/upstream.ts'

/* Paths that a server, a proxy or a cache could read as another path than the one that was judged. */

let upstream: Upstream
let scene: CustomScene
beforeAll(async () => {
  upstream = await startUpstream()
  scene = await setCustomScene({ key: 'k3y-R4nd0mLookingValue' }, file => ({
    credentials: { key: { type: 'bearer', token: file('key') } },
    tools: {
      api: {
        kind: 'http',
        description: 'Issues',
        base_url: `${upstream.url}/v1`,
        credential: 'key',
        allow: [
          'GET /repos/acme/shop/issues',
          'GET /repos/acme/shop/issues/:number',
          'GET /files/**',
          'GET /users/*/keys',
          'GET /list/',
        ],
      },
      wide: {
        kind: 'http',
        description: 'Everything but what is named',
        base_url: upstream.url,
        credential: 'key',
        allow: ['GET /**', 'DELETE /repos/:repo'],
        never: { requests: ['* /repositories/**', 'GET /admin'] },
      },
    },
    deny: ['api_call_api(GET /files/private/**)', 'wide_call_api(* /secrets/*)'],
  }))
})
afterAll(async () => {
  await scene?.end()
  await upstream?.close()
})

/** Written so that both the harmless and the dangerous reading would be inside of the scope's first segment. */
const misunderstood: readonly string[] = [
  // Dot segments, encoded never, once, twice, three times, and mixed.
  '/files/..',
  '/files/../repos/acme/secret',
  '/files/./a',
  '/files/.',
  '/files/a/../../../etc',
  '/files/%2e%2e/a',
  '/files/%2E%2E/a',
  '/files/.%2e/a',
  '/files/%2e./a',
  '/files/%2e/a',
  '/files/%252e%252e/a',
  '/files/%252E%252e%252fa',
  '/files/%25252e%25252e/a',
  '/files/.%252e/a',
  '/files/..%00/a',
  '/files/..%20/../a',
  // Separators within a segment.
  '/files/a%2fb',
  '/files/a%2Fb',
  '/files/..%2f..%2fadmin',
  '/files/..%252f..%252fadmin',
  '/files/a%252Fb',
  '/files/a%25252fb',
  '/files/a\\b',
  '/files/..\\..\\admin',
  '/files/a%5cb',
  '/files/a%5Cb',
  '/files/..%5c..%5cadmin',
  '/files/a%255cb',
  '/files/a%25255Cb',
  // Empty segments, and a path that begins with two.
  '//',
  '///',
  '//evil.example/files/a',
  '///evil.example/files/a',
  '//@evil.example/files/a',
  '/files//a',
  '/files/a//',
  '/repos//acme/shop/issues',
  '\\\\evil.example\\files',
  '/\\evil.example/files/a',
  // Control characters: ends of strings, of lines and of headers.
  '/files/a\u0000',
  '/files/a%00',
  '/files/a%2500',
  '/files/a%00.png',
  '/files/a\r\nx-injected: 1',
  '/files/a%0d%0ax-injected:%201',
  '/files/a%0D%0A%0D%0AGET%20/admin%20HTTP/1.1',
  '/files/a%250d%250a',
  '/files/a\n',
  '/files/a%0a',
  '/files/a\r',
  '/files/a\t',
  '/files/a%09',
  '/files/a%7f',
  '/files/a\u0085b',
  '/files/a%C2%85b',
  // Path parameters, query and fragment where there should be none.
  '/files/a;b',
  '/files/..;/admin',
  '/files/;a',
  '/files/a%3bb',
  '/files/..%3b/admin',
  '/files/a%253Bb',
  '/files/a?b=c',
  '/files/a?',
  '/files/a#b',
  '/files/a#',
  '/files/a?_method=DELETE',
  // Look-alikes, which some servers turn into the real ones.
  '/files/\uff0e\uff0e/a',
  '/files/\uff0e./a',
  '/files/a\uff0fb',
  '/files/a\u2215b',
  '/files/a\u2044b',
  '/files/a\u29f8b',
  '/files/a\uff3cb',
  '/files/a\ufe68b',
  '/files/a\uff1bb',
  '/files/\u2024\u2024/a',
  '/files/\u2025/a',
  '/files/%EF%BC%8E%EF%BC%8E/a',
  '/files/a%EF%BC%8Fb',
  '/files/%E2%80%A4%E2%80%A4/a',
  '/files/\u2100',
  // What has no meaning in UTF-8: overlong forms, surrogates, cut and stray bytes.
  '/files/%c0%ae%c0%ae/a',
  '/files/%c0%af',
  '/files/%e0%80%ae/a',
  '/files/%f0%80%80%af',
  '/files/%fe%fe',
  '/files/%80',
  '/files/%c3',
  '/files/%ed%a0%80',
  '/files/%u002e%u002e/a',
  '/files/%',
  '/files/%2',
  '/files/%zz',
  '/files/\ud800',
  // Invisible characters, by which two paths look the same.
  '/files/.\u200b./a',
  '/files/a\u200bb',
  '/files/a\u202eb',
  '/files/\ufeffa',
  '/files/a\u2060b',
  // Another place than the tool's.
  'http://evil.example/files/a',
  'https://evil.example/',
  'HTTP://evil.example/files/a',
  'file:///etc/passwd',
  'javascript:alert(1)',
  'evil.example/files/a',
  '@evil.example/files/a',
  ':80/files/a',
  '.evil.example/files/a',
  'files/a',
  '../files/a',
  '*',
  '',
  ' /files/a',
  // Larger than anything honest.
  `/files/${'a'.repeat(8_200)}`,
  `/files/${'a/'.repeat(5_000)}b`,
]

describe('a path that could be read in two ways is refused, and nothing leaves', () => {
  test.each(misunderstood.map(path => [shown(path), path] as const))('%s', async (_shown, path) => {
    await refused(scene, upstream, 'api_call_api', { method: 'GET', path }, 'invalid_input')
  })
})

describe('the same paths are refused where every path is allowed', () => {
  const wide = misunderstood.filter((_path, index) => index % 4 === 0)
  test.each(wide.map(path => [shown(path), path] as const))('%s', async (_shown, path) => {
    await refused(scene, upstream, 'wide_call_api', { method: 'GET', path }, 'invalid_input')
  })
})

const outside: readonly (readonly [tool: string, method: string, path: string])[] = [
  ['api', 'GET', '/'],
  ['api', 'GET', '/repos/acme/shop'],
  ['api', 'GET', '/repos/acme/shop/issues/1/comments'],
  ['api', 'GET', '/repos/acme/shop/issues/'],
  ['api', 'GET', '/repos/acme/shop/issues/1/'],
  ['api', 'GET', '/repos/acme/shop/ISSUES'],
  ['api', 'GET', '/Repos/acme/shop/issues'],
  ['api', 'GET', '/repos/acme/shop/issues%20'],
  ['api', 'GET', '/repos/acme/shop/issues.json'],
  ['api', 'GET', '/repos/acme/shop/issues:1'],
  ['api', 'GET', '/repos/acme/shop/issues,1'],
  ['api', 'GET', '/repos/@acme/shop/issues'],
  ['api', 'GET', '/repos/acme@evil/shop/issues'],
  ['api', 'GET', '/@evil.example'],
  ['api', 'GET', '/@evil.example/repos/acme/shop/issues'],
  ['api', 'GET', '/v1/repos/acme/shop/issues'],
  ['api', 'GET', '/http:/evil.example/files/a'],
  ['api', 'GET', '/%40evil.example'],
  ['api', 'GET', '/files'],
  ['api', 'GET', '/files/'],
  ['api', 'GET', '/files/a/'],
  ['api', 'GET', '/filesystem/a'],
  ['api', 'GET', '/%66ile/a'],
  ['api', 'GET', '/users/keys'],
  ['api', 'GET', '/users/a/b/keys'],
  ['api', 'GET', '/users/a/keys/1'],
  ['api', 'GET', '/users/a/keys/'],
  ['api', 'GET', '/list'],
  ['api', 'GET', '/list/a'],
  ['api', 'GET', '/*'],
  ['api', 'GET', '/**'],
  ['api', 'GET', '/:number'],
  ['api', 'POST', '/repos/acme/shop/issues'],
  ['api', 'HEAD', '/repos/acme/shop/issues'],
  ['api', 'DELETE', '/files/a'],
  // Named by a rule of the agent, in other spellings.
  ['api', 'GET', '/files/private/a'],
  ['api', 'GET', '/files/%70rivate/a'],
  ['api', 'GET', '/files/private/a/b/c'],
  ['api', 'GET', '/files/privat%65/a'],
  ['wide', 'GET', '/secrets/a'],
  ['wide', 'GET', '/secret%73/a'],
  // Named under never, which no entry can permit.
  ['wide', 'GET', '/repositories/1'],
  ['wide', 'GET', '/repositories/1/issues'],
  ['wide', 'GET', '/%72epositories/1'],
  ['wide', 'GET', '/admin'],
  ['wide', 'GET', '/adm%69n'],
  ['wide', 'GET', '/'],
  ['wide', 'DELETE', '/repos/a/b'],
  ['wide', 'PUT', '/repos/a'],
]

describe('a path outside of the scope is refused, and nothing leaves', () => {
  test.each(outside)('%s: %s %s', async (tool, method, path) => {
    await refused(scene, upstream, `${tool}_call_api`, { method, path }, 'not_allowed')
  })
})

test('after all of them, the control calls are the only ones that arrived', async () => {
  expect(upstream.connections()).toBe(0)
  await sent(scene, upstream, 'api_call_api', { method: 'GET', path: '/files/a' })
  await sent(scene, upstream, 'api_call_api', { method: 'GET', path: '/list/' })
  await sent(scene, upstream, 'wide_call_api', { method: 'GET', path: '/files/a' })
  expect(upstream.requests.map(({ url }) => url)).toEqual(['/v1/files/a', '/v1/list/', '/files/a'])
  const count = misunderstood.length + Math.ceil(misunderstood.length / 4) + outside.length
  expect(scene.calls().filter(call => call['outcome'] === 'refused')).toHaveLength(count)
  expect(scene.events('worker.exited')).toEqual([])
})
