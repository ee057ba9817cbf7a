import { ProtocolError, ProtocolErrorCode, Server, TRACEPARENT_META_KEY, type Tool } from '@modelcontextprotocol/server'
import { type Answer, refusalText } from '../gate/answer.ts'
import type { Offer } from '../gate/catalogue.ts'

/** What the MCP surface of one agent is made of. */
export interface Surface {
  readonly version: string
  readonly tools: readonly Tool[]
  call(name: string, args: unknown, context: CallContext): Promise<Answer>
}

/** What the protocol knows about one call besides its arguments. */
export interface CallContext {
  readonly signal: AbortSignal
  /** W3C `traceparent`, when the client sent a well-formed one. */
  readonly trace: string | null
}

/** W3C Trace Context, 3.2: version, trace id, parent id, flags. */
const traceparent = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/

/**
 * One MCP server object with the two handlers that Keyhold has. It does not throw anything of ours:
 * the SDK would hand an exception's message to the model.
 */
export function createMcpServer(surface: Surface): Server {
  const server = new Server({ name: 'keyhold', version: surface.version }, { capabilities: { tools: {} } })
  const listed = { tools: [...surface.tools] }
  server.setRequestHandler('tools/list', () => listed)
  server.setRequestHandler('tools/call', async ({ params }, context) => {
    const sent = context.mcpReq._meta?.[TRACEPARENT_META_KEY]
    const trace = typeof sent === 'string' && traceparent.test(sent) ? sent : null
    const answer = await surface.call(params.name, params.arguments, { signal: context.mcpReq.signal, trace })
    return toToolResult(answer)
  })
  return server
}

/** An offer as `tools/list` shows it. */
export function toTool(offer: Offer): Tool {
  return {
    name: offer.name,
    description: offer.description,
    inputSchema: offer.inputSchema as Tool['inputSchema'],
    outputSchema: offer.outputSchema,
    annotations: {
      readOnlyHint: offer.hints.readOnly,
      destructiveHint: offer.hints.destructive,
      idempotentHint: offer.hints.idempotent,
      openWorldHint: true,
    },
  }
}

/** What is no text, as content of its type: a model can look at an image, and a client can keep the rest. */
function toContent({ type, base64 }: { readonly type: string; readonly base64: string }) {
  if (type.startsWith('image/')) return { type: 'image' as const, data: base64, mimeType: type }
  if (type.startsWith('audio/')) return { type: 'audio' as const, data: base64, mimeType: type }
  return { type: 'resource' as const, resource: { uri: 'keyhold:answer/body', mimeType: type, blob: base64 } }
}

function toToolResult(answer: Answer) {
  switch (answer.type) {
    case 'result':
      return {
        content: [{ type: 'text' as const, text: JSON.stringify(answer.value) }, ...answer.media.map(toContent)],
        structuredContent: answer.value as Record<string, unknown>,
        ...(answer.isError ? { isError: true } : {}),
      }
    case 'refusal':
      return {
        content: [{ type: 'text' as const, text: refusalText(answer.refusal) }],
        structuredContent: { ...answer.refusal },
        isError: true,
        _meta: { 'keyhold/code': answer.refusal.code },
      }
    case 'unknown_tool':
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'Unknown tool')
    default:
      return answer satisfies never
  }
}
