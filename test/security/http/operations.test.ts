import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Attack, refused, sent } from '../../support/attempt.ts'
import { type CustomScene, setCustomScene, watch } from '../../support/custom-scene.ts'
import { startUpstream, type Upstream } from '../../support/upstream.ts'

/* Arguments of named operations by which an agent would make another request than the operation is. */

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
        never: { requests: ['* /repos/acme/secret/**'], query: ['expand'], body: ['token'] },
        operations: {
          list_issues: {
            request: 'GET /repos/acme/:repo/issues',
            description: 'Lists issues',
            query: { state: { enum: ['open', 'closed'] }, page: { type: 'integer', minimum: 1, maximum: 50 } },
            required: ['state'],
            fixed: { query: { per_page: 50 } },
          },
          get_issue: {
            request: 'GET /repos/acme/shop/issues/:number',
            description: 'Gets an issue',
            params: { number: { type: 'integer', minimum: 1 } },
          },
          comment: {
            request: 'POST /repos/acme/shop/issues/:number/comments',
            description: 'Comments',
            params: { number: { type: 'integer', minimum: 1 } },
            body: { type: 'object', required: ['body'], properties: { body: { type: 'string', maxLength: 100 } } },
            fixed: { body: { source: 'agent', visible: true } },
          },
          charge: {
            request: 'POST /charges',
            description: 'Charges',
            content_type: 'application/x-www-form-urlencoded',
            body: { type: 'object', properties: { amount: { type: 'integer', maximum: 100 } } },
            fixed: { body: { currency: 'eur' } },
          },
          read_file: { request: 'GET /files/**', description: 'Reads a file' },
          open_issues: {
            request: 'POST /graphql',
            description: 'Open issues',
            graphql: 'query ($n: Int!, $after: String) { issues(first: $n, after: $after) { title } }',
            variables: { n: { type: 'integer', maximum: 50 } },
          },
        },
      },
    },
    deny: ['api_read_file(GET /files/private/**)', 'api_get_issue(GET /repos/acme/shop/issues/13)'],
  }))
})
afterAll(async () => {
  await scene?.end()
  await upstream?.close()
})

type OperationAttack = readonly [operation: string, ...attack: Attack]

const parse = (text: string) => JSON.parse(text) as unknown

const segments: readonly (readonly [value: unknown, code?: 'not_allowed'])[] = [
  ['..'],
  ['.'],
  ['../other'],
  ['../../users'],
  ['shop/../secret'],
  ['shop/issues/1'],
  ['/shop'],
  ['shop/'],
  ['%2e%2e'],
  ['%2E%2e'],
  ['..%2fadmin'],
  ['shop%2fissues'],
  ['shop%252fissues'],
  ['shop%25252f'],
  ['shop\\x'],
  ['shop%5cx'],
  ['..\\..'],
  ['shop;a=b'],
  ['shop%3b'],
  ['shop\u0000'],
  ['shop%00'],
  ['shop\r\nx-injected: 1'],
  ['shop%0d%0a'],
  ['shop\n'],
  ['shop\t'],
  ['\uff0e\uff0e'],
  ['shop\uff0fissues'],
  ['shop\u2215issues'],
  ['.\u200b.'],
  ['\u202eshop'],
  ['\ud800'],
  [''],
  [' ', 'not_allowed'],
  [['shop']],
  [{ toString: 'shop' }],
  [null],
  [7.5, 'not_allowed'],
]

describe('a path parameter that is more than one segment is refused, and nothing leaves', () => {
  const dangerous = segments.filter(([, code]) => code === undefined)
  test.each(dangerous.map(([repo]) => [JSON.stringify(repo), repo] as const))('%s', async (_shown, repo) => {
    await refused(scene, upstream, 'api_list_issues', { repo, state: 'open' }, 'invalid_input')
  })

  test.each([0, -1, 1.5, '0', '01', '+1', '1/comments', '1e3', ' 1', '0x1', '', 'abc', true, [1], { a: 1 }, null])(
    'a number: %j',
    async number => {
      await refused(scene, upstream, 'api_get_issue', { number }, 'invalid_input')
    },
  )
})

const rest: readonly string[] = [
  '',
  '/',
  '/a',
  'a/',
  'a//b',
  '..',
  'a/..',
  'a/../../admin',
  './a',
  'a/./b',
  'a/%2e%2e/b',
  'a/%2e%2e%2fb',
  'a%2fb',
  'a\\b',
  'a/b;c',
  'a\u0000',
  'a\r\nb',
  'a/\uff0e\uff0e/b',
  `${'a/'.repeat(5_000)}b`,
]

