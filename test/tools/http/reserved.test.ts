import { describe, expect, test } from 'vitest'
import { normalParameter, reservedParameter } from '../../../tools/http/reserved.ts'

const full = (text: string) =>
  [...text].map(letter => String.fromCodePoint((letter.codePointAt(0) ?? 0) + 0xfee0)).join('')
const encodeAll = (text: string) =>
  [...Buffer.from(text)].map(byte => `%${byte.toString(16).padStart(2, '0')}`).join('')

const dangerous = [
  // as documented
  '_method',
  '_http_method',
  'method_override',
  'http_method',
  'X-HTTP-Method',
  'X-HTTP-Method-Override',
  'X-Method-Override',
  '$httpMethod',
  '$httpHeaders',
  '$ct',
  'access_token',
  'oauth_token',
  'auth_token',
  'bearer_token',
  'authorization',
  'Proxy-Authorization',
  'private_token',
  'job_token',
  'jwt',
  'cookie',
  'Set-Cookie',
  'jsessionid',
  'PHPSESSID',
  'ASPSESSIONIDQQABCDEF',
  'ASP.NET_SessionId',
  'connect.sid',
  '_session_id',
  'forwarded',
  'X-Forwarded-Host',
  'X-Forwarded-Proto',
  'x_forwarded_for',
  'X-Original-URL',
  'X-Rewrite-URL',
  'rest_route',
  '_switch_user',
  'os_username',
  'os_password',
  'X-Amz-Signature',
  'X-Goog-Credential',
  'impersonate_user',
  'doAs',
  'HTTP_AUTHORIZATION',
  'HTTP_X_HTTP_METHOD_OVERRIDE',
  'HTTP_X_FORWARDED_HOST',
  // case and separators
  '_METHOD',
  '_Method',
  'AccessToken',
  'accessToken',
  'access-token',
  'access.token',
  'access token',
  'access+token',
  'http.method',
  'HTTPMETHOD',
  // PHP makes `_` of these at the start
  '.method',
  '-method',
  '__method',
  '._method',
  // white space and what some parsers strip around a name
  ' _method',
  '_method ',
  '\u00a0_method',
  '\u3000_method',
  '+_method',
  '?_method',
  '&_method',
  ';_method',
  // brackets
  '_method[]',
  '_method[0]',
  '_method[a][b]',
  '_method[',
  '_method]',
  '[_method]',
  '[[_method',
  '][_method',
  'access[token',
  'x[http[method',
  '[]_method',
  'a[b]_method',
  '[x]',
  // encodings
  '%5fmethod',
  '%5Fmethod',
  '%255fmethod',
  '%25255fmethod',
  '%%35fmethod',
  '%25%35%66method',
  '%u005fmethod',
  '%25u005fmethod',
  'access%5ftoken',
  'access%2btoken',
  'access%20token',
  'access%252Etoken',
  '_method%5b%5d',
  '_method%255b0%255d',
  '%20_method',
  encodeAll('_method'),
  encodeAll(encodeAll('_method')),
  encodeAll(encodeAll(encodeAll('access_token'))),
  `%${'25'.repeat(5_000)}5fmethod`,
  // Unicode that normalises or folds to ASCII
  full('_method'),
  full('access_token'),
  encodeAll(full('_method')),
  full('%5fmethod'),
  '_\u{1d426}\u{1d41e}\u{1d42d}\u{1d421}\u{1d428}\u{1d41d}',
  'acce\u017f\u017f_token',
  'coo\u212aie',
  'author\u0131zation',
  '_\u24dcethod',
  // control, invisible and undecodable characters
  '_method\0',
  '_method\0x',
  '_method%00x',
  '\u0000_method',
  '_met\u200bhod',
  '_met\u00adhod',
  '\ufeff_method',
  '\t_method',
  '_method\r\n',
  'page\0',
  'pa%0d%0age',
  '%c1%9fmethod',
  'a\ud800',
  'a\ufffd',
]

test.each(dangerous)('%j is reserved', name => {
  expect(reservedParameter(name)).toBe(true)
})

test('a name that is still encoded after many rounds is reserved', () => {
  let name = 'page'
  for (let round = 0; round < 12; round++) name = name.replaceAll('p', '%70').replaceAll('7', '%37')
  expect(reservedParameter(name)).toBe(true)
})

