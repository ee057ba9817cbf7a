import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Attack, refused, sent } from '../../support/attempt.ts'
import { type CustomScene, setCustomScene } from '../../support/custom-scene.ts'
import { startUpstream, type Upstream } from '../../support/upstream.ts'

/* Methods, headers and query parameters by which a request would be another one, or somebody else's. */

const key = 'k3y-R4nd0mLookingValue'

let upstream: Upstream
let scene: CustomScene
beforeAll(async () => {
  upstream = await startUpstream()
  const tool = { kind: 'http', description: 'Items', base_url: upstream.url }
  scene = await setCustomScene({ key }, file => ({
    credentials: {
      bearer: { type: 'bearer', token: file('key') },
      in_query: { type: 'api_key', in: 'query', name: 'key', value: file('key') },
      in_header: { type: 'api_key', in: 'header', name: 'X-Api-Key', value: file('key') },
      if_match: { type: 'api_key', in: 'header', name: 'if-match', value: file('key') },
    },
    tools: {
      api: {
        ...tool,
        credential: 'bearer',
        headers: { accept: 'application/vnd.items+json' },
        allow: [
          'GET /open',
          {
            method: 'GET',
            path: '/items',
            query: {
              state: { enum: ['open', 'closed'] },
              page: { type: 'integer', minimum: 1, maximum: 50 },
              ids: { type: 'array', items: { type: 'integer' }, maxItems: 3 },
              draft: { type: 'boolean' },
              q: { type: 'string', maxLength: 10, pattern: '^[a-z]*$' },
            },
          },
          { method: 'GET', path: '/closed', query: {} },
          { method: 'GET', path: '/things/:id', params: { id: { type: 'integer', minimum: 1 } } },
          'POST /open',
        ],
        never: { query: ['expand[]', 'include'] },
      },
      keyed: { ...tool, credential: 'in_query', allow: ['GET /open'] },
      headed: { ...tool, credential: 'in_header', allow: ['GET /open', 'POST /open'] },
      matched: { ...tool, credential: 'if_match', allow: ['GET /open'] },
    },
  }))
})
afterAll(async () => {
  await scene?.end()
  await upstream?.close()
})

const open = { method: 'GET', path: '/open' }

const methods: readonly unknown[] = [
  'get',
  'Get',
  'GET ',
  ' GET',
  'GET\r\n',
  'GET /open HTTP/1.1\r\nx: y',
  'CONNECT',
  'TRACE',
  'OPTIONS',
  'PROPFIND',
  'PURGE',
  'LINK',
  'QUERY',
  'M-SEARCH',
  'PRI',
  '',
  '*',
  'GET,DELETE',
  ['GET'],
  ['GET', 'DELETE'],
  { toString: 'GET' },
  null,
  0,
  true,
  '__proto__',
]

describe('a method that is none of ours is refused, and nothing leaves', () => {
  test.each(methods.map(method => [JSON.stringify(method), method] as const))('%s', async (_shown, method) => {
    await refused(scene, upstream, 'api_call_api', { ...open, method }, 'invalid_input')
  })

  test.each(['PUT', 'PATCH', 'DELETE', 'HEAD'])('%s, which no entry has', async method => {
    await refused(scene, upstream, 'api_call_api', { ...open, method }, 'not_allowed')
  })
})

