import * as z from 'zod'
import { Secret } from '../secret.ts'
import { passwordProblem } from './basic.ts'
import { EndpointKeys, EndpointUrl } from './endpoint.ts'
import { algorithmsOf, type ClientProof, clientAlgorithms, clientKeyProblem } from './oauth2-proof.ts'
import { privateKeyOf } from './pem.ts'
import type { ExchangeReading, Reader } from './reading.ts'
import { Kept, Source } from './source.ts'
import { tokenProblem } from './value-problem.ts'

const Printable = z.string().regex(/^[\x20-\x7e]{1,512}$/, '1-512 printable ASCII characters (RFC 6749, A)')

const Resource = z
  .string()
  .max(2_048)
  .refine(text => URL.canParse(text) && !text.includes('#'), 'an absolute URI without fragment (RFC 8707, 2)')

/** What `keyhold credential login` puts into an authorization request itself. */
const ownParameters = [
  'response_type',
  'client_id',
  'redirect_uri',
  'scope',
  'state',
  'code_challenge',
  'code_challenge_method',
  'audience',
  'resource',
]

/** What would make a login fail, or weaken it, or put a secret into an address. */
const harmfulParameters = [
  'response_mode', // the answer is read from the query alone
  'request', // RFC 9101: takes the place of every other parameter, state and code_challenge among them
  'request_uri',
  'nonce', // no id_token is looked at
  'id_token_hint',
  'dpop_jkt', // tokens are presented as Bearer
  'client_secret',
  'client_assertion',
  'client_assertion_type',
  'code_verifier',
  'code',
  'grant_type',
]

const AuthorizationParameters = z
  .record(z.string(), Printable)
  .superRefine((parameters, context) => {
    for (const name of Object.keys(parameters)) {
      const message = parameterProblem(name)
      if (message !== null) context.addIssue({ code: 'custom', path: [name], message })
    }
  })
  .default({})

function parameterProblem(name: string): string | null {
  if (!/^[a-z][a-z0-9_]{0,63}$/.test(name)) return 'not the name of a parameter'
  if (ownParameters.includes(name)) return 'keyhold fills this parameter itself'
  return harmfulParameters.includes(name) ? 'a login with this parameter would fail, or not be safe' : null
}

/** The name of a scope (RFC 6749, 3.3). */
export const scopePattern = /^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/

const Keys = z.strictObject({
  type: z.literal('oauth2'),
  grant: z
    .enum(['client_credentials', 'refresh_token'])
    .describe('refresh_token: on behalf of a person who logged in once'),
  token_url: EndpointUrl.describe('Where access tokens are fetched'),
  client_id: Printable,
  client_authentication: z
    .enum(['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'])
    .optional()
    .describe('How the client proves itself; follows from the key or the secret when left out'),
  client_secret: Source.optional(),
  private_key: Source.optional().describe('PEM, for private_key_jwt (RFC 7523)'),
  algorithm: z.enum(clientAlgorithms).optional().describe('Follows from the private key when left out'),
  key_id: Printable.optional().describe('The name by which the provider knows the private key'),
  issuer: Resource.optional().describe('The issuer identifier of the provider: the audience of signed assertions'),
  scopes: z.array(z.string().regex(scopePattern, 'a scope is one word (RFC 6749, 3.3)')).max(64).default([]),
  audience: Printable.optional().describe('What the token is for, at providers that ask for an audience'),
  resource: Resource.optional().describe('What the token is for (RFC 8707)'),
  refresh_token: Kept.optional().describe('Where the refresh token is kept; keyhold credential login puts it there'),
  authorization_url: EndpointUrl.optional().describe('Where a person logs in with a browser'),
  authorization_parameters: AuthorizationParameters.describe('Sent there too, such as access_type: offline'),
  device_authorization_url: EndpointUrl.optional().describe('Where a login on another device begins (RFC 8628)'),
  ...EndpointKeys,
})

/** A client of an OAuth 2 server, whose credentials are exchanged for access tokens (RFC 6749). */
export const Oauth2Credential = Keys.superRefine((credential, context) => {
  for (const [key, message] of problemsOf(credential)) context.addIssue({ code: 'custom', path: [key], message })
})

export type Oauth2Credential = z.output<typeof Oauth2Credential>

