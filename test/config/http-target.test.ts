import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { loadConfig } from '../../src/config/load.ts'
import { ConfigError, formatProblem } from '../../src/config/problem.ts'
import { kinds } from '../../tools/index.ts'
import { makeHome } from '../support/home.ts'

const folder = mkdtempSync(join(tmpdir(), 'keyhold-http-target-'))
afterAll(() => rmSync(folder, { recursive: true }))

const credentials = `credentials:
  key: { type: bearer, token: { sealed: key } }
  query: { type: api_key, in: query, name: api_key, value: { sealed: key } }
  header: { type: api_key, in: header, name: x-shop-key, value: { sealed: key } }
  partner: { type: mtls, certificate: { sealed: cert }, private_key: { sealed: key } }
`

/** A configuration whose tool has these lines, the first of them on line 13. */
function written(...lines: readonly string[]): string {
  return `version: 1\n${credentials}tools:\n  api:\n    kind: http\n    description: An API\n    base_url: https://api.example.com/v1\n    credential: key\n${lines.map(line => `    ${line}\n`).join('')}`
}

async function problemsOf(text: string): Promise<readonly string[]> {
  const file = join(folder, 'keyhold.yaml')
  writeFileSync(file, text)
  try {
    await loadConfig(file, kinds)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.map(problem => formatProblem({ ...problem, file: 'keyhold.yaml' }))
  }
}

const everything = {
  version: 1,
  credentials: {
    key: { type: 'bearer', token: { sealed: 'key' } },
    partner: { type: 'mtls', certificate: { sealed: 'cert' }, private_key: { sealed: 'key' } },
    corp: { type: 'basic', username: 'squid', password: { sealed: 'corp' } },
  },
  tools: {
    api: {
      kind: 'http',
      description: 'An API',
      base_url: 'https://api.example.com/v1',
      credential: 'key',
      headers: { accept: 'application/vnd.github+json' },
      allow: [
        'GET /issues',
        { method: 'GET', path: '/issues/:number', params: { number: { type: 'integer' } }, query: {} },
        {
          method: 'POST',
          path: '/form',
          content_types: ['application/x-www-form-urlencoded'],
          body: { type: 'object' },
        },
        {
          method: 'POST',
          path: '/graphql',
          graphql: { open: { document: 'query ($n: Int!) { a(n: $n) }', variables: { n: { type: 'integer' } } } },
        },
      ],
      never: { requests: ['* /repositories/**'], query: ['expand[]'], body: ['token'] },
      operations: {
        list: {
          request: 'GET /issues',
          description: 'Lists.',
          query: { state: { enum: ['open'] } },
          required: ['state'],
          fixed: { query: { per_page: 50 }, headers: { 'x-client': 'k' } },
          select: ['/*/number'],
          pages: { follow: 'link', max: 20 },
        },
        comment: {
          request: 'POST /issues/:number/comments',
          description: 'Comments.',
          params: { number: { type: 'integer' } },
          body: { type: 'object' },
          fixed: { body: { source: 'agent' } },
        },
      },
      unsafe_plain_http: false,
      unsafe_allow_private: ['10.0.0.0/8', 'fd12:3456::/48'],
      redirects: 'same_origin',
      pages: { follow: 'link', max: 5 },
      tls: { ca: '/etc/hosts', certificate: 'partner' },
      proxy: { url: 'http://proxy.example.com:3128', credential: 'corp' },
      retries: 5,
      idempotency: { header: 'Idempotency-Key', window: '1d' },
    },
  },
}

test('every key that there is, used rightly', async () => {
  expect(await problemsOf(stringify(everything))).toEqual([])
})

const op = (more: string) => ['operations:', `  one: { description: One., ${more} }`]

