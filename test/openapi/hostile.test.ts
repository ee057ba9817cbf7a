import { describe, expect, test } from 'vitest'
import { nearestWord } from '../../src/config/problem.ts'
import { chooseOnly, chooseTag } from '../../src/openapi/choose.ts'
import { readDocument } from '../../src/openapi/document.ts'
import { listEndpoints } from '../../src/openapi/endpoint.ts'
import { importOperations } from '../../src/openapi/import.ts'
import { operationName } from '../../src/openapi/name.ts'
import { baseUrl } from '../../src/openapi/server.ts'

const head = { openapi: '3.1.0', info: { title: 'T', version: '1' }, servers: [{ url: 'https://api.example.com' }] }

async function importAll(document: unknown, options: { server?: string; existing?: string } = {}) {
  const read = readDocument(
    typeof document === 'string' ? document : JSON.stringify({ ...head, ...(document as object) }),
  )
  const chosen = new Map(listEndpoints(read).map(endpoint => [endpoint.name, endpoint]))
  return await importOperations({ document: read, chosen, server: options.server, existing: options.existing })
}

const get = (path: string, operation: object) => ({ paths: { [path]: { get: { operationId: 'x', ...operation } } } })
const post = (schema: unknown, components: object = {}) => ({
  paths: {
    '/a': { post: { operationId: 'x', requestBody: { required: true, content: { 'application/json': { schema } } } } },
  },
  components: { schemas: components },
})

