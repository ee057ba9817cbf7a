import type { Secret } from './secret.ts'

/** The types of credentials that a configuration can have. */
export const credentialTypes = [
  'bearer',
  'basic',
  'api_key',
  'password',
  'oauth2',
  'github_app',
  'aws_sigv4',
  'mtls',
  'hmac',
  'ssh_key',
  'jwt',
] as const

export type CredentialType = (typeof credentialTypes)[number]

/** A credential as a worker holds it, by the way it is presented. What is derived from a key, such as an access token, is held as what it is. */
export type LeasedCredential =
  | { readonly type: 'bearer'; readonly scheme: string; readonly token: Secret }
  /** `user:password`, still to be encoded (RFC 7617, 2). */
  | { readonly type: 'basic'; readonly userAndPassword: Secret }
  | { readonly type: 'api_key'; readonly in: 'header' | 'query'; readonly name: string; readonly value: Secret }
  /** Several keys, each in a header of its own; `all` of them as one value. */
  | { readonly type: 'headers'; readonly headers: Readonly<Record<string, Secret>>; readonly all: Secret }
  /** Of a database. */
  | { readonly type: 'password'; readonly username: string; readonly password: Secret }
  /** PEM, both. */
  | { readonly type: 'mtls'; readonly certificate: string; readonly privateKey: Secret }
  /** In the form of OpenSSH or PEM, without a passphrase. */
  | { readonly type: 'ssh_key'; readonly privateKey: Secret }
  /** Is not sent, but proves itself for every request anew. */
  | {
      readonly type: 'signer'
      /** What it signs with; tells whether two signers are the same. */
      readonly key: Secret
      readonly sign: (request: UnsignedRequest) => Promise<Signature>
    }

/** A request that is final but for its signature. */
export interface UnsignedRequest {
  readonly method: string
  /** With path and query exactly as they are sent. */
  readonly url: URL
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

/** What a signer adds to a request. */
export interface Signature {
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string | Secret>>
  /** Everything in it that proves an identity: redacted like the key itself. */
  readonly derived: readonly Secret[]
}

/** Where a credential shows up in a request, so that an agent can be kept from naming the same place. In lower case. */
export interface Presented {
  readonly headers: readonly string[]
  readonly query: readonly string[]
}

/** What a tool's scope needs of a credential that can be limited when it is fetched (RFC 8693 calls it down-scoping). */
export interface NeededRights {
  /** Names of GitHub repositories without owner; null when the scope does not name them. */
  readonly repositories: readonly string[] | null
  /** GitHub App permissions, such as `issues: write`; null when they cannot be told from the scope. */
  readonly permissions: Readonly<Record<string, 'read' | 'write'>> | null
}

/** A credential that a tool uses beside its main one, such as a client certificate. */
export interface OtherCredential {
  /** What for; an execution finds it under this name. */
  readonly role: string
  /** Where in the target it is named, for error messages. */
  readonly path: readonly string[]
  readonly name: string
  readonly types: readonly CredentialType[]
}
