import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type NodeIncomingMessageLike, toNodeHandler } from '@modelcontextprotocol/node'
import {
  classifyInboundRequest,
  createMcpHandler,
  isJsonContentType,
  isJSONRPCRequest,
  type JSONRPCRequest,
  type McpServerFactory,
  SUPPORTED_PROTOCOL_VERSIONS,
} from '@modelcontextprotocol/server'
import { readJsonBody } from './http-body.ts'
import { bearerToken, createGuard, guardProblem } from './http-guard.ts'
import { replyError, replyJson, replyTo } from './http-reply.ts'
import { StandingServer } from './standing.ts'

/** The protocol revision whose requests the standing server takes; others go the SDK's own way. */
const modernRevision = '2026-07-28'

/** Whom a request is from, by name, and how a server for it is made. */
export interface HttpCaller {
  readonly name: string
  readonly factory: McpServerFactory
}

/** What the HTTP server needs; who may call is decided by `callerOf` alone. */
export interface HttpOptions {
  readonly host: string
  readonly port: number
  readonly publicUrl: string | null
  readonly maxBodyBytes: number
  /** Given the bearer token or null; null refuses with 401. */
  readonly callerOf: (token: string | null) => HttpCaller | null
  /** Told about every request that was turned away before the protocol saw it. */
  readonly onRejected: (reason: string) => void
  readonly onError: (error: Error) => void
}

/** A listening server. */
export interface RunningHttp {
  readonly url: string
  /** Takes no new connection, lets running exchanges end. */
  close(): Promise<void>
}

/** Serves MCP at `/mcp` and a liveness answer at `/healthz`. */
export async function serveOverHttp(options: HttpOptions): Promise<RunningHttp> {
  const server = createServer({ requestTimeout: 60_000, headersTimeout: 10_000, maxHeaderSize: 16_384 })
  await listen(server, options)
  const { port } = server.address() as AddressInfo
  const front = new Front(options, port)
  server.on('request', (request, response) => {
    front.handle(request, response).catch(error => {
      options.onError(error as Error)
      replyError(response, 500, -32603, 'Internal server error')
    })
  })
  return {
    url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    async close() {
      await new Promise<void>(resolve => {
        server.close(() => {
          resolve()
        })
        server.closeIdleConnections()
      })
      await front.close()
    },
  }
}

class Front {
  readonly #options: HttpOptions
  readonly #guard: ReturnType<typeof createGuard>
  readonly #standing = new Map<string, StandingServer>()
  readonly #general = new Map<
    string,
    { handler: ReturnType<typeof createMcpHandler>; serve: ReturnType<typeof toNodeHandler> }
  >()

  constructor(options: HttpOptions, port: number) {
    this.#options = options
    this.#guard = createGuard(options, port)
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path] = (request.url ?? '').split('?', 1)
    const problem = guardProblem(this.#guard, request)
    if (problem !== null)
      return this.#reject(response, 403, `the ${problem === 'host' ? 'Host' : 'Origin'} header names another server`)
    if (path === '/healthz') return replyJson(response, 200, { status: 'ok' })
    if (path !== '/mcp') return this.#reject(response, 404, 'there is nothing at this path; MCP is at /mcp')
    const token = bearerToken(request)
    const caller = this.#options.callerOf(token)
    if (caller === null) {
      const error = token === null ? '' : ', error="invalid_token"'
      return this.#reject(
        response,
        401,
        token === null ? 'a bearer token is required' : 'the bearer token is not known',
        {
          'www-authenticate': `Bearer realm="keyhold"${error}`,
        },
      )
    }
    if (request.method !== 'POST') return this.#serveGenerally(caller, request, response, undefined)
    if (!isJsonContentType(request.headers['content-type'] ?? null))
      return this.#reject(response, 415, 'the content-type must be application/json')
    const body = await readJsonBody(request, this.#options.maxBodyBytes)
    switch (body.type) {
      case 'gone':
        return
      case 'too_large':
        return this.#reject(response, 413, `the body is larger than ${this.#options.maxBodyBytes} bytes`, {
          connection: 'close',
        })
      case 'invalid':
        this.#options.onRejected('a body that is not valid JSON in UTF-8')
        return replyError(response, 400, -32700, 'Parse error: the body is not valid JSON in UTF-8')
      case 'json': {
        const era = plainEra(request, body.value)
        if (era === null) return this.#serveGenerally(caller, request, response, body.value)
        const feeding = this.#standingFor(caller, era).feed(body.value as JSONRPCRequest, replyTo(response))
        response.once('close', () => {
          if (!response.writableFinished) feeding.cancel()
        })
        return
      }
      default:
        return body satisfies never
    }
  }

  async close(): Promise<void> {
    for (const server of this.#standing.values()) await server.close()
    for (const { handler } of this.#general.values()) await handler.close()
  }

  #standingFor(caller: HttpCaller, era: 'modern' | 'legacy'): StandingServer {
    const key = `${era} ${caller.name}`
    let server = this.#standing.get(key)
    if (server === undefined) {
      server = new StandingServer(caller.factory, this.#options.onError)
      this.#standing.set(key, server)
    }
    return server
  }

  async #serveGenerally(
    caller: HttpCaller,
    request: IncomingMessage,
    response: ServerResponse,
    body: unknown,
  ): Promise<void> {
    let entry = this.#general.get(caller.name)
    if (entry === undefined) {
      const handler = createMcpHandler(caller.factory, { onerror: this.#options.onError })
      entry = { handler, serve: toNodeHandler(handler) }
      this.#general.set(caller.name, entry)
    }
    await entry.serve(request as NodeIncomingMessageLike, response, body)
  }

  #reject(response: ServerResponse, status: number, reason: string, headers?: Record<string, string>): void {
    this.#options.onRejected(reason)
    replyError(response, status, -32000, reason, headers)
  }
}

/**
 * The era of a request that is exactly what the specification asks for and about tools only; null for
 * everything else, which the SDK's handler judges and answers.
 */
function plainEra(request: IncomingMessage, body: unknown): 'modern' | 'legacy' | null {
  if (!isJSONRPCRequest(body) || (body.method !== 'tools/call' && body.method !== 'tools/list')) return null
  const { headers } = request
  const version = headers['mcp-protocol-version']
  const name = body.params?.['name']
  if (version === modernRevision) {
    if (headers['mcp-method'] !== body.method) return null
    if (body.method === 'tools/call' && (typeof name !== 'string' || headers['mcp-name'] !== name)) return null
    const route = classifyInboundRequest({
      httpMethod: 'POST',
      protocolVersionHeader: modernRevision,
      mcpMethodHeader: body.method,
      body,
    })
    return route.kind === 'modern' &&
      route.messageKind === 'request' &&
      route.classification.revision === modernRevision
      ? 'modern'
      : null
  }
  if (typeof version === 'string' && !SUPPORTED_PROTOCOL_VERSIONS.includes(version)) return null
  const accept = headers.accept ?? ''
  if (!accept.includes('application/json') || !accept.includes('text/event-stream')) return null
  return classifyInboundRequest({
    httpMethod: 'POST',
    ...(typeof version === 'string' ? { protocolVersionHeader: version } : {}),
    body,
  }).kind === 'legacy'
    ? 'legacy'
    : null
}

function listen(server: HttpServer, { host, port }: HttpOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
