import type {
  JSONRPCErrorResponse,
  JSONRPCMessage,
  JSONRPCRequest,
  JSONRPCResultResponse,
  Transport,
} from '@modelcontextprotocol/server'
import { type McpServerFactory } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'

type Id = JSONRPCRequest['id']
type Response = JSONRPCResultResponse | JSONRPCErrorResponse

/** Receives what a server sends in answer to one request; the last message is the response. */
export interface Exchange {
  notified(message: JSONRPCMessage): void
  answered(response: Response): void
}

/**
 * One server object that stays, for requests of one agent and one protocol era. Building a server and
 * converting to and from web-standard requests for each POST costs several times what a call does, so
 * requests that need nothing special are fed here, each under an id of its own, and their answers sent back.
 */
export class StandingServer {
  readonly #exchanges = new Map<Id, { readonly id: Id; readonly exchange: Exchange }>()
  readonly #transport: Transport
  readonly #handle: { close(): Promise<void> }
  #nextId = 1

  constructor(factory: McpServerFactory, onError: (error: Error) => void) {
    this.#transport = {
      start: async () => {},
      close: async () => {},
      send: async (message, options) => this.#sent(message, options?.relatedRequestId),
    }
    // The entry for stdio serves any transport; the first message settles the era, and all of ours have the same.
    this.#handle = serveStdio(factory, { transport: this.#transport, onerror: onError })
  }

  /** Feeds one request; returns how to cancel it. */
  feed(request: JSONRPCRequest, exchange: Exchange): { cancel(): void } {
    const id = this.#nextId++
    this.#exchanges.set(id, { id: request.id, exchange })
    this.#transport.onmessage?.({ ...request, id })
    return {
      cancel: () => {
        if (!this.#exchanges.delete(id)) return
        this.#transport.onmessage?.({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } })
      },
    }
  }

  close(): Promise<void> {
    return this.#handle.close()
  }

  #sent(message: JSONRPCMessage, relatedRequestId: Id | undefined): void {
    if ('method' in message) {
      // Nothing could bring its answer back; whoever asks must not wait for one.
      if ('id' in message) throw new Error(`${message.method} cannot be sent to a client without a session`)
      if (relatedRequestId !== undefined) this.#exchanges.get(relatedRequestId)?.exchange.notified(message)
      return
    }
    if (message.id === undefined) return
    const waiting = this.#exchanges.get(message.id)
    this.#exchanges.delete(message.id)
    waiting?.exchange.answered({ ...message, id: waiting.id })
  }
}
