import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { gzipSync } from 'node:zlib'

/** One request as it arrived. */
export interface Received {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
}

/** A shop's API: demands a bearer token, remembers all that it received, and all that it answered. */
export interface Api {
  readonly url: string
  readonly requests: readonly Received[]
  /** How many bytes arrived, on all connections. */
  bytes(): number
  /** Every answer as it was meant, before compression: headers, then body. */
  answers(): string
  close(): void
}

const orders = [
  { id: 1001, item: 'desk lamp', state: 'packed' },
  { id: 1002, item: 'bookshelf', state: 'sent' },
]

interface Reply {
  readonly status?: number
  readonly body: unknown
  readonly etag?: string
  readonly gzip?: boolean
  /** A text in the body that is sent in two halves. */
  readonly cut?: string
}

/** Starts the API on a free port of loopback; only this token opens it. */
export async function startApi(token: string): Promise<Api> {
  const requests: Received[] = []
  const sockets: Socket[] = []
  const answers: string[] = []
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request
    requests.push({ method, url, headers })
    const known = headers.authorization === `Bearer ${token}`
    void send(known ? replyTo(url, token) : { status: 401, body: { error: 'who are you?' } }, response, answers)
  })
  server.on('connection', socket => sockets.push(socket))
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    bytes: () => sockets.reduce((sum, socket) => sum + socket.bytesRead, 0),
    answers: () => answers.join('\n'),
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** The key as a careless API might give it away, each encoding under its name. */
export function encodings(token: string): Record<string, string> {
  const escaped = (escape: (code: number) => string) =>
    Array.from(token, character => escape(character.charCodeAt(0))).join('')
  return {
    base64: Buffer.from(token).toString('base64'),
    basic: Buffer.from(`admin:${token}`).toString('base64'),
    hex: hex(token),
    url: escaped(code => `%${code.toString(16)}`),
    html: escaped(code => `&#${code};`),
    json: escaped(code => `\\u${code.toString(16).padStart(4, '0')}`),
    reversed: Array.from(token).reverse().join(''),
  }
}

function replyTo(url: string, token: string): Reply {
  switch (url) {
    case '/orders':
      return { body: orders }
    case '/orders/1001':
      return { body: orders[0] }
    case '/debug/echo':
      return { body: { authorization: `Bearer ${token}` }, cut: token }
    case '/debug/encoded':
      return { body: encodings(token), etag: hex(token), gzip: true }
    default:
      return { status: 404, body: { error: 'no such thing' } }
  }
}

async function send(reply: Reply, response: ServerResponse, answers: string[]): Promise<void> {
  const text = JSON.stringify(reply.body)
  response.statusCode = reply.status ?? 200
  response.setHeader('content-type', 'application/json')
  if (reply.etag !== undefined) response.setHeader('etag', `"${reply.etag}"`)
  if (reply.gzip === true) response.setHeader('content-encoding', 'gzip')
  answers.push(`${JSON.stringify(response.getHeaders())}\n${text}`)
  if (reply.gzip === true) {
    response.end(gzipSync(text))
    return
  }
  if (reply.cut !== undefined) {
    const middle = text.indexOf(reply.cut) + Math.floor(reply.cut.length / 2)
    await new Promise(resolve => {
      response.write(text.slice(0, middle), resolve)
    })
    response.end(text.slice(middle))
    return
  }
  response.end(text)
}

function hex(text: string): string {
  return Buffer.from(text).toString('hex')
}