/** What is written, and the one problem that it has, from `keyhold.yaml:` on. */
const wrong: readonly (readonly [string, readonly string[], string | RegExp])[] = [
  // What a tool as a whole must have
  ['neither allow nor operations', [], /^8:3 tools\.api\.allow: is missing; a tool needs allow, operations, or both$/],
  ['operations that are empty', ['operations: {}'], '13:5 tools.api.operations: an empty mapping offers nothing'],
  [
    'an unknown key',
    ['allow: [GET /a]', 'redirect: none'],
    '14:5 tools.api.redirect: unknown key (did you mean redirects?)',
  ],

  // Names
  [
    'a name with a dash',
    ['operations:', '  list-issues: { request: GET /a, description: A. }'],
    '14:7 tools.api.operations.list-issues: a name is 1-40 of a-z, 0-9 and _, beginning with a letter',
  ],
  [
    'a name that another tool has',
    ['operations:', '  call_api: { request: GET /a, description: A. }'],
    '14:7 tools.api.operations.call_api: call_api is what allow offers',
  ],
  [
    'a name that is too long',
    ['operations:', `  ${'a'.repeat(41)}: { request: GET /a, description: A. }`],
    /^14:7 tools\.api\.operations\.a+: a name is 1-40/,
  ],

  // Requests
  ['no request', ['operations:', '  one: { description: A. }'], '14:7 tools.api.operations.one.request: is missing'],
  [
    'no description',
    ['operations:', '  one: { request: GET /a }'],
    '14:7 tools.api.operations.one.description: is missing',
  ],
  [
    'a request without a method',
    op('request: /a'),
    /^14:\d+ tools\.api\.operations\.one\.request: write it as METHOD \/path, such as GET \/repos\/:owner$/,
  ],
  [
    'a request of another method',
    op('request: TRACE /a'),
    /^14:\d+ tools\.api\.operations\.one\.request: the first word must be one of GET, HEAD, POST, PUT, PATCH, DELETE$/,
  ],
  [
    'a segment without a name',
    op('request: GET /a/*'),
    /^14:\d+ tools\.api\.operations\.one\.request: \* has no name, so it cannot become an argument; write :name$/,
  ],
  [
    'a name twice in the path',
    op("request: 'GET /:a/:a'"),
    /^14:\d+ tools\.api\.operations\.one\.request: a parameter name \(:name\) is there twice$/,
  ],
  [
    'an unknown key of an operation',
    op('request: GET /a, parms: {}'),
    /^14:\d+ tools\.api\.operations\.one\.parms: unknown key \(did you mean params\?\)$/,
  ],

  // Arguments
  [
    'a parameter that the path does not have',
    op('request: GET /a, params: { id: { type: string } }'),
    /^14:\d+ tools\.api\.operations\.one\.params: the path has no :id$/,
  ],
  [
    'an argument twice',
    op("request: 'GET /a/:id', query: { id: { type: string } }"),
    /tools\.api\.operations\.one\.params: id: two arguments would have this name$/,
  ],
  [
    'a query parameter named body beside a body',
    op('request: POST /a, query: { body: {} }, body: { type: object }'),
    /body: two arguments would have this name$/,
  ],
  [
    'an argument of our own',
    op('request: GET /a, query: { idempotency_key: {} }'),
    /idempotency_key: is an argument of its own$/,
  ],
  [
    'a name that is no name for an argument',
    op('request: GET /a, query: { "a b": {} }'),
    /a b: is no name for an argument$/,
  ],
  [
    'a parameter that changes the method',
    op('request: GET /a, query: { _method: {} }'),
    /^14:\d+ tools\.api\.operations\.one\.query: _method: could change the method or the identity of a request$/,
  ],
  [
    'a parameter that is fixed and would change the identity',
    op('request: GET /a, fixed: { query: { access_token: x } }'),
    /access_token: could change the method or the identity of a request$/,
  ],
  [
    'required, but not there',
    op('request: GET /a, required: [state]'),
    /^14:\d+ tools\.api\.operations\.one\.required: state: is not a parameter under query; path parameters are always required$/,
  ],
  [
    'given and fixed',
    op('request: GET /a, query: { page: {} }, fixed: { query: { page: 1 } }'),
    /^14:\d+ tools\.api\.operations\.one\.query: a parameter is both given by the agent and fixed$/,
  ],

  // Bodies
  [
    'a body of a GET',
    op('request: GET /a, body: { type: object }'),
    /^14:\d+ tools\.api\.operations\.one\.body: GET takes no body$/,
  ],
  ['a fixed body of a GET', op('request: GET /a, fixed: { body: { a: 1 } }'), /GET takes no body$/],
  [
    'a key of a body given and fixed',
    op('request: POST /a, body: { type: object, properties: { a: {} } }, fixed: { body: { a: 1 } }'),
    /tools\.api\.operations\.one\.body: a: is both given by the agent and fixed$/,
  ],
  [
    'a form that is no object',
    op('request: POST /a, content_type: application/x-www-form-urlencoded, body: { type: array }'),
    /a form, and a body with fixed parts, has a schema with type: object$/,
  ],
  [
    'text that is no text',
    op('request: POST /a, content_type: text/plain, body: { type: object }'),
    /a text body has a schema with type: string, and nothing fixed$/,
  ],
  [
    'a content type that is none of ours',
    op('request: POST /a, content_type: multipart/form-data, body: { type: object }'),
    /^14:\d+ tools\.api\.operations\.one\.content_type: application\/json, another JSON type, application\/x-www-form-urlencoded, or a text type; without parameters$/,
  ],
  [
    'a content type with a charset',
    op('request: POST /a, content_type: application/json; charset=utf-8, body: { type: object }'),
    /content_type: application\/json, another JSON type.*without parameters$/,
  ],
  [
    'a $ref to elsewhere',
    op("request: POST /a, body: { $ref: 'https://example.com/schema.json' }"),
    /tools\.api\.operations\.one\.body: a \$ref here leads to #\/\$defs\/NAME of the same schema$/,
  ],
  [
    'a $ref of a parameter',
    op("request: GET /a, query: { a: { $ref: '#/$defs/x' } }"),
    /tools\.api\.operations\.one\.query: a: \$ref is not accepted here; write the schema out$/,
  ],
  [
    'an unknown keyword',
    op('request: GET /a, query: { a: { type: string, maxLenght: 5 } }'),
    /tools\.api\.operations\.one\.query: a: .*unknown keyword: "maxLenght"/,
  ],
  [
    'an unknown type',
    op('request: GET /a, query: { a: { type: text } }'),
    /tools\.api\.operations\.one\.query: a: .*type.*text|type must be/,
  ],
  [
    'a pattern that is no pattern',
    op("request: GET /a, query: { a: { type: string, pattern: '(' } }"),
    /tools\.api\.operations\.one\.query: a: /,
  ],
  [
    'items that are compared without end',
    op('request: POST /a, body: { type: array, uniqueItems: true }'),
    /tools\.api\.operations\.one\.body: uniqueItems needs maxItems of at most 1000$/,
  ],

  // GraphQL
  [
    'a GraphQL endpoint without a document',
    op('request: POST /graphql'),
    /^14:\d+ tools\.api\.operations\.one\.request: a GraphQL endpoint takes a stored document; write it under graphql$/,
  ],
  [
    'a document that does not parse',
    op("request: POST /graphql, graphql: 'query {'"),
    /^14:\d+ tools\.api\.operations\.one\.graphql: the document is not GraphQL: Syntax Error/,
  ],
  [
    'two operations in a document',
    op("request: POST /graphql, graphql: 'query A { a } query B { b }'"),
    /the document must have exactly one operation, and it has 2$/,
  ],
  [
    'a subscription',
    op("request: POST /graphql, graphql: 'subscription { a }'"),
    /a subscription is not possible here$/,
  ],
  [
    'a variable without a schema',
    op("request: POST /graphql, graphql: 'query ($n: Int!) { a(n: $n) }'"),
    /variables: \$n is required by the document and has no schema$/,
  ],
  [
    'a variable that the document does not have',
    op("request: POST /graphql, graphql: '{ a }', variables: { n: {} }"),
    /variables: the document has no \$n$/,
  ],
  [
    'a document beside a body',
    op("request: POST /graphql, graphql: '{ a }', body: { type: object }"),
    /a stored document is sent by POST, and makes the body itself$/,
  ],
  [
    'a document by GET',
    op("request: GET /graphql, graphql: '{ a }'"),
    /a stored document is sent by POST, and makes the body itself$/,
  ],

  // Answers
  [
    'a pointer that is none',
    op('request: GET /a, select: [number]'),
    /^14:\d+ tools\.api\.operations\.one\.select: "number" is not a JSON pointer: it must be empty or begin with \/$/,
  ],
  ['nothing selected', op('request: GET /a, select: []'), /^14:\d+ tools\.api\.operations\.one\.select: /],
  [
    'pages of an unknown form',
    op('request: GET /a, pages: { follow: cursor, max: 5 }'),
    /^14:\d+ tools\.api\.operations\.one\.pages\.follow: /,
  ],
  ['one page', ['allow: [GET /a]', 'pages: { follow: link, max: 1 }'], /^14:\d+ tools\.api\.pages\.max: /],
  ['too many pages', ['allow: [GET /a]', 'pages: { follow: link, max: 21 }'], /^14:\d+ tools\.api\.pages\.max: /],

  // allow
  ['an entry without a path', ['allow:', '  - { method: GET }'], /^14:\d+ tools\.api\.allow\.0\.path: is missing$/],
  ['an entry of another method', ['allow:', '  - { method: get, path: /a }'], /^14:\d+ tools\.api\.allow\.0\.method: /],
  [
    'an unknown key of an entry',
    ['allow:', '  - { method: GET, path: /a, querys: {} }'],
    /^14:\d+ tools\.api\.allow\.0\.querys: unknown key \(did you mean query\?\)$/,
  ],
  [
    'a schema of a segment that is not there',
    ['allow:', "  - { method: GET, path: '/a/:b', params: { c: {} } }"],
    '14:9 tools.api.allow.0: params: the path has no :c',
  ],
  [
    'an unknown keyword in a query',
    ['allow:', '  - GET /b', '  - { method: GET, path: /a, query: { a: { min: 1 } } }'],
    /^15:9 tools\.api\.allow\.1: a: .*unknown keyword: "min"/,
  ],
  [
    'an unknown keyword in a body',
    ['allow:', '  - { method: POST, path: /a, body: { type: object, propertys: {} } }'],
    /^14:9 tools\.api\.allow\.0: .*unknown keyword: "propertys"/,
  ],
  [
    'a $ref over the network',
    ['allow:', "  - { method: POST, path: /a, body: { $ref: 'https://example.com/a.json' } }"],
    /^14:9 tools\.api\.allow\.0: .*can't resolve reference/,
  ],
  [
    'a GraphQL path without documents',
    ['allow: [POST /api/graphql]'],
    /^13:\d+ tools\.api\.allow\.0: a GraphQL endpoint takes stored documents by name; list them under graphql$/,
  ],
  [
    'a document that is none',
    ['allow:', "  - { method: POST, path: /graphql, graphql: { open: { document: 'x' } } }"],
    /^14:9 tools\.api\.allow\.0: graphql: open: the document is not GraphQL/,
  ],
  [
    'documents beside a body',
    ['allow:', "  - { method: POST, path: /graphql, body: {}, graphql: { open: { document: '{ a }' } } }"],
    /tools\.api\.allow\.0: stored documents are sent by POST, and make the body themselves$/,
  ],
  [
    'a name of a document with a dash',
    ['allow:', "  - { method: POST, path: /graphql, graphql: { open-issues: { document: '{ a }' } } }"],
    /a name of letters, digits and _$/,
  ],

  // never
  [
    'a request without a method',
    ['allow: [GET /a]', 'never: { requests: [/a] }'],
    /^14:\d+ tools\.api\.never\.requests\.0: write it as METHOD \/path/,
  ],
  [
    'a request of another method',
    ['allow: [GET /a]', 'never: { requests: [ANY /a] }'],
    /^14:\d+ tools\.api\.never\.requests\.0: the first word must be \* or one of GET, /,
  ],
  [
    'an unknown key of never',
    ['allow: [GET /a]', 'never: { headers: [] }'],
    /^14:\d+ tools\.api\.never\.headers: unknown key/,
  ],

  // headers
  [
    'a header that the credential fills',
    ['allow: [GET /a]', 'credential: header', 'headers: { x-shop-key: a }'],
    /^15:\d+ tools\.api\.headers\.x-shop-key: is what the credential fills$/,
  ],
  [
    'a fixed header that the credential fills',
    ['credential: header', ...op('request: GET /a, fixed: { headers: { x-shop-key: a } }')],
    /^15:\d+ tools\.api\.operations\.one\.fixed\.headers\.x-shop-key: is what the credential fills$/,
  ],
  [
    'a fixed header that is an identity',
    op('request: GET /a, fixed: { headers: { cookie: a } }'),
    /tools\.api\.operations\.one\.fixed\.headers\.cookie: cookie: a literal secret does not belong in this file; use a credential$/,
  ],
  [
    'a fixed header that frames',
    op('request: GET /a, fixed: { headers: { host: a } }'),
    /host: is set by Keyhold itself$/,
  ],
  [
    'a parameter that the credential fills',
    ['credential: query', ...op('request: GET /a, query: { api-key: {} }')],
    /^15:\d+ tools\.api\.operations\.one\.query: api-key: is what the credential fills$/,
  ],

  // Where it connects
  [
    'a private address',
    ['base_url: https://10.0.0.1', 'allow: [GET /a]'],
    /^13:5 tools\.api\.base_url: 10\.0\.0\.1 .*not listed in unsafe_allow_private$/,
  ],
  [
    'a metadata address',
    ['base_url: http://169.254.169.254', 'unsafe_plain_http: true', 'allow: [GET /a]'],
    /^13:5 tools\.api\.base_url: 169\.254\.169\.254 .*never reached$/,
  ],
  [
    'a metadata address that is listed',
    ['allow: [GET /a]', 'unsafe_allow_private: [169.254.169.254/32]'],
    /^14:\d+ tools\.api\.unsafe_allow_private\.0: is link-local or a cloud metadata service, which is never reached, listed or not$/,
  ],
  [
    'a range that is none',
    ['allow: [GET /a]', 'unsafe_allow_private: [10.0.0.0/33]'],
    /unsafe_allow_private\.0: needs a number from 0 to 32 after the slash$/,
  ],
  [
    'a range with bits behind its prefix',
    ['allow: [GET /a]', 'unsafe_allow_private: [10.0.0.1/8]'],
    /unsafe_allow_private\.0: has bits set behind its prefix; write 10\.0\.0\.0\/8$/,
  ],
  [
    'a name instead of a range',
    ['allow: [GET /a]', 'unsafe_allow_private: [intern.example.com]'],
    /unsafe_allow_private\.0: is not a range of IP addresses, such as 10\.0\.0\.0\/8/,
  ],
  [
    'redirects of an unknown form',
    ['allow: [GET /a]', 'redirects: follow'],
    /^14:5 tools\.api\.redirects: .*none.*same_origin/,
  ],
  ['too many retries', ['allow: [GET /a]', 'retries: 6'], /^14:5 tools\.api\.retries: /],
  ['half a retry', ['allow: [GET /a]', 'retries: 1.5'], /^14:5 tools\.api\.retries: /],

  // TLS and proxy
  [
    'a file of authorities that does not exist',
    ['allow: [GET /a]', 'tls: { ca: /nowhere/ca.pem }'],
    /^14:\d+ tools\.api\.tls\.ca: there is no such file that can be read$/,
  ],
  [
    'a file of authorities by a relative path',
    ['allow: [GET /a]', 'tls: { ca: ca.pem }'],
    /^14:\d+ tools\.api\.tls\.ca: the absolute path of one file, without \*$/,
  ],
  [
    'a certificate that no credential is',
    ['allow: [GET /a]', 'tls: { certificate: nobody }'],
    /^14:\d+ tools\.api\.tls\.certificate: no credential is called nobody \(there are: key, query, header, partner\)$/,
  ],
  [
    'a certificate of another type',
    ['allow: [GET /a]', 'tls: { certificate: key }'],
    /^14:\d+ tools\.api\.tls\.certificate: a credential of type bearer cannot be used here; one of type mtls can$/,
  ],
  [
    'a client certificate as the credential',
    ['credential: partner', 'allow: [GET /a]'],
    '13:5 tools.api.credential: a credential of type mtls cannot be used here; one of type bearer or basic or api_key or oauth2 or github_app or aws_sigv4 or hmac or jwt can',
  ],
  [
    'a proxy with a password',
    ['allow: [GET /a]', "proxy: { url: 'http://me:pw@proxy.example.com:3128' }"],
    /^14:\d+ tools\.api\.proxy\.url: a URL here carries no user or password; use proxy\.credential$/,
  ],
  [
    'a proxy of another protocol',
    ['allow: [GET /a]', "proxy: { url: 'socks5://proxy.example.com' }"],
    /^14:\d+ tools\.api\.proxy\.url: not the URL of a proxy, such as http:\/\/proxy\.example\.com:3128$/,
  ],
  [
    'a proxy by a credential of another type',
    ['allow: [GET /a]', "proxy: { url: 'http://proxy.example.com:3128', credential: query }"],
    /^14:\d+ tools\.api\.proxy\.credential: a credential of type api_key cannot be used here; one of type basic or bearer can$/,
  ],

  // Idempotency
  [
    'no header',
    ['allow: [POST /a]', 'idempotency: { window: 10m }'],
    /^14:\d+ tools\.api\.idempotency\.header: is missing$/,
  ],
  [
    'what is no header',
    ['allow: [POST /a]', 'idempotency: { header: "a b" }'],
    /^14:\d+ tools\.api\.idempotency\.header: not a header name$/,
  ],
  [
    'a header that frames',
    ['allow: [POST /a]', 'idempotency: { header: Host }'],
    /^14:\d+ tools\.api\.idempotency\.header: /,
  ],
  [
    'a window that is too long',
    ['allow: [POST /a]', 'idempotency: { header: Idempotency-Key, window: 2d }'],
    /^14:\d+ tools\.api\.idempotency\.window: at most 1d$/,
  ],
  [
    'a window that is none',
    ['allow: [POST /a]', 'idempotency: { header: Idempotency-Key, window: long }'],
    /^14:\d+ tools\.api\.idempotency\.window: not a duration such as 10s, 5m, 1h or 30d$/,
  ],
  [
    'a header that the tool fixes too',
    ['allow: [POST /a]', 'headers: { idempotency-key: a }', 'idempotency: { header: Idempotency-Key }'],
    /^1[45]:\d+ tools\.api\.(?:headers|idempotency)\b.*$/,
  ],
  [
    'a header that the credential fills',
    ['allow: [POST /a]', 'credential: header', 'idempotency: { header: X-Shop-Key }'],
    /^15:\d+ tools\.api\.idempotency\.header: .*credential/,
  ],
]

