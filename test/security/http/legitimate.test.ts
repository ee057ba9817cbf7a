import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sent } from '../../support/attempt.ts'
import { type CustomScene, setCustomScene } from '../../support/custom-scene.ts'
import { startUpstream, type Upstream } from '../../support/upstream.ts'

/* Calls that an honest agent makes: each has to pass, and what leaves is asserted to the byte. */

const key = 'k3y-R4nd0mLookingValue'
const form = 'application/x-www-form-urlencoded'
const large = 'x'.repeat(200_000)
const document = 'query Open($n: Int!, $after: String) { issues(first: $n, after: $after) { title } }'

let upstream: Upstream
let scene: CustomScene
beforeAll(async () => {
  upstream = await startUpstream()
  scene = await setCustomScene({ key }, file => ({
    credentials: {
      bearer: { type: 'bearer', token: file('key') },
      basic: { type: 'basic', username: 'agent', password: file('key') },
      query: { type: 'api_key', in: 'query', name: 'key', value: file('key') },
      prefixed: { type: 'api_key', in: 'header', name: 'Authorization', prefix: 'Token ', value: file('key') },
    },
    tools: {
      api: {
        kind: 'http',
        description: 'Everything that is honest',
        base_url: `${upstream.url}/api/v2/`,
        credential: 'bearer',
        headers: { 'x-version': '2024-01-01' },
        allow: [
          'GET /',
          'GET /repos/:owner/:repo',
          'GET /files/**',
          'HEAD /files/**',
          'GET /list/',
          'GET /packages/:name/',
          'GET /search',
          {
            method: 'GET',
            path: '/items',
            query: {
              state: { enum: ['open', 'closed'] },
              page: { type: 'integer', maximum: 50 },
              ids: { type: 'array', items: { type: 'integer' } },
              draft: { type: 'boolean' },
              'filter[name]': { type: 'string' },
            },
          },
          'POST /notes',
          'PUT /notes/:id',
          'PATCH /notes/:id',
          'DELETE /notes/:id',
          { method: 'POST', path: '/forms', content_types: [form] },
          {
            method: 'POST',
            path: '/typed',
            body: { type: 'object', properties: { n: { type: 'number' } }, additionalProperties: false },
          },
          {
            method: 'POST',
            path: '/typed',
            body: { type: 'object', properties: { s: { type: 'string' } }, additionalProperties: false },
          },
          { method: 'POST', path: '/patch', content_types: ['application/merge-patch+json'] },
          {
            method: 'POST',
            path: '/graphql',
            graphql: {
              open: { document, variables: { n: { type: 'integer', maximum: 50 }, after: { type: 'string' } } },
              viewer: { document: '{ viewer { login } }' },
            },
          },
        ],
      },
      keyed: {
        kind: 'http',
        description: 'Key in the query',
        base_url: upstream.url,
        credential: 'query',
        allow: ['GET /search'],
      },
      basic: {
        kind: 'http',
        description: 'Basic',
        base_url: upstream.url,
        credential: 'basic',
        allow: ['GET /search'],
      },
      prefixed: {
        kind: 'http',
        description: 'Prefixed',
        base_url: upstream.url,
        credential: 'prefixed',
        allow: ['GET /search'],
      },
      open: { kind: 'http', description: 'No key', base_url: upstream.url, allow: ['GET /**'] },
      ops: {
        kind: 'http',
        description: 'Operations',
        base_url: upstream.url,
        credential: 'bearer',
        operations: {
          list: {
            request: 'GET /repos/:owner/:repo/issues',
            description: 'Lists',
            query: {
              state: { enum: ['open', 'closed'] },
              page: { type: 'integer', minimum: 1 },
              labels: { type: 'array', items: { type: 'string' } },
              draft: { type: 'boolean' },
            },
            fixed: { query: { per_page: 50 } },
          },
          read: { request: 'GET /files/**', description: 'Reads' },
          slash: { request: 'GET /packages/:name/', description: 'With a slash' },
          comment: {
            request: 'POST /issues/:number/comments',
            description: 'Comments',
            params: { number: { type: 'integer', minimum: 1 } },
            body: {
              type: 'object',
              required: ['body'],
              properties: { body: { type: 'string' } },
              additionalProperties: false,
            },
            fixed: { body: { source: 'agent' }, headers: { 'x-reason': 'comment' } },
          },
          charge: {
            request: 'POST /charges',
            description: 'Charges',
            content_type: form,
            body: {
              type: 'object',
              properties: { amount: { type: 'integer' }, metadata: { type: 'object' } },
              additionalProperties: false,
            },
            fixed: { body: { currency: 'eur' } },
          },
          ping: { request: 'POST /ping', description: 'Without a body' },
          start: { request: 'POST /jobs', description: 'A fixed body', fixed: { body: { kind: 'nightly' } } },
          open_issues: {
            request: 'POST /graphql',
            description: 'GraphQL',
            graphql: document,
            variables: { n: { type: 'integer' }, after: { type: 'string' } },
          },
        },
      },
    },
  }))
})
afterAll(async () => {
  await scene?.end()
  await upstream?.close()
})

