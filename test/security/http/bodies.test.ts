import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Attack, refused, sent } from '../../support/attempt.ts'
import { type CustomScene, setCustomScene } from '../../support/custom-scene.ts'
import { startUpstream, type Upstream } from '../../support/upstream.ts'

/* Bodies that are not what was judged, or that make a server do something else: JSON, forms and GraphQL. */

const query = 'query Open($n: Int!, $state: State = OPEN) { issues(first: $n, state: $state) { title } }'
const mutation = 'mutation Comment($id: ID!, $text: String!) { comment(id: $id, text: $text) { id } }'

let upstream: Upstream
let scene: CustomScene
beforeAll(async () => {
  upstream = await startUpstream()
  const comment = {
    type: 'object',
    required: ['body'],
    properties: {
      body: { type: 'string', maxLength: 100 },
      labels: { type: 'array', items: { enum: ['bug', 'idea'] }, maxItems: 3 },
      nested: { type: 'object', properties: { n: { type: 'integer' } }, additionalProperties: false },
      code: { type: 'string', pattern: '^(a+)+$' },
    },
    additionalProperties: false,
  }
  scene = await setCustomScene({ key: 'k3y-R4nd0mLookingValue' }, file => ({
    credentials: { key: { type: 'bearer', token: file('key') } },
    tools: {
      api: {
        kind: 'http',
        description: 'Comments',
        base_url: upstream.url,
        credential: 'key',
        allow: [
          { method: 'POST', path: '/comments', body: comment },
          { method: 'POST', path: '/lists', body: { type: 'array', items: { type: 'integer' } } },
          {
            method: 'POST',
            path: '/forms',
            body: {
              ...comment,
              properties: { ...comment.properties, meta: { type: 'object' }, list: { type: 'array' } },
            },
            content_types: ['application/x-www-form-urlencoded'],
          },
          { method: 'POST', path: '/notes', content_types: ['text/plain'] },
          { method: 'POST', path: '/free-forms', content_types: ['application/x-www-form-urlencoded'] },
          {
            method: 'POST',
            path: '/graphql',
            graphql: {
              open: { document: query, variables: { n: { type: 'integer', minimum: 1, maximum: 50 } } },
              comment: {
                document: mutation,
                variables: { id: { type: 'string', pattern: '^[0-9]+$' }, text: { type: 'string', maxLength: 20 } },
              },
            },
          },
        ],
        never: { body: ['token', 'secret'] },
        limits: { max_request: '64kb' },
      },
      wide: {
        kind: 'http',
        description: 'Everything',
        base_url: upstream.url,
        credential: 'key',
        allow: ['GET /**', 'POST /**', 'PUT /:a', 'PUT /:a/:b'],
        never: { body: ['token'] },
      },
    },
  }))
})
afterAll(async () => {
  await scene?.end()
  await upstream?.close()
})