describe('a document that cannot be used is refused with its reason', () => {
  const deepJson = `{"openapi":"3.1.0","a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
  const deepYaml = `openapi: 3.1.0\na: ${'['.repeat(20_000)}${']'.repeat(20_000)}`
  const bomb = Array.from(
    { length: 30 },
    (_, i) => `a${i}: &a${i} [${i === 0 ? 'x' : `*a${i - 1},*a${i - 1},*a${i - 1}`}]`,
  )
  test.each<[string, string, string]>([
    ['nothing', '', 'is no mapping'],
    ['a list', '[]', 'is no mapping'],
    ['text', 'hello', 'is no mapping'],
    ['neither JSON nor YAML', '{"openapi": "3.1.0", "a": [', 'neither JSON nor YAML'],
    ['an older version', '{"swagger":"2.0"}', 'version 2.0'],
    ['a version that is a number', 'openapi: 3.1', 'no text under openapi'],
    ['a later version', 'openapi: 4.0.0', 'version 4.0.0'],
    ['escape sequences for a version', '{"openapi":"\\u001b]0;x\\u0007"}', 'version ]0;x;'],
    ['deep JSON', deepJson, 'nested more than 200 levels'],
    ['deep YAML', deepYaml, 'nested too deeply'],
    ['aliases of aliases of aliases', `openapi: 3.1.0\n${bomb.join('\n')}`, 'aliases'],
    ['an alias of what it is in', 'openapi: 3.1.0\na: &a\n  b: *a\n', ''],
    ['an alias of nothing', 'openapi: 3.1.0\na: *nothing\n', 'aliases'],
    [
      'a key that would change prototypes',
      '{"openapi":"3.1.0","__proto__":{"polluted":true}}',
      'a key called __proto__',
    ],
    ['the same in YAML', 'openapi: 3.1.0\npaths:\n  __proto__: { polluted: true }\n', 'a key called __proto__'],
  ])('%s', (_what, text, reason) => {
    const began = Date.now()
    expect(() => readDocument(text)).toThrow(reason)
    expect(Date.now() - began).toBeLessThan(10_000)
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })

  test('a hundred thousand operations', () => {
    const paths = Object.fromEntries(
      Array.from({ length: 100_000 }, (_, i) => [`/a/${i}`, { get: { operationId: `op${i}` } }]),
    )
    const document = readDocument(JSON.stringify({ ...head, paths }))
    expect(() => listEndpoints(document)).toThrow('more than 20000 operations')
  })

  test('more than two hundred chosen operations', () => {
    const paths = Object.fromEntries(Array.from({ length: 201 }, (_, i) => [`/a/${i}`, { get: { tags: ['t'] } }]))
    const endpoints = listEndpoints(readDocument(JSON.stringify({ ...head, paths })))
    expect(() => chooseTag(endpoints, 't', nearestWord)).toThrow('201 operations are more than the 200')
  })
})

describe('a path that could lead elsewhere is refused', () => {
  test.each([
    ['//evil.example', 'empty segment'],
    ['/a//b', 'empty segment'],
    ['https://evil.example/', 'does not begin with /'],
    ['evil', 'does not begin with /'],
    ['/a/../b', 'dot segment'],
    ['/a/%2e%2E/b', 'dot segment'],
    ['/.', 'dot segment'],
    ['/a?b=c', 'character'],
    ['/a#b', 'character'],
    ['/a;b', 'character'],
    ['/a\\b', 'character'],
    ['/a b', 'character'],
    ['/*', 'character'],
    ['/a/**', 'character'],
    ['/a%2fb', 'encoded character'],
    ['/a%00', 'encoded character'],
    ['/a%252e', 'encoded character'],
    ['/a%zz', 'encoded character'],
    ['/a\r\nHost: evil', 'invisible characters'],
    ['/a\u202eb', 'invisible characters'],
    ['/\uff0e\uff0e/a', 'character'],
    ['/{a}{b}', 'only a part of a segment'],
    ['/{a', 'only a part of a segment'],
    ['/{a}/{a}', 'twice'],
    [`/${'a'.repeat(2_000)}`, 'too long'],
  ])('%j', async (path, reason) => {
    const { operations, refused } = await importAll(get(path, {}))
    expect(operations.size).toBe(0)
    expect(refused[0]?.reason).toContain(reason)
  })

  test.each([
    ['/', 'GET /'],
    ['/a/', 'GET /a/'],
    ['/a.b/~c/d-e_f', 'GET /a.b/~c/d-e_f'],
    ['/:batch', 'GET /%3Abatch'],
    ['/users/a@b/c:d', 'GET /users/a@b/c:d'],
    ['/caf%C3%A9', 'GET /caf%C3%A9'],
    ['/{a}/{b-c}/{body}/{2x}/{}', 'GET /:a/:b_c/:path_body/:path_2x/:path_5'],
    ['/{__proto__}', 'GET /:proto'],
  ])('%j becomes %j', async (path, request) => {
    const { operations } = await importAll(get(path, {}))
    expect([...operations.values()].map(operation => operation.request)).toEqual([request])
  })
})

describe('the host is pinned', () => {
  const servers = (...urls: string[]) => ({ servers: urls.map(url => ({ url })), ...get('/a', {}) })
  test.each<[string[], { server?: string; existing?: string }, string]>([
    [['https://api.example.com/v1/'], {}, 'https://api.example.com/v1'],
    [['HTTPS://API.example.com:443/'], { server: 'https://api.example.com' }, 'https://api.example.com'],
    [['https://a.example', 'https://b.example'], { server: 'https://b.example' }, 'https://b.example'],
    [['https://a.example', 'https://b.example'], { existing: 'https://b.example/' }, 'https://b.example'],
    [['/v1'], { server: 'http://localhost:8080/v1' }, 'http://localhost:8080/v1'],
    [[], { existing: 'https://a.example' }, 'https://a.example'],
  ])('%j with %j goes to %s', async (urls, options, expected) => {
    expect((await importAll(servers(...urls), options)).baseUrl).toBe(expected)
  })

  test.each<[string[], { server?: string; existing?: string }, string]>([
    [[], {}, 'names no server: say which with --server'],
    [['/v1'], {}, 'no complete https:// URL'],
    [['//evil.example'], {}, 'no complete https:// URL'],
    [['http://api.example.com'], {}, 'no complete https:// URL'],
    [['https://{tenant}.example.com'], {}, 'no complete https:// URL'],
    [['https://user:pass@api.example.com'], {}, 'no complete https:// URL'],
    [['https://api.example.com/../v1'], {}, 'no complete https:// URL'],
    [['https://api.example.com/v1?key=1'], {}, 'no complete https:// URL'],
    [['https://api.example.com\n'], {}, 'no complete https:// URL'],
    [['javascript:alert(1)'], {}, 'no complete https:// URL'],
    [['https://a.example', 'https://b.example'], {}, 'several servers (https://a.example, https://b.example)'],
    [['https://a.example', 'https://b.example'], { existing: 'https://c.example' }, 'several servers'],
    [
      ['https://a.example'],
      { existing: 'https://b.example' },
      'goes to https://b.example, and these operations to https://a.example',
    ],
    [
      ['https://a.example'],
      { existing: 'https://b.example', server: 'https://a.example' },
      'goes to https://b.example',
    ],
    [['https://a.example'], { server: 'https://u@b.example' }, '--server'],
    [['https://a.example'], { server: 'file:///etc/passwd' }, '--server'],
    [['https://a.example\u001b[2J', 'x'], {}, 'https://a.example [2J, x'],
  ])('%j with %j is refused', async (urls, options, reason) => {
    await expect(importAll(servers(...urls), options)).rejects.toThrow(reason)
  })

  test.each(['operation', 'path'])('an %s with a server of its own is refused, unless it is the same', async where => {
    const document = (url: string) => {
      const own = { servers: [{ url }] }
      return {
        paths: {
          '/a': { ...(where === 'path' ? own : {}), get: { ...(where === 'operation' ? own : {}), operationId: 'x' } },
        },
      }
    }
    expect((await importAll(document('https://evil.example'))).refused[0]?.reason).toContain('a server of its own')
    expect((await importAll(document('/v2'))).refused[0]?.reason).toContain('a server of its own')
    expect((await importAll(document('https://api.example.com/'))).refused).toEqual([])
  })

  test.each([
    'https://a.example/%2e%2e',
    'https://a.example/:b',
    'https://a.example/*',
    'https://a.example//b',
    'https:a',
    'https://',
    'x',
  ])('%j is no base', url => {
    expect([null, 'https://a']).toContain(baseUrl(url))
  })
})

describe('references', () => {
  test.each<[string, string]>([
    ['https://evil.example/schema.json', 'leads out of the document'],
    ['file:///etc/passwd', 'leads out of the document'],
    ['other.yaml#/a', 'leads out of the document'],
    ['#anchor', 'leads out of the document'],
    ['#/components/schemas/None', 'leads nowhere'],
    ['#/components/schemas/constructor', 'leads nowhere'],
    ['#/components/schemas/Self', 'leads back to itself'],
    ['#/%ff', 'leads nowhere'],
  ])('%s is refused', async (reference, reason) => {
    const { refused } = await importAll(post({ $ref: reference }, { Self: { $ref: '#/components/schemas/Self' } }))
    expect(refused[0]?.reason).toContain(reason)
  })

  test('a schema that refers to nothing but itself is refused: a validator would follow it for ever', async () => {
    const loop = {
      A: { allOf: [{ $ref: '#/components/schemas/B' }] },
      B: { anyOf: [{ $ref: '#/components/schemas/A' }, { type: 'string' }] },
    }
    const { refused } = await importAll(
      post({ type: 'object', properties: { a: { $ref: '#/components/schemas/A' } } }, loop),
    )
    expect(refused[0]?.reason).toContain('refers to nothing but itself')
  })

  test('references that double at every step are refused in a parameter, and stay few in a body', async () => {
    const schemas = Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => {
        const next = { $ref: `#/components/schemas/S${i + 1}` }
        return [`S${i}`, i === 39 ? { type: 'string' } : { anyOf: [next, next] }]
      }),
    )
    const components = { schemas }
    const parameter = { name: 'q', in: 'query', required: true, schema: { $ref: '#/components/schemas/S0' } }
    const { refused } = await importAll({ ...get('/a', { parameters: [parameter] }), components })
    expect(refused[0]?.reason).toMatch(/too large|too deeply/)
    const body = await importAll(
      post({ type: 'object', properties: { s: { $ref: '#/components/schemas/S0' } } }, schemas),
    )
    expect(Object.keys(body.operations.get('x')?.body?.['$defs'] ?? {})).toHaveLength(40)
  })

  test('a chain of a thousand references is refused', async () => {
    const schemas = Object.fromEntries(
      Array.from({ length: 1_000 }, (_, i) => [
        `S${i}`,
        { type: 'object', properties: { n: { $ref: `#/components/schemas/S${(i + 1) % 1_000}` } } },
      ]),
    )
    const { refused } = await importAll(post({ $ref: '#/components/schemas/S0' }, schemas))
    expect(refused[0]?.reason).toContain('more than 300 schemas')
  })
})

