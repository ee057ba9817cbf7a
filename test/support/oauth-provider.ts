import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
// @ts-expect-error it comes without types
import { Provider } from 'oidc-provider'

/** One request to the token endpoint, with what was made of it. */
export interface TokenRequest {
  readonly headers: IncomingMessage['headers']
  readonly form: URLSearchParams
  status: number
  /** The fields of the answer. */
  answer: Record<string, unknown>
}

/** A real OAuth 2.1 and OpenID provider on loopback. Refresh tokens rotate, and using one twice revokes all that came of it. */
export interface OauthProvider {
  readonly url: string
  readonly tokenUrl: string
  readonly authorizationUrl: string
  readonly deviceUrl: string
  readonly tokenRequests: readonly TokenRequest[]
  /** Is waited for before a token request is looked at; where it fails, the connection is closed. */
  beforeToken: () => Promise<void>
  /** Is waited for after a token request was carried out, before it is answered. */
  beforeAnswer: () => Promise<void>
  /** Makes a refresh token as a login would, for a client of the provider. */
  refreshToken(clientId: string, scope?: string): Promise<string>
  /** Tells whether an access token is good at this moment. */
  accepts(token: string): Promise<boolean>
  /** Revokes everything that came of any login. */
  revokeEverything(): Promise<void>
  close(): Promise<void>
}

/** What differs from the usual provider. */
export interface ProviderOptions {
  readonly clients: readonly Record<string, unknown>[]
  /** How long access tokens are good, in seconds. */
  readonly accessSeconds?: number
  readonly rotate?: boolean
}

/** The scopes that it knows. */
export const allScopes = 'openid offline_access invoices.read invoices.write'

/** Starts a provider; its configuration page is what a person would have clicked together. */
export async function startOauthProvider(options: ProviderOptions): Promise<OauthProvider> {
  const tokenRequests: TokenRequest[] = []
  const server = createServer((request, response) => void serve(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const seconds = options.accessSeconds ?? 3_600
  const op = new Provider(url, {
    clients: options.clients,
    scopes: allScopes.split(' '),
    cookies: { keys: ['keys of a test'] },
    jwks: undefined,
    features: {
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true },
      devInteractions: { enabled: true },
      resourceIndicators: { enabled: false },
      revocation: { enabled: true },
    },
    rotateRefreshToken: options.rotate ?? true,
    ttl: { AccessToken: seconds, ClientCredentials: seconds, RefreshToken: 86_400, Grant: 86_400 },
    enabledJWA: { clientAuthSigningAlgValues: ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'] },
    pkce: { required: () => true },
  })
  const handle = op.callback() as (request: IncomingMessage, response: ServerResponse) => void
  const grants = new Set<string>()
  op.on('grant.success', (context: { oidc: { entities: { Grant?: { jti: string } } } }) => {
    const id = context.oidc.entities.Grant?.jti
    if (id !== undefined) grants.add(id)
  })
  const provider: OauthProvider = {
    url,
    tokenUrl: `${url}/token`,
    authorizationUrl: `${url}/auth`,
    deviceUrl: `${url}/device/auth`,
    tokenRequests,
    beforeToken: async () => {},
    beforeAnswer: async () => {},
    async refreshToken(clientId, scope = allScopes) {
      const client = await op.Client.find(clientId)
      const grant = new op.Grant({ accountId: 'alice', clientId })
      grant.addOIDCScope(scope)
      const grantId = (await grant.save()) as string
      grants.add(grantId)
      return new op.RefreshToken({ accountId: 'alice', client, grantId, scope, gty: 'authorization_code' }).save()
    },
    async accepts(token) {
      return ((await op.AccessToken.find(token)) ?? (await op.ClientCredentials.find(token))) !== undefined
    },
    async revokeEverything() {
      for (const id of grants) {
        await op.RefreshToken.revokeByGrantId(id)
        await op.AccessToken.revokeByGrantId(id)
        await (await op.Grant.find(id))?.destroy()
      }
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return provider

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST' || request.url !== '/token') return handle(request, response)
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const body = Buffer.concat(chunks).toString()
    const one: TokenRequest = { headers: request.headers, form: new URLSearchParams(body), status: 0, answer: {} }
    try {
      await provider.beforeToken()
    } catch {
      response.destroy()
      return
    }
    tokenRequests.push(one)
    // The provider takes a body that was read already; it says so in a warning on its console.
    Object.assign(request, { body: Object.fromEntries(one.form) })
    const end = response.end.bind(response) as (body: string) => ServerResponse
    response.end = ((sent: string) => {
      one.status = response.statusCode
      one.answer = JSON.parse(sent)
      void provider.beforeAnswer().then(() => end(sent))
      return response
    }) as typeof response.end
    handle(request, response)
  }
}
