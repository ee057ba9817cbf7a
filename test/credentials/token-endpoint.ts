import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { jwtVerify } from 'jose'
import type { rsaKey } from './reading.ts'

/** One request for a token, with what its signed statement says. */
export interface Asked {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: unknown
  readonly claims: { readonly iss?: string; readonly iat?: number; readonly exp?: number }
  readonly statement: string
}

/** A stand-in for GitHub that checks signatures with the app's public key. */
export interface TokenEndpoint {
  readonly url: string
  readonly asked: readonly Asked[]
  /** Instead of giving a token, answers like this from now on. */
  answer: ((response: ServerResponse, asked: Asked) => void) | null
  close(): Promise<void>
}

/** Starts an endpoint; `now` is its clock, in milliseconds, by which tokens are good for an hour. */
export async function startTokenEndpoint(
  publicKey: ReturnType<typeof rsaKey>['publicKey'],
  now: () => number,
): Promise<TokenEndpoint> {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    void handle(request, response).catch((error: unknown) => {
      response.writeHead(401).end(String(error))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const endpoint: TokenEndpoint = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    answer: null,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return endpoint

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const statement = (request.headers.authorization ?? '').replace(/^Bearer /, '')
    const { payload } = await jwtVerify(statement, publicKey, { algorithms: ['RS256'], currentDate: new Date(now()) })
    const one: Asked = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      body: JSON.parse(Buffer.concat(chunks).toString()),
      claims: payload,
      statement,
    }
    asked.push(one)
    if (endpoint.answer !== null) return endpoint.answer(response, one)
    response.writeHead(201, { 'content-type': 'application/json' })
    response.end(
      JSON.stringify({
        token: `ghs_${String(asked.length).padStart(36, '0')}`,
        expires_at: new Date(now() + 3_600_000).toISOString().replace('.000', ''),
        permissions: {},
      }),
    )
  }
}