describe('schemas that a strict validator would not take', () => {
  test.each<[string, unknown, unknown]>([
    [
      'unknown keywords go',
      { type: 'string', 'x-a': 1, xml: {}, example: 'a', title: 'T', discriminator: {} },
      { type: 'string' },
    ],
    ['a type is said where it is meant', { minLength: 1 }, { type: 'string', minLength: 1 }],
    ['integers are numbers', { type: ['integer', 'number'] }, { type: 'number' }],
    [
      'what is required is listed',
      { type: 'object', required: ['a'] },
      { type: 'object', properties: { a: {} }, required: ['a'] },
    ],
    ['keywords of other types go', { type: 'string', properties: { a: {} }, minimum: 1 }, { type: 'string' }],
    ['senseless values go', { type: 'string', minLength: -1, maxLength: 'x', pattern: 5 }, { type: 'string' }],
    ['equal values are one', { enum: ['a', 'a', 'b'] }, { enum: ['a', 'b'] }],
    ['numbers that mean texts are texts', { type: 'string', enum: [1, true] }, { type: 'string', enum: ['1', 'true'] }],
    ['values with invisible characters go', { enum: ['a\u200b', 'b'] }, { enum: ['b'] }],
    ['an empty schema stays', {}, {}],
    ['true is an empty schema', { type: 'array', items: true }, { type: 'array', items: {} }],
    [
      'unique items of a short list',
      { type: 'array', maxItems: 1000, uniqueItems: true },
      { type: 'array', maxItems: 1000, uniqueItems: true },
    ],
    [
      'unique items of a long list',
      { type: 'array', maxItems: 1001, uniqueItems: true },
      { type: 'array', maxItems: 1001 },
    ],
    [
      'a pattern that takes exponential time elsewhere',
      { type: 'string', pattern: '^(a+)+$' },
      { type: 'string', pattern: '^(a+)+$' },
    ],
    ['a pattern with a huge count', { type: 'string', pattern: '(a{1000}){1000}' }, { type: 'string' }],
    ['a pattern that looks around', { type: 'string', pattern: '(?=a)' }, { type: 'string' }],
    [
      'oneOf is anyOf',
      { oneOf: [{ type: 'string' }, { type: 'integer' }] },
      { anyOf: [{ type: 'string' }, { type: 'integer' }] },
    ],
    [
      'descriptions are plain',
      { type: 'string', description: ' a\n\u001b[2Jb\u202e\u{e0041} ' },
      { type: 'string', description: 'a [2Jb' },
    ],
    [
      'a property called constructor',
      { properties: { constructor: { type: 'string' } } },
      { type: 'object', properties: { constructor: { type: 'string' } }, additionalProperties: false },
    ],
  ])('%s', async (_what, schema, expected) => {
    const { operations, refused } = await importAll(post(schema))
    expect(refused).toEqual([])
    expect(operations.get('x')?.body).toEqual(expected)
  })

  test.each<[string, unknown, string]>([
    ['a type that is none', { type: 'file' }, '"file" is not a type'],
    ['a type called constructor', { type: 'constructor' }, 'is not a type'],
    ['no value at all', { enum: [] }, 'permits no value'],
    ['keywords of several types', { minLength: 1, minimum: 1 }, 'keywords of several'],
    ['a list for a schema', [], 'no mapping'],
    ['dynamic references', { $dynamicRef: '#a' }, '$dynamicRef'],
    ['an incomplete tuple', { type: 'array', prefixItems: [{ type: 'string' }] }, 'cannot be used'],
    ['deep nesting', JSON.parse(`${'{"items":'.repeat(70)}{}${'}'.repeat(70)}`), 'nested too deeply'],
  ])('%s is refused', async (_what, schema, reason) => {
    expect((await importAll(post(schema))).refused[0]?.reason).toContain(reason)
  })
})