describe('what is wrong is told with its place, its key and what to do', () => {
  test.each(wrong)('%s', async (_what, lines, expected) => {
    const replaced = lines.filter(line => /^(?:base_url|credential):/.test(line)).map(line => line.split(':')[0])
    const text = written(...lines)
      .split('\n')
      // A key that a case writes itself is not there twice; a comment keeps the numbers of the lines.
      .map((line, index) => (index < 12 && replaced.some(key => line.startsWith(`    ${key}:`)) ? '#' : line))
      .join('\n')
    const problems = (await problemsOf(text)).map(problem => problem.replace(/^keyhold\.yaml:/, ''))
    expect(problems).toEqual([typeof expected === 'string' ? expected : expect.stringMatching(expected)])
  })

  test('two tools that would offer the same MCP tool', async () => {
    const tool = (name: string, operation: string) =>
      `  ${name}: { kind: http, description: A, base_url: 'https://api.example.com', operations: { ${operation}: { request: GET /a, description: A. } } }\n`
    expect(await problemsOf(`version: 1\ntools:\n${tool('a', 'b_c')}${tool('a_b', 'c')}`)).toEqual([
      'keyhold.yaml:4:3 tools.a_b: two tools would both offer a_b_c',
    ])
  })

  test('all problems of a tool that can be told at once are told at once', async () => {
    const problems = await problemsOf(written('allow: [FETCH /a]', 'retries: 9', 'redirects: yes', 'proxy: { url: x }'))
    expect(problems).toHaveLength(4)
  })
})

