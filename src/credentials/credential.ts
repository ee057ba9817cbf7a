import * as z from 'zod'
import type { Presented } from '../kind.ts'
import { ApiKeyCredential } from './api-key.ts'
import { BasicCredential, passwordProblem, usernameProblem } from './basic.ts'
import { BearerCredential } from './bearer.ts'
import { appKeyProblem, GithubAppCredential } from './github-app.ts'
import { MtlsCredential } from './mtls.ts'
import { certificateProblem, privateKeyProblem } from './pem.ts'
import type { Source } from './source.ts'
import { tokenProblem } from './value-problem.ts'

/** A credential as the configuration describes it: what it is and where its values come from. */
export const Credential = z.discriminatedUnion('type', [
  BearerCredential,
  BasicCredential,
  ApiKeyCredential,
  GithubAppCredential,
  MtlsCredential,
])

export type Credential = z.output<typeof Credential>

/** One value of a credential. */
export interface Part {
  /** The key of the configuration that it stands under. */
  readonly key: string
  readonly source: Source
  /** Says what is wrong with a value for it, in words without the value; null when nothing is. */
  readonly problemOf: (value: string) => string | null
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
      return [{ key: 'value', source: credential.value, problemOf: tokenProblem }]
    case 'github_app':
      return [{ key: 'private_key', source: credential.private_key, problemOf: appKeyProblem }]
    case 'mtls':
      return [
        { key: 'certificate', source: credential.certificate, problemOf: certificateProblem },
        { key: 'private_key', source: credential.private_key, problemOf: privateKeyProblem },
      ]
    default:
      return credential satisfies never
  }
}

/** Lists the sources that a credential is put together from. */
export function sourcesOf(credential: Credential): readonly Source[] {
  return partsOf(credential).map(part => part.source)
}

/** Says which headers and query parameters of a request a credential fills, in lower case. */
export function presentedBy(credential: Credential): Presented {
  switch (credential.type) {
    case 'bearer':
    case 'basic':
    case 'github_app':
      return { headers: ['authorization'], query: [] }
    case 'api_key': {
      const name = credential.name.toLowerCase()
      return credential.in === 'header' ? { headers: [name], query: [] } : { headers: [], query: [name] }
    }
    case 'mtls':
      return { headers: [], query: [] }
    default:
      return credential satisfies never
  }
}
