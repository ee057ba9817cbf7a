import type { IncomingMessage } from 'node:http'
import {
  classifyInboundRequest,
  isJSONRPCRequest,
  type JSONRPCRequest,
  SUPPORTED_PROTOCOL_VERSIONS,
} from '@modelcontextprotocol/server'

/** The protocol revision whose requests need no handshake. */
const modernRevision = '2026-07-28'

/** The only revision with batches; it is also what a request without a version header is taken for. */
const batchRevision = '2025-03-26'

/** A request that needs nothing special, and the protocol era it belongs to. */
export interface PlainRequest {
  readonly era: 'modern' | 'legacy'
  readonly message: JSONRPCRequest
}

/**
 * The body as a request, if it is exactly what the specification asks for and about tools only; null for
 * everything else, which the SDK's handler judges and answers.
 */
export function plainRequest(request: IncomingMessage, body: unknown): PlainRequest | null {
  if (!isJSONRPCRequest(body) || (body.method !== 'tools/call' && body.method !== 'tools/list')) return null
  return request.headers['mcp-protocol-version'] === modernRevision
    ? plainModern(request, body)
    : plainLegacy(request, body)
}

/** Says why a body that is a batch is not served, or null. */
export function batchProblem(request: IncomingMessage, body: unknown): string | null {
  if (!Array.isArray(body)) return null
  const version = request.headers['mcp-protocol-version'] ?? batchRevision
  if (version !== batchRevision) return 'batches are not part of this protocol revision'
  // Answers and cancellation go by id: of two calls with the same one, the first could not be cancelled.
  const ids = body.map(element => (element as { id?: unknown } | null)?.id).filter(id => id !== undefined)
  return new Set(ids).size === ids.length ? null : 'two messages of the batch have the same id'
}

function plainModern({ headers }: IncomingMessage, message: JSONRPCRequest): PlainRequest | null {
  if (headers['mcp-method'] !== message.method) return null
  const name = message.params?.['name']
  if (message.method === 'tools/call' && (typeof name !== 'string' || headers['mcp-name'] !== name)) return null
  const route = classifyInboundRequest({
    httpMethod: 'POST',
    protocolVersionHeader: modernRevision,
    mcpMethodHeader: message.method,
    body: message,
  })
  return route.kind === 'modern' && route.messageKind === 'request' && route.classification.revision === modernRevision
    ? { era: 'modern', message }
    : null
}

function plainLegacy({ headers }: IncomingMessage, message: JSONRPCRequest): PlainRequest | null {
  const version = headers['mcp-protocol-version']
  if (typeof version === 'string' && !SUPPORTED_PROTOCOL_VERSIONS.includes(version)) return null
  const accept = headers.accept ?? ''
  if (!accept.includes('application/json') || !accept.includes('text/event-stream')) return null
  const route = classifyInboundRequest({
    httpMethod: 'POST',
    ...(typeof version === 'string' ? { protocolVersionHeader: version } : {}),
    body: message,
  })
  return route.kind === 'legacy' ? { era: 'legacy', message } : null
}