interface Expected {
  readonly method?: string
  /** The target of the request line, below `/api/v2`. */
  readonly url: string
  readonly body?: string
  readonly headers?: Record<string, string | undefined>
}

type Case = readonly [what: string, args: Record<string, unknown>, expected: Expected]

const get = (path: string, query?: Record<string, unknown>) => ({
  method: 'GET',
  path,
  ...(query === undefined ? {} : { query }),
})
const post = (path: string, body: unknown, type?: string) => ({
  method: 'POST',
  path,
  body,
  ...(type === undefined ? {} : { headers: { 'content-type': type } }),
})

const paths: readonly Case[] = [
  ['the root, which is the base URL itself', get('/'), { url: '' }],
  ['a dot in a name', get('/repos/acme/shop.js'), { url: '/repos/acme/shop.js' }],
  ['a name that begins with a dot', get('/repos/acme/.github'), { url: '/repos/acme/.github' }],
  ['three dots', get('/files/...'), { url: '/files/...' }],
  ['two dots within a name', get('/files/a..b'), { url: '/files/a..b' }],
  ['a range of commits', get('/files/v1.0...v2.0'), { url: '/files/v1.0...v2.0' }],
  ['a tilde', get('/repos/~me/shop'), { url: '/repos/~me/shop' }],
  ['a tilde, encoded', get('/repos/%7Eme/shop'), { url: '/repos/~me/shop' }],
  ['a space', get('/files/a%20b'), { url: '/files/a%20b' }],
  ['a space that is not encoded', get('/files/a b'), { url: '/files/a%20b' }],
  ['a plus, which is no space', get('/files/a+b'), { url: '/files/a+b' }],
  ['an encoded plus', get('/files/a%2Bb'), { url: '/files/a+b' }],
  ['a percent sign', get('/files/100%25'), { url: '/files/100%25' }],
  ['letters that need no encoding, encoded', get('/repos/%61cme/sh%6Fp'), { url: '/repos/acme/shop' }],
  ['small hexadecimal digits', get('/files/caf%c3%a9'), { url: '/files/caf%C3%A9' }],
  ['an umlaut', get('/files/Z\u00fcrich'), { url: '/files/Z%C3%BCrich' }],
  ['Japanese', get('/files/\u65e5\u672c.md'), { url: '/files/%E6%97%A5%E6%9C%AC.md' }],
  ['an emoji', get('/files/\u{1f680}'), { url: '/files/%F0%9F%9A%80' }],
  ['a letter with an accent of its own', get('/files/e\u0301'), { url: '/files/e%CC%81' }],
  ['Arabic', get('/files/\u0645\u0644\u0641'), { url: '/files/%D9%85%D9%84%D9%81' }],
  ['@ in a name', get('/files/@scope/name'), { url: '/files/@scope/name' }],
  ['an address', get('/files/me@example.com'), { url: '/files/me@example.com' }],
  ['a colon, as Google writes methods', get('/files/models/x:predict'), { url: '/files/models/x:predict' }],
  ['a time', get('/files/2024-01-01T10:00:00Z'), { url: '/files/2024-01-01T10:00:00Z' }],
  ['a comma, an equals sign and an ampersand', get('/files/a=1,b=2&c'), { url: '/files/a=1,b=2&c' }],
  ['what RFC 3986 leaves alone', get("/files/it's(1)!*$"), { url: "/files/it's(1)!*$" }],
  ['quotes, braces and a bar', get('/files/{"a|b"}'), { url: '/files/%7B%22a%7Cb%22%7D' }],
  ['an encoded question mark and number sign', get('/files/what%3F%23'), { url: '/files/what%3F%23' }],
  ['an encoded bracket', get('/files/a%5B0%5D'), { url: '/files/a%5B0%5D' }],
  ['many segments', get(`/files/${'a/'.repeat(50)}b`), { url: `/files/${'a/'.repeat(50)}b` }],
  ['a long segment', get(`/files/${'a'.repeat(2_000)}`), { url: `/files/${'a'.repeat(2_000)}` }],
  ['a slash at the end, where the scope has one', get('/list/'), { url: '/list/' }],
  ['a slash at the end, after a name', get('/packages/numpy/'), { url: '/packages/numpy/' }],
  [
    'a UUID',
    get('/files/018f3f5e-7b1a-7cde-8f00-0123456789ab'),
    { url: '/files/018f3f5e-7b1a-7cde-8f00-0123456789ab' },
  ],
  ['a hash with a colon', get('/files/sha256:abcdef'), { url: '/files/sha256:abcdef' }],
]