const badHeaders: readonly Record<string, unknown>[] = [
  { host: 'evil.example' },
  { Host: 'evil.example' },
  { ':authority': 'evil.example' },
  { ':path': '/admin' },
  { ':method': 'DELETE' },
  { authorization: 'Bearer mine' },
  { Authorization: '' },
  { 'proxy-authorization': 'Basic eDp5' },
  { cookie: 'session=1' },
  { 'set-cookie': 'session=1' },
  { 'x-api-key': 'mine' },
  { 'X-HTTP-Method-Override': 'DELETE' },
  { 'x-http-method': 'DELETE' },
  { 'x-method-override': 'DELETE' },
  { 'x-forwarded-for': '127.0.0.1' },
  { 'x-forwarded-host': 'evil.example' },
  { 'x-forwarded-proto': 'https' },
  { 'x-forwarded-prefix': '/admin' },
  { forwarded: 'for=127.0.0.1;host=evil.example' },
  { 'x-real-ip': '127.0.0.1' },
  { 'x-original-url': '/admin' },
  { 'x-rewrite-url': '/admin' },
  { 'x-host': 'evil.example' },
  { via: '1.1 evil' },
  { connection: 'close' },
  { connection: 'authorization' },
  { 'keep-alive': 'timeout=600' },
  { 'transfer-encoding': 'chunked' },
  { 'content-length': '0' },
  { te: 'trailers' },
  { trailer: 'authorization' },
  { upgrade: 'h2c' },
  { 'http2-settings': 'AAMAAABkAAQAAP__' },
  { expect: '100-continue' },
  { range: 'bytes=0-0' },
  { 'accept-encoding': 'identity' },
  { 'content-encoding': 'gzip' },
  { origin: 'https://evil.example' },
  { referer: 'https://evil.example' },
  { 'user-agent': 'evil' },
  { 'sec-fetch-site': 'same-origin' },
  { 'stripe-account': 'acct_1' },
  { 'x-amz-security-token': 'x' },
  { 'idempotency-key': '1' },
  { traceparent: '00-1-1-01' },
  { '': 'x' },
  { ' accept': 'x' },
  { 'accept ': 'x' },
  { 'accept:': 'x' },
  { 'accept\r\nx-injected': 'x' },
  { 'accept\u0000': 'x' },
  { аccept: 'a Cyrillic letter' },
  { accept: 'x\r\nx-injected: 1' },
  { accept: 'x\nx-injected: 1' },
  { accept: 'x\rx-injected: 1' },
  { accept: 'x\u0000' },
  { accept: 'x\u007f' },
  { accept: 'x\u0085y' },
  { accept: 'caf\u00e9' },
  { accept: '\u560d\u560ax-injected: 1' },
  { accept: 'a'.repeat(1_025) },
  { accept: ['text/html', 'x'] },
  { accept: 7 },
  { accept: null },
  { accept: { a: 1 } },
  { accept: 'text/html', Accept: 'text/plain' },
  { 'if-match': '"1"', 'IF-MATCH': '"2"' },
  { 'content-type': 'application/json' },
  { constructor: 'x' },
]

describe('a header that is not for agents, or not one header, is refused, and nothing leaves', () => {
  test.each(badHeaders.map(given => [JSON.stringify(given).slice(0, 80), given] as const))(
    '%s',
    async (_shown, given) => {
      await refused(scene, upstream, 'api_call_api', { ...open, headers: given }, 'invalid_input')
    },
  )

  const others: readonly Attack[] = [
    ['the header that the credential fills', { ...open, headers: { 'x-api-key': 'mine' } }, 'invalid_input'],
    ['the same in capitals', { ...open, headers: { 'X-API-KEY': 'mine' } }, 'invalid_input'],
    ['a list of headers', { ...open, headers: [['accept', 'x']] }, 'invalid_input'],
    ['a text of headers', { ...open, headers: 'accept: x' }, 'invalid_input'],
  ]
  test.each(others)('%s', async (_what, args, code) => {
    await refused(scene, upstream, 'headed_call_api', args, code)
  })

  test('an everyday header, when the credential fills just that', async () => {
    await refused(scene, upstream, 'matched_call_api', { ...open, headers: { 'If-Match': '"1"' } }, 'invalid_input')
    expect((await sent(scene, upstream, 'matched_call_api', open)).headers['if-match']).toBe(key)
  })

  test('__proto__ as a header', async () => {
    const args = JSON.parse('{"method":"GET","path":"/open","headers":{"__proto__":{"accept":"x"}}}')
    await refused(scene, upstream, 'api_call_api', args, 'invalid_input')
  })
})

const contentTypes: readonly string[] = [
  'application/json; charset=utf-7',
  'application/json; charset=utf-16',
  'application/json;charset=utf-8;charset=utf-7',
  'application/json; boundary=x',
  'application/json, text/xml',
  'application/json\t;x',
  'multipart/form-data; boundary=x',
  'application/xml',
  'application/octet-stream',
  'application/x-msgpack',
  'application/json/xml',
  'application/*',
  '*/*',
  'json',
  '',
  'text/plain',
  'text/html',
]

describe('a content type under which a server could read another body is refused, and nothing leaves', () => {
  test.each(contentTypes)('%s', async type => {
    const args = { method: 'POST', path: '/open', headers: { 'content-type': type }, body: { title: 'x' } }
    await refused(scene, upstream, 'api_call_api', args, 'invalid_input')
  })

  test('a form, which the entry does not name', async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    await refused(
      scene,
      upstream,
      'api_call_api',
      { method: 'POST', path: '/open', headers, body: { a: 1 } },
      'not_allowed',
    )
  })

  test('a text that says it is JSON', async () => {
    const headers = { 'content-type': 'application/json' }
    await refused(
      scene,
      upstream,
      'api_call_api',
      { method: 'POST', path: '/open', headers, body: '{"a":1}' },
      'invalid_input',
    )
  })
})

