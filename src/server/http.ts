import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type NodeIncomingMessageLike, toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, isJsonContentType, type McpServerFactory } from '@modelcontextprotocol/server'
import { nestsDeeperThan, readJsonBody } from './http-body.ts'
import { batchProblem, plainRequest } from './http-era.ts'
import { bearerToken, createGuard, guardProblem } from './http-guard.ts'
import { replyError, replyJson, replyTo } from './http-reply.ts'
import { malformedCall } from './malformed.ts'
import { StandingServer } from './standing.ts'

/** No message of the protocol is nested deeper than its arguments may be, and those have 64 levels. */
const maxLevels = 100

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
  /** Takes no new connection, gives running exchanges `graceMs` (35 s) to end, then cuts what is left. */
  close(graceMs?: number): Promise<void>
}

/** Serves MCP at `/mcp` and a liveness answer at `/healthz`. */
export async function serveOverHttp(options: HttpOptions): Promise<RunningHttp> {
  const server = createServer({ requestTimeout: 60_000, headersTimeout: 10_000, maxHeaderSize: 16_384 })
  await listen(server, options)
  const { port } = server.address() as AddressInfo
  const front = new Front(options, port)
  const serve = (awaitsContinue: boolean) => (request: IncomingMessage, response: ServerResponse) => {
    front.handle(request, response, awaitsContinue).catch(error => {
      options.onError(error as Error)
      if (response.headersSent) response.destroy()
      else replyError(response, 500, -32603, 'Internal server error')
    })
  }
  server.on('request', serve(false))
  // Without this, Node asks for every body, also for one that is then refused for its sender or its size.
  server.on('checkContinue', serve(true))
  server.on('error', options.onError)
  return {
    url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    async close(graceMs = 35_000) {
      const closed = new Promise<void>(resolve => {
        server.close(() => {
          resolve()
        })
      })
      await front.idle(graceMs)
      // Also requests that are still being sent: one that never ends would keep the process for ever.
      server.closeAllConnections()
      await closed
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
  readonly #exchanges = new Set<Promise<void>>()

  constructor(options: HttpOptions, port: number) {
    this.#options = options
    this.#guard = createGuard(options, port)
  }

  async handle(request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): Promise<void> {
    // A client that was not told to send its body may do so or not, so what it sends next has no known beginning.
    if (awaitsContinue) response.setHeader('connection', 'close')
    const [path] = (request.url ?? '').split('?', 1)
    // Before the guard: a probe asks by address, and what it learns is nothing.
    if (path === '/healthz') return replyHealth(request, response)
    const problem = guardProblem(this.#guard, request)
    if (problem !== null)
      return this.#reject(response, 403, `the ${problem === 'host' ? 'Host' : 'Origin'} header names another server`)
    if (path !== '/mcp') return this.#reject(response, 404, 'there is nothing at this path; MCP is at /mcp')
    const token = bearerToken(request)
    const caller = this.#options.callerOf(token)
    if (caller === null) {
      const reason = token === null ? 'a bearer token is required' : 'the bearer token is not known'
      const error = token === null ? '' : ', error="invalid_token"'
      return this.#reject(response, 401, reason, { 'www-authenticate': `Bearer realm="keyhold"${error}` })
    }
    // Not worth a warning: a client of 2025 asks for a stream with GET after every handshake, and may get none.
    if (request.method !== 'POST') return replyNotAllowed(response, 'POST')
    if (!isJsonContentType(request.headers['content-type'] ?? null))
      return this.#reject(response, 415, 'the content-type must be application/json')
    if (request.headers['content-encoding'] !== undefined)
      return this.#reject(response, 415, 'the body must not be compressed', { 'accept-encoding': 'identity' })
    const body = await readJsonBody(request, this.#options.maxBodyBytes, () => {
      if (awaitsContinue) invite(response)
    })
    switch (body.type) {
      case 'gone':
        return
      case 'too_large':
        return this.#reject(response, 413, `the body is larger than ${this.#options.maxBodyBytes} bytes`)
      case 'invalid':
        return this.#refuse(response, -32700, 'the body is not valid JSON in UTF-8')
      case 'json': {
        const exchange = this.#serve(caller, request, response, body.value)
        this.#exchanges.add(exchange)
        return await exchange.finally(() => this.#exchanges.delete(exchange))
      }
      default:
        return body satisfies never
    }
  }

  /** Settles when no exchange is running any more, and after `graceMs` in any case. */
  async idle(graceMs: number): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, graceMs)
    await Promise.race([this.#finished(), late])
    clearTimeout(timer)
  }

  async close(): Promise<void> {
    for (const server of this.#standing.values()) await server.close()
    for (const { handler } of this.#general.values()) await handler.close()
  }

  async #finished(): Promise<void> {
    while (this.#exchanges.size > 0) await Promise.allSettled(this.#exchanges)
  }

  async #serve(caller: HttpCaller, request: IncomingMessage, response: ServerResponse, body: unknown): Promise<void> {
    const malformed = malformedCall(body)
    if (malformed !== null) this.#options.onRejected(malformed)
    const plain = plainRequest(request, body)
    if (plain === null) return await this.#serveGenerally(caller, request, response, body)
    if (response.destroyed) return
    const closed = new Promise(resolve => response.once('close', resolve))
    const feeding = this.#standingFor(caller, plain.era).feed(plain.message, replyTo(response))
    await closed
    if (!response.writableFinished) feeding.cancel()
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
    const problem = nestsDeeperThan(maxLevels, body) ? 'the body is nested too deep' : batchProblem(request, body)
    if (problem !== null) return this.#refuse(response, -32600, problem)
    let entry = this.#general.get(caller.name)
    if (entry === undefined) {
      const handler = createMcpHandler(caller.factory, { onerror: this.#options.onError })
      entry = { handler, serve: toNodeHandler(handler, { onerror: this.#options.onError }) }
      this.#general.set(caller.name, entry)
    }
    await entry.serve(request as NodeIncomingMessageLike, response, body)
  }

  #reject(response: ServerResponse, status: number, reason: string, headers?: Record<string, string>): void {
    this.#options.onRejected(reason)
    replyError(response, status, -32000, reason, headers)
  }

  #refuse(response: ServerResponse, code: -32700 | -32600, reason: string): void {
    this.#options.onRejected(reason)
    replyError(response, 400, code, `${code === -32700 ? 'Parse error' : 'Invalid Request'}: ${reason}`)
  }
}

function replyHealth(request: IncomingMessage, response: ServerResponse): void {
  if (request.method !== 'GET' && request.method !== 'HEAD') return replyNotAllowed(response, 'GET, HEAD')
  replyJson(response, 200, { status: 'ok' })
}

function replyNotAllowed(response: ServerResponse, allow: string): void {
  replyError(response, 405, -32000, `Method not allowed; this takes ${allow}`, { allow })
}

function invite(response: ServerResponse): void {
  response.removeHeader('connection')
  response.writeContinue()
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
