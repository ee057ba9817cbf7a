import { readFile } from 'node:fs/promises'
import { Pool } from 'undici'
import type { ExecuteContext, Execution, Executor, LeasedCredential } from '../../src/kind.ts'
import { parseCidr } from '../../src/net/address.ts'
import { createDialer } from '../../src/net/dial.ts'
import { Refusal } from '../../src/refusal.ts'
import { attempt, type Response } from './attempt.ts'
import { refusalOf } from './failure.ts'
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
  const ca = target.tls.ca === undefined ? null : await readFile(target.tls.ca, 'utf8')
  const readings = readingsOf(target)
  let open: { readonly others: ExecuteContext['others']; readonly pool: Pool } | null = null

  /** The pool that presents these credentials; another one when they have been replaced. */
  function poolFor(others: ExecuteContext['others']): Pool {
    if (open?.others === others) return open.pool
    void open?.pool.close().catch(() => {})
    open = { others, pool: openPool(target, origin, ca, others, timeoutMs) }
    return open.pool
  }

  return {
    async execute(input, context) {
      const request = HttpRequest.parse(input)
      const started = performance.now()
      try {
        const pool = poolFor(context.others)
        const sendOne: Send = each => attempt(pool, origin, target, each, context)
        return await carryOut(request, target, readings(request.via), sendOne, context)
      } catch (error) {
        throw refusalOf(error, request, context.signal)
      } finally {
        context.upstreamTook(performance.now() - started)
      }
    },
    async close() {
      await open?.pool.destroy()
    },
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
  return {
    answer: {
      status: response.statusCode,
      headers: shownHeaders(response.headers),
      body: paged === null ? read.body : paged.body,
      truncated: read.truncated,
      hint: paged?.hint ?? read.hint,
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

function openPool(
  target: HttpTarget,
  origin: string,
  ca: string | null,
  others: Readonly<Record<string, LeasedCredential>>,
  timeoutMs: number,
): Pool {
  const { certificate, proxy } = others
  try {
    return new Pool(origin, {
      connections: 32,
      pipelining: 1,
      // Over HTTP/2 the client would resend a refused stream by itself, a POST too, and not cap the header size.
      allowH2: false,
      maxHeaderSize: maxHeaderBytes,
      // One deadline covers the whole call; an idle timer could be kept alive by a drip.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: createDialer({
        allowed: target.unsafe_allow_private.map(parseCidr),
        // Gives up before the deadline, so that a failure to connect is known to be one.
        timeoutMs: Math.min(10_000, Math.ceil(timeoutMs * 0.8)),
        ca,
        clientCertificate: certificate?.type === 'mtls' ? certificate : null,
        proxy: target.proxy === undefined ? null : { url: new URL(target.proxy.url), credential: proxy ?? null },
      }),
    })
  } catch (cause) {
    throw new Refusal('target_unreachable', `the connection cannot be set up: ${(cause as Error).message}`, { cause })
  }
}
