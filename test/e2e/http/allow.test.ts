import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Tools, setTools } from './tools.ts'

const document = 'query Open($n: Int!, $after: String) { issues(first: $n, after: $after) { title } }'
const mutation = 'mutation ($id: ID!) { star(id: $id) { id } }'

const allow = [
  'GET /plain',
  'GET /any/:name/**',
  {
    method: 'GET',
    path: '/issues/:number',
    params: { number: { type: 'integer', minimum: 1 } },
    query: {
      state: { enum: ['open', 'closed'] },
      page: { type: 'integer', maximum: 50 },
      label: { type: 'array', items: { type: 'string' } },
    },
  },
  { method: 'GET', path: '/bare', query: {} },
  {
    method: 'POST',
    path: '/comments',
    body: {
      type: 'object',
      required: ['body'],
      properties: { body: { type: 'string', maxLength: 10 } },
      additionalProperties: false,
    },
  },
  {
    method: 'POST',
    path: '/forms',
    content_types: ['application/x-www-form-urlencoded'],
    body: { type: 'object', properties: { a: {}, b: { type: 'array' } }, additionalProperties: false },
  },
  { method: 'POST', path: '/either', content_types: ['application/merge-patch+json', 'text/csv'] },
  { method: 'POST', path: '/free' },
  {
    method: 'POST',
    path: '/graphql',
    graphql: {
      open: { document, variables: { n: { type: 'integer', maximum: 50 }, after: { type: 'string' } } },
      star: { document: mutation, variables: { id: { type: 'string' } } },
    },
  },
  { method: 'GET', path: '/twice', query: { a: { type: 'integer' } } },
  { method: 'GET', path: '/twice', query: { b: { type: 'integer' } } },
]

const never = { requests: ['* /any/secret/**', 'GET /any/:name/hooks'], query: ['expand[]', 'expand'], body: ['token'] }

let tools: Tools
beforeAll(async () => {
  tools = await setTools({ tools: () => ({ shop: { allow }, guarded: { allow, never } }) })
})
afterAll(() => tools.end())

test('an agent reads in the description what it may ask for, with parameters and documents', async () => {
  const tool = (await tools.client.listTools()).tools.find(({ name }) => name === 'shop_call_api')
  for (const line of [
    '- GET /plain',
    '- GET /issues/:number (query: state, page, label)',
    '- GET /bare (query: none)',
    '- POST /comments',
    '- POST /graphql (query: none) (document: open, star)',
  ])
    expect(tool?.description?.split('\n')).toContain(line)
  expect(tool?.inputSchema.properties?.['method']).toEqual({ type: 'string', enum: ['GET', 'POST'] })
})

const get = (path: string, query?: object) => ({ method: 'GET', path, ...(query === undefined ? {} : { query }) })
const post = (path: string, body: unknown, type?: string) => ({
  method: 'POST',
  path,
  body,
  ...(type === undefined ? {} : { headers: { 'content-type': type } }),
})
const json = 'application/json'
const form = 'application/x-www-form-urlencoded'

