import { ConnectFailed } from '../net/connect-failed.ts'
import { Refusal } from '../refusal.ts'
import type { Oauth2Credential } from './oauth2.ts'

/** A refusal after which the same request may succeed a while later. */
export class NotNow extends Refusal {
  constructor(detail: string) {
    super('credential_unavailable', detail)
  }
}

/** Says why an exchange with a provider came to nothing, quoting nothing that it sent. */
export function whyExchangeFailed(error: unknown): string {
  if (error instanceof DOMException && error.name === 'TimeoutError') return 'did not answer in time'
  if (error instanceof ConnectFailed) return `cannot be reached: ${error.message}`
  return 'gave no answer that can be used: it broke off, is compressed, is larger than any token, or is no HTTP'
}

/** Says what an answer that holds nothing of use means. */
export function whyUnusable(status: number, key: string): string {
  if (status >= 300 && status < 400) return `answers with a redirect, which is not followed; look at ${key}`
  if (status === 404 || status === 405 || status === 410) return `is not there; look at ${key}`
  if (status === 429) return 'wants fewer requests'
  if (status >= 500) return 'fails at the moment'
  if (status === 200) return `answers with something that is not an answer of OAuth; look at ${key}`
  return 'refuses without a reason that is known'
}

/** The codes that are known: what they mean, they mean at any status. */
const knownCodes = [
  'invalid_client',
  'invalid_grant',
  'invalid_scope',
  'invalid_target',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_request',
  'access_denied',
  'expired_token',
  'temporarily_unavailable',
  'server_error',
  'authorization_pending',
  'slow_down',
]

/** Tells whether an answer says no more than that the other side cannot answer now: a gateway has error codes of its own. */
export function isPassing(status: number, code: unknown): boolean {
  return (status === 429 || status >= 500) && !knownCodes.some(known => known === code)
}

/** What was asked for when a provider refused: a token for a call, or the refresh token of a login. */
export type Occasion = 'call' | 'login'

/** Says what an error code of a provider means (RFC 6749, 5.2; RFC 8628, 3.5; RFC 8707, 2), in words that help. */
export function whyRefused(code: string, credential: Oauth2Credential, name: string, occasion: Occasion): string {
  const isLogin = occasion === 'login'
  switch (code) {
    case 'invalid_client':
      return credential.private_key === undefined
        ? 'the provider does not accept the client; look at client_id, client_secret and client_authentication'
        : 'the provider does not accept the client; look at client_id, private_key, key_id, issuer and at the clock of this machine'
    case 'invalid_grant':
      if (isLogin)
        return 'the provider does not accept the answer to this login: it came too late, or twice; log in again'
      return credential.grant === 'refresh_token'
        ? `the refresh token was refused: expired, revoked or used already; run keyhold credential login ${name}`
        : 'the provider refuses the grant; the client may have been disabled'
    case 'invalid_scope':
      return 'the provider does not grant what is asked for; look at scopes'
    case 'invalid_target':
      return 'the provider gives no token for this use; look at resource and audience'
    case 'unauthorized_client':
    case 'unsupported_grant_type':
      if (isLogin) return 'the provider does not let people log in to this client in this way; allow it there'
      return `the provider does not let this client use the grant ${credential.grant}; allow it there`
    case 'invalid_request':
      return 'the provider does not understand the request; look at client_authentication, audience, resource and scopes'
    case 'access_denied':
      return isLogin ? 'the login was declined' : 'the provider refuses access'
    case 'expired_token':
      return 'nobody entered the code in time'
    case 'temporarily_unavailable':
    case 'server_error':
      return 'the provider fails at the moment'
    default:
      return 'the provider refuses for a reason that is not known'
  }
}