describe('names', () => {
  test.each([
    ['listIssues', 'list_issues'],
    ['issues/list', 'issues_list'],
    ['issues/list-for-repo', 'issues_list_for_repo'],
    ['getHTTPServerV2', 'get_http_server_v2'],
    ['Élan', 'e_lan'],
    ['2fa', 'get_p_id'],
    ['call_api', 'get_p_id'],
    ['', 'get_p_id'],
    ['\u4e2d\u6587', 'get_p_id'],
    ['a'.repeat(60), 'a'.repeat(40)],
    ['one_two_three_four_five_six_seven_eight_nine_ten', 'one_two_three_four_five_six_seven_eight'],
    ['x\r\nallow: [GET /**]', 'x_allow_get'],
    ['\u001b[31mred', '31mred'],
  ])('%j becomes %s', (id, name) => {
    const expected = /^[a-z]/.test(name) ? name : 'get_p_id'
    expect(operationName(id, 'GET', '/p/{id}')).toBe(expected)
    expect(expected).toMatch(/^[a-z][a-z0-9_]{0,39}$/)
  })

  test('an operationId with a line break and an escape sequence is shown without them', () => {
    const [endpoint] = listEndpoints(
      readDocument(JSON.stringify({ ...head, ...get('/a', { operationId: 'a\n\u001b[2Jb', tags: ['\u0007t'] }) })),
    )
    expect([endpoint?.id, endpoint?.tags]).toEqual(['a [2Jb', ['t']])
  })
})