describe('a call inside of the scope', () => {
  const calls: readonly (readonly [string, object, string])[] = [
    [
      'any query where none is named',
      get('/plain', { q: 'a b+c', page: 2, on: true, tag: ['x', 'y'], empty: '' }),
      '/plain?q=a+b%2Bc&page=2&on=true&tag=x&tag=y&empty=',
    ],
    ['a percent-encoded name', get('/any/a%20b/c%2Bd'), '/any/a%20b/c+d'],
    ['letters beyond ASCII', get('/any/für/日本'), '/any/f%C3%BCr/%E6%97%A5%E6%9C%AC'],
    ['dots in names and ~', get('/any/.well-known/~a.b..c'), '/any/.well-known/~a.b..c'],
    ['parameters of path and query', get('/issues/7', { state: 'open', page: '2' }), '/issues/7?state=open&page=2'],
    ['a list', get('/issues/7', { label: ['a', 'b'] }), '/issues/7?label=a&label=b'],
    ['one value of a list', get('/issues/7', { label: 'a' }), '/issues/7?label=a'],
    ['no query at all', get('/issues/7'), '/issues/7'],
    ['no query where none is permitted', get('/bare'), '/bare'],
    ['an empty query object where none is permitted', get('/bare', {}), '/bare'],
    ['the first of two entries', get('/twice', { a: 1 }), '/twice?a=1'],
    ['the second of two entries', get('/twice', { b: 1 }), '/twice?b=1'],
  ]
  test.each(calls)('%s', async (_what, args, url) => {
    const done = await tools.do('shop_call_api', args)
    expect(done.isError).toBe(false)
    expect(done.sent.split('\r\n')[0]).toBe(`GET ${url} HTTP/1.1`)
    expect(done.record).toMatchObject({
      outcome: 'ok',
      decision: { effect: 'allow', by: expect.stringMatching(/^GET \//) },
    })
  })

  const posts: readonly (readonly [string, object, string, string])[] = [
    ['a body by its schema', post('/comments', { body: 'hi' }), json, '{"body":"hi"}'],
    [
      'with the type named',
      post('/comments', { body: 'hi' }, 'application/json; charset=utf-8'),
      json,
      '{"body":"hi"}',
    ],
    ['a form, the one type there is', post('/forms', { a: 'x y', b: [1, 2] }), form, 'a=x+y&b%5B%5D=1&b%5B%5D=2'],
    ['a form by name', post('/forms', { a: 1 }, form), form, 'a=1'],
    ['the first type that is listed', post('/either', { a: null }), 'application/merge-patch+json', '{"a":null}'],
    ['text of the type that is listed', post('/either', 'a;b\n', 'text/csv'), 'text/csv; charset=utf-8', 'a;b\n'],
    ['any JSON where nothing is said', post('/free', [1, 'ü']), json, '[1,"ü"]'],
    ['any text where nothing is said', post('/free', 'hello'), 'text/plain; charset=utf-8', 'hello'],
    [
      'a stored document',
      post('/graphql', { document: 'open', variables: { n: 3 } }),
      json,
      JSON.stringify({ query: document, variables: { n: 3 }, operationName: 'Open' }),
    ],
    [
      'a stored mutation',
      post('/graphql', { document: 'star', variables: { id: 'x' } }),
      json,
      JSON.stringify({ query: mutation, variables: { id: 'x' } }),
    ],
  ]
  test.each(posts)('%s', async (_what, args, type, body) => {
    const done = await tools.do('shop_call_api', args)
    expect(done.isError).toBe(false)
    expect(done.requests.map(({ body: sent, headers }) => [headers['content-type'], sent])).toEqual([[type, body]])
    expect(done.requests[0]?.headers['content-length']).toBe(String(Buffer.byteLength(body)))
  })

  test('a stored query reads, a stored mutation writes, and the record names them', async () => {
    const query = await tools.do('shop_call_api', post('/graphql', { document: 'open', variables: { n: 3 } }))
    expect(query.record).toMatchObject({ operation: { access: 'read', summary: 'POST /graphql open' } })
    const writes = await tools.do('shop_call_api', post('/graphql', { document: 'star', variables: { id: 'x' } }))
    expect(writes.record).toMatchObject({ operation: { access: 'write', summary: 'POST /graphql star' } })
  })
})

describe('a call outside of it is refused, sends nothing, and says what would be right', () => {
  const issuesEntry = 'GET /issues/:number (query: state, page, label)'
  const refused: readonly (readonly [string, object, readonly string[] | undefined, readonly string[]])[] = [
    [
      'a value that is not listed',
      get('/issues/7', { state: 'all' }),
      ['query.state: must be equal to one of the allowed values: ["open","closed"]'],
      [issuesEntry],
    ],
    ['a value that is too large', get('/issues/7', { page: 51 }), ['query.page: must be <= 50'], [issuesEntry]],
    [
      'a name that is not listed',
      get('/issues/7', { per_page: 5 }),
      ['query: "per_page" is not one of state, page, label'],
      [issuesEntry],
    ],
    [
      'a query where none is permitted',
      get('/bare', { a: 1 }),
      ['query: "a" is not one of (none)'],
      ['GET /bare (query: none)'],
    ],
    [
      'a list where one value is meant',
      get('/issues/7', { state: ['open', 'closed'] }),
      ['query.state: expected one value'],
      [issuesEntry],
    ],
    ['a path parameter of another type', get('/issues/new'), ['path: number: must be integer'], [issuesEntry]],
    [
      'a body that misses a part',
      post('/comments', {}),
      ["body: must have required property 'body'"],
      ['POST /comments'],
    ],
    [
      'a body with more',
      post('/comments', { body: 'x', a: 1 }),
      ['body: must NOT have additional properties: "a"'],
      ['POST /comments'],
    ],
    [
      'a body that is too long',
      post('/comments', { body: 'x'.repeat(11) }),
      ['body/body: must NOT have more than 10 characters'],
      ['POST /comments'],
    ],
    ['no body where one must be', { method: 'POST', path: '/comments' }, ['body: is missing'], ['POST /comments']],
    [
      'text where JSON must be',
      post('/comments', 'hi'),
      ['body: must be sent as application/json'],
      ['POST /comments'],
    ],
    ['JSON where a form must be', post('/forms', { a: 1 }, json), [`body: must be sent as ${form}`], ['POST /forms']],
    [
      'a form where it is not named',
      post('/free', { a: 1 }, form),
      ['body: must be sent as JSON or text'],
      ['POST /free'],
    ],
    [
      'a document of another name',
      post('/graphql', { document: 'all' }),
      ['body: { document, variables }, where document is one of open, star'],
      ['POST /graphql (query: none) (document: open, star)'],
    ],
    [
      'a free query',
      post('/graphql', { query: '{ secrets }' }),
      ['body: { document, variables }, where document is one of open, star'],
      ['POST /graphql (query: none) (document: open, star)'],
    ],
    [
      'a variable that is too large',
      post('/graphql', { document: 'open', variables: { n: 51 } }),
      ['body.variables.n: must be <= 50'],
      ['POST /graphql (query: none) (document: open, star)'],
    ],
    [
      'a variable that is missing',
      post('/graphql', { document: 'open' }),
      ['body.variables.n: is missing'],
      ['POST /graphql (query: none) (document: open, star)'],
    ],
    [
      'a variable that is not there',
      post('/graphql', { document: 'star', variables: { id: 'x', n: 1 } }),
      ['body.variables."n" is not one of its variables'],
      ['POST /graphql (query: none) (document: open, star)'],
    ],
    [
      'parameters of two entries at once',
      get('/twice', { a: 1, b: 1 }),
      ['query: "b" is not one of a', 'query: "a" is not one of b'],
      ['GET /twice (query: a)', 'GET /twice (query: b)'],
    ],
  ]
  test.each(refused)('%s', async (_what, args, problems, allowed) => {
    const done = await tools.do('shop_call_api', args)
    expect(done).toMatchObject({ isError: true, code: 'not_allowed', sent: '' })
    expect(done.structured['problems']).toEqual(problems)
    expect(done.structured['allowed']).toEqual(allowed)
    for (const line of [...(problems ?? []), ...allowed]) expect(done.text).toContain(`- ${line}`)
    expect(done.record).toMatchObject({
      outcome: 'refused',
      code: 'not_allowed',
      decision: { effect: 'deny', by: null },
    })
  })

  test('another path: all that is allowed is listed', async () => {
    const done = await tools.do('shop_call_api', get('/other'))
    expect(done).toMatchObject({ code: 'not_allowed', sent: '' })
    expect(done.structured['allowed']).toHaveLength(allow.length)
    expect(done.structured['problems']).toBeUndefined()
  })

  test.each([
    ['a request', get('/any/secret/x')],
    ['a request by one method', get('/any/x/hooks')],
    ['a query parameter', get('/plain', { 'expand[]': 'x' })],
    ['a query parameter, written as servers also read it', get('/plain', { 'Expand[0]': 'x' })],
    ['a key of the body', post('/free', { token: 'x' })],
    ['a text, in which keys of a body could be', post('/free', 'token=x')],
  ])('never: %s', async (_what, args) => {
    const done = await tools.do('guarded_call_api', args)
    expect(done).toMatchObject({ isError: true, code: 'not_allowed', sent: '' })
    expect(done.record).toMatchObject({ outcome: 'refused', detail: expect.stringMatching(/never permitted/) })
  })
})
