import type { Tool } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { secretToken } from '../../support/scene.ts'
import { type Tools, setTools } from './tools.ts'

const openIssues = 'query Open($n: Int!, $after: String) { issues(first: $n, after: $after) { title } }'
const addStar = 'mutation ($id: ID!) { star(id: $id) { id } }'

const issueBody = {
  type: 'object',
  required: ['title'],
  properties: {
    title: { type: 'string', maxLength: 20 },
    labels: { type: 'array', items: { $ref: '#/$defs/label' } },
  },
  additionalProperties: false,
  $defs: { label: { type: 'string', pattern: '^[a-z]+$' } },
}

const operations = {
  list_issues: {
    request: 'GET /repos/acme/:repo/issues',
    description: 'Lists issues.',
    params: { repo: { enum: ['shop', 'api'] } },
    query: {
      state: { enum: ['open', 'closed'] },
      page: { type: 'integer', minimum: 1, maximum: 50, default: 1 },
      labels: { type: 'array', items: { type: 'string' }, maxItems: 3 },
      archived: { type: 'boolean' },
      q: { type: 'string' },
      weight: { type: 'number' },
    },
    required: ['state'],
    fixed: { query: { per_page: 50, sort: ['a', 'b'] }, headers: { 'x-client': 'shop agents' } },
  },
  get_issue: {
    request: 'GET /repos/acme/shop/issues/:number',
    description: 'One issue.',
    params: { number: { type: 'integer', minimum: 1 } },
  },
  by_name: { request: 'GET /names/:name', description: 'By name.' },
  read_file: { request: 'GET /contents/:repo/**', description: 'Reads a file.' },
  in_folder: { request: 'GET /folders/:name/', description: 'With a slash at its end.' },
  add_issue: {
    request: 'POST /repos/acme/shop/issues',
    description: 'Adds an issue.',
    body: issueBody,
    fixed: { body: { source: 'agent', meta: { by: 'keyhold' } } },
  },
  put_label: { request: 'PUT /labels/:name', description: 'Sets a label.', body: { type: 'object' } },
  drop_label: { request: 'DELETE /labels/:name', description: 'Removes a label.' },
  ping: { request: 'POST /ping', description: 'Sends what is fixed.', fixed: { body: { ping: true } } },
  charge: {
    request: 'POST /charges',
    description: 'Charges.',
    content_type: 'application/x-www-form-urlencoded',
    body: {
      type: 'object',
      properties: { amount: { type: 'integer' }, metadata: { type: 'object' }, items: { type: 'array' } },
      additionalProperties: false,
    },
    fixed: { body: { currency: 'eur' } },
  },
  note: { request: 'POST /notes', description: 'A note.', content_type: 'text/markdown', body: { type: 'string' } },
  open_issues: {
    request: 'POST /graphql',
    description: 'Open issues.',
    graphql: openIssues,
    variables: { n: { type: 'integer', maximum: 50 }, after: { type: 'string' } },
  },
  add_star: {
    request: 'POST /graphql',
    description: 'Stars.',
    graphql: addStar,
    variables: { id: { type: 'string' } },
  },
}

let tools: Tools
beforeAll(async () => {
  tools = await setTools({
    tools: url => ({
      shop: {
        base_url: `${url}/v1`,
        headers: { accept: 'application/vnd.github+json' },
        idempotency: { header: 'Idempotency-Key' },
        operations,
      },
    }),
  })
})
afterAll(() => tools.end())