const queries: readonly Case[] = [
  ['no query', get('/search', {}), { url: '/search' }],
  ['an empty value', get('/search', { q: '' }), { url: '/search?q=' }],
  [
    'a name that is repeated',
    get('/search', { label: ['bug', 'help wanted'] }),
    { url: '/search?label=bug&label=help+wanted' },
  ],
  ['an empty list', get('/search', { label: [] }), { url: '/search' }],
  [
    'names with brackets',
    get('/search', { 'filter[state]': 'open', 'ids[]': [1, 2] }),
    { url: '/search?filter%5Bstate%5D=open&ids%5B%5D=1&ids%5B%5D=2' },
  ],
  ['a plus', get('/search', { q: 'a+b' }), { url: '/search?q=a%2Bb' }],
  ['an ampersand and an equals sign', get('/search', { q: 'a&b=c' }), { url: '/search?q=a%26b%3Dc' }],
  [
    'a search as GitHub has it',
    get('/search', { q: 'repo:acme/shop is:open "a b"' }),
    { url: '/search?q=repo%3Aacme%2Fshop+is%3Aopen+%22a+b%22' },
  ],
  ['a fragment and a question mark', get('/search', { q: '#1?' }), { url: '/search?q=%231%3F' }],
  ['a percent sign', get('/search', { q: '100%' }), { url: '/search?q=100%25' }],
  ['unicode', get('/search', { größe: '日本' }), { url: '/search?gr%C3%B6%C3%9Fe=%E6%97%A5%E6%9C%AC' }],
  [
    'numbers and booleans',
    get('/search', { page: 2, draft: false, ratio: 0.5 }),
    { url: '/search?page=2&draft=false&ratio=0.5' },
  ],
  ['line ends in a value', get('/search', { q: 'a\r\nb' }), { url: '/search?q=a%0D%0Ab' }],
  [
    'everyday words that sound like keys',
    get('/search', { token_type: 'x', method: 'card', url: 'https://x', key_id: '1', session_id: '2' }),
    { url: '/search?token_type=x&method=card&url=https%3A%2F%2Fx&key_id=1&session_id=2' },
  ],
  ['a listed value', get('/items', { state: 'open', page: 50 }), { url: '/items?state=open&page=50' }],
  ['a number as text', get('/items', { page: '7' }), { url: '/items?page=7' }],
  ['a list of numbers', get('/items', { ids: [1, '2'] }), { url: '/items?ids=1&ids=2' }],
  ['one number where a list may be', get('/items', { ids: 1 }), { url: '/items?ids=1' }],
  ['a boolean as text', get('/items', { draft: 'true' }), { url: '/items?draft=true' }],
  ['a listed name with brackets', get('/items', { 'filter[name]': 'x' }), { url: '/items?filter%5Bname%5D=x' }],
  ['a long value', get('/search', { q: 'a'.repeat(6_000) }), { url: `/search?q=${'a'.repeat(6_000)}` }],
]

