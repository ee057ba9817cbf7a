import * as z from 'zod'
import { Secret } from '../secret.ts'
import { EndpointKeys, EndpointUrl } from './endpoint.ts'
import { privateKeyOf } from './pem.ts'
import type { ExchangeReading, Reader } from './reading.ts'
import { Source } from './source.ts'

/** The installation of a GitHub App, whose key is exchanged for tokens of one hour that can do what a tool's scope needs. */
export const GithubAppCredential = z.strictObject({
  type: z.literal('github_app'),
  app_id: z
    .string()
    .regex(/^(?:[0-9]{1,20}|Iv[0-9A-Za-z.]{2,62})$/, 'the id of the app in quotes, such as "1234", or its client id')
    .describe('The id or the client id of the app'),
  installation_id: z
    .string()
    .regex(/^[0-9]{1,20}$/, 'the id of the installation: digits in quotes, such as "5678"')
    .describe('Where the app is installed; the last part of the address of its settings'),
  private_key: Source.describe('PEM, as GitHub made it'),
  api_url: EndpointUrl.default('https://api.github.com').describe('https://HOST/api/v3 for a GitHub Enterprise Server'),
  ...EndpointKeys,
})

export type GithubAppCredential = z.output<typeof GithubAppCredential>

/** Reads the key of an app. What a tool presents has yet to be fetched with it. */
export async function readAppKey(credential: GithubAppCredential, reader: Reader): Promise<ExchangeReading> {
  const text = await reader.read(credential.private_key, 'private key', appKeyProblem)
  const parsed = privateKeyOf(text)
  if (typeof parsed === 'string') throw new TypeError('a key was read that is none')
  const { key } = parsed
  return {
    async exchange(exchanging) {
      const { describeRights, fetchGithubToken } = await import('./github-token.ts')
      const { token, statement, expiresAt } = await fetchGithubToken({
        name: reader.name,
        credential,
        key,
        ...exchanging,
      })
      return {
        credential: { type: 'bearer', scheme: 'Bearer', token },
        secrets: [token, statement],
        expiresAt,
        asked: describeRights(exchanging.rights),
      }
    },
    secrets: [new Secret(reader.name, parsed.pem)],
    fingerprint: reader.fingerprint(text),
  }
}

/** What is wrong with a value as the key of a GitHub App; null when nothing is. */
export function appKeyProblem(value: string): string | null {
  const parsed = privateKeyOf(value)
  if (typeof parsed === 'string') return parsed
  const { asymmetricKeyType, asymmetricKeyDetails } = parsed.key
  if (asymmetricKeyType !== 'rsa' || (asymmetricKeyDetails?.modulusLength ?? 0) < 2048) {
    return 'is not an RSA key of 2048 bits or more, which the keys of GitHub Apps are'
  }
  return null
}
