import { createRedactor } from '../redact/redactor.ts'
import { Refusal } from '../refusal.ts'
import { Secret } from '../secret.ts'
import { replaceKept } from './kept.ts'
import { type Oauth2Credential, refreshTokenProblem, scopePattern } from './oauth2.ts'
import { lifeOf } from './oauth2-answer.ts'
import { type Asked, type Oauth2Client, openClient } from './oauth2-client.ts'
import type { ClientProof } from './oauth2-proof.ts'
import { type Occasion, whyRefused } from './oauth2-refused.ts'
import type { Exchanged, Exchanging } from './reading.ts'
import { tokenProblem } from './value-problem.ts'

/** What a provider granted. */
interface Granted {
  /** Null when there was none in the answer. */
  readonly refreshToken: string | null
  /** A refusal when there is a refresh token to be stored, but no access token that can be used. */
  readonly token: AccessToken | Refusal
}

interface AccessToken {
  readonly value: string
  /** In milliseconds. */
  readonly expiresAt: number
}

/** More fits into no header that servers take, and would be costly to redact. */
const maxTokenLength = 8_192

/**
 * Fetches an access token. A refresh token that is replaced on the way is stored before the access token is given to anybody.
 *
 * @throws Refusal credential_unavailable, with nothing in it that the other side wrote
 */
export async function fetchAccessToken(
  input: Pick<Exchanging, 'places' | 'clock' | 'timeoutMs' | 'fingerprint'> & {
    readonly name: string
    readonly credential: Oauth2Credential
    readonly proof: ClientProof
  },
): Promise<Exchanged> {
  const { name, credential, places } = input
  const deadline = performance.now() + input.timeoutMs
  const client = await openClient(input)
  const asked: Asked = { hidden: new Set(), granted: null }
  const parameters = parametersOf(credential)
  const options = () => client.options(asked, Math.max(1, Math.round(deadline - performance.now())))
  const { library, server, authentication } = client
  const item = credential.refresh_token?.kept
  let newest: string | null = null

  async function byClient(): Promise<Granted> {
    return granted(client, asked, 'call', () =>
      library.clientCredentialsGrantRequest(server, client.client, authentication, parameters, options()),
    )
  }

  async function byRefreshToken(refreshToken: string): Promise<{ readonly value: string; readonly result: Granted }> {
    asked.hidden.add(refreshToken)
    const additionalParameters = parameters
    const result = await granted(client, asked, 'call', () =>
      library.refreshTokenGrantRequest(server, client.client, authentication, refreshToken, {
        ...options(),
        additionalParameters,
      }),
    )
    newest = result.refreshToken ?? refreshToken
    return { value: newest, result }
  }

  // A request that is cut short may have used the refresh token up: waiting for others leaves it at least half of the time.
  const waitMs = input.timeoutMs / 2
  const { token } = await (item === undefined ? byClient() : replaceKept(item, places, waitMs, byRefreshToken))
  if (token instanceof Refusal) throw token
  const secrets = [...asked.hidden].map(value => new Secret(name, value))
  const secret = new Secret(name, token.value)
  const hidden = [secret, ...secrets]
  const known = [...hidden, ...('secret' in input.proof ? [new Secret(name, input.proof.secret)] : [])]
  return {
    credential: { type: 'bearer', scheme: 'Bearer', token: secret },
    secrets: hidden,
    expiresAt: token.expiresAt,
    asked: describeGrant(credential, describeOther(credential, asked.granted?.['scope'], known)),
    ...(newest === null ? {} : { fingerprint: input.fingerprint(newest) }),
  }
}

/** Says in one line for the record what a token is asked for, and what was granted where that is something else. */
function describeGrant({ grant, scopes, audience, resource }: Oauth2Credential, other: string | null): string {
  return [
    `grant ${grant}`,
    scopes.length === 0 ? 'no scopes named' : `scopes: ${scopes.join(' ')}`,
    ...(audience === undefined ? [] : [`audience: ${audience}`]),
    ...(resource === undefined ? [] : [`resource: ${resource}`]),
    ...(other === null ? [] : [`granted: ${other}`]),
  ].join('; ')
}

/** So many characters of what was granted are recorded. */
const maxGrantedLength = 1_000

