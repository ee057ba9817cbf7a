import { once } from 'node:events'
import type { AddressInfo, Server, Socket } from 'node:net'
import { Pool } from 'undici'
import { expect, onTestFinished } from 'vitest'
import { parseCidr } from '../../src/net/address.ts'
import { ConnectFailed } from '../../src/net/connect-failed.ts'
import { createDialer, type Dialer, type DialOptions } from '../../src/net/dial.ts'

/** Options under which names may lead to this machine, where the tests' servers are. */
export const toLoopback: DialOptions = {
  allowed: [parseCidr('127.0.0.0/8')],
  timeoutMs: 10_000,
  ca: null,
  clientCertificate: null,
  proxy: null,
  resolve: async () => ['127.0.0.1'],
}

/** Makes a dialer with some options of its own. */
export function dialerWith(options: Partial<DialOptions> = {}): Dialer {
  return createDialer({ ...toLoopback, ...options })
}

/** Starts a server that ends with the test, with the sockets that it has; gives its port. */
export async function listening(server: Server, host = '127.0.0.1', port = 0): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
  })
  server.listen(port, host)
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** Makes one connection; it is closed when the test ends. */
export function dialed(dial: Dialer, url: string): Promise<Socket> {
  const { hostname, protocol, port } = new URL(url)
  return new Promise((resolve, reject) => {
    dial({ hostname: hostname.replace(/^\[|\]$/g, ''), protocol, port }, (error, socket) => {
      if (error !== null) return reject(error)
      onTestFinished(() => void socket.destroy())
      resolve(socket)
    })
  })
}

/** Gives the failure of a connection that must not come about. */
export async function failureOf(dial: Dialer, url: string): Promise<ConnectFailed> {
  const outcome = await dialed(dial, url).catch((error: unknown) => error)
  expect(outcome).toBeInstanceOf(ConnectFailed)
  return outcome as ConnectFailed
}

/** Asks for a URL as the http kind does: through a pool of undici with the dialer as its connector. */
export async function get(
  dial: Dialer,
  url: string,
  headers: Record<string, string> = {},
): Promise<{ readonly status: number; readonly text: string }> {
  const { origin, pathname } = new URL(url)
  const pool = new Pool(origin, { connect: dial, allowH2: false, connections: 1 })
  try {
    const answer = await pool.request({ method: 'GET', path: pathname, headers })
    return { status: answer.statusCode, text: await answer.body.text() }
  } finally {
    await pool.destroy()
  }
}
