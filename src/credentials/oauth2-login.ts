import { setTimeout as sleep } from 'node:timers/promises'
import { isLoopbackHost } from '../net/address.ts'
import { Refusal } from '../refusal.ts'
import type { Oauth2Credential } from './oauth2.ts'
import type { Asked, Oauth2Client } from './oauth2-client.ts'
import { NotNow } from './oauth2-refused.ts'
import { GrantRefused, granted } from './oauth2-token.ts'

/** A login in a browser that has begun. */
export interface BrowserLogin {
  /** What the person opens. */
  readonly url: URL
  /** Tells the answer to this login from any other request. */
  readonly state: string
  /**
   * Exchanges what the browser came back with for a refresh token.
   *
   * @throws Refusal credential_unavailable
   */
  finish(parameters: URLSearchParams, signal: AbortSignal): Promise<string>
}

/** How long one request to the provider may take. */
const requestMs = 10_000

/** Begins a login with an authorization code and PKCE (RFC 6749, 4.1; RFC 7636; RFC 8252). */
export async function beginBrowserLogin(client: Oauth2Client, redirectUri: string): Promise<BrowserLogin> {
  const { library, credential, server } = client
  const state = library.generateRandomState()
  const verifier = library.generateRandomCodeVerifier()
  const url = new URL(credential.authorization_url ?? '')
  url.search = new URLSearchParams({
    ...(credential.scopes.includes('offline_access') ? { prompt: 'consent' } : {}), // OpenID Connect Core, 11
    ...credential.authorization_parameters,
    ...parametersOf(credential),
    response_type: 'code',
    client_id: credential.client_id,
    redirect_uri: redirectUri,
    state,
    code_challenge: await library.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  }).toString()
  return {
    url,
    state,
    async finish(parameters, signal) {
      const valid = judged(client, parameters, state)
      return refreshTokenFrom(client, options =>
        library.authorizationCodeGrantRequest(
          server,
          client.client,
          client.authentication,
          valid,
          redirectUri,
          verifier,
          {
            ...options(signal),
            additionalParameters: targetOf(credential),
          },
        ),
      )
    },
  }
}

function judged(client: Oauth2Client, parameters: URLSearchParams, state: string): URLSearchParams {
  const { library, name, credential } = client
  const issuer = credential.issuer ?? issuerAt(credential.authorization_url ?? '', parameters.get('iss'))
  try {
    const valid = library.validateAuthResponse({ ...client.server, issuer }, client.client, parameters, state)
    if (valid.getAll('code').length === 1) return valid
    throw new Error('not one code')
  } catch (error) {
    if (error instanceof library.AuthorizationResponseError) throw new GrantRefused(error.error, 'login', client)
    const why =
      'the browser came back with an answer that cannot be used, or that names another provider; look at issuer'
    throw new Refusal('credential_unavailable', `${name}: ${why}`)
  }
}

/** RFC 9207: who answers is who was asked. Where no issuer is configured, it has to be at the same origin. */
function issuerAt(authorizationUrl: string, named: string | null): string {
  const { origin } = new URL(authorizationUrl)
  return named !== null && URL.parse(named)?.origin === origin ? named : origin
}

/** What a person is shown who logs in on another device. Made of characters that cannot harm a terminal. */
export interface DeviceCode {
  readonly userCode: string
  readonly url: string
  /** With the code in it; null when the provider gives none. */
  readonly completeUrl: string | null
}

/** What a person is told during a login on another device. */
export interface DeviceTold {
  /** Is called once, with what the person needs. */
  readonly show: (code: DeviceCode) => void
  /** Is called when the provider does not answer for the first time; it will be asked again. */
  readonly onFailure: (why: string) => void
}

/** What is waited between two questions, at least and at most, in seconds (RFC 8628, 3.5). */
const interval = { usual: 5, least: 1, most: 300, slowerBy: 5 } as const

/** What is waited at most after a question that was not answered, in seconds, where the interval is not longer. */
const mostAfterFailure = 60

/**
 * Logs in with a code that is entered on any device (RFC 8628); gives the refresh token.
 *
 * @throws Refusal credential_unavailable, or what the signal was aborted with
 */