/** Lists what does not go together, by the key to look at. */
function problemsOf(credential: z.output<typeof Keys>): readonly (readonly [string, string])[] {
  const {
    grant,
    client_authentication: named,
    client_secret: secret,
    private_key: key,
    refresh_token: refresh,
  } = credential
  const problems: [string, string][] = []
  if (secret !== undefined && key !== undefined)
    problems.push(['private_key', 'a client has a client_secret or a private_key, not both'])
  const wantsKey = named === 'private_key_jwt'
  const wantsSecret = named === 'client_secret_basic' || named === 'client_secret_post'
  if (wantsKey && key === undefined) problems.push(['client_authentication', 'private_key_jwt needs a private_key'])
  else if (wantsSecret && secret === undefined)
    problems.push(['client_authentication', `${named} needs a client_secret`])
  else if (named === 'none' && (secret !== undefined || key !== undefined))
    problems.push(['client_authentication', 'with none there is no use for a client_secret or a private_key'])
  for (const only of ['key_id', 'algorithm'] as const) {
    if (credential[only] !== undefined && key === undefined) problems.push([only, 'belongs to a private_key'])
  }
  if (grant === 'refresh_token') {
    if (refresh === undefined) problems.push(['refresh_token', 'say where the refresh token is kept: { kept: NAME }'])
    return problems
  }
  if (secret === undefined && key === undefined)
    problems.push(['grant', 'client_credentials needs a client_secret or a private_key to prove who asks'])
  for (const only of ['refresh_token', 'authorization_url', 'device_authorization_url'] as const) {
    if (credential[only] !== undefined) problems.push([only, 'belongs to the grant refresh_token'])
  }
  if (Object.keys(credential.authorization_parameters).length > 0)
    problems.push(['authorization_parameters', 'belongs to the grant refresh_token'])
  return problems
}

/** What is longer than this is no refresh token; it has to fit into a request. */
const maxRefreshTokenLength = 8_192

/** What is wrong with a value as a refresh token; null when nothing is. */
export function refreshTokenProblem(value: string): string | null {
  return value.length > maxRefreshTokenLength
    ? `is longer than ${maxRefreshTokenLength} characters`
    : tokenProblem(value)
}

/** Reads what a client proves itself with, and its refresh token, if it has one. What a tool presents has yet to be fetched. */
export async function readOauth2(credential: Oauth2Credential, reader: Reader): Promise<ExchangeReading> {
  const proof = await readProof(credential, reader)
  const kept = credential.refresh_token
  const refreshToken = kept === undefined ? null : await reader.read(kept, 'refresh token', refreshTokenProblem)
  const secrets = [...proof.hidden, ...(refreshToken === null ? [] : [refreshToken])]
  return {
    async exchange(exchanging) {
      const { fetchAccessToken } = await import('./oauth2-token.ts')
      return fetchAccessToken({ name: reader.name, credential, proof: proof.proof, ...exchanging })
    },
    secrets: secrets.map(value => new Secret(reader.name, value)),
    fingerprint: reader.fingerprint(refreshToken ?? proof.hidden[0] ?? ''),
  }
}

/** Reads what a client proves itself with; `hidden` has to be redacted. */
export async function readProof(
  credential: Oauth2Credential,
  reader: Pick<Reader, 'read'>,
): Promise<{ readonly proof: ClientProof; readonly hidden: readonly string[] }> {
  const { client_secret: secretSource, private_key: keySource } = credential
  if (secretSource !== undefined) {
    const secret = await reader.read(secretSource, 'client secret', passwordProblem)
    const isInBody = credential.client_authentication === 'client_secret_post'
    return { proof: { type: isInBody ? 'post' : 'basic', secret }, hidden: [secret] }
  }
  if (keySource === undefined) return { proof: { type: 'none' }, hidden: [] }
  const text = await reader.read(keySource, 'private key', value => clientKeyProblem(value, credential.algorithm))
  const parsed = privateKeyOf(text)
  if (typeof parsed === 'string') throw new TypeError('a key was read that is none')
  const algorithm = credential.algorithm ?? algorithmsOf(parsed.key)[0]
  if (algorithm === undefined) throw new TypeError('a key was read that cannot sign')
  return { proof: { type: 'key', key: parsed.key, algorithm }, hidden: [parsed.pem] }
}
