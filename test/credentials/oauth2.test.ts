import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { inspect } from 'node:util'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Credential } from '../../src/credentials/credential.ts'
import type { Lease, LeaseOptions } from '../../src/credentials/lend.ts'
import { type OauthProvider, startOauthProvider } from '../support/oauth-provider.ts'
import { leasingOf, redactedBy } from './reading.ts'

const secret = 's3cret/+with:odd %26 chars='
const keys = {
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  p256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  p384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  ed25519: generateKeyPairSync('ed25519'),
}
const pem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }) as string
const metadata = {
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
  scope: 'invoices.read invoices.write',
}

let provider: OauthProvider
beforeAll(async () => {
  const jwks = {
    keys: Object.entries(keys).map(([kid, { publicKey }]) => ({
      ...publicKey.export({ format: 'jwk' }),
      kid,
      use: 'sig',
    })),
  }
  provider = await startOauthProvider({
    clients: [
      { ...metadata, client_id: 'b-a.s_i:c', client_secret: secret, token_endpoint_auth_method: 'client_secret_basic' },
      { ...metadata, client_id: 'post', client_secret: secret, token_endpoint_auth_method: 'client_secret_post' },
      { ...metadata, client_id: 'signed', token_endpoint_auth_method: 'private_key_jwt', jwks },
    ],
  })
})
afterAll(() => provider.close())

const written = { type: 'oauth2', grant: 'client_credentials', scopes: ['invoices.read'] }

function leasing(
  rest: object,
  environment: Record<string, string> = { SECRET: secret },
  options: Partial<LeaseOptions> = {},
) {
  return leasingOf({ ...written, token_url: provider.tokenUrl, ...rest }, environment, options)
}

function tokenOf({ credential }: Lease): string {
  if (credential.type !== 'bearer') throw new Error(`a client became ${credential.type}`)
  return credential.token.use(value => value)
}

