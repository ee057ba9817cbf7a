import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { encodings } from './encodings.ts'

/** An API on this machine that gives back every secret that it is shown, in every way it can. */
export interface Echo {
  /** Such as `http://127.0.0.1:40123`. */
  readonly origin: string
  /** How many ways of giving back there are: the last segment of a path is the number of one. */
  readonly ways: readonly string[]
  /** The secrets that a way has given back, in all requests for it so far. */
  readonly shown: (way: number) => readonly string[]
  /** Everything that was given back, whichever way. */
  readonly allShown: () => readonly string[]
  readonly close: () => Promise<void>
}

/** What an echo is made of. */
export interface EchoOptions {
  /** Finds the secrets in what a request carries. */
  readonly secretsIn: (request: { readonly headers: IncomingHttpHeaders; readonly url: string }) => readonly string[]
  /** Answers requests for tokens, which come before the calls; null for everything else. */
  readonly token: (path: string) => { readonly status: number; readonly body: object } | null
}

type Respond = (response: ServerResponse, secrets: readonly string[]) => void

/** Starts an echo on a free port of the loopback interface. */
export async function startEcho(options: EchoOptions): Promise<Echo> {
  const shown = new Map<number, Set<string>>()
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      const path = (request.url ?? '').replace(/\?.*$/, '')
      const token = options.token(path)
      if (token !== null) return json(response, token.status, token.body)
      const number = Number(path.split('/').at(-1))
      const secrets = options.secretsIn({ headers: request.headers, url: request.url ?? '' })
      shown.set(number, new Set([...(shown.get(number) ?? []), ...secrets]))
      const way = ways[number]
      if (way === undefined) return json(response, 404, { secrets })
      way.respond(response, secrets)
    })
    ignoreErrors(request, response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ways: ways.map(({ name }) => name),
    shown: way => [...(shown.get(way) ?? [])],
    allShown: () => [...new Set([...shown.values()].flatMap(secrets => [...secrets]))],
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function text(
  response: ServerResponse,
  body: string | Buffer,
  headers: Record<string, string> = {},
  status = 200,
): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...headers }).end(body)
}

const ways: readonly { readonly name: string; readonly respond: Respond }[] = [
  ...encodings.map(({ name, encode }) => ({
    name,
    respond: (response: ServerResponse, secrets: readonly string[]) =>
      text(response, secrets.map(secret => `<${encode(secret)}>`).join('\n')),
  })),
  { name: 'in JSON', respond: (response, secrets) => json(response, 200, { deep: [{ secrets }] }) },
  {
    name: 'as keys of JSON',
    respond: (response, secrets) => json(response, 200, Object.fromEntries(secrets.map(secret => [secret, 1]))),
  },
  {
    name: 'in an error',
    respond: (response, secrets) => json(response, 500, { message: `failed for ${secrets.join()}` }),
  },
  {
    name: 'in a 401',
    respond: (response, secrets) => json(response, 401, { message: `bad credentials ${secrets.join()}` }),
  },
  {
    name: 'in headers',
    respond: (response, secrets) =>
      text(response, 'see the headers', {
        etag: `"${encodeURIComponent(secrets.join())}"`,
        location: `/?${encodeURIComponent(secrets.join())}`,
        'set-cookie': `session=${encodeURIComponent(secrets.join())}`,
      }),
  },
  {
    name: 'gzip',
    respond: (response, secrets) => text(response, gzipSync(secrets.join()), { 'content-encoding': 'gzip' }),
  },
  {
    name: 'brotli',
    respond: (response, secrets) => text(response, brotliCompressSync(secrets.join()), { 'content-encoding': 'br' }),
  },
  {
    name: 'one byte at a time',
    respond(response, secrets) {
      response.writeHead(200, { 'content-type': 'text/plain' })
      for (const character of secrets.join()) response.write(character)
      response.end()
    },
  },
  { name: 'no HTTP at all', respond: (response, secrets) => void response.socket?.end(`${secrets.join()}\r\n`) },
]

function ignoreErrors(request: IncomingMessage, response: ServerResponse): void {
  request.on('error', () => {})
  response.on('error', () => {})
}
