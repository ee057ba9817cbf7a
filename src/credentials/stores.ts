import * as z from 'zod'
import { EndpointKeys, EndpointUrl } from './endpoint.ts'
import { type AnySource, Source } from './source.ts'

/** A source that is no store itself: what opens a store cannot lie in one. */
const Key = Source.refine(source => !('vault' in source) && !('aws_secrets' in source), {
  message: 'what opens a store cannot itself be in a store',
})

const MountPath = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*(?:\/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$/, 'the path of a mount, such as approle')

/** How Keyhold logs in to Vault. */
const VaultLogin = z
  .strictObject({
    token: Key.optional(),
    approle: z
      .strictObject({
        role_id: z.string().min(1).max(256),
        secret_id: Key,
        mount: MountPath.default('approle'),
      })
      .optional(),
    kubernetes: z
      .strictObject({
        role: z.string().min(1).max(256),
        jwt: Key.default({ kubernetes: '/var/run/secrets/kubernetes.io/serviceaccount/token' }),
        mount: MountPath.default('kubernetes'),
      })
      .optional(),
  })
  .refine(login => Object.keys(login).length === 1, 'exactly one of token, approle and kubernetes')

/** A HashiCorp Vault or an OpenBao. */
export const VaultStore = z.strictObject({
  address: EndpointUrl.describe('Where it is, such as https://vault.example.com:8200'),
  namespace: z
    .string()
    .regex(/^[\x21-\x7e]{1,256}$/, 'a namespace is printable ASCII')
    .optional(),
  login: VaultLogin,
  ...EndpointKeys,
})

export type VaultStore = z.output<typeof VaultStore>

/** AWS Secrets Manager. */
export const AwsStore = z.strictObject({
  region: z.string().regex(/^[a-z0-9-]{4,32}$/, 'a region, such as eu-west-1'),
  access_key_id: Key,
  secret_access_key: Key,
  session_token: Key.optional(),
  endpoint: EndpointUrl.optional().describe('Where it is, when not at secretsmanager.REGION.amazonaws.com'),
  ...EndpointKeys,
})

export type AwsStore = z.output<typeof AwsStore>

/** Places that hold the values of several credentials, and how to get in. */
export const Stores = z.strictObject({ vault: VaultStore.optional(), aws: AwsStore.optional() }).prefault({})

export type Stores = z.output<typeof Stores>

/** Lists the sources of what opens Vault. */
export function sourcesOfVault({ vault }: Stores): readonly Source[] {
  const { token, approle, kubernetes } = vault?.login ?? {}
  return [token, approle?.secret_id, kubernetes?.jwt].filter(source => source !== undefined)
}

/** Lists the sources of what opens AWS Secrets Manager. */
export function sourcesOfAws({ aws }: Stores): readonly Source[] {
  if (aws === undefined) return []
  return [aws.access_key_id, aws.secret_access_key, ...(aws.session_token === undefined ? [] : [aws.session_token])]
}

/** Names the store that a source needs and the configuration does not have; null when nothing is missing. */
export function missingStore(source: AnySource, stores: Stores): keyof Stores | null {
  if ('vault' in source && stores.vault === undefined) return 'vault'
  return 'aws_secrets' in source && stores.aws === undefined ? 'aws' : null
}
