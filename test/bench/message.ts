import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  PROTOCOL_VERSION_META_KEY,
} from '@modelcontextprotocol/server'

/** The revision that every measured request speaks, over both transports. */
export const revision = '2026-07-28'

/** The MCP tool that both servers offer. */
export const mcpTool = 'shop_call_api'

const _meta = {
  [PROTOCOL_VERSION_META_KEY]: revision,
  [CLIENT_INFO_META_KEY]: { name: 'keyhold-bench', version: '1.0.0' },
  [CLIENT_CAPABILITIES_META_KEY]: {},
}

/** The two requests that are measured. */
export type Method = 'tools/list' | 'tools/call'

const params: Record<Method, object> = {
  'tools/list': { _meta },
  'tools/call': {
    name: mcpTool,
    arguments: { method: 'GET', path: '/issues/42', query: { state: 'open', page: 2 } },
    _meta,
  },
}

/** One request as it goes over the wire. */
export function requestText(method: Method, id: number): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method, params: params[method] })
}

/** An answer, of which a load generator looks at no more than it must. */
export interface Answer {
  readonly id?: number
  readonly result?: { readonly isError?: boolean }
}

/**
 * Makes sure that what was timed is a success.
 *
 * @throws Error with the answer
 */
export function requireSuccess(answer: Answer): void {
  if (answer.result === undefined || answer.result.isError === true)
    throw new Error(`not a success: ${JSON.stringify(answer)}`)
}