describe('client credentials', () => {
  test.each([
    ['client_secret_basic', { client_id: 'b-a.s_i:c', client_secret: { env: 'SECRET' } }],
    [
      'client_secret_post',
      { client_id: 'post', client_secret: { env: 'SECRET' }, client_authentication: 'client_secret_post' },
    ],
  ])('%s is exchanged for a token that the provider accepts', async (_method, client) => {
    const lease = await leasing(client).get()
    const token = tokenOf(lease)
    expect(await provider.accepts(token)).toBe(true)
    expect(provider.tokenRequests.at(-1)).toMatchObject({
      status: 200,
      answer: { access_token: token, scope: 'invoices.read' },
    })
    expect(lease.asked).toBe('grant client_credentials; scopes: invoices.read')
    expect(lease.expiresAt).toBeGreaterThan(Date.now() + 3_590_000)
    expect(lease.expiresAt).toBeLessThanOrEqual(Date.now() + 3_600_000)
    expect(redactedBy(lease)).toEqual(expect.arrayContaining([token, secret]))
    const printed = inspect(lease, { depth: null, showHidden: true }) + JSON.stringify(lease)
    for (const hidden of redactedBy(lease)) expect(printed).not.toContain(hidden)
  })

  test('a secret is form-encoded before it is Basic, and what is sent is redacted', async () => {
    const lease = await leasing({ client_id: 'b-a.s_i:c', client_secret: { env: 'SECRET' } }).get()
    const sent = provider.tokenRequests.at(-1)?.headers.authorization?.replace(/^Basic /, '') ?? ''
    expect(Buffer.from(sent, 'base64').toString()).toBe('b-a.s_i%3Ac:s3cret%2F%2Bwith%3Aodd+%2526+chars%3D')
    expect(redactedBy(lease)).toContain(sent)
  })

  test.each([
    ['rsa', undefined, 'RS256'],
    ['rsa', 'PS256', 'PS256'],
    ['p256', undefined, 'ES256'],
    ['p384', undefined, 'ES384'],
    ['ed25519', undefined, 'EdDSA'],
  ] as const)(
    'private_key_jwt with a key of the kind %s and algorithm %s signs with %s',
    async (kid, algorithm, expected) => {
      const client = {
        client_id: 'signed',
        private_key: { env: 'KEY' },
        key_id: kid,
        ...(algorithm === undefined ? {} : { algorithm }),
      }
      const key = pem(keys[kid].privateKey)
      const lease = await leasing(client, { KEY: key }).get()
      expect(await provider.accepts(tokenOf(lease))).toBe(true)
      const assertion = provider.tokenRequests.at(-1)?.form.get('client_assertion') ?? ''
      expect(decodeProtectedHeader(assertion)).toEqual({ alg: expected, kid })
      expect(redactedBy(lease)).toEqual(expect.arrayContaining([assertion, key.trim()]))
    },
  )

  test('an assertion is for this provider, short, backdated for clocks that are behind, and never the same twice', async () => {
    const client = { client_id: 'signed', private_key: { env: 'KEY' } }
    const now = Date.now() - 20_000
    for (const issuer of [undefined, provider.url]) {
      const rest = issuer === undefined ? {} : { issuer }
      await leasing({ ...client, ...rest }, { KEY: pem(keys.p256.privateKey) }, { clock: () => now }).get()
      const assertion = provider.tokenRequests.at(-1)?.form.get('client_assertion') ?? ''
      const claims = decodeJwt(assertion)
      const seconds = Math.floor(now / 1_000)
      expect(claims).toMatchObject({ iss: 'signed', sub: 'signed', aud: issuer ?? provider.tokenUrl })
      expect(claims).toMatchObject({ iat: seconds - 60, nbf: seconds - 60, exp: seconds + 60 })
      expect(decodeProtectedHeader(assertion)).toEqual({ alg: 'ES256' })
    }
    const ids = provider.tokenRequests.flatMap(({ form }) => {
      const assertion = form.get('client_assertion')
      return assertion === null ? [] : [decodeJwt(assertion).jti]
    })
    expect(ids.length).toBeGreaterThan(2)
    expect(new Set(ids).size).toBe(ids.length)
  })

  test.each([
    [
      'another secret',
      { client_id: 'post', client_secret: { env: 'OTHER' }, client_authentication: 'client_secret_post' },
      'the provider does not accept the client; look at client_id, client_secret and client_authentication',
    ],
    [
      'another client',
      { client_id: 'nobody', client_secret: { env: 'SECRET' } },
      'the provider does not accept the client; look at client_id, client_secret and client_authentication',
    ],
    [
      'another key',
      { client_id: 'signed', private_key: { env: 'KEY' } },
      'the provider does not accept the client; look at client_id, private_key, key_id, issuer and at the clock of this machine',
    ],
    [
      'a scope that it may not have',
      {
        client_id: 'post',
        client_secret: { env: 'SECRET' },
        client_authentication: 'client_secret_post',
        scopes: ['openid'],
      },
      'the provider does not grant what is asked for; look at scopes',
    ],
  ])('with %s there is no token, and what to look at is said', async (_what, client, why) => {
    const stranger = pem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
    const environment = { SECRET: secret, OTHER: 'another secret', KEY: stranger }
    await expect(leasing(client, environment).get()).rejects.toMatchObject({
      code: 'credential_unavailable',
      message: `shop: ${why}`,
    })
  })

  test('audience and resource are asked for, and recorded', async () => {
    const target = { audience: 'https://api.example.com/', resource: 'https://api.example.com/v1' }
    const lease = await leasing({ client_id: 'b-a.s_i:c', client_secret: { env: 'SECRET' }, ...target }).get()
    expect(Object.fromEntries(provider.tokenRequests.at(-1)?.form ?? [])).toEqual({
      grant_type: 'client_credentials',
      scope: 'invoices.read',
      ...target,
    })
    expect(lease.asked).toBe(
      'grant client_credentials; scopes: invoices.read; audience: https://api.example.com/; resource: https://api.example.com/v1',
    )
  })

  test.each([
    [
      'a short RSA key',
      generateKeyPairSync('rsa', { modulusLength: 1024 }),
      {},
      'is an RSA key of fewer than 2048 bits',
    ],
    [
      'a key of another curve',
      generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
      {},
      'is not an RSA, a P-256, a P-384 or an Ed25519 key',
    ],
    ['a key to agree with', generateKeyPairSync('x25519'), {}, 'is not an RSA, a P-256, a P-384 or an Ed25519 key'],
    ['a key for another algorithm', keys.p384, { algorithm: 'ES256' }, 'cannot sign with ES256; it can with ES384'],
    ['an RSA key for EdDSA', keys.rsa, { algorithm: 'EdDSA' }, 'cannot sign with EdDSA; it can with RS256 or PS256'],
  ] as const)('%s is refused before anything is sent', async (_what, key, rest, why) => {
    const before = provider.tokenRequests.length
    const way = leasing({ client_id: 'signed', private_key: { env: 'KEY' }, ...rest }, { KEY: pem(key.privateKey) })
    await expect(way.get()).rejects.toMatchObject({ message: `the private key of shop ${why}` })
    expect(provider.tokenRequests.length).toBe(before)
  })
})