const reserved: readonly string[] = [
  '_method',
  '_METHOD',
  '_Method',
  ' _method',
  '_method ',
  '_method[]',
  '_method[0]',
  '%5fmethod',
  '%5Fmethod',
  '%255fmethod',
  '%25255fmethod',
  '_meth%6fd',
  '_method%00',
  '_method\u0000x',
  '_method\u0000',
  '_met\u200bhod',
  '\uff3fmethod',
  '_method',
  '_mеthod\u0000',
  '.method',
  'X-HTTP-Method-Override',
  'x_http_method_override',
  'xHttpMethodOverride',
  'x.http.method.override',
  'HTTP_X_HTTP_METHOD_OVERRIDE',
  '$httpMethod',
  '$HttpHeaders',
  '$ct',
  'authorization',
  'Authorization',
  'HTTP_AUTHORIZATION',
  'access_token',
  'access-token',
  'accessToken',
  'ACCESS.TOKEN',
  'access token',
  'access+token',
  'access_token[]',
  'access%5ftoken',
  '[access_token]',
  'access_token]',
  'access_token[',
  '?access_token',
  '&access_token',
  'bearer_token',
  'oauth_token',
  'private_token',
  'job_token',
  'jwt',
  'X-Amz-Signature',
  'AWSAccessKeyId',
  'X-Goog-Api-Key',
  'x-forwarded-host',
  'X_Forwarded_For',
  'x-forwarded-anything',
  'X-Original-URL',
  'rest_route',
  'sudo_x\u0000',
  'impersonate',
  'doAs',
  'switch_user',
  'os_username',
  'PHPSESSID',
  'jsessionid',
  'ASPSESSIONIDQQ',
  'cookie',
  '_route',
  '_controller',
  '\ufffd_method',
  '\ud800',
]

describe('a query parameter that could change method, route or identity is refused in every spelling', () => {
  test.each(reserved.map(name => [JSON.stringify(name), name] as const))('%s', async (_shown, name) => {
    await refused(scene, upstream, 'api_call_api', { ...open, query: { [name]: 'x' } }, 'invalid_input')
  })

  test.each(['key', 'KEY', 'Key', ' key', 'key[]', 'key[0]', 'k%65y', '$key', 'ke\u200by', '%6b%65%79'])(
    'that of the credential: %s',
    async name => {
      await refused(scene, upstream, 'keyed_call_api', { ...open, query: { [name]: 'mine' } }, 'invalid_input')
    },
  )

  test.each([
    'expand[]',
    'expand',
    'Expand',
    'EXPAND[]',
    'expand[0]',
    '%65xpand',
    'include',
    'include[a][b]',
    ' include',
  ])('that under never: %s', async name => {
    await refused(scene, upstream, 'api_call_api', { ...open, query: { [name]: 'x' } }, 'not_allowed')
  })
})

