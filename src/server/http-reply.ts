import type { ServerResponse } from 'node:http'
import { ProtocolErrorCode } from '@modelcontextprotocol/server'
import type { Exchange } from './standing.ts'

/** The one error of a handler that has a status of its own (MCP 2026-07-28, client capabilities). */
const missingCapability: number = ProtocolErrorCode.MissingRequiredClientCapability

/** Ends a response with JSON. */
export function replyJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): void {
  if (response.headersSent || response.destroyed) return
  // A string goes out with its head in one write; a buffer would take two.
  const body = JSON.stringify(value)
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...headers,
  })
  response.end(body)
}

/** Ends a response with a JSON-RPC error that belongs to no request; MCP has it carry no id rather than null. */
export function replyError(
  response: ServerResponse,
  status: number,
  code: number,
  message: string,
  headers?: Record<string, string>,
): void {
  replyJson(response, status, { jsonrpc: '2.0', error: { code, message } }, headers)
}

/** Writes what a server sends: one JSON body, or an event stream once something comes before the answer. */
export function replyTo(response: ServerResponse): Exchange {
  const event = (message: unknown) => response.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`)
  return {
    notified(message) {
      if (!response.headersSent) {
        response.writeHead(200, {
          'content-type': 'text/event-stream',
          'cache-control': 'no-cache, no-transform',
          'x-accel-buffering': 'no',
        })
      }
      event(message)
    },
    answered(message) {
      try {
        if (!response.headersSent) return replyJson(response, statusOf(message), message)
        event(message)
        response.end()
      } catch (error) {
        // An answer that cannot be written as JSON must not leave its client waiting.
        response.destroy()
        throw error
      }
    },
  }
}

function statusOf(message: Parameters<Exchange['answered']>[0]): number {
  return 'error' in message && message.error.code === missingCapability ? 400 : 200
}
