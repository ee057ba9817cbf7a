import type { webcrypto } from 'node:crypto'
import type { AuthorizationServer, Client, ClientAuth, CustomFetchOptions } from 'oauth4webapi'
import { minimumSecretLength } from '../redact/redactor.ts'
import { Refusal } from '../refusal.ts'
import { exchangeOptions } from './endpoint.ts'
import type { Oauth2Credential } from './oauth2.ts'
import { type Fields, fieldsOf } from './oauth2-answer.ts'
import type { ClientAlgorithm, ClientProof } from './oauth2-proof.ts'
import { isPassing, NotNow, whyExchangeFailed, whyUnusable } from './oauth2-refused.ts'

type Library = typeof import('oauth4webapi')

/** A client that can ask its provider. */
export interface Oauth2Client {
  readonly name: string
  readonly credential: Oauth2Credential
  readonly library: Library
  readonly server: AuthorizationServer
  readonly client: Client
  readonly authentication: ClientAuth
  readonly clock: () => number
  /** Makes the options of one request, which `asked` is told about. */
  options(asked: Asked, timeoutMs: number, signal?: AbortSignal): RequestOptions
}

/** What one request came to; filled along the way. */
export interface Asked {
  /** What was sent and received that must not be shown. */
  readonly hidden: Set<string>
  /** The fields of an answer with status 200; null before there is one, and after a refusal. */
  granted: Fields | null
}

interface RequestOptions {
  readonly [key: symbol]: unknown
}

/** Far more than the largest token and what comes with it. */
const maxAnswerBytes = 64 * 1_024

/** Fields of answers that hold secrets. */
const secretFields = ['access_token', 'refresh_token', 'id_token', 'device_code']

/** Makes the client of a credential; nothing is asked yet. */
export async function openClient(input: {
  readonly name: string
  readonly credential: Oauth2Credential
  readonly proof: ClientProof
  readonly clock: () => number
}): Promise<Oauth2Client> {
  const { name, credential, clock } = input
  const library = await import('oauth4webapi')
  return {
    name,
    credential,
    library,
    server: {
      // RFC 7523, 3: the audience of an assertion may be the token endpoint, which needs no further setting.
      issuer: credential.issuer ?? credential.token_url,
      token_endpoint: credential.token_url,
      ...(credential.authorization_url === undefined ? {} : { authorization_endpoint: credential.authorization_url }),
      ...(credential.device_authorization_url === undefined
        ? {}
        : { device_authorization_endpoint: credential.device_authorization_url }),
    },
    client: { client_id: credential.client_id },
    authentication: await authenticationOf(input, library),
    clock,
    options: (asked, timeoutMs, signal) => ({
      [library.allowInsecureRequests]: true, // the schema allows http on this machine only
      [library.customFetch]: (url: string, request: CustomFetchOptions<'POST', URLSearchParams>) =>
        ask(input, url, request, asked, { timeoutMs, signal }),
    }),
  }
}

/** Carries out one request of the library. What it is given back holds nothing that it could stumble over or quote. */
async function ask(
  { name, credential }: Pick<Oauth2Client, 'name' | 'credential'>,
  url: string,
  { method, headers, body }: CustomFetchOptions<'POST', URLSearchParams>,
  asked: Asked,
  limits: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
): Promise<Response> {
  const isDevice = new URL(url).href === URL.parse(credential.device_authorization_url ?? '')?.href
  const endpoint = isDevice ? 'the device authorization endpoint' : 'the token endpoint'
  hide(asked, [body.get('client_assertion'), headers['authorization']?.replace(/^Basic /, '')])
  const { exchange } = await import('../net/exchange.ts')
  const options = await exchangeOptions(credential, { timeoutMs: limits.timeoutMs, maxBytes: maxAnswerBytes })
  const signal = limits.signal === undefined ? options.signal : AbortSignal.any([options.signal, limits.signal])
  const request = { method, url: new URL(url), headers: { ...headers, 'user-agent': 'keyhold' }, body: body.toString() }
  const answer = await exchange(request, { ...options, signal }).catch((error: unknown) => {
    if (limits.signal?.aborted === true) throw limits.signal.reason
    throw new NotNow(`${name}: ${endpoint} ${whyExchangeFailed(error)}`)
  })
  const fields = fieldsOf(answer)
  if (fields !== null)
    hide(
      asked,
      secretFields.map(field => fields[field]),
    )
  if (answer.status === 200 && fields !== null && fields['error'] === undefined) {
    asked.granted = fields
    return Response.json(isDevice ? fields : withoutUnneeded(fields))
  }
  const code = fields?.['error']
  // Some providers refuse with a status of 200, others with one of 500.
  const mayPass = isPassing(answer.status, code)
  if (typeof code === 'string' && !mayPass) return Response.json({ error: code }, { status: 400 })
  const why = whyUnusable(answer.status, isDevice ? 'device_authorization_url' : 'token_url')
  const detail = `${name}: ${endpoint} ${why} (status ${answer.status})`
  throw mayPass ? new NotNow(detail) : new Refusal('credential_unavailable', detail)
}

