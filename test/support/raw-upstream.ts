import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'

/** One request as it stood on the wire. */
export interface RawRequest {
  readonly method: string
  /** The target of the request line. */
  readonly target: string
  /** Request line and headers, as latin1. */
  readonly head: string
  readonly body: string
}

/** Answers a request by writing bytes; whatever it writes is what the client gets. */
export type Script = (socket: Socket, request: RawRequest) => void | Promise<void>

/** A TCP server that is no HTTP server: it reads requests, and answers with whatever a script writes. */
export interface RawUpstream {
  readonly url: string
  readonly port: number
  readonly requests: readonly RawRequest[]
  connections(): number
  close(): Promise<void>
}

/** Starts a raw upstream on loopback. `onConnect` may end a connection before anything was read; it then returns false. */
export async function startRawUpstream(
  script: Script,
  options: { readonly onConnect?: (socket: Socket) => boolean; readonly tls?: TlsOptions } = {},
): Promise<RawUpstream> {
  const requests: RawRequest[] = []
  const sockets = new Set<Socket>()
  let connections = 0

  function accept(socket: Socket): void {
    connections += 1
    sockets.add(socket)
    // What is written together should arrive together: otherwise the second part waits for the first to be acknowledged.
    socket.setNoDelay(true)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
    if (options.onConnect?.(socket) === false) return
    let unread = ''
    socket.on('data', chunk => {
      unread += chunk.toString('latin1')
      for (let read = readRequest(unread); read !== null; read = readRequest(unread)) {
        unread = unread.slice(read.length)
        requests.push(read.request)
        void script(socket, read.request)
      }
    })
  }

  const server: Server = options.tls === undefined ? createTcpServer(accept) : createTlsServer(options.tls, accept)
  server.on('tlsClientError', () => {})
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    requests,
    connections: () => connections,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>(resolve => {
        server.close(() => resolve())
      })
    },
  }
}

/** Takes one whole request off the beginning of what was received; null when it is not there yet. */
function readRequest(text: string): { readonly request: RawRequest; readonly length: number } | null {
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return null
  const head = text.slice(0, end)
  const bodyLength = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0)
  const length = end + 4 + bodyLength
  if (text.length < length) return null
  const [method = '', target = ''] = head.split(' ')
  return { request: { method, target, head, body: text.slice(end + 4, length) }, length }
}

/** Writes a whole answer with a content length. */
export function answer(socket: Socket, body: string | Buffer, headers: readonly string[] = []): void {
  const bytes = Buffer.from(body)
  socket.write(`HTTP/1.1 200 OK\r\n${[...headers, `content-length: ${bytes.length}`].join('\r\n')}\r\n\r\n`)
  socket.write(bytes)
}

/** Writes pieces as fast as the other side takes them, until they end or it has gone away; a bomb does not grow in our memory. */
export async function pour(socket: Socket, pieces: Iterable<string | Buffer>): Promise<void> {
  for (const piece of pieces) {
    if (socket.destroyed) return
    if (socket.write(piece)) continue
    await new Promise<void>(resolve => {
      const go = () => {
        socket.off('drain', go).off('close', go)
        resolve()
      }
      socket.on('drain', go).on('close', go)
    })
  }
}

/** Repeats a piece, for ever or so many times. */
export function* repeated<T>(piece: T, times = Number.POSITIVE_INFINITY): Generator<T> {
  for (let round = 0; round < times; round += 1) yield piece
}