describe('choosing', () => {
  const operation = (operationId?: string) => ({ ...(operationId === undefined ? {} : { operationId }), tags: ['all'] })
  const endpoints = listEndpoints(
    readDocument(
      JSON.stringify({
        ...head,
        paths: {
          '/a': { get: operation('listIssues'), post: operation('list-issues') },
          '/b': { get: operation(), post: operation('twice'), put: operation('twice') },
        },
      }),
    ),
  )
  const only = (...ids: string[]) =>
    [...chooseOnly(endpoints, ids, nearestWord)].map(([name, { line }]) => [name, line])

  test('by operationId, by request, and under another name', () => {
    expect(only('listIssues')).toEqual([['list_issues', 'GET /a']])
    expect(only('GET /b', 'POST /b')).toEqual([
      ['get_b', 'GET /b'],
      ['twice', 'POST /b'],
    ])
    expect(only('listIssues', 'more=list-issues')).toEqual([
      ['list_issues', 'GET /a'],
      ['more', 'POST /a'],
    ])
  })

  test.each<[string[], string]>([
    [['listIssue'], 'no operation listIssue (did you mean listIssues?)'],
    [['something else'], 'no operation something else; without --only'],
    [['twice'], "several operations are called twice; choose one by its request: 'POST /b', 'PUT /b'"],
    [
      ['listIssues', 'list-issues'],
      "would both be called list_issues; give one another name: --only 'other_name=list-issues'",
    ],
    [['\u001b[2J'], 'no operation [2J'],
  ])('%j is an error that says what to do', (ids, reason) => {
    expect(() => only(...ids)).toThrow(reason)
  })

  test('a tag that is not there', () => {
    expect(() => chooseTag(endpoints, 'al', nearestWord)).toThrow('no tag al (did you mean all?)')
  })
})

describe('parameters', () => {
  const withQuery = (parameter: object) => get('/a', { parameters: [{ in: 'query', name: 'q', ...parameter }] })
  test.each<[string, object, string]>([
    ['a name that no argument can have', { name: 'a b' }, 'a name that no argument can have'],
    ['the name of the body', { name: 'body' }, 'a name that no argument can have'],
    ['the name of the idempotency key', { name: 'idempotency_key' }, 'a name that no argument can have'],
    ['another style', { style: 'pipeDelimited', schema: { type: 'array' } }, 'of style pipeDelimited'],
    ['an object', { schema: { type: 'object' } }, 'neither one value nor a list'],
    ['a list of lists', { schema: { type: 'array', items: { type: 'array' } } }, 'neither one value nor a list'],
    ['content', { content: { 'application/json': {} } }, 'described by content'],
    [
      'types that a text can be read as either of',
      { schema: { anyOf: [{ type: 'integer' }, { type: 'boolean' }] } },
      'neither one value',
    ],
  ])('%s: left out, and when it is required the operation is refused', async (_what, parameter, reason) => {
    const optional = await importAll(withQuery(parameter))
    expect(optional.operations.get('x')?.query).toBeUndefined()
    expect(optional.notes.join('\n')).toContain(reason)
    const required = await importAll(withQuery({ ...parameter, required: true }))
    expect(required.refused[0]?.reason).toContain(reason)
  })

  test.each(['access_token', '_method', 'X-HTTP-Method-Override', 'Authorization', 'auth_token'])(
    '%s is never taken over',
    async name => {
      const { operations, notes } = await importAll(withQuery({ name, required: true, schema: { type: 'string' } }))
      expect(operations.get('x')).toMatchObject({ request: 'GET /a' })
      expect(operations.get('x')?.query).toBeUndefined()
      expect(notes.join('\n')).toContain('is left out')
    },
  )

  test.each<[object, string]>([
    [{ style: 'matrix' }, 'of style matrix'],
    [{ schema: { type: 'array', items: { type: 'string' } } }, 'a list in one value'],
    [{ schema: { type: 'object' } }, 'neither one value'],
    [{ schema: { $ref: 'x.json' } }, 'leads out of the document'],
  ])('a path parameter with %j makes the operation impossible', async (parameter, reason) => {
    const { refused } = await importAll(get('/{id}', { parameters: [{ name: 'id', in: 'path', ...parameter }] }))
    expect(refused[0]?.reason).toContain(reason)
  })

  test('those of the path are there, and those of the operation come first', async () => {
    const parameter = (type: string) => [{ name: 'q', in: 'query', schema: { type } }]
    const { operations } = await importAll({
      paths: { '/a': { parameters: parameter('string'), get: { operationId: 'x', parameters: parameter('integer') } } },
    })
    expect(operations.get('x')?.query).toEqual({ q: { type: 'integer' } })
  })
})
