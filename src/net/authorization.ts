import type { LeasedCredential } from '../leased.ts'

/** A credential that is presented as `SCHEME VALUE` (RFC 9110, 11.4). */
export type AuthorizationCredential = Extract<LeasedCredential, { readonly type: 'basic' | 'bearer' }>

/** Writes a credential as the value of `authorization` or `proxy-authorization`, right before it is sent. */
export function authorizationOf(credential: AuthorizationCredential): string {
  return credential.type === 'basic'
    ? credential.userAndPassword.use(pair => `Basic ${Buffer.from(pair).toString('base64')}`)
    : credential.token.use(token => `${credential.scheme} ${token}`)
}
