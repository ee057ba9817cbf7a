import type { Readable, Writable } from 'node:stream'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { LineTransport } from './lines.ts'
import { createMcpServer, type Surface } from './mcp.ts'

/**
 * Serves one client over a pair of streams, in the protocol era it speaks.
 *
 * @returns a promise that settles when the client has gone
 */
export function serveOverStdio(options: {
  readonly surface: Surface
  readonly input: Readable
  readonly output: Writable
  readonly onRejected: (reason: string) => void
  readonly onError: (error: Error) => void
}): { readonly closed: Promise<void>; close(): Promise<void> } {
  const transport = new LineTransport(options.input, options.output, options.onRejected)
  const handle = serveStdio(() => createMcpServer(options.surface), { transport, onerror: options.onError })
  return { closed: transport.closed, close: () => handle.close() }
}