export async function logInByDevice(client: Oauth2Client, told: DeviceTold, signal: AbortSignal): Promise<string> {
  const { library, server, authentication, credential } = client
  const begun = await beginDevice(client, signal)
  const deadline = performance.now() + begun.expires_in * 1_000
  told.show(shownOf(client, begun))
  let seconds = Math.min(Math.max(begun.interval ?? interval.usual, interval.least), interval.most)
  let failures = 0
  let isTold = false
  for (;;) {
    const backoff = Math.max(seconds, Math.min(seconds * 2 ** failures, mostAfterFailure))
    await sleep(backoff * 1_000, undefined, { signal }).catch(() => signal.throwIfAborted())
    try {
      return await refreshTokenFrom(client, options =>
        library.deviceCodeGrantRequest(server, client.client, authentication, begun.device_code, {
          ...options(signal),
          additionalParameters: targetOf(credential),
        }),
      )
    } catch (error) {
      const notYet = error instanceof GrantRefused ? error.notYet : null
      if (notYet === null && !mayPass(error)) throw error
      failures = notYet === null ? failures + 1 : 0
      if (notYet === 'slow_down') seconds += interval.slowerBy
      if (performance.now() >= deadline)
        throw notYet === null ? error : new GrantRefused('expired_token', 'login', client)
      if (notYet !== null || isTold) continue
      isTold = true
      told.onFailure((error as Refusal).message)
    }
  }
}

function mayPass(error: unknown): boolean {
  return error instanceof NotNow || (error instanceof GrantRefused && error.mayPass)
}

async function beginDevice(client: Oauth2Client, signal: AbortSignal) {
  const { library, server, authentication, credential } = client
  const asked: Asked = { hidden: new Set(), granted: null }
  const options = client.options(asked, requestMs, signal)
  try {
    const answer = await library.deviceAuthorizationRequest(
      server,
      client.client,
      authentication,
      parametersOf(credential),
      options,
    )
    return await library.processDeviceAuthorizationResponse(server, client.client, answer)
  } catch (error) {
    if (error instanceof library.ResponseBodyError) throw new GrantRefused(error.error, 'login', client)
    if (asked.granted === null) throw error
    throw noDeviceCode(client)
  }
}

function shownOf(
  client: Oauth2Client,
  begun: { readonly user_code: string; readonly verification_uri: string; readonly verification_uri_complete?: string },
): DeviceCode {
  const url = pageOf(begun.verification_uri)
  if (url === null || !/^[\x20-\x7e]{1,64}$/.test(begun.user_code)) throw noDeviceCode(client)
  return { userCode: begun.user_code, url, completeUrl: pageOf(begun.verification_uri_complete ?? '') }
}

/** The parser of URLs writes out nothing but printable ASCII. */
function pageOf(text: string): string | null {
  const url = URL.parse(text)
  if (url === null || url.username !== '' || url.password !== '' || url.href.length > 2_048) return null
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackHost(url.hostname)) ? url.href : null
}

function noDeviceCode({ name }: Oauth2Client): Refusal {
  const what =
    'the device authorization endpoint answered with something that is no code; look at device_authorization_url'
  return new Refusal('credential_unavailable', `${name}: ${what}`)
}

async function refreshTokenFrom(
  client: Oauth2Client,
  send: (options: (signal: AbortSignal) => ReturnType<Oauth2Client['options']>) => Promise<Response>,
): Promise<string> {
  const asked: Asked = { hidden: new Set(), granted: null }
  const { refreshToken, token } = await granted(client, asked, 'login', () =>
    send(signal => client.options(asked, requestMs, signal)),
  )
  if (token instanceof Refusal) throw token
  if (refreshToken !== null) return refreshToken
  throw new Refusal(
    'credential_unavailable',
    `${client.name}: the provider gave no refresh token; ask for one (usually with the scope offline_access, at some with ` +
      'authorization_parameters such as access_type: offline), and allow this client the grant refresh_token there',
  )
}

function parametersOf(credential: Oauth2Credential): Record<string, string> {
  const { scopes } = credential
  return { ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }), ...targetOf(credential) }
}

/** What the token is for. */
function targetOf({ audience, resource }: Oauth2Credential): Record<string, string> {
  return { ...(audience === undefined ? {} : { audience }), ...(resource === undefined ? {} : { resource }) }
}