describe('the rest of a path with anything but segments in it is refused, and nothing leaves', () => {
  test.each(rest.map(text => [JSON.stringify(text).slice(0, 60), text] as const))('%s', async (_shown, text) => {
    await refused(scene, upstream, 'api_read_file', { rest: text }, 'invalid_input')
  })

  test.each([[['a', 'b']], [{ a: 1 }], [null], [7]])('not a text: %j', async value => {
    await refused(scene, upstream, 'api_read_file', { rest: value }, 'invalid_input')
  })
})

const others: readonly OperationAttack[] = [
  ['list_issues', 'an unknown argument', { repo: 'shop', state: 'open', sort: 'x' }, 'invalid_input'],
  ['list_issues', 'no arguments', {}, 'invalid_input'],
  ['list_issues', 'without what is required', { repo: 'shop' }, 'invalid_input'],
  ['list_issues', 'without the path parameter', { state: 'open' }, 'invalid_input'],
  ['list_issues', 'the fixed query parameter', { repo: 'shop', state: 'open', per_page: 100 }, 'invalid_input'],
  [
    'list_issues',
    'the fixed query parameter in capitals',
    { repo: 'shop', state: 'open', Per_Page: 100 },
    'invalid_input',
  ],
  ['list_issues', 'an argument in capitals', { repo: 'shop', State: 'open' }, 'invalid_input'],
  ['list_issues', 'a method', { repo: 'shop', state: 'open', method: 'DELETE' }, 'invalid_input'],
  ['list_issues', 'a path', { repo: 'shop', state: 'open', path: '/admin' }, 'invalid_input'],
  ['list_issues', 'a query', { repo: 'shop', state: 'open', query: { per_page: 1 } }, 'invalid_input'],
  ['list_issues', 'headers', { repo: 'shop', state: 'open', headers: { accept: 'x' } }, 'invalid_input'],
  ['list_issues', 'a body', { repo: 'shop', state: 'open', body: {} }, 'invalid_input'],
  [
    'list_issues',
    'an idempotency key, which a GET has not',
    { repo: 'shop', state: 'open', idempotency_key: 'a' },
    'invalid_input',
  ],
  ['list_issues', '_method', { repo: 'shop', state: 'open', _method: 'DELETE' }, 'invalid_input'],
  ['list_issues', 'constructor', { repo: 'shop', state: 'open', constructor: 'x' }, 'invalid_input'],
  ['list_issues', 'a value that is not listed', { repo: 'shop', state: 'all' }, 'invalid_input'],
  ['list_issues', 'a list for a value', { repo: 'shop', state: ['open'] }, 'invalid_input'],
  ['list_issues', 'an object for a value', { repo: 'shop', state: { $ne: 'open' } }, 'invalid_input'],
  ['list_issues', 'more behind &', { repo: 'shop', state: 'open&per_page=100' }, 'invalid_input'],
  ['list_issues', 'a page above the maximum', { repo: 'shop', state: 'open', page: 51 }, 'invalid_input'],
  ['list_issues', 'a page above the maximum, as text', { repo: 'shop', state: 'open', page: '51' }, 'invalid_input'],
  ['list_issues', 'a list of pages', { repo: 'shop', state: 'open', page: [1, 2] }, 'invalid_input'],
  ['get_issue', 'an issue under a rule that denies', { number: 13 }, 'not_allowed'],
  ['get_issue', 'the same as text', { number: '13' }, 'not_allowed'],
  ['read_file', 'a file under a rule that denies', { rest: 'private/a' }, 'not_allowed'],
  ['read_file', 'a deeper one', { rest: 'private/a/b/c' }, 'not_allowed'],
  ['list_issues', 'a request under never', { repo: 'secret', state: 'open' }, 'not_allowed'],
  ['comment', 'no body', { number: 1 }, 'invalid_input'],
  ['comment', 'a text for a body', { number: 1, body: 'x' }, 'invalid_input'],
  ['comment', 'JSON as a text', { number: 1, body: '{"body":"x"}' }, 'invalid_input'],
  ['comment', 'a list for a body', { number: 1, body: [{ body: 'x' }] }, 'invalid_input'],
  ['comment', 'a body that is too long', { number: 1, body: { body: 'x'.repeat(101) } }, 'invalid_input'],
  ['comment', 'a key under never', { number: 1, body: { body: 'x', token: 'y' } }, 'not_allowed'],
  ['comment', 'a key under never, in capitals', { number: 1, body: { body: 'x', TOKEN: 'y' } }, 'not_allowed'],
  ['comment', 'the parts of the body as arguments', { number: 1, body: { body: 'x' }, source: 'me' }, 'invalid_input'],
  ['comment', 'a fixed key', { number: 1, body: { body: 'x', source: 'me' } }, 'invalid_input'],
  ['comment', 'another fixed key', { number: 1, body: { body: 'x', visible: null } }, 'invalid_input'],
  ['charge', 'a fixed key of a form', { body: { currency: 'usd' } }, 'invalid_input'],
  [
    'comment',
    'the fixed key in capitals, which some servers take for the same',
    { number: 1, body: { body: 'x', Source: 'me' } },
    'invalid_input',
  ],
  [
    'comment',
    'a key that could change the method',
    { number: 1, body: { body: 'x', _method: 'DELETE' } },
    'invalid_input',
  ],
  ['charge', 'a key that could change the method', { body: { amount: 5, _method: 'DELETE' } }, 'invalid_input'],
  ['charge', 'the same with a header as its name', { body: { 'X-HTTP-Method-Override': 'DELETE' } }, 'invalid_input'],
  ['charge', 'a key that could change the identity', { body: { amount: 5, access_token: 'mine' } }, 'invalid_input'],
  ['charge', 'more than the maximum', { body: { amount: 101 } }, 'invalid_input'],
  ['charge', 'a key with brackets', { body: { 'amount[x]': 1 } }, 'invalid_input'],
  [
    'charge',
    'the fixed key in capitals, which some servers take for the same',
    { body: { Currency: 'usd' } },
    'invalid_input',
  ],
  ['open_issues', 'no variable', {}, 'invalid_input'],
  ['open_issues', 'a variable above its maximum', { n: 51 }, 'invalid_input'],
  ['open_issues', 'a variable as text', { n: '5' }, 'invalid_input'],
  ['open_issues', 'a variable without a schema', { n: 5, after: 'x' }, 'invalid_input'],
  ['open_issues', 'a query', { n: 5, query: '{ viewer { email } }' }, 'invalid_input'],
  ['open_issues', 'a document', { document: 'x', n: 5 }, 'invalid_input'],
]