const bodies: readonly Case[] = [
  [
    'an object',
    post('/notes', { title: 'x', n: 1 }),
    { url: '/notes', body: '{"title":"x","n":1}', headers: { 'content-type': 'application/json' } },
  ],
  ['null', post('/notes', null), { url: '/notes', body: 'null' }],
  ['an empty list', post('/notes', []), { url: '/notes', body: '[]' }],
  ['a number', post('/notes', 0), { url: '/notes', body: '0' }],
  ['unicode', post('/notes', { a: '日本\u{1f680}' }), { url: '/notes', body: '{"a":"日本\u{1f680}"}' }],
  ['200 kB', post('/notes', { text: large }), { url: '/notes', body: `{"text":"${large}"}` }],
  [
    'text',
    post('/notes', 'hello\n'),
    { url: '/notes', body: 'hello\n', headers: { 'content-type': 'text/plain; charset=utf-8' } },
  ],
  [
    'a text that looks like a request',
    post('/notes', 'x\r\n\r\nDELETE /notes/1 HTTP/1.1\r\nhost: x\r\n\r\n'),
    { url: '/notes', body: 'x\r\n\r\nDELETE /notes/1 HTTP/1.1\r\nhost: x\r\n\r\n' },
  ],
  ['an empty text', post('/notes', ''), { url: '/notes', body: '' }],
  [
    'Markdown',
    post('/notes', '# x', 'text/markdown'),
    { url: '/notes', body: '# x', headers: { 'content-type': 'text/markdown; charset=utf-8' } },
  ],
  [
    'another JSON type',
    post('/notes', {}, 'application/vnd.api+json'),
    { url: '/notes', body: '{}', headers: { 'content-type': 'application/vnd.api+json' } },
  ],
  [
    'JSON that says UTF-8',
    post('/notes', {}, 'application/json; charset=utf-8'),
    { url: '/notes', body: '{}', headers: { 'content-type': 'application/json' } },
  ],
  [
    'the type that the entry names',
    post('/patch', { a: null }),
    { url: '/patch', body: '{"a":null}', headers: { 'content-type': 'application/merge-patch+json' } },
  ],
  ['no body', { method: 'POST', path: '/notes' }, { url: '/notes', body: '' }],
  ['PUT', { method: 'PUT', path: '/notes/1', body: { a: 1 } }, { method: 'PUT', url: '/notes/1', body: '{"a":1}' }],
  [
    'PATCH',
    { method: 'PATCH', path: '/notes/1', body: [{ op: 'remove', path: '/a' }] },
    { method: 'PATCH', url: '/notes/1', body: '[{"op":"remove","path":"/a"}]' },
  ],
  ['DELETE', { method: 'DELETE', path: '/notes/1' }, { method: 'DELETE', url: '/notes/1', body: '' }],
  [
    'DELETE with a body',
    { method: 'DELETE', path: '/notes/1', body: { why: 'x' } },
    { method: 'DELETE', url: '/notes/1', body: '{"why":"x"}' },
  ],
  ['HEAD', { method: 'HEAD', path: '/files/a' }, { method: 'HEAD', url: '/files/a', body: '' }],
  ['the second of two entries', post('/typed', { s: 'x' }), { url: '/typed', body: '{"s":"x"}' }],
  [
    'keys that only sound odd',
    post('/notes', { method: 'card', path: '/x', headers: {}, host: 'h' }),
    { url: '/notes', body: '{"method":"card","path":"/x","headers":{},"host":"h"}' },
  ],
  [
    'a form',
    post('/forms', { a: 'x y', b: 1, c: true, d: null }, form),
    { url: '/forms', body: 'a=x+y&b=1&c=true&d=', headers: { 'content-type': form } },
  ],
  [
    'a form without saying so',
    post('/forms', { a: 'x' }),
    { url: '/forms', body: 'a=x', headers: { 'content-type': form } },
  ],
  [
    'a form with structure',
    post('/forms', { items: [{ id: 1 }, { id: 2 }], tags: ['a', 'b'], meta: { k: 'v' } }, form),
    { url: '/forms', body: 'items%5B0%5D%5Bid%5D=1&items%5B1%5D%5Bid%5D=2&tags%5B%5D=a&tags%5B%5D=b&meta%5Bk%5D=v' },
  ],
  ['a form with unicode', post('/forms', { a: 'ü&=' }, form), { url: '/forms', body: 'a=%C3%BC%26%3D' }],
  ['an empty form', post('/forms', {}, form), { url: '/forms', body: '' }],
  [
    'a stored document',
    post('/graphql', { document: 'open', variables: { n: 5, after: 'x' } }),
    {
      url: '/graphql',
      body: JSON.stringify({ query: document, variables: { n: 5, after: 'x' }, operationName: 'Open' }),
    },
  ],
  [
    'a stored document without variables',
    post('/graphql', { document: 'viewer' }),
    { url: '/graphql', body: '{"query":"{ viewer { login } }","variables":{}}' },
  ],
]

const headers: readonly Case[] = [
  [
    'what agents may set',
    { ...get('/search'), headers: { Accept: 'text/html', 'Accept-Language': 'de', Prefer: 'return=minimal' } },
    { url: '/search', headers: { accept: 'text/html', 'accept-language': 'de', prefer: 'return=minimal' } },
  ],
  [
    'preconditions',
    {
      ...get('/search'),
      headers: { 'if-none-match': '"a", W/"b"', 'if-modified-since': 'Mon, 01 Jan 2024 00:00:00 GMT' },
    },
    { url: '/search', headers: { 'if-none-match': '"a", W/"b"' } },
  ],
  [
    'what the admin fixed',
    get('/search'),
    { url: '/search', headers: { 'x-version': '2024-01-01', authorization: `Bearer ${key}` } },
  ],
]

