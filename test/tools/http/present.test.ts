import { describe, expect, test } from 'vitest'
import type { LeasedCredential } from '../../../src/leased.ts'
import { Secret } from '../../../src/secret.ts'
import { pathAndQuery, present, presentedParameter, signedHeaders } from '../../../tools/http/present.ts'

const secret = (value: string) => new Secret('shop', value)

test.each<[string, LeasedCredential | null, object, string, string | null]>([
  ['none', null, {}, '', null],
  [
    'a token',
    { type: 'bearer', scheme: 'Bearer', token: secret('t0ken') },
    { authorization: 'Bearer t0ken' },
    '',
    null,
  ],
  [
    'a token of another scheme',
    { type: 'bearer', scheme: 'GenieKey', token: secret('t0ken') },
    { authorization: 'GenieKey t0ken' },
    '',
    null,
  ],
  [
    'user and password',
    { type: 'basic', userAndPassword: secret('me:pässwörd') },
    { authorization: 'Basic bWU6cMOkc3N3w7ZyZA==' },
    '',
    null,
  ],
  [
    'a key in a header',
    { type: 'api_key', in: 'header', name: 'x-api-key', value: secret('k+/=') },
    { 'x-api-key': 'k+/=' },
    '',
    null,
  ],
  [
    'a key in the query',
    { type: 'api_key', in: 'query', name: 'apiKey', value: secret('k+/=&x') },
    {},
    'apiKey=k%2B%2F%3D%26x',
    'apiKey',
  ],
  ['a client certificate', { type: 'mtls', certificate: 'PEM', privateKey: secret('PEM') }, {}, '', null],
])('%s', (_what, credential, headers, query, parameter) => {
  expect(present(credential)).toEqual({ headers, query })
  expect(presentedParameter(credential)).toBe(parameter)
})

test.each<LeasedCredential>([
  { type: 'password', username: 'me', password: secret('pa55word') },
  { type: 'ssh_key', privateKey: secret('PEM') },
])('$type is never presented: nothing is sent without what it was meant to be sent with', credential => {
  expect(() => present(credential)).toThrow(expect.objectContaining({ code: 'internal' }))
})

describe('a signer', () => {
  const request = { method: 'GET', url: new URL('https://api.example/a?b=1'), headers: { accept: '*/*' }, body: null }
  const signer: LeasedCredential = {
    type: 'signer',
    key: secret('k3y'),
    sign: async ({ method, url, headers }) => ({
      headers: { 'x-signature': secret(`${method} ${url.href} ${Object.keys(headers).join()}`), 'x-time': '1' },
      derived: [],
    }),
  }

  test('adds what it made of the whole request, and nothing without one', async () => {
    expect(present(signer)).toEqual({ headers: {}, query: '' })
    expect(await signedHeaders(signer, request)).toEqual({
      'x-signature': 'GET https://api.example/a?b=1 accept',
      'x-time': '1',
    })
    expect(await signedHeaders(null, request)).toEqual({})
    expect(await signedHeaders({ type: 'bearer', scheme: 'Bearer', token: secret('t0ken') }, request)).toEqual({})
  })

  test.each([
    ['/a+b', 'q=c+d%2B', '/a%2Bb?q=c%20d%2B', '/a+b?q=c+d%2B'],
    ['/a', '', '/a', '/a'],
  ])('signs no + in %s?%s', (path, query, signed, plain) => {
    expect(pathAndQuery(signer, path, query)).toBe(signed)
    expect(pathAndQuery(null, path, query)).toBe(plain)
  })
})
