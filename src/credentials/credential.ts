import * as z from 'zod'
import type { Presented } from '../leased.ts'
import { ApiKeyCredential, keysOf, presentedKeys } from './api-key.ts'
import { AwsSigv4Credential, keyIdProblem } from './aws-sigv4.ts'
import { BasicCredential, passwordProblem, usernameProblem } from './basic.ts'
import { BearerCredential } from './bearer.ts'
import { binaryProblem } from './binary-secret.ts'
import { appKeyProblem, GithubAppCredential } from './github-app.ts'
import { HmacCredential } from './hmac.ts'
import { JwtCredential } from './jwt.ts'
import { jwtKeyProblem } from './jwt-key.ts'
import { MtlsCredential } from './mtls.ts'
import { Oauth2Credential, refreshTokenProblem } from './oauth2.ts'
import { clientKeyProblem } from './oauth2-proof.ts'
import { databaseUserProblem, PasswordCredential } from './password.ts'
import { certificateProblem, privateKeyProblem } from './pem.ts'
import type { AnySource } from './source.ts'
import { SshKeyCredential, sshKeyProblem } from './ssh-key.ts'
import { tokenProblem } from './value-problem.ts'

/** A credential as the configuration describes it: what it is and where its values come from. */
export const Credential = z.discriminatedUnion('type', [
  BearerCredential,
  BasicCredential,
  ApiKeyCredential,
  PasswordCredential,
  Oauth2Credential,
  GithubAppCredential,
  AwsSigv4Credential,
  MtlsCredential,
  HmacCredential,
  SshKeyCredential,
  JwtCredential,
])

export type Credential = z.output<typeof Credential>

/** One value of a credential. */
export interface Part {
  /** The key of the configuration that it stands under. */
  readonly key: string
  readonly source: AnySource
  /** Says what is wrong with a value for it, in words without the value; null when nothing is. */
  readonly problemOf: (value: string) => string | null
}

/** Where a part stands within its credential: of several headers, each below `headers`. */
export function pathOfPart({ key }: Pick<Part, 'key'>): readonly [string, ...string[]] {
  const [first = '', ...rest] = key.split('.')
  return rest.length === 0 ? [first] : [first, rest.join('.')]
}

/** Lists the values that a credential is put together from and that have a source. */
export function partsOf(credential: Credential): readonly Part[] {
  switch (credential.type) {
    case 'bearer':
      return [{ key: 'token', source: credential.token, problemOf: tokenProblem }]
    case 'basic': {
      const { username, password } = credential
      return [
        ...(typeof username === 'string' ? [] : [{ key: 'username', source: username, problemOf: usernameProblem }]),
        ...('value' in password ? [] : [{ key: 'password', source: password, problemOf: passwordProblem }]),
      ]
    }
    case 'api_key':
      return keysOf(credential).map(part => ({ ...part, problemOf: tokenProblem }))
    case 'github_app':
      return [{ key: 'private_key', source: credential.private_key, problemOf: appKeyProblem }]
    case 'password': {
      const { username, password } = credential
      const user = { key: 'username', problemOf: databaseUserProblem }
      return [
        ...(typeof username === 'string' ? [] : [{ ...user, source: username }]),
        { key: 'password', source: password, problemOf: passwordProblem },
      ]
    }
    case 'oauth2':
      return [
        ...optional('client_secret', credential.client_secret, passwordProblem),
        ...optional('private_key', credential.private_key, value => clientKeyProblem(value, credential.algorithm)),
        ...optional('refresh_token', credential.refresh_token, refreshTokenProblem),
      ]
    case 'aws_sigv4':
      return [
        ...optional('access_key_id', sourceOf(credential.access_key_id), keyIdProblem),
        { key: 'secret_access_key', source: credential.secret_access_key, problemOf: tokenProblem },
        ...optional('session_token', credential.session_token, tokenProblem),
      ]
    case 'hmac':
      return [
        { key: 'secret', source: credential.secret, problemOf: binaryProblem(credential.secret_encoding) },
        ...optional('key_id', sourceOf(credential.key_id), tokenProblem),
      ]
    case 'jwt':
      return [{ key: 'key', source: credential.key, problemOf: jwtKeyProblem(credential) }]
    case 'ssh_key':
      return [{ key: 'private_key', source: credential.private_key, problemOf: sshKeyProblem }]
    case 'mtls':
      return [
        { key: 'certificate', source: credential.certificate, problemOf: certificateProblem },
        { key: 'private_key', source: credential.private_key, problemOf: privateKeyProblem },
      ]
    default:
      return credential satisfies never
  }
}

function optional(key: string, source: AnySource | undefined, problemOf: Part['problemOf']): readonly Part[] {
  return source === undefined ? [] : [{ key, source, problemOf }]
}

/** What is written as text has none. */
function sourceOf(value: AnySource | string | undefined): AnySource | undefined {
  return typeof value === 'string' ? undefined : value
}

/** Lists the files that reading a credential takes, beside those of its sources. */
export function filesOf(credential: Credential): readonly string[] {
  return 'ca' in credential && credential.ca !== undefined ? [credential.ca] : []
}

/** Lists the sources that a credential is put together from. */
export function sourcesOf(credential: Credential): readonly AnySource[] {
  return partsOf(credential).map(part => part.source)
}

/** Says which headers and query parameters of a request a credential fills, in lower case. */
export function presentedBy(credential: Credential): Presented {
  switch (credential.type) {
    case 'bearer':
    case 'basic':
    case 'oauth2':
    case 'github_app':
      return { headers: ['authorization'], query: [] }
    case 'jwt':
      return { headers: [credential.header.toLowerCase()], query: [] }
    case 'api_key':
      return presentedKeys(credential)
    case 'aws_sigv4':
      return {
        headers: ['authorization', 'x-amz-date', 'x-amz-content-sha256', 'x-amz-security-token'],
        query: [],
      }
    case 'hmac':
      return { headers: Object.keys(credential.headers).map(name => name.toLowerCase()), query: [] }
    case 'password':
    case 'ssh_key':
    case 'mtls':
      return { headers: [], query: [] }
    default:
      return credential satisfies never
  }
}