/**
 * Leaves out whom an id_token names, which is of no interest here, until when a token is good, which is judged apart, and what
 * is there without being anything.
 */
function withoutUnneeded(fields: Fields): Fields {
  const unneeded = ['id_token', 'expires_in']
  const isSomething = ([key, value]: readonly [string, unknown]) =>
    !unneeded.includes(key) && value !== null && value !== ''
  return Object.fromEntries(Object.entries(fields).filter(isSomething))
}

function hide(asked: Asked, values: readonly unknown[]): void {
  for (const value of values) {
    if (typeof value !== 'string') continue
    // What is shorter cannot be redacted, and is nothing that anybody could use.
    if (Array.from(value.replaceAll(/\s/g, '')).length >= minimumSecretLength) asked.hidden.add(value)
  }
}

type ProofInput = Pick<Oauth2Client, 'credential' | 'clock'> & { readonly proof: ClientProof }

async function authenticationOf({ credential, proof, clock }: ProofInput, library: Library): Promise<ClientAuth> {
  switch (proof.type) {
    case 'basic':
      return (_server, { client_id }, _body, headers) => {
        // The library escapes '-', '.' and '_' too, which providers that do not decode refuse; RFC 6749, 2.3.1 does not ask for it.
        const userAndPassword = `${formEncoded(client_id)}:${formEncoded(proof.secret)}`
        headers.set('authorization', `Basic ${Buffer.from(userAndPassword).toString('base64')}`)
      }
    case 'post':
      return library.ClientSecretPost(proof.secret)
    case 'key': {
      const { key, algorithm } = proof
      const named = {
        key: await webKey(key, algorithm),
        ...(credential.key_id === undefined ? {} : { kid: credential.key_id }),
      }
      return library.PrivateKeyJwt(named, {
        [library.modifyAssertion](header, claims) {
          const now = Math.floor(clock() / 1_000)
          // RFC 9864 has a newer name for EdDSA, which few providers know yet.
          header['alg'] = algorithm
          claims['iat'] = claims['nbf'] = now - backdatedSeconds
          claims['exp'] = now + assertionLifeSeconds
        },
      })
    }
    case 'none':
      return library.None()
    default:
      return proof satisfies never
  }
}

/** So that a provider whose clock is behind takes an assertion, and nobody can use it for long. */
const backdatedSeconds = 60
const assertionLifeSeconds = 60

function formEncoded(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1)
}

const webAlgorithms: Readonly<
  Record<ClientAlgorithm, webcrypto.RsaHashedImportParams | webcrypto.EcKeyImportParams | webcrypto.Algorithm>
> = {
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  PS256: { name: 'RSA-PSS', hash: 'SHA-256' },
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  ES384: { name: 'ECDSA', namedCurve: 'P-384' },
  EdDSA: { name: 'Ed25519' },
}

async function webKey(key: Extract<ClientProof, { type: 'key' }>['key'], algorithm: ClientAlgorithm) {
  return key.toCryptoKey(webAlgorithms[algorithm], false, ['sign'])
}