const items = { method: 'GET', path: '/items' }
const closed: readonly Attack[] = [
  ['an unknown name', { ...items, query: { sort: 'x' } }, 'not_allowed'],
  ['a known name in capitals', { ...items, query: { State: 'open' } }, 'not_allowed'],
  ['a known name with brackets', { ...items, query: { 'state[]': 'open' } }, 'not_allowed'],
  ['a known name with an index', { ...items, query: { 'ids[0]': 1 } }, 'not_allowed'],
  ['a known name with a space before it', { ...items, query: { ' state': 'open' } }, 'not_allowed'],
  ['a known name, encoded', { ...items, query: { 'st%61te': 'open' } }, 'not_allowed'],
  ['a known name with more behind &', { ...items, query: { 'state=open&admin': '1' } }, 'not_allowed'],
  ['an empty name', { ...items, query: { '': 'x' } }, 'not_allowed'],
  ['a value that is not listed', { ...items, query: { state: 'all' } }, 'not_allowed'],
  ['a listed value in capitals', { ...items, query: { state: 'OPEN' } }, 'not_allowed'],
  ['a listed value with more behind &', { ...items, query: { state: 'open&admin=1' } }, 'not_allowed'],
  ['a listed value with a line end', { ...items, query: { state: 'open\n' } }, 'not_allowed'],
  ['a list where one value is expected', { ...items, query: { state: ['open', 'closed'] } }, 'not_allowed'],
  ['a list of one', { ...items, query: { state: ['open'] } }, 'not_allowed'],
  ['an empty list', { ...items, query: { state: [] } }, 'not_allowed'],
  ['0 below the minimum', { ...items, query: { page: 0 } }, 'not_allowed'],
  ['a number above the maximum', { ...items, query: { page: 51 } }, 'not_allowed'],
  ['the same as text', { ...items, query: { page: '51' } }, 'not_allowed'],
  ['a fraction', { ...items, query: { page: 1.5 } }, 'not_allowed'],
  ['a number with a plus', { ...items, query: { page: '+1' } }, 'not_allowed'],
  ['a number with a space', { ...items, query: { page: ' 1' } }, 'not_allowed'],
  ['a number with zeros', { ...items, query: { page: '01' } }, 'not_allowed'],
  ['a hexadecimal number', { ...items, query: { page: '0x1' } }, 'not_allowed'],
  ['a number with an exponent', { ...items, query: { page: '1e1' } }, 'not_allowed'],
  ['a number in other digits', { ...items, query: { page: '１' } }, 'not_allowed'],
  ['an empty number', { ...items, query: { page: '' } }, 'not_allowed'],
  ['true as a number', { ...items, query: { page: true } }, 'not_allowed'],
  ['NaN', { ...items, query: { page: 'NaN' } }, 'not_allowed'],
  ['a list with one bad item', { ...items, query: { ids: [1, 'x'] } }, 'not_allowed'],
  ['a list that is too long', { ...items, query: { ids: [1, 2, 3, 4] } }, 'not_allowed'],
  ['a boolean as a number', { ...items, query: { draft: 1 } }, 'not_allowed'],
  ['a boolean in capitals', { ...items, query: { draft: 'TRUE' } }, 'not_allowed'],
  ['a text that is too long', { ...items, query: { q: 'a'.repeat(11) } }, 'not_allowed'],
  ['a text that does not fit the pattern', { ...items, query: { q: 'a/b' } }, 'not_allowed'],
  ['a text that fits but for a line end', { ...items, query: { q: 'a\n' } }, 'not_allowed'],
  ['one good and one unknown', { ...items, query: { state: 'open', admin: '1' } }, 'not_allowed'],
  ['__proto__ as a name', JSON.parse('{"method":"GET","path":"/items","query":{"__proto__":"x"}}'), 'invalid_input'],
  ['constructor as a name', { ...items, query: { constructor: 'x' } }, 'not_allowed'],
  ['toString as a name', { ...items, query: { toString: 'x' } }, 'not_allowed'],
  ['anything where {} permits nothing', { method: 'GET', path: '/closed', query: { a: '' } }, 'not_allowed'],
  ['a null', { ...items, query: { state: null } }, 'invalid_input'],
  ['an object', { ...items, query: { state: { $ne: 'open' } } }, 'invalid_input'],
  ['a list in a list', { ...items, query: { ids: [[1]] } }, 'invalid_input'],
  ['a text as the query', { ...items, query: 'state=open' }, 'invalid_input'],
  ['a list as the query', { ...items, query: [['state', 'open']] }, 'invalid_input'],
  ['a query in the path', { ...items, path: '/items?admin=1' }, 'invalid_input'],
  ['a query in the path, encoded', { ...items, path: '/items%3fadmin=1' }, 'not_allowed'],
  ['a body on GET', { ...items, body: { state: 'all' } }, 'invalid_input'],
  ['an unknown argument', { ...items, base_url: 'http://evil.example' }, 'invalid_input'],
  ['another url', { ...items, url: 'http://evil.example' }, 'invalid_input'],
  ['no arguments', {}, 'invalid_input'],
  ['a path that is a list', { ...items, path: ['/items'] }, 'invalid_input'],
  ['a segment that is no number', { method: 'GET', path: '/things/abc' }, 'not_allowed'],
  ['a segment below the minimum', { method: 'GET', path: '/things/0' }, 'not_allowed'],
  ['a segment with a sign', { method: 'GET', path: '/things/+1' }, 'not_allowed'],
  ['a segment with a zero', { method: 'GET', path: '/things/01' }, 'not_allowed'],
  ['a segment that only begins as a number', { method: 'GET', path: '/things/1%20or%201=1' }, 'not_allowed'],
  ['a segment in other digits', { method: 'GET', path: '/things/１' }, 'not_allowed'],
  ['a query that is too large', { ...open, query: { q: 'a'.repeat(300_000) } }, 'invalid_input'],
]

describe('a query that is not what the entry asks for is refused, and nothing leaves', () => {
  test.each(closed)('%s', async (_what, args, code) => {
    await refused(scene, upstream, 'api_call_api', args, code)
  })
})

test('after all of them, a control call of each tool works, as what it was planned to be', async () => {
  const seen = await sent(scene, upstream, 'api_call_api', { ...open, headers: { accept: 'text/html' } })
  expect(seen).toMatchObject({ method: 'GET', url: '/open', body: '' })
  expect(seen.headers).toEqual({
    host: new URL(upstream.url).host,
    connection: 'keep-alive',
    accept: 'application/vnd.items+json', // the admin's, whatever the agent says
    'accept-encoding': 'gzip, br',
    authorization: `Bearer ${key}`,
  })
  expect((await sent(scene, upstream, 'keyed_call_api', { ...open, query: { monkey: 'x' } })).url).toBe(
    `/open?monkey=x&key=${key}`,
  )
  expect((await sent(scene, upstream, 'headed_call_api', open)).headers['x-api-key']).toBe(key)
  expect(upstream.requests).toHaveLength(4)
})