describe('tools/list shows each operation', () => {
  let listed: ReadonlyMap<string, Tool>
  beforeAll(async () => {
    const { tools: all } = await tools.client.listTools()
    listed = new Map(all.map(tool => [tool.name, tool]))
  })

  test('as a tool of its own, and nothing else', () => {
    expect([...listed.keys()]).toEqual(
      Object.keys(operations)
        .map(name => `shop_${name}`)
        .sort(),
    )
  })

  test('with typed arguments from path and query, and which of them must be given', () => {
    const { inputSchema } = listed.get('shop_list_issues') as Tool
    const { state, page, labels, archived, q, weight } = operations.list_issues.query
    expect(inputSchema).toEqual({
      type: 'object',
      properties: { repo: { enum: ['shop', 'api'] }, state, page, labels, archived, q, weight },
      required: ['repo', 'state'],
      additionalProperties: false,
    })
  })

  test('with the body as one argument, its $defs at the top, and a key against running twice', () => {
    const { inputSchema } = listed.get('shop_add_issue') as Tool
    const { $defs, ...body } = issueBody
    expect(inputSchema).toMatchObject({ required: ['body'], additionalProperties: false, $defs })
    expect(inputSchema.properties).toEqual({
      body,
      idempotency_key: expect.objectContaining({ type: 'string', pattern: '^[A-Za-z0-9_-]{1,64}$' }),
    })
  })

  test('with the rest of a path, and the variables of a document', () => {
    expect(listed.get('shop_read_file')?.inputSchema).toMatchObject({
      properties: { repo: { type: 'string', minLength: 1 }, rest: { type: 'string', minLength: 1 } },
      required: ['repo', 'rest'],
    })
    expect(listed.get('shop_open_issues')?.inputSchema).toEqual({
      type: 'object',
      properties: { n: { type: 'integer', maximum: 50 }, after: { type: 'string' } },
      required: ['n'],
      additionalProperties: false,
    })
  })

  test.each([
    ['list_issues', true, true],
    ['open_issues', true, true],
    ['put_label', false, true],
    ['drop_label', false, true],
    ['add_issue', false, false],
    ['add_star', false, false],
  ])('%s with the hints readOnly %s and idempotent %s', (name, readOnlyHint, idempotentHint) => {
    expect(listed.get(`shop_${name}`)?.annotations).toEqual({
      readOnlyHint,
      destructiveHint: !readOnlyHint,
      idempotentHint,
      openWorldHint: true,
    })
  })

  test('with a description of what it does and where, and nothing of what is fixed', () => {
    const tool = listed.get('shop_list_issues') as Tool
    expect(tool.description).toContain('Lists issues.')
    expect(tool.description).toContain('GET /repos/acme/:repo/issues at 127.0.0.1:')
    expect(JSON.stringify([...listed.values()])).not.toMatch(/per_page|shop agents|keyhold"/)
  })
})

describe('a call of an operation', () => {
  test('sends exactly this, and is recorded as what it was', async () => {
    const done = await tools.do('shop_list_issues', { repo: 'shop', state: 'open', page: 2 })
    const host = new URL(tools.upstream.url).host
    const [line, ...fields] = done.sent.trimEnd().split('\r\n')
    expect(line).toBe('GET /v1/repos/acme/shop/issues?per_page=50&sort=a&sort=b&state=open&page=2 HTTP/1.1')
    expect(fields.sort()).toEqual(
      [
        `host: ${host}`,
        'connection: keep-alive',
        'x-client: shop agents',
        'accept: application/vnd.github+json',
        'accept-encoding: gzip, br',
        `authorization: Bearer ${secretToken}`,
      ].sort(),
    )
    expect(done).toMatchObject({ isError: false, structured: { status: 200, truncated: false } })
    expect(done.record).toMatchObject({
      mcp_tool: 'shop_list_issues',
      operation: {
        action: 'GET',
        resource: '/repos/acme/shop/issues',
        access: 'read',
        summary: 'list_issues: GET /repos/acme/shop/issues?per_page=50&sort=a&sort=b&state=open&page=2',
      },
      decision: { effect: 'allow', by: 'operation list_issues' },
      outcome: 'ok',
      status: 200,
    })
    expect(done.raw + tools.home.auditText()).not.toContain(secretToken)
  })

  const fixed = 'per_page=50&sort=a&sort=b'
  const get: readonly (readonly [string, string, object, string])[] = [
    ['a number as a number', 'get_issue', { number: 7 }, '/repos/acme/shop/issues/7'],
    ['a number as text', 'get_issue', { number: '7' }, '/repos/acme/shop/issues/7'],
    [
      'numbers in a query as text',
      'list_issues',
      { repo: 'api', state: 'open', page: '50', weight: '1.5' },
      `/repos/acme/api/issues?${fixed}&state=open&page=50&weight=1.5`,
    ],
    [
      'a list',
      'list_issues',
      { repo: 'shop', state: 'open', labels: ['a b', 'c&d'] },
      `/repos/acme/shop/issues?${fixed}&state=open&labels=a+b&labels=c%26d`,
    ],
    [
      'one value of a list',
      'list_issues',
      { repo: 'shop', state: 'open', labels: 'bug' },
      `/repos/acme/shop/issues?${fixed}&state=open&labels=bug`,
    ],
    [
      'a boolean',
      'list_issues',
      { repo: 'shop', state: 'open', archived: false },
      `/repos/acme/shop/issues?${fixed}&state=open&archived=false`,
    ],
    [
      'a boolean as text',
      'list_issues',
      { repo: 'shop', state: 'open', archived: 'true' },
      `/repos/acme/shop/issues?${fixed}&state=open&archived=true`,
    ],
    [
      'a number where text is asked for',
      'list_issues',
      { repo: 'shop', state: 'open', q: 42 },
      `/repos/acme/shop/issues?${fixed}&state=open&q=42`,
    ],
    [
      'an empty text',
      'list_issues',
      { repo: 'shop', state: 'open', q: '' },
      `/repos/acme/shop/issues?${fixed}&state=open&q=`,
    ],
    [
      'the order of the configuration, not of the agent',
      'list_issues',
      { q: 'x', state: 'closed', repo: 'shop' },
      `/repos/acme/shop/issues?${fixed}&state=closed&q=x`,
    ],
    [
      'a default is told to the agent and left to the API',
      'list_issues',
      { repo: 'shop', state: 'open' },
      `/repos/acme/shop/issues?${fixed}&state=open`,
    ],
    [
      'a name with a space, a percent sign and a letter beyond ASCII',
      'by_name',
      { name: '50% für ~a.b+c@d' },
      '/names/50%25%20f%C3%BCr%20~a.b+c@d',
    ],
    ['a name that looks encoded', 'by_name', { name: 'a%20b' }, '/names/a%2520b'],
    [
      'the rest of a path',
      'read_file',
      { repo: 'shop', rest: 'src/main file.ts' },
      '/contents/shop/src/main%20file.ts',
    ],
    ['the rest that is one segment', 'read_file', { repo: 'shop', rest: 'README.md' }, '/contents/shop/README.md'],
    ['a path that ends with a slash', 'in_folder', { name: 'docs' }, '/folders/docs/'],
  ]
  test.each(get)('%s', async (_what, name, args, url) => {
    const done = await tools.do(`shop_${name}`, args)
    expect(done.isError).toBe(false)
    expect(done.lines).toEqual([`GET /v1${url}`])
  })

  const write: readonly (readonly [string, string, object, string, string | undefined, unknown])[] = [
    [
      'a body with what is fixed in it',
      'add_issue',
      { body: { title: 'x', labels: ['bug'] } },
      'POST /v1/repos/acme/shop/issues',
      'application/json',
      '{"title":"x","labels":["bug"],"source":"agent","meta":{"by":"keyhold"}}',
    ],
    ['a body that is all fixed', 'ping', {}, 'POST /v1/ping', 'application/json', '{"ping":true}'],
    [
      'an open body',
      'put_label',
      { name: 'bug', body: { color: 'ff0000', deep: { a: [1, null] } } },
      'PUT /v1/labels/bug',
      'application/json',
      '{"color":"ff0000","deep":{"a":[1,null]}}',
    ],
    ['no body', 'drop_label', { name: 'bug' }, 'DELETE /v1/labels/bug', undefined, ''],
    [
      'a form',
      'charge',
      { body: { amount: 100, metadata: { order: 'a b' }, items: [1, 2] } },
      'POST /v1/charges',
      'application/x-www-form-urlencoded',
      'amount=100&metadata%5Border%5D=a+b&items%5B%5D=1&items%5B%5D=2&currency=eur',
    ],
    ['text', 'note', { body: '# Grüße\n' }, 'POST /v1/notes', 'text/markdown; charset=utf-8', '# Grüße\n'],
    [
      'a query with variables',
      'open_issues',
      { n: 5 },
      'POST /v1/graphql',
      'application/json',
      JSON.stringify({ query: openIssues, variables: { n: 5 }, operationName: 'Open' }),
    ],
    [
      'a mutation',
      'add_star',
      { id: 'abc' },
      'POST /v1/graphql',
      'application/json',
      JSON.stringify({ query: addStar, variables: { id: 'abc' } }),
    ],
  ]
  test.each(write)('%s', async (_what, name, args, line, type, body) => {
    const done = await tools.do(`shop_${name}`, args)
    expect(done.isError).toBe(false)
    expect(done.lines).toEqual([line])
    expect(done.requests[0]?.headers['content-type']).toBe(type)
    expect(done.requests[0]?.body).toBe(body)
  })

  test('a GraphQL query is recorded as reading, a mutation as writing', async () => {
    const query = await tools.do('shop_open_issues', { n: 1 })
    expect(query.record).toMatchObject({ operation: { action: 'POST', access: 'read' } })
    expect(query.requests[0]?.headers['idempotency-key']).toBeUndefined()
    const mutation = await tools.do('shop_add_star', { id: 'other' })
    expect(mutation.record).toMatchObject({ operation: { action: 'POST', access: 'write' } })
    expect(mutation.requests[0]?.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/)
  })
})

describe('wrong arguments are refused before anything is sent, in words by which an agent can do better', () => {
  const wrong: readonly (readonly [string, object, readonly string[]])[] = [
    ['list_issues', { state: 'open' }, ['repo: is missing']],
    ['list_issues', { repo: 'shop' }, ['state: is missing']],
    [
      'list_issues',
      { repo: 'other', state: 'open' },
      ['repo: must be equal to one of the allowed values: ["shop","api"]'],
    ],
    [
      'list_issues',
      { repo: 'shop', state: 'all' },
      ['state: must be equal to one of the allowed values: ["open","closed"]'],
    ],
    ['list_issues', { repo: 'shop', state: 'open', page: 51 }, ['page: must be <= 50']],
    ['list_issues', { repo: 'shop', state: 'open', page: '1e1' }, ['page: must be integer']],
    ['list_issues', { repo: 'shop', state: 'open', page: 1.5 }, ['page: must be integer']],
    [
      'list_issues',
      { repo: 'shop', state: 'open', labels: ['a', 'b', 'c', 'd'] },
      ['labels: must NOT have more than 3 items'],
    ],
    ['list_issues', { repo: 'shop', state: 'open', archived: 'yes' }, ['archived: must be boolean']],
    [
      'list_issues',
      { repo: 'shop', state: 'open', per_page: 100 },
      ['unknown argument "per_page"; there are: repo, state, page, labels, archived, q, weight'],
    ],
    ['list_issues', { repo: 'shop', state: 'open', q: { a: 1 } }, ['q: expected one value']],
    ['list_issues', { repo: 'shop', state: 'open', q: null }, ['q: expected one value']],
    ['get_issue', { number: 0 }, ['number: must be >= 1']],
    ['get_issue', { number: '07' }, ['number: must be integer']],
    ['get_issue', { number: 'x/../y' }, ['number: must be integer']],
    ['by_name', { name: '' }, ['name: must NOT have fewer than 1 characters']],
    ['by_name', { name: '..' }, ['name: a dot segment']],
    [
      'by_name',
      { name: 'a/b' },
      ['name: a segment contains a character that is not accepted (control character, / or \\ or ; in any form)'],
    ],
    ['read_file', { repo: 'shop', rest: 'a/../b' }, ['rest: a dot segment']],
    ['read_file', { repo: 'shop', rest: '/a' }, ['rest: does not begin with /']],
    ['read_file', { repo: 'shop' }, ['rest: is missing']],
    ['add_issue', {}, ['body: is missing']],
    ['add_issue', { body: {} }, ["body: must have required property 'title'"]],
    ['add_issue', { body: { title: 'x', source: 'me' } }, ['body: must NOT have additional properties: "source"']],
    ['add_issue', { body: { title: 'x', labels: ['BUG'] } }, ['body/labels/0: must match pattern "^[a-z]+$"']],
    ['add_issue', { body: '{"title":"x"}' }, ['body: must be object']],
    [
      'add_issue',
      { body: { title: 'x' }, idempotency_key: 'a b' },
      ['idempotency_key: expected 1-64 letters, digits, _ and -'],
    ],
    ['put_label', { name: 'bug', body: { a: 1 }, extra: 1 }, ['unknown argument "extra"; there are: name, body']],
    ['drop_label', { name: 'bug', idempotency_key: 'a' }, ['idempotency_key: unknown argument']],
    ['open_issues', {}, ['n: is missing']],
    ['open_issues', { n: 51 }, ['n: must be <= 50']],
    ['open_issues', { n: 1, query: '{ secrets }' }, ['unknown argument "query"; there are: n, after']],
    ['charge', { body: { metadata: {} } }, ['body: a form cannot carry an empty object; leave it out']],
  ]
  test.each(wrong)('%s %j', async (name, args, problems) => {
    const done = await tools.do(`shop_${name}`, args)
    expect(done).toMatchObject({ isError: true, code: 'invalid_input', sent: '' })
    expect(done.structured['problems']).toEqual(problems)
    for (const problem of problems) expect(done.text).toContain(`- ${problem}`)
    expect(done.record).toMatchObject({ outcome: 'refused', code: 'invalid_input' })
  })
})

describe('what is fixed', () => {
  let open: Tools
  beforeAll(async () => {
    open = await setTools({
      tools: () => ({
        shop: {
          headers: { accept: 'application/json', 'x-tool': 'shop' },
          operations: {
            add: {
              request: 'POST /add',
              description: 'Adds.',
              body: { type: 'object' },
              fixed: { body: { source: 'agent' } },
            },
            raw: { request: 'GET /raw', description: 'Raw.', fixed: { headers: { accept: 'text/plain' } } },
          },
          allow: ['GET /status'],
        },
      }),
    })
  })
  afterAll(() => open.end())

  test('for an operation beats what is fixed for its tool', async () => {
    const done = await open.do('shop_raw')
    expect(done.requests[0]?.headers).toMatchObject({ accept: 'text/plain', 'x-tool': 'shop' })
  })

  test('for a tool is not what an agent can change', async () => {
    const done = await open.do('shop_call_api', { method: 'GET', path: '/status', headers: { Accept: 'text/html' } })
    expect(done.requests[0]?.headers).toMatchObject({ accept: 'application/json', 'x-tool': 'shop' })
  })

  test('in a body is not overridden by an open schema', async () => {
    const done = await open.do('shop_add', { body: { title: 'x' } })
    expect(done.requests.map(({ body }) => body)).toEqual(['{"title":"x","source":"agent"}'])
    for (const key of ['source', 'Source']) {
      const other = await open.do('shop_add', { body: { [key]: 'me', title: 'x' } })
      expect(other).toMatchObject({ isError: true, code: 'invalid_input', sent: '' })
      expect(other.structured['problems']).toEqual([`body: the key "${key}" is fixed`])
    }
  })

  test('operations and allow stand beside each other, and neither widens the other', async () => {
    const { tools: all } = await open.client.listTools()
    expect(all.map(({ name }) => name)).toEqual(['shop_add', 'shop_call_api', 'shop_raw'])
    expect((await open.do('shop_call_api', { method: 'GET', path: '/status' })).lines).toEqual(['GET /status'])
    const other = await open.do('shop_call_api', { method: 'POST', path: '/add', body: {} })
    expect(other).toMatchObject({ code: 'not_allowed', sent: '' })
    expect(other.structured['allowed']).toEqual(['GET /status'])
  })
})