describe('arguments that are not those of the operation are refused, and nothing leaves', () => {
  test.each(others)('%s: %s', async (operation, _what, args, code) => {
    await refused(scene, upstream, `api_${operation}`, args, code)
  })
})

test.each([
  ['api_call_api', { method: 'GET', path: '/repos/acme/shop/issues' }],
  ['api_constructor', {}],
  ['api___proto__', {}],
  ['api_delete_repository', {}],
  ['github_list_issues', {}],
])('an MCP tool that is not offered is none: %s', async (name, args) => {
  const since = watch(upstream)
  await expect(scene.call(name, args)).rejects.toThrow()
  expect(since.bytes()).toBe('')
})

describe('what the operation is cannot be changed by what is allowed in it', () => {
  test('__proto__ in a body is a key like any other, and changes no fixed part', async () => {
    const args = parse('{"number":1,"body":{"body":"x","__proto__":{"source":"me"}}}')
    const { body, url } = await sent(scene, upstream, 'api_comment', args)
    expect(url).toBe('/v1/repos/acme/shop/issues/1/comments')
    expect(JSON.parse(body)).toMatchObject({ body: 'x', source: 'agent', visible: true })
  })

  test('fixed keys of a body are sent with those of the agent, also where the schema is open', async () => {
    const { body } = await sent(scene, upstream, 'api_comment', { number: '2', body: { body: 'x', more: 1 } })
    expect(JSON.parse(body)).toEqual({ body: 'x', more: 1, source: 'agent', visible: true })
  })

  test('fixed keys of a form are sent with those of the agent', async () => {
    const { body, headers } = await sent(scene, upstream, 'api_charge', { body: { amount: 5 } })
    expect(body).toBe('amount=5&currency=eur')
    expect(headers['content-type']).toBe('application/x-www-form-urlencoded')
  })

  test('fixed query parameters are sent as they are', async () => {
    const { url } = await sent(scene, upstream, 'api_list_issues', { repo: 'shop?x=1&y#z', state: 'closed', page: '2' })
    expect(url).toBe('/v1/repos/acme/shop%3Fx=1&y%23z/issues?per_page=50&state=closed&page=2')
  })

  test('the document of a GraphQL operation is the stored one', async () => {
    const { body } = await sent(scene, upstream, 'api_open_issues', { n: 5 })
    expect(JSON.parse(body)).toEqual({
      query: 'query ($n: Int!, $after: String) { issues(first: $n, after: $after) { title } }',
      variables: { n: 5 },
    })
  })

  test('nothing else arrived', () => {
    expect(upstream.requests).toHaveLength(5)
    expect(scene.events('worker.exited')).toEqual([])
  })
})