describe('a configuration that cannot work is refused', () => {
  const at = 'https://id.example.com'
  const some = { type: 'oauth2', token_url: `${at}/token`, client_id: 'me' }
  const machine = { ...some, grant: 'client_credentials' }
  const person = { ...some, grant: 'refresh_token', refresh_token: { kept: 'me' } }
  const key = { private_key: { env: 'KEY' } }
  const own = { client_secret: { env: 'SECRET' } }

  test.each<[object, string]>([
    [machine, 'grant: client_credentials needs a client_secret or a private_key to prove who asks'],
    [
      { ...machine, client_authentication: 'none' },
      'grant: client_credentials needs a client_secret or a private_key to prove who asks',
    ],
    [{ ...machine, ...own, ...key }, 'private_key: a client has a client_secret or a private_key, not both'],
    [
      { ...machine, ...own, client_authentication: 'private_key_jwt' },
      'client_authentication: private_key_jwt needs a private_key',
    ],
    [
      { ...machine, ...key, client_authentication: 'client_secret_post' },
      'client_authentication: client_secret_post needs a client_secret',
    ],
    [
      { ...person, ...own, client_authentication: 'none' },
      'client_authentication: with none there is no use for a client_secret or a private_key',
    ],
    [
      { ...person, ...key, client_authentication: 'none' },
      'client_authentication: with none there is no use for a client_secret or a private_key',
    ],
    [{ ...machine, ...own, key_id: 'k' }, 'key_id: belongs to a private_key'],
    [{ ...machine, ...own, algorithm: 'RS256' }, 'algorithm: belongs to a private_key'],
    [{ ...machine, ...own, refresh_token: { kept: 'me' } }, 'refresh_token: belongs to the grant refresh_token'],
    [{ ...machine, ...own, authorization_url: `${at}/auth` }, 'authorization_url: belongs to the grant refresh_token'],
    [
      { ...machine, ...own, device_authorization_url: `${at}/device` },
      'device_authorization_url: belongs to the grant refresh_token',
    ],
    [
      { ...machine, ...own, authorization_parameters: { prompt: 'login' } },
      'authorization_parameters: belongs to the grant refresh_token',
    ],
    [{ ...some, grant: 'refresh_token' }, 'refresh_token: say where the refresh token is kept: { kept: NAME }'],
    [{ ...person, refresh_token: 'a-literal-secret' }, 'refresh_token: Invalid input'],
    [
      { ...person, authorization_parameters: { state: 'x' } },
      'authorization_parameters.state: keyhold fills this parameter itself',
    ],
    ...[
      'response_mode',
      'request',
      'request_uri',
      'nonce',
      'id_token_hint',
      'dpop_jkt',
      'client_secret',
      'client_assertion',
      'client_assertion_type',
      'code_verifier',
      'code',
      'grant_type',
    ].map((name): [object, string] => [
      { ...person, authorization_parameters: { [name]: 'x' } },
      `authorization_parameters.${name}: a login with this parameter would fail, or not be safe`,
    ]),
    ...[
      ' https://id.example.com/token',
      'https://id.example.com/token ',
      'https:id.example.com/token',
      'https:/id.example.com/token',
      'https:///id.example.com/token',
      'https:\\\\id.example.com/token',
      'https://id.example.com\\token',
      'https://id.exam\tple.com/token',
      'https://id.example.com/to\nken',
      'https://id.example.com/a b',
      '\u0001https://id.example.com/token',
    ].map((token_url): [object, string] => [
      { ...machine, ...own, token_url },
      'token_url: an https URL without user, query and fragment (http only on this machine)',
    ]),
    [{ ...person, authorization_parameters: { 'a b': 'x' } }, 'authorization_parameters.a b'],
    [
      { ...machine, ...own, token_url: 'http://id.example.com/token' },
      'token_url: an https URL without user, query and fragment (http only on this machine)',
    ],
    [{ ...machine, ...own, scopes: ['two words'] }, 'scopes.0: a scope is one word (RFC 6749, 3.3)'],
    [
      { ...machine, ...own, resource: 'https://a.example.com/#x' },
      'resource: an absolute URI without fragment (RFC 8707, 2)',
    ],
    [{ ...machine, ...own, client_id: 'a\nb' }, 'client_id: 1-512 printable ASCII characters (RFC 6749, A)'],
    [{ ...machine, client_secret: 'a-literal-secret' }, 'client_secret: a literal secret does not belong in this file'],
    [{ ...machine, ...own, secret: 'x' }, ''],
  ])('%j', (credential, expected) => {
    const problems = (Credential.safeParse(credential).error?.issues ?? []).map(
      ({ path, message }) => `${path.join('.')}: ${message}`,
    )
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(expected)
    expect(problems[0]).not.toContain('a-literal-secret')
  })

  test.each(
    [machine, person]
      .flatMap(each => [
        { ...each, ...own },
        { ...each, ...key },
      ])
      .concat([person as never]),
  )('while this can: %j', credential => {
    expect(Credential.safeParse(credential).error).toBeUndefined()
  })
})
