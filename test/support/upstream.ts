import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'

/** One request as it arrived. */
export interface Received {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** A real HTTP server on loopback that remembers every byte it was sent. */
export interface Upstream {
  readonly url: string
  readonly requests: readonly Received[]
  /** Everything that arrived, on all connections, as latin1. */
  bytes(): string
  connections(): number
  close(): Promise<void>
}

export type Respond = (request: Received, response: ServerResponse) => void | Promise<void>

/** Answers with what it received, as the echo endpoints of request inspectors do. */
export const echo: Respond = (request, response) => {
  response.setHeader('content-type', 'application/json')
  response.end(
    JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body: request.body }),
  )
}

/** Starts an upstream; `respond` decides what it answers. */
export async function startUpstream(respond: Respond = echo): Promise<Upstream> {
  const requests: Received[] = []
  const chunks: string[] = []
  let connections = 0
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const received = {
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(parts).toString(),
      }
      requests.push(received)
      void respond(received, response)
    })
    request.on('error', () => {})
    response.on('error', () => {})
  })
  // Bytes are recorded as they arrive, so that half a request is seen too.
  const front = createTcpServer(socket => {
    connections++
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    server.emit('connection', socket)
    // After the HTTP server has taken the socket: a listener added before would never hear anything.
    socket.prependListener('data', chunk => chunks.push(chunk.toString('latin1')))
  })
  await new Promise<void>(resolve => front.listen(0, '127.0.0.1', resolve))
  const { port } = front.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    bytes: () => chunks.join(''),
    connections: () => connections,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>(resolve => {
        front.close(() => {
          resolve()
        })
      })
    },
  }
}
