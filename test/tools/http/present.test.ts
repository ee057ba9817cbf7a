import { expect, test } from 'vitest'
import type { LeasedCredential } from '../../../src/kind.ts'
import { Secret } from '../../../src/secret.ts'
import { present, presentedParameter } from '../../../tools/http/present.ts'

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
