import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { CLIENT_CAPABILITIES_META_KEY, PROTOCOL_VERSION_META_KEY } from '@modelcontextprotocol/server'

export type Era = '2026-07-28' | '2025-11-25'

export const eras: readonly Era[] = ['2026-07-28', '2025-11-25']

/** One TCP connection, on which a test writes and reads bytes as it likes. */
export class Wire {
  readonly #socket: Socket
  readonly #closed: Promise<unknown>
  #received = ''

  private constructor(socket: Socket) {
    this.#socket = socket
    this.#closed = new Promise(resolve => socket.once('close', resolve))
    socket.setEncoding('utf8')
    socket.on('data', text => {
      this.#received += String(text)
    })
    // A connection that the server cuts is what some tests are about; they see it by `closed`.
    socket.on('error', () => {})
  }

  static async open(url: string): Promise<Wire> {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    const wire = new Wire(socket)
    await once(socket, 'connect')
    return wire
  }

  /** Everything that has arrived, headers and framing included. */
  get received(): string {
    return this.#received
  }

  /** Writes, and waits until the operating system took it. */
  async write(...pieces: (string | Buffer)[]): Promise<void> {
    for (const piece of pieces) await new Promise(resolve => this.#socket.write(piece, resolve))
  }

  /** Waits until what has arrived matches. */
  async until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.#received)) {
      if (this.#socket.closed) throw new Error(`closed before ${pattern}, after: ${this.#received}`)
      await Promise.race([once(this.#socket, 'data'), this.#closed])
    }
    return this.#received
  }

  /** Waits until the server has closed the connection. */
  async closed(): Promise<string> {
    await this.#closed
    return this.#received
  }

  /** Closes without a word, as a client does that is killed. */
  cut(): void {
    this.#socket.destroy()
  }
}

/** What makes up one POST to `/mcp`; a header that is null is left out. */
export interface Post {
  readonly headers?: Readonly<Record<string, string | null>>
  readonly body: string | Buffer
}

/** The headers of a correct client, with those of the given post over them. */
export function headersOf({ headers = {} }: Post): Record<string, string> {
  const all = {
    authorization: 'Bearer good',
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...headers,
  }
  return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== null))
}

/** The bytes of a POST, with every header that a correct client sends. */
export function post(url: string, { headers = {}, body }: Post): Buffer {
  const framing = { host: new URL(url).host, 'content-length': String(Buffer.byteLength(body)) }
  const lines = Object.entries(headersOf({ headers: { ...framing, ...headers }, body }))
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return Buffer.concat([Buffer.from(`POST /mcp HTTP/1.1\r\n${head}\r\n`), Buffer.from(body)])
}

/** A request as a correct client of an era posts it. */
export function request(era: Era, method: string, params: Record<string, unknown> = {}, id: unknown = 1): Post {
  const name = typeof params['name'] === 'string' ? { 'mcp-name': params['name'] } : {}
  if (era === '2025-11-25')
    return { headers: { 'mcp-protocol-version': era }, body: JSON.stringify({ jsonrpc: '2.0', id, method, params }) }
  const meta = { [PROTOCOL_VERSION_META_KEY]: era, [CLIENT_CAPABILITIES_META_KEY]: {} }
  const { _meta, ...rest } = params as { _meta?: object }
  return {
    headers: { 'mcp-protocol-version': era, 'mcp-method': method, ...name },
    body: JSON.stringify({ jsonrpc: '2.0', id, method, params: { ...rest, _meta: { ...meta, ..._meta } } }),
  }
}

/** A call of a tool without arguments. */
export function call(era: Era, name: string, id: unknown = 1): Post {
  return request(era, 'tools/call', { name, arguments: {} }, id)
}
