import type { Readable, Writable } from 'node:stream'
import { TextDecoder } from 'node:util'
import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/server'
import { Outbox } from '../process/outbox.ts'
import { malformedCall } from './malformed.ts'

/** The longest message that is read, in bytes; a longer one is skipped and answered with an error. */
const maxLineBytes = 16 * 1_048_576

const newline = 0x0a

/**
 * The stdio transport of MCP: one JSON-RPC message a line. Unlike the SDK's own it answers what it
 * cannot read (invalid UTF-8, invalid JSON, no JSON-RPC, too long) with an error and goes on.
 */
export class LineTransport implements Transport {
  onclose?: () => void
  onerror?: (error: Error) => void
  onmessage?: Transport['onmessage']

  readonly #input: Readable
  readonly #output: Writable
  readonly #outbox: Outbox<string>
  readonly #onRejected: (reason: string) => void
  readonly #decoder = new TextDecoder('utf-8', { fatal: true })
  readonly #ended = Promise.withResolvers<void>()
  #parts: Buffer[] = []
  #length = 0
  #skipping = false
  #closed = false

  /** @param onRejected told about every message that was not understood */
  constructor(input: Readable, output: Writable, onRejected: (reason: string) => void) {
    this.#input = input
    this.#output = output
    this.#onRejected = onRejected
    this.#outbox = new Outbox(lines => void output.write(lines.join('')))
  }

  /** Settles when either side has ended the connection. */
  get closed(): Promise<void> {
    return this.#ended.promise
  }

  async start(): Promise<void> {
    this.#input.on('data', this.#read)
    this.#input.once('end', this.#end)
    this.#input.once('close', this.#end)
    this.#input.once('error', this.#end)
    // The client stopped reading: there is nobody left to serve. Every write that was under way may fail
    // as well, and an error that nobody listens for would end the process as a crash.
    this.#output.on('error', this.#end)
  }

  async send(message: JSONRPCMessage): Promise<void> {
    if (!this.#closed) this.#outbox.push(`${JSON.stringify(message)}\n`)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#outbox.flush()
    this.#input.off('data', this.#read)
    this.#input.pause()
    this.onclose?.()
    this.#ended.resolve()
  }

  readonly #end = (): void => {
    void this.close()
  }

  readonly #read = (chunk: Buffer): void => {
    let start = 0
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      this.#collect(chunk.subarray(start, end))
      this.#lineDone()
      start = end + 1
    }
    if (start < chunk.length) this.#collect(chunk.subarray(start))
  }

  #collect(part: Buffer): void {
    if (this.#skipping) return
    this.#length += part.length
    if (this.#length <= maxLineBytes) {
      this.#parts.push(part)
      return
    }
    this.#skipping = true
    this.#parts = []
  }

  #lineDone(): void {
    const length = this.#length
    const parts = this.#parts
    const skipped = this.#skipping
    this.#parts = []
    this.#length = 0
    this.#skipping = false
    if (skipped) return this.#reject(-32600, `a message longer than ${maxLineBytes} bytes`)
    if (length === 0) return
    const line = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)
    let text: string
    let message: unknown
    try {
      text = this.#decoder.decode(line)
    } catch {
      return this.#reject(-32700, 'a message that is not valid UTF-8')
    }
    if (text.trim() === '') return
    try {
      message = JSON.parse(text)
    } catch {
      return this.#reject(-32700, 'a message that is not valid JSON')
    }
    if (!isMessage(message)) {
      // Never an answer to an answer: two sides that do this would not stop.
      if (isAnswer(message)) return this.#onRejected('an answer that is not JSON-RPC 2.0')
      return this.#reject(-32600, 'a message that is not JSON-RPC 2.0')
    }
    const malformed = malformedCall(message)
    if (malformed !== null && 'id' in message) return this.#reject(-32602, malformed, message.id)
    this.onmessage?.(message)
  }

  #reject(code: number, reason: string, id?: unknown): void {
    this.#onRejected(reason)
    // MCP has an error that belongs to no request carry no id, where JSON-RPC 2.0 has it null.
    const error = { jsonrpc: '2.0', id, error: { code, message: `Keyhold cannot read ${reason}` } }
    if (!this.#closed) this.#outbox.push(`${JSON.stringify(error)}\n`)
  }
}

function isAnswer(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !('method' in value) && ('result' in value || 'error' in value)
}

/** The shape that JSON-RPC 2.0, sections 4 and 5, asks for; what is inside is checked where it is used. */
function isMessage(value: unknown): value is JSONRPCMessage {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const { jsonrpc, method, id, params } = value as Record<string, unknown>
  if (jsonrpc !== '2.0') return false
  if (id !== undefined && typeof id !== 'string' && !Number.isSafeInteger(id)) return false
  if (method === undefined) return id !== undefined && ('result' in value || 'error' in value)
  return typeof method === 'string' && (params === undefined || (typeof params === 'object' && params !== null))
}
