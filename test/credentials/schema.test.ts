import { describe, expect, test } from 'vitest'
import { Credential, presentedBy, sourcesOf } from '../../src/credentials/credential.ts'

const secret = 'sk_live_0123456789abcdefABCDEF'
const env = (name: string) => ({ env: name })
const app = { type: 'github_app', app_id: '1234', installation_id: '5678', private_key: env('KEY') }

describe('a credential in the configuration', () => {
  test.each([
    ['a bearer token', { type: 'bearer', token: env('A') }, ['authorization'], [], 1],
    ['a name and a password', { type: 'basic', username: 'ann', password: env('A') }, ['authorization'], [], 1],
    ['a secret name', { type: 'basic', username: env('A'), password: { value: '' } }, ['authorization'], [], 1],
    ['two secrets', { type: 'basic', username: env('A'), password: env('B') }, ['authorization'], [], 2],
    ['no name', { type: 'basic', username: '', password: env('A') }, ['authorization'], [], 1],
    ['a name with accents', { type: 'basic', username: 'José', password: env('A') }, ['authorization'], [], 1],
    ['a header', { type: 'api_key', in: 'header', name: 'X-Api-Key', value: env('A') }, ['x-api-key'], [], 1],
    [
      'a header with a prefix',
      { type: 'api_key', in: 'header', name: 'authorization', value: env('A'), prefix: 'Token ' },
      ['authorization'],
      [],
      1,
    ],
    [
      'two headers',
      { type: 'api_key', headers: { 'DD-API-KEY': env('A'), 'DD-APPLICATION-KEY': env('B') } },
      ['dd-api-key', 'dd-application-key'],
      [],
      2,
    ],
    ['a user of a database', { type: 'password', username: 'orders', password: env('A') }, [], [], 1],
    [
      'a user that a store makes',
      { type: 'password', username: { vault: 'db/creds/ro#username' }, password: { vault: 'db/creds/ro#password' } },
      [],
      [],
      2,
    ],
    ['a parameter', { type: 'api_key', in: 'query', name: 'apiKey', value: env('A') }, [], ['apikey'], 1],
    ['an app', app, ['authorization'], [], 1],
    ['an app by its client id', { ...app, app_id: 'Iv23liABCDEFGHIJKLMN' }, ['authorization'], [], 1],
    ['an app of a server', { ...app, api_url: 'https://git.corp.example/api/v3' }, ['authorization'], [], 1],
    ['an app on this machine', { ...app, api_url: 'http://127.0.0.1:8080' }, ['authorization'], [], 1],
    ['a certificate', { type: 'mtls', certificate: env('A'), private_key: env('B') }, [], [], 2],
  ])('%s is accepted', (_, written, headers, query, sources) => {
    const credential = Credential.parse(written)
    expect(presentedBy(credential)).toEqual({ headers, query })
    expect(sourcesOf(credential)).toHaveLength(sources)
    // A worker parses it again.
    expect(Credential.parse(JSON.parse(JSON.stringify(credential)))).toEqual(credential)
  })

  const header = { type: 'api_key', in: 'header', name: 'x-key', value: env('A') }
  test.each([
    ['a literal password', { type: 'basic', username: 'ann', password: secret }, 'password', 'a literal secret'],
    ['one in braces', { type: 'basic', username: 'ann', password: { value: secret } }, 'password', 'a literal secret'],
    ['a number', { type: 'basic', username: 'ann', password: { value: 12345678 } }, 'password', 'a literal secret'],
    [
      'a literal beside a source',
      { type: 'basic', username: 'ann', password: { ...env('A'), value: secret } },
      'password',
      'Unrecognized key',
    ],
    ['no password', { type: 'basic', username: 'ann', password: null }, 'password', 'for an empty password'],
    [
      'a literal as user name',
      { type: 'basic', username: secret, password: { value: '' } },
      'username',
      'a literal secret does not belong',
    ],
    ['a pair as user name', { type: 'basic', username: `ann:${secret}`, password: env('A') }, 'username', "no ':'"],
    ['a line break', { type: 'basic', username: 'ann\nx', password: env('A') }, 'username', 'no control characters'],
    ['a user name in braces', { type: 'basic', username: { value: secret }, password: env('A') }, 'username', 'text'],
    [
      'headers beside a header',
      { ...header, headers: { 'x-b': env('B') } },
      'in',
      'with headers, each key has its header',
    ],
    ['no headers at all', { type: 'api_key', headers: {} }, 'headers', '1-8 headers'],
    ['a header twice', { type: 'api_key', headers: { 'X-A': env('A'), 'x-a': env('B') } }, 'headers', 'twice'],
    ['a header that steers', { type: 'api_key', headers: { Host: env('A') } }, 'headers', 'steers the request'],
    ['a literal in a header', { type: 'api_key', headers: { 'x-a': secret } }, 'headers', 'a literal secret'],
    ['a key without a place', { type: 'api_key', value: env('A') }, 'in', 'is missing'],
    ['a literal key', { ...header, value: secret }, 'value', 'a literal secret'],
    ['a key in braces', { ...header, value: { value: secret } }, 'value', 'exactly one source'],
    ['a header with a space', { ...header, name: `x ${secret}` }, 'name', 'a header is named with'],
    ['a header with a line break', { ...header, name: 'x-key\r\nx' }, 'name', 'a header is named with'],
    ['no header', { ...header, name: '' }, 'name', 'a header is named with'],
    ['a prefix with a line break', { ...header, prefix: `a\n${secret}` }, 'prefix', 'a prefix is'],
    ['a prefix that begins with a space', { ...header, prefix: ' Token' }, 'prefix', 'a prefix is'],
    ['a prefix in the query', { ...header, in: 'query', prefix: 'Token ' }, 'prefix', 'only a key in a header'],
    ['a parameter with &', { ...header, in: 'query', name: 'a&b' }, 'name', 'a query parameter is named with'],
    ['a long parameter', { ...header, in: 'query', name: 'a'.repeat(65) }, 'name', 'a query parameter is named'],
    ['another place', { ...header, in: 'cookie' }, 'in', 'either header or query'],
    ['a literal key of an app', { ...app, private_key: secret }, 'private_key', 'a literal secret'],
    ['a path as app', { ...app, app_id: '../1' }, 'app_id', 'the id of the app'],
    ['a path as installation', { ...app, installation_id: '1/../../user' }, 'installation_id', 'digits'],
    ['plain http', { ...app, api_url: 'http://api.github.com' }, 'api_url', 'an https URL'],
    ['a name that only begins local', { ...app, api_url: 'http://127.0.0.1.evil.example' }, 'api_url', 'an https URL'],
    ['a URL with a password', { ...app, api_url: `https://u:${secret}@api.github.com` }, 'api_url', 'an https URL'],
    ['a URL with a query', { ...app, api_url: `https://api.github.com?${secret}` }, 'api_url', 'an https URL'],
    ['another scheme', { ...app, api_url: 'file:///etc' }, 'api_url', 'an https URL'],
    ['a literal certificate', { type: 'mtls', certificate: secret, private_key: env('A') }, 'certificate', 'a literal'],
  ])('%s is refused with a reason that does not repeat it', (_, written, key, reason) => {
    const { error } = Credential.safeParse(written)
    expect(error?.issues.map(issue => issue.path[0])).toEqual([key])
    expect(error?.issues[0]?.message).toContain(reason)
    expect(error?.issues.map(issue => issue.message).join()).not.toContain(secret)
  })

  test.each(
    (
      'host connection content-length content-type content-encoding transfer-encoding te trailer upgrade expect ' +
      'keep-alive accept-encoding cookie proxy-authorization Host TRANSFER-ENCODING'
    ).split(' '),
  )('the header %s holds no key', name => {
    const { error } = Credential.safeParse({ ...header, name })
    expect(error?.issues).toMatchObject([{ path: ['name'], message: expect.stringContaining('steers the request') }])
  })

  test.each([
    { type: 'digest', token: env('A') },
    { ...header, extra: 1 },
    { ...app, token: env('A') },
    { type: 'mtls', certificate: env('A') },
  ])('%j is refused', written => {
    expect(Credential.safeParse(written).success).toBe(false)
  })
})
