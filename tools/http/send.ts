import { readFile } from 'node:fs/promises'
import { Pool } from 'undici'
import type { ExecuteContext, Execution, Executor } from '../../src/kind.ts'
import type { LeasedCredential } from '../../src/leased.ts'
import { parseCidr } from '../../src/net/address.ts'
import { ConnectFailed } from '../../src/net/connect-failed.ts'
import { createDialer, type Dialer } from '../../src/net/dial.ts'
import { Refusal } from '../../src/refusal.ts'
import { attempt, type Connections, type Response } from './attempt.ts'
import { refusalOf } from './failure.ts'
import { alwaysFits, fitted } from './fit.ts'
import { followed } from './follow.ts'
import { shownHeaders } from './headers.ts'
import { collectPages } from './pages.ts'
import { HttpRequest } from './request.ts'
import { type Reading, readResponse } from './response.ts'
import { compileSelect } from './select.ts'
import type { HttpTarget } from './target.ts'
import { watchAnswers } from './untouched.ts'

/** The most bytes of response headers that are read. */
const maxHeaderBytes = 16 * 1_024

/** One way to an API, for everything that sends a request to it. */
export type Send = (request: HttpRequest) => Promise<Response>

/** Opens the worker's side of a tool: one connection pool to the one origin it may reach. */
export async function openTarget(target: HttpTarget, timeoutMs: number): Promise<Executor> {
  watchAnswers()
  const { origin } = new URL(target.base_url)
  const ca = target.tls.ca === undefined ? null : await readAuthorities(target.tls.ca)
  const readings = readingsOf(target)
  let open: OpenPool | null = null

  /** Lends the pool that presents these credentials; another one when they have been replaced. */
  async function withPool<T>(
    others: ExecuteContext['others'],
    work: (connections: Connections) => Promise<T>,
  ): Promise<T> {
    if (open?.others !== others) {
      if (open !== null) retire(open)
      open = { others, connections: connect(target, origin, ca, others, timeoutMs), users: 0, retired: false }
    }
    const lent = open
    lent.users += 1
    try {
      return await work(lent.connections)
    } finally {
      lent.users -= 1
      if (lent.retired) retire(lent)
    }
  }

  return {
    async execute(input, context) {
      const request = HttpRequest.parse(input)
      const started = performance.now()
      try {
        return await withPool(context.others, connections => {
          const sendOne: Send = each => attempt(connections, target, each, context)
          return carryOut(request, target, readings(request.via), sendOne, context)
        })
      } catch (error) {
        throw refusalOf(error, request, context.signal)
      } finally {
        context.upstreamTook(performance.now() - started)
      }
    },
    async close() {
      await open?.connections.pool.destroy()
    },
  }
}

/** A pool with what it was made of. One that was replaced is closed when the last call that uses it has ended. */
interface OpenPool {
  readonly others: ExecuteContext['others']
  readonly connections: Connections
  users: number
  retired: boolean
}

function retire(open: OpenPool): void {
  open.retired = true
  if (open.users === 0) void open.connections.pool.close().catch(() => {})
}

async function readAuthorities(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new Refusal('target_unreachable', 'the file of tls.ca cannot be read', { cause })
  }
}

async function carryOut(
  request: HttpRequest,
  target: HttpTarget,
  reading: Reading,
  send: Send,
  context: ExecuteContext,
): Promise<Execution> {
  const { response, request: last } = await followed(request, target, send, context)
  const read = await readResponse(response, last, reading, context.limits.maxResponseBytes, context)
  const paged =
    reading.pages === null ? null : await collectPages({ request: last, response, read, reading, send, context })
  const body = paged === null ? read.body : paged.body
  const shown = read.shownBytes + (paged?.bytes ?? 0)
  const cut = shown <= alwaysFits ? null : fitted(paged === null ? read.value : paged.body)
  return {
    answer: {
      status: response.statusCode,
      headers: shownHeaders({ ...response.headers, link: (paged?.last ?? response).headers['link'] }),
      body: cut ?? body,
      truncated: read.truncated || cut !== null,
      hint: cut === null ? (paged?.hint ?? read.hint) : 'The answer was cut to what a client takes. Ask for less.',
      pages: paged?.pages,
      more: paged?.more,
    },
    ...(read.media === undefined ? {} : { media: [read.media] }),
    isError: response.statusCode >= 400,
    status: response.statusCode,
    bytesOut: request.body === null ? 0 : Buffer.byteLength(request.body),
    bytesIn: read.bytes + (paged?.bytes ?? 0),
  }
}

/** How the answers of each operation are read; compiled once. */
function readingsOf(target: HttpTarget): (via: string | null) => Reading {
  const plain: Reading = { select: null, pages: target.pages ?? null, narrowing: [] }
  const named = new Map(
    Object.entries(target.operations ?? {}).map(([name, operation]): [string, Reading] => [
      name,
      {
        select: operation.select === undefined ? null : compileSelect(operation.select),
        pages: operation.pages ?? target.pages ?? null,
        narrowing: Object.keys(operation.query),
      },
    ]),
  )
  return via => (via === null ? plain : (named.get(via) ?? plain))
}

function connect(
  target: HttpTarget,
  origin: string,
  ca: string | null,
  others: Readonly<Record<string, LeasedCredential>>,
  timeoutMs: number,
): Connections {
  const dial = dialer(target, ca, others, timeoutMs)
  const connections: Connections = {
    origin,
    broken: 0,
    pool: new Pool(origin, {
      connections: 32,
      pipelining: 1,
      // Over HTTP/2 the client would resend a refused stream by itself, a POST too, and not cap the header size.
      allowH2: false,
      maxHeaderSize: maxHeaderBytes,
      // One deadline covers the whole call; an idle timer could be kept alive by a drip.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: (destination, callback) =>
        dial(destination, (...result) => {
          result[1]?.on('error', (error: NodeJS.ErrnoException) => {
            // The system's own errors: the client also ends connections with errors of its making.
            if (error.syscall !== undefined) connections.broken += 1
          })
          callback(...result)
        }),
    }),
  }
  return connections
}

function dialer(
  target: HttpTarget,
  ca: string | null,
  { certificate, proxy }: Readonly<Record<string, LeasedCredential>>,
  timeoutMs: number,
): Dialer {
  try {
    return createDialer({
      allowed: target.unsafe_allow_private.map(parseCidr),
      // Gives up before the deadline, so that a failure to connect is known to be one.
      timeoutMs: Math.min(10_000, Math.ceil(timeoutMs * 0.8)),
      ca,
      clientCertificate: certificate?.type === 'mtls' ? certificate : null,
      proxy: target.proxy === undefined ? null : { url: new URL(target.proxy.url), credential: proxy ?? null },
    })
  } catch (cause) {
    throw new ConnectFailed('tls', `the connection cannot be set up: ${(cause as Error).message}`, cause)
  }
}