/** Names the scopes that were granted, where they are others than were asked for (RFC 6749, 5.1); null where they are not. */
function describeOther({ scopes }: Oauth2Credential, scope: unknown, known: readonly Secret[]): string | null {
  if (typeof scope !== 'string' || scope === '') return null
  const names = new Set(scope.split(' ').filter(name => scopePattern.test(name)))
  const named = (each: Iterable<string>) =>
    [...each]
      .filter(name => name !== 'offline_access')
      .sort()
      .join(' ')
  const given = named(names)
  if (given === '' || given === named(new Set(scopes))) return null
  // The other side wrote it, who also knows the secrets.
  const text = createRedactor(known).text(given)
  return text.length > maxGrantedLength ? `${text.slice(0, maxGrantedLength)}...` : text
}

/** What a token is asked for with. A scope that only asks for a refresh token has no meaning beside one. */
function parametersOf({ scopes, audience, resource }: Oauth2Credential): Record<string, string> {
  const scope = scopes.filter(each => each !== 'offline_access').join(' ')
  return {
    ...(scope === '' ? {} : { scope }),
    ...(audience === undefined ? {} : { audience }),
    ...(resource === undefined ? {} : { resource }),
  }
}

/**
 * Makes one request to the token endpoint and judges the answer.
 *
 * @throws Refusal credential_unavailable when nothing was granted
 */
export async function granted(
  client: Oauth2Client,
  asked: Asked,
  occasion: Occasion,
  send: () => Promise<Response>,
): Promise<Granted> {
  const { library, server, name } = client
  const unavailable = (why: string) => new Refusal('credential_unavailable', `${name}: ${why}`)
  asked.granted = null
  let isConform = true
  try {
    // The same for every grant, but for what comes with an id_token.
    await library.processGenericTokenEndpointResponse(server, client.client, await send())
  } catch (error) {
    if (error instanceof library.ResponseBodyError) throw new GrantRefused(error.error, occasion, client)
    // An answer with a status of 200 may hold a new refresh token whatever else is wrong with it.
    if (asked.granted === null) throw error instanceof Refusal ? error : unavailable('the request cannot be made')
    isConform = false
  }
  const fields = asked.granted as Asked['granted']
  if (fields === null) throw unavailable('the token endpoint gave no answer that can be used')
  const refreshToken = fields['refresh_token'] || null
  const refreshProblem = refreshToken === null ? null : stringProblem(refreshToken, refreshTokenProblem)
  if (refreshProblem !== null) throw unavailable(`the new refresh token ${refreshProblem}`)
  const problem =
    accessProblem(fields) ?? (isConform ? null : 'the token endpoint answered with something that is not a token')
  const life = lifeOf(fields['expires_in'])
  const token =
    problem !== null || life === null
      ? unavailable(problem ?? 'the token is said to end at once, or at no time that makes sense (expires_in)')
      : { value: fields['access_token'] as string, expiresAt: client.clock() + life * 1_000 }
  return { refreshToken: refreshToken as string | null, token }
}

function accessProblem(fields: NonNullable<Asked['granted']>): string | null {
  const { access_token: token, token_type: type } = fields
  if (token === undefined) return 'the token endpoint answered without a token; look at token_url'
  const problem = stringProblem(token, value =>
    value.length > maxTokenLength ? `is longer than ${maxTokenLength} characters` : tokenProblem(value),
  )
  if (problem !== null) return `the token ${problem}`
  // RFC 6749, 7.1: a token of a type that is not known must not be used.
  if (typeof type === 'string' && type.toLowerCase() === 'bearer') return null
  return 'the token is not of the type Bearer, and so cannot be presented'
}

function stringProblem(value: unknown, problemOf: (value: string) => string | null): string | null {
  return typeof value === 'string' ? problemOf(value) : 'is no text'
}

/** What may come before a grant to a device (RFC 8628, 3.5). */
const notYet = ['authorization_pending', 'slow_down'] as const

/** What a provider says that cannot answer at the moment (RFC 6749, 4.1.2.1). */
const passing = ['temporarily_unavailable', 'server_error']

/** A refusal in the words of OAuth, of which only those are kept that are known. */
export class GrantRefused extends Refusal {
  readonly notYet: (typeof notYet)[number] | null
  /** Whether the same request may succeed a while later. */
  readonly mayPass: boolean

  constructor(oauthCode: string, occasion: Occasion, { credential, name }: Pick<Oauth2Client, 'credential' | 'name'>) {
    super('credential_unavailable', `${name}: ${whyRefused(oauthCode, credential, name, occasion)}`)
    this.notYet = notYet.find(code => code === oauthCode) ?? null
    this.mayPass = passing.includes(oauthCode)
  }
}
