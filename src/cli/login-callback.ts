import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Refusal } from '../refusal.ts'

/** Where a browser comes back to after a login: on this machine alone (RFC 8252, 7.3). */
export interface Callback {
  readonly redirectUri: string
  /** Waits for the answer with this state; there is one, and whatever else comes is refused. */
  answer(state: string, signal: AbortSignal): Promise<URLSearchParams>
  close(): Promise<void>
}

/**
 * Listens on loopback.
 *
 * @param port null for any that is free
 * @param onStray is called once, when something came that is no answer to this login
 * @throws Refusal invalid_input when the port is taken
 */
export async function startCallback(port: number | null, onStray: () => void): Promise<Callback> {
  let isStrayTold = false
  let waiting: { readonly state: string; readonly resolve: (answer: URLSearchParams) => void } | null = null
  const server = createServer((request, response) => {
    const url = URL.parse(request.url ?? '', redirectUri)
    const isHere = request.method === 'GET' && request.headers.host === new URL(redirectUri).host
    if (!isHere || url?.pathname !== '/callback') return show(response, 404, 'There is nothing here.')
    if (waiting === null || url.searchParams.get('state') !== waiting.state) {
      // Any page that is open in a browser can send requests here, without end.
      if (!isStrayTold) onStray()
      isStrayTold = true
      return show(response, 400, 'This is not the answer to the login that keyhold waits for; nothing was done.')
    }
    const { resolve } = waiting
    waiting = null
    show(response, 200, 'Keyhold has its answer: see the terminal. You can close this window.', () =>
      resolve(url.searchParams),
    )
  })
  const listening = once(server, 'listening')
  server.listen({ port: port ?? 0, host: '127.0.0.1', exclusive: true })
  await listening.catch((cause: unknown) => {
    const why = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE' ? 'is taken' : 'cannot be used'
    throw new Refusal('invalid_input', `port ${port ?? 0} of 127.0.0.1 ${why}; choose another with --port`, { cause })
  })
  const redirectUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`
  return {
    redirectUri,
    answer: (state, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason)
        signal.addEventListener('abort', () => reject(signal.reason), { once: true })
        waiting = { state, resolve }
      }),
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

/** A page of fixed words, which loads nothing, stays nowhere, and passes its address, with the code in it, to nobody. */
function show(response: ServerResponse, status: number, sentence: string, sent?: () => void): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    connection: 'close',
  })
  response.once('close', () => sent?.())
  response.end(`<!doctype html><meta charset="utf-8"><title>Keyhold</title><p>${sentence}</p>\n`)
}