describe('the command line', () => {
  test('keyhold check lists what is unsafe, and what is offered', async () => {
    const home = makeHome()
    try {
      home.writeConfig({
        version: 1,
        tools: {
          plain: {
            kind: 'http',
            description: 'A',
            base_url: 'http://intern.example.com',
            unsafe_plain_http: true,
            allow: ['GET /a'],
          },
          private: {
            kind: 'http',
            description: 'B',
            base_url: 'https://10.1.2.3',
            unsafe_allow_private: ['10.0.0.0/8'],
            operations: { one: { request: 'GET /a', description: 'A.' } },
          },
          safe: {
            kind: 'http',
            description: 'C',
            base_url: 'https://api.example.com',
            unsafe_plain_http: false,
            unsafe_allow_private: [],
            allow: ['GET /a'],
          },
        },
      })
      const ran = await home.run(['check'])
      expect(ran).toMatchObject({ code: 0, err: '' })
      expect(ran.out.split('\n').filter(line => line.startsWith('Unsafe:'))).toEqual([
        'Unsafe:    tools.plain.unsafe_plain_http is switched on',
        'Unsafe:    tools.private.unsafe_allow_private is switched on',
      ])
      expect(ran.out).toContain('MCP tools: plain_call_api, private_one, safe_call_api')
      const json = JSON.parse((await home.run(['check', '--json'])).out) as { readonly unsafe: unknown }
      expect(json.unsafe).toEqual(['tools.plain.unsafe_plain_http', 'tools.private.unsafe_allow_private'])
    } finally {
      home.remove()
    }
  })

  test('a private address without permission stops the start, with 2 and the place', async () => {
    const home = makeHome()
    home.writeConfig(written('allow: [GET /a]').replace('https://api.example.com/v1', 'https://192.168.1.1'))
    const ran = await home.run(['check'])
    home.remove()
    expect(ran.code).toBe(2)
    expect(ran.err).toMatch(
      /keyhold\.yaml:11:5 tools\.api\.base_url: 192\.168\.1\.1 .*not listed in unsafe_allow_private/,
    )
  })
})