const post = (path: string, body: unknown, type?: string) => ({
  method: 'POST',
  path,
  ...(type === undefined ? {} : { headers: { 'content-type': type } }),
  body,
})
const form = 'application/x-www-form-urlencoded'
const raw = (path: string, body: string) => JSON.parse(`{"method":"POST","path":"${path}","body":${body}}`) as unknown
const deep = (levels: number) => JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`) as unknown

const json: readonly Attack[] = [
  ['no body', { method: 'POST', path: '/comments' }, 'not_allowed'],
  ['null', post('/comments', null), 'not_allowed'],
  ['a number', post('/comments', 7), 'not_allowed'],
  ['an empty object', post('/comments', {}), 'not_allowed'],
  ['a list with the object in it', post('/comments', [{ body: 'x' }]), 'not_allowed'],
  ['an additional key', post('/comments', { body: 'x', admin: true }), 'not_allowed'],
  ['an additional key within', post('/comments', { body: 'x', nested: { n: 1, m: 2 } }), 'not_allowed'],
  ['the key in capitals', post('/comments', { Body: 'x' }), 'not_allowed'],
  ['the key in both cases', post('/comments', { body: 'x', BODY: 'y' }), 'not_allowed'],
  ['a number for a text', post('/comments', { body: 1 }), 'not_allowed'],
  ['a list for a text', post('/comments', { body: ['x'] }), 'not_allowed'],
  ['an object for a text', post('/comments', { body: { $gt: '' } }), 'not_allowed'],
  ['null for a text', post('/comments', { body: null }), 'not_allowed'],
  ['a text for a number', post('/comments', { body: 'x', nested: { n: '1' } }), 'not_allowed'],
  ['a fraction for a whole number', post('/comments', { body: 'x', nested: { n: 1.5 } }), 'not_allowed'],
  ['a text that is too long', post('/comments', { body: 'x'.repeat(101) }), 'not_allowed'],
  ['a value that is not listed', post('/comments', { body: 'x', labels: ['root'] }), 'not_allowed'],
  ['too many items', post('/comments', { body: 'x', labels: ['bug', 'bug', 'bug', 'bug'] }), 'not_allowed'],
  [
    'a pattern that would run for ever',
    post('/comments', { body: 'x', code: `${'a'.repeat(20_000)}b` }),
    'not_allowed',
  ],
  ['__proto__ as a key', raw('/comments', '{"body":"x","__proto__":{"admin":true}}'), 'not_allowed'],
  ['__proto__ in place of the key', raw('/comments', '{"__proto__":{"body":"x"}}'), 'not_allowed'],
  ['__proto__ within', raw('/comments', '{"body":"x","nested":{"__proto__":{"n":1}}}'), 'not_allowed'],
  [
    'constructor as a key',
    post('/comments', { body: 'x', constructor: { prototype: { admin: true } } }),
    'not_allowed',
  ],
  ['JSON as a text', post('/comments', '{"body":"x"}'), 'not_allowed'],
  ['JSON as a text that says it is JSON', post('/comments', '{"body":"x"}', 'application/json'), 'invalid_input'],
  ['as text/json', post('/comments', '{"body":"x"}', 'text/json'), 'invalid_input'],
  ['as another JSON type', post('/comments', { body: 'x' }, 'application/vnd.api+json'), 'not_allowed'],
  ['as a form, which is not named', post('/comments', { body: 'x' }, form), 'not_allowed'],
  ['as text, as JSON', post('/comments', { body: 'x' }, 'text/plain'), 'invalid_input'],
  ['an object for a list', post('/lists', { 0: 1, length: 1 }), 'not_allowed'],
  ['a text in a list of numbers', post('/lists', [1, '2']), 'not_allowed'],
  ['text where only text/plain is named, as HTML', post('/notes', '<b>x</b>', 'text/html'), 'not_allowed'],
  ['JSON where only text is named', post('/notes', { a: 1 }), 'not_allowed'],
  ['a text with a charset', post('/notes', 'x', 'text/plain; charset=utf-16'), 'invalid_input'],
  [
    'larger than the limit',
    post(
      '/lists',
      Array.from({ length: 40_000 }, () => 11),
    ),
    'invalid_input',
  ],
  ['larger than the limit only in UTF-8', post('/notes', '\u00e9'.repeat(40_000)), 'invalid_input'],
  ['64 levels deep', post('/lists', deep(70)), 'invalid_input'],
  ['_method', post('/comments', { body: 'x', _method: 'DELETE' }), 'invalid_input'],
  ['_METHOD', post('/comments', { body: 'x', _METHOD: 'DELETE' }), 'invalid_input'],
  ['_method with a space', post('/comments', { body: 'x', ' _method': 'DELETE' }), 'invalid_input'],
]

describe('JSON that is not what the entry asks for is refused, and nothing leaves', () => {
  test.each(json)('%s', async (_what, args, code) => {
    await refused(scene, upstream, 'api_call_api', args, code)
  })
})

const forms: readonly Attack[] = [
  ['a list', post('/forms', ['x'], form), 'invalid_input'],
  ['a text', post('/forms', 'body=x', form), 'invalid_input'],
  ['a text under its own type', post('/forms', 'body=x&admin=1'), 'not_allowed'],
  ['as JSON, which is not named', post('/forms', { body: 'x' }, 'application/json'), 'not_allowed'],
  ['a key with brackets', post('/free-forms', { 'a[b]': 'x' }, form), 'invalid_input'],
  ['a key that opens a bracket', post('/free-forms', { 'a[': 'x' }, form), 'invalid_input'],
  ['a key that closes one', post('/free-forms', { ']a': 'x' }, form), 'invalid_input'],
  ['a key with [] at its end', post('/free-forms', { 'a[]': 'x' }, form), 'invalid_input'],
  ['a key with brackets within', post('/free-forms', { a: { 'b][admin': 'x' } }, form), 'invalid_input'],
  ['an empty key', post('/free-forms', { '': 'x' }, form), 'invalid_input'],
  ['an empty key within', post('/free-forms', { a: { '': 'x' } }, form), 'invalid_input'],
  ['a key with NUL', post('/free-forms', { 'a\u0000b': 'x' }, form), 'invalid_input'],
  ['a key with a line end', post('/free-forms', { 'a\r\nb': 'x' }, form), 'invalid_input'],
  ['two keys that differ in case', post('/free-forms', { role: 'user', Role: 'admin' }, form), 'invalid_input'],
  ['two keys that PHP takes for one', post('/free-forms', { 'a.b': '1', a_b: '2' }, form), 'invalid_input'],
  ['an empty list', post('/free-forms', { a: [] }, form), 'invalid_input'],
  ['an empty object', post('/free-forms', { a: {} }, form), 'invalid_input'],
  ['an object that would be a list', post('/free-forms', { a: { 0: 'x', 1: 'y' } }, form), 'invalid_input'],
  ['17 levels', post('/free-forms', { a: deep(18) }, form), 'invalid_input'],
  ['1,001 fields', post('/free-forms', { a: Array.from({ length: 1_001 }, () => 1) }, form), 'invalid_input'],
  ['half a surrogate pair', post('/free-forms', { a: '\ud800' }, form), 'invalid_input'],
  ['_method', post('/free-forms', { _method: 'DELETE' }, form), 'invalid_input'],
  ['%5fmethod', post('/free-forms', { '%5fmethod': 'DELETE' }, form), 'invalid_input'],
  ['access_token', post('/free-forms', { access_token: 'x' }, form), 'invalid_input'],
  ['X-HTTP-Method-Override', post('/free-forms', { 'X-HTTP-Method-Override': 'x' }, form), 'invalid_input'],
  ['a value that the schema does not permit', post('/forms', { body: 'x'.repeat(101) }, form), 'not_allowed'],
  ['a key that the schema does not permit', post('/forms', { body: 'x', admin: '1' }, form), 'not_allowed'],
  ['a key under never', post('/free-forms', { token: 'x' }, form), 'not_allowed'],
  ['a key under never, in capitals', post('/free-forms', { TOKEN: 'x' }, form), 'not_allowed'],
  ['a key under never, encoded', post('/free-forms', { 't%6fken': 'x' }, form), 'not_allowed'],
]

describe('a form that a server could read in another way is refused, and nothing leaves', () => {
  test.each(forms)('%s', async (_what, args, code) => {
    await refused(scene, upstream, 'api_call_api', args, code)
  })

  test.each([
    ['token', { token: 'x' }],
    ['Token', { Token: 'x' }],
    ['token with a space', { 'token ': 'x' }],
    ['token beside others', { a: 1, token: null }],
    ['token, invisible', { 'tok\u200ben': 'x' }],
  ])('a JSON key under never: %s', async (_what, body) => {
    await refused(scene, upstream, 'wide_call_api', post('/comments', body), 'not_allowed')
  })
})

const graphql: readonly Attack[] = [
  ['a query of its own', post('/graphql', { query: '{ viewer { email } }' }), 'not_allowed'],
  [
    'a stored one with a query of its own',
    post('/graphql', { document: 'open', variables: { n: 1 }, query: '{a}' }),
    'not_allowed',
  ],
  [
    'an operationName',
    post('/graphql', { document: 'open', variables: { n: 1 }, operationName: 'Other' }),
    'not_allowed',
  ],
  ['extensions', post('/graphql', { document: 'open', variables: { n: 1 }, extensions: {} }), 'not_allowed'],
  [
    'a persisted query',
    post('/graphql', { extensions: { persistedQuery: { version: 1, sha256Hash: 'a' } } }),
    'not_allowed',
  ],
  ['an unknown document', post('/graphql', { document: 'delete', variables: {} }), 'not_allowed'],
  ['a document in capitals', post('/graphql', { document: 'OPEN', variables: { n: 1 } }), 'not_allowed'],
  ['the text of a document', post('/graphql', { document: query, variables: { n: 1 } }), 'not_allowed'],
  ['constructor as a document', post('/graphql', { document: 'constructor' }), 'not_allowed'],
  ['__proto__ as a document', post('/graphql', { document: '__proto__' }), 'not_allowed'],
  ['a list as a document', post('/graphql', { document: ['open'], variables: { n: 1 } }), 'not_allowed'],
  ['no document', post('/graphql', { variables: { n: 1 } }), 'not_allowed'],
  ['no body', { method: 'POST', path: '/graphql' }, 'not_allowed'],
  ['a batch', post('/graphql', [{ document: 'open', variables: { n: 1 } }]), 'not_allowed'],
  [
    'a batch that is half good',
    post('/graphql', [{ query: '{a}' }, { document: 'open', variables: { n: 1 } }]),
    'not_allowed',
  ],
  ['no variables', post('/graphql', { document: 'open' }), 'not_allowed'],
  ['a variable above its maximum', post('/graphql', { document: 'open', variables: { n: 51 } }), 'not_allowed'],
  ['a variable as text', post('/graphql', { document: 'open', variables: { n: '1' } }), 'not_allowed'],
  ['a variable as a list', post('/graphql', { document: 'open', variables: { n: [1] } }), 'not_allowed'],
  ['a variable as null', post('/graphql', { document: 'open', variables: { n: null } }), 'not_allowed'],
  [
    'a variable that has no schema',
    post('/graphql', { document: 'open', variables: { n: 1, state: 'CLOSED' } }),
    'not_allowed',
  ],
  ['a variable that is none', post('/graphql', { document: 'open', variables: { n: 1, m: 1 } }), 'not_allowed'],
  ['a variable in capitals', post('/graphql', { document: 'open', variables: { N: 1 } }), 'not_allowed'],
  ['a variable with a dot', post('/graphql', { document: 'open', variables: { n: 1, 'n.x': 1 } }), 'not_allowed'],
  [
    '__proto__ as a variable',
    raw('/graphql', '{"document":"open","variables":{"n":1,"__proto__":{"state":"CLOSED"}}}'),
    'not_allowed',
  ],
  ['variables as a list', post('/graphql', { document: 'open', variables: [1] }), 'not_allowed'],
  ['variables as JSON in a text', post('/graphql', { document: 'open', variables: '{"n":1}' }), 'not_allowed'],
  ['variables as null', post('/graphql', { document: 'open', variables: null }), 'not_allowed'],
  [
    'an id that does not fit',
    post('/graphql', { document: 'comment', variables: { id: '1) { x } #', text: 'x' } }),
    'not_allowed',
  ],
  ['as application/graphql', post('/graphql', '{ viewer { email } }', 'application/graphql'), 'invalid_input'],
  ['as text', post('/graphql', '{"query":"{ viewer { email } }"}'), 'not_allowed'],
  ['as a form', post('/graphql', { document: 'open', variables: { n: 1 } }, form), 'not_allowed'],
  ['by GET', { method: 'GET', path: '/graphql', query: { query: '{ viewer { email } }' } }, 'not_allowed'],
  ['at another path', post('/graphql/', { document: 'open', variables: { n: 1 } }), 'invalid_input'],
]

describe('GraphQL that is not a stored document is refused, and nothing leaves', () => {
  test.each(graphql)('%s', async (_what, args, code) => {
    await refused(scene, upstream, 'api_call_api', args, code)
  })

  test.each([
    ['POST', '/graphql'],
    ['POST', '/%67raphql'],
    ['POST', '/GraphQL'],
    ['POST', '/GRAPHQL'],
    ['POST', '/api/graphql'],
    ['POST', '/api/v1/graphql'],
    ['POST', '/graphql/v2'],
    ['POST', '/api/gql'],
    ['POST', '/graphiql'],
    ['POST', '/graphql.json'],
    ['POST', '/graphql.php'],
    ['POST', '/%2567raphql'],
    ['POST', '/\uff47raphql'],
    ['POST', '/graphql%20'],
    ['GET', '/graphql'],
    ['GET', '/api/graphql'],
    ['PUT', '/graphql'],
    ['PUT', '/api/graphql'],
  ])('where everything is allowed: %s %s', async (method, path) => {
    const text = '{ viewer { email } }'
    const args = method === 'GET' ? { method, path, query: { query: text } } : { method, path, body: { query: text } }
    await refused(scene, upstream, 'wide_call_api', args, 'not_allowed')
  })
})

test('after all of them, only the control calls arrived, byte by byte as they were judged', async () => {
  expect(upstream.connections()).toBe(0)
  const called = await sent(
    scene,
    upstream,
    'api_call_api',
    post('/graphql', { document: 'open', variables: { n: 5 } }),
  )
  expect(called.headers['content-type']).toBe('application/json')
  expect(called.body).toBe(JSON.stringify({ query, variables: { n: 5 }, operationName: 'Open' }))
  const sentForm = await sent(
    scene,
    upstream,
    'api_call_api',
    post('/forms', { body: 'a&admin=1', labels: ['bug'] }, form),
  )
  expect(sentForm.headers['content-type']).toBe(form)
  expect(sentForm.body).toBe('body=a%26admin%3D1&labels%5B%5D=bug')
  expect(upstream.requests).toHaveLength(2)
})