const innocent = [
  '',
  '_',
  'method',
  'methods',
  'payment_method',
  'method_id',
  'shipping[method]',
  'filter[_method]',
  'key',
  'api_key',
  'apikey',
  'token',
  'page_token',
  'pageToken',
  'next_token',
  'continuation-token',
  'host',
  'hostname',
  'hosts[]',
  'url',
  'route',
  'session_id',
  'sessionToken',
  'sid',
  'user',
  'username',
  'user.name',
  'password',
  'sudo',
  'author',
  'authors',
  'authored_by',
  'authorize_url',
  'auth',
  'auth_type',
  'cookies',
  'cookie_policy',
  'forward',
  'forwarded_at',
  'forwarding',
  'x',
  'x_original',
  'x-request-id',
  'http',
  'https',
  'http_status',
  'query',
  'q',
  'state',
  'page',
  'per_page',
  'sort',
  'order',
  'labels',
  'since',
  'expand[]',
  'expand',
  'line_items[0][price_data][currency]',
  'fields[articles]',
  'filter[created_at][gte]',
  'created>',
  '$filter',
  '$select',
  '$top',
  '$alt',
  'ct',
  '_cb',
  '_id',
  '_embed',
  '_fields',
  'on_behalf_of',
  'id',
  'name',
  'naïve',
  'größe',
  '名前',
  '100%',
  '50%off',
  'a%20b',
  'first name',
  'a+b',
  'tag:team',
  'v1.2',
  '@type',
  'constructor',
  '__proto__',
  'toString',
  'jwt_algorithm',
  'access',
  'access_level',
  'access_tokens_enabled',
  'oauth',
  'oauth_client',
  'http_methods',
  'restore',
  'impersonated',
]

test.each(innocent)('%j is not reserved', name => {
  expect(reservedParameter(name)).toBe(false)
})

describe('names that a server may take for the same', () => {
  const same: readonly (readonly [string, string])[] = [
    ['api_key', 'API-Key'],
    ['api_key', 'apiKey'],
    ['api_key', 'api.key'],
    ['api_key', 'api%5fkey'],
    ['api_key', 'api%255Fkey'],
    ['api_key', ' api_key '],
    ['api_key', full('api_key')],
    ['key', 'KEY'],
    ['key', 'key[]'],
    ['key', '[key]'],
    ['key', 'key[0][a]'],
    ['key', 'key\0x'],
    ['key', 'k\u200bey'],
    ['key', '$key'],
    ['key', '%6b%65%79'],
    ['token', 'to\u212aen'],
    ['expand[]', 'expand'],
    ['expand[]', 'expand[0]'],
    ['expand[]', 'Expand%5B%5D'],
    ['_id', '.id'],
  ]
  test.each(same)('%j and %j', (a, b) => {
    expect(normalParameter(a)).toBe(normalParameter(b))
    expect(normalParameter(a)).toBe(normalParameter(b))
  })

  const other: readonly (readonly [string, string])[] = [
    ['key', 'keys'],
    ['key', 'api_key'],
    ['_id', 'id'],
    ['_method', 'method'],
    ['expand', 'expanded'],
    ['a[b]', 'b'],
    ['token', 'page_token'],
    ['a', ''],
    ['größe', 'grobe'],
  ]
  test.each(other)('%j and %j are not', (a, b) => {
    expect(normalParameter(a)).not.toBe(normalParameter(b))
  })

  test('the normal form of a normal form is itself', () => {
    for (const name of [...dangerous, ...innocent]) {
      const normal = normalParameter(name)
      expect(normalParameter(normal)).toBe(normal)
    }
  })
})

test('every reserved name stays reserved in any mix of case, encoding and brackets', () => {
  const random = sequence(7)
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  const names = ['_method', 'access_token', 'x-http-method-override', 'authorization', 'jsessionid', 'x-forwarded-host']
  for (let round = 0; round < 3_000; round++) {
    let name = [...pick(names)]
      .map(letter =>
        pick([letter, letter.toUpperCase(), encodeAll(letter), encodeAll(encodeAll(letter)), full(letter)]),
      )
      .join('')
    name = pick(['', ' ', '%20', '+', '$']) + name + pick(['', '[]', '[x]', ' ', '%5b%5d', '\0y', '['])
    expect(reservedParameter(name), JSON.stringify(name)).toBe(true)
  }
})

test('a huge name costs linear time', () => {
  const started = performance.now()
  for (const piece of ['%25', '%2525', '[', ']', '_', ' ', '%', '%u0025', '\u200b', '$', '[]', '%5b'])
    reservedParameter(piece.repeat(30_000))
  expect(performance.now() - started).toBeLessThan(5_000)
})

/** A repeatable sequence of numbers from 0 to 1 (mulberry32). */
function sequence(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