describe.each([
  ['paths', paths],
  ['queries', queries],
  ['bodies', bodies],
  ['headers', headers],
])('%s of honest calls pass', (_part, cases) => {
  test.each(cases)('%s', async (_what, args, expected) => {
    const request = await sent(scene, upstream, 'api_call_api', args)
    expect(request.method).toBe(expected.method ?? args['method'])
    expect(request.url).toBe(`/api/v2${expected.url}`)
    expect(request.body).toBe(expected.body ?? '')
    expect(request.headers).toMatchObject({ authorization: `Bearer ${key}`, ...expected.headers })
    expect(request.headers['content-length'] ?? '0').toBe(String(Buffer.byteLength(request.body)))
  })
})

const operations: readonly Case[] = [
  ['list', { owner: 'acme', repo: 'shop' }, { method: 'GET', url: '/repos/acme/shop/issues?per_page=50' }],
  [
    'list',
    { owner: 'acme', repo: 'shop.js', state: 'open', page: '2' },
    { method: 'GET', url: '/repos/acme/shop.js/issues?per_page=50&state=open&page=2' },
  ],
  [
    'list',
    { owner: '~me', repo: 'a b', labels: ['x', 'y z'], draft: true },
    { method: 'GET', url: '/repos/~me/a%20b/issues?per_page=50&labels=x&labels=y+z&draft=true' },
  ],
  [
    'list',
    { owner: 'Zürich', repo: '100%', labels: 'one' },
    { method: 'GET', url: '/repos/Z%C3%BCrich/100%25/issues?per_page=50&labels=one' },
  ],
  ['list', { owner: 'a?b', repo: 'c#d&e' }, { method: 'GET', url: '/repos/a%3Fb/c%23d&e/issues?per_page=50' }],
  ['read', { rest: 'a' }, { method: 'GET', url: '/files/a' }],
  ['read', { rest: 'a b/c+d/é.md' }, { method: 'GET', url: '/files/a%20b/c+d/%C3%A9.md' }],
  ['slash', { name: 'numpy' }, { method: 'GET', url: '/packages/numpy/' }],
  [
    'comment',
    { number: 7, body: { body: 'x' } },
    {
      method: 'POST',
      url: '/issues/7/comments',
      body: '{"body":"x","source":"agent"}',
      headers: { 'x-reason': 'comment', 'content-type': 'application/json' },
    },
  ],
  [
    'comment',
    { number: '7', body: { body: large } },
    { method: 'POST', url: '/issues/7/comments', body: `{"body":"${large}","source":"agent"}` },
  ],
  [
    'charge',
    { body: { amount: 5, metadata: { order: '1 & 2' } } },
    {
      method: 'POST',
      url: '/charges',
      body: 'amount=5&metadata%5Border%5D=1+%26+2&currency=eur',
      headers: { 'content-type': form },
    },
  ],
  ['charge', { body: {} }, { method: 'POST', url: '/charges', body: 'currency=eur' }],
  ['ping', {}, { method: 'POST', url: '/ping', body: '', headers: { 'content-type': undefined } }],
  [
    'start',
    {},
    { method: 'POST', url: '/jobs', body: '{"kind":"nightly"}', headers: { 'content-type': 'application/json' } },
  ],
  [
    'open_issues',
    { n: 5 },
    {
      method: 'POST',
      url: '/graphql',
      body: JSON.stringify({ query: document, variables: { n: 5 }, operationName: 'Open' }),
    },
  ],
]

describe('operations with honest arguments pass', () => {
  test.each(
    operations.map(([name, args, expected]) => [name, JSON.stringify(args).slice(0, 70), args, expected] as const),
  )('%s %s', async (name, _shown, args, expected) => {
    const request = await sent(scene, upstream, `ops_${name}`, args)
    expect([request.method, request.url, request.body]).toEqual([expected.method, expected.url, expected.body ?? ''])
    for (const [header, value] of Object.entries(expected.headers ?? {})) expect(request.headers[header]).toBe(value)
    expect(request.headers.authorization).toBe(`Bearer ${key}`)
  })
})

describe('a key stands where its credential says', () => {
  test.each([
    ['keyed', `/search?q=a+b&key=${key}`, undefined],
    ['basic', '/search?q=a+b', `Basic ${Buffer.from(`agent:${key}`).toString('base64')}`],
    ['prefixed', '/search?q=a+b', `Token ${key}`],
    ['open', '/search?q=a+b', undefined],
  ])('%s', async (tool, url, authorization) => {
    const request = await sent(scene, upstream, `${tool}_call_api`, get('/search', { q: 'a b' }))
    expect([request.url, request.headers.authorization]).toEqual([url, authorization])
  })
})
