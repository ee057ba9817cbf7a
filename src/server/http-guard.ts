import type { IncomingMessage } from 'node:http'

/** The names under which this server may be addressed, and the web origins that may call it. */
export interface Guard {
  readonly hosts: ReadonlySet<string>
  readonly origins: ReadonlySet<string>
}

const loopbackNames = ['localhost', '127.0.0.1', '[::1]']

/**
 * Which `Host` and `Origin` are ours. A page in a browser can send requests to loopback and, by DNS
 * rebinding, under a name of its own; both fields then carry that page's name (MCP, Streamable HTTP, security warning).
 */
export function createGuard(server: { readonly host: string; readonly publicUrl: string | null }, port: number): Guard {
  const bound = server.host.includes(':') ? `[${server.host}]` : server.host
  const names = loopbackNames.includes(bound) || isWildcard(server.host) ? [...loopbackNames, bound] : [bound]
  // Written as clients write them: in lower case, and without the port when it is the scheme's own.
  const urls = names.map(name => new URL(`http://${name}:${port}`))
  const hosts = new Set(urls.map(url => url.host))
  const origins = new Set(urls.map(url => url.origin))
  if (server.publicUrl !== null) {
    const url = new URL(server.publicUrl)
    hosts.add(url.host)
    origins.add(url.origin)
  }
  return { hosts, origins }
}

/** Tells why a request is not meant for us, or null. */
export function guardProblem(guard: Guard, request: IncomingMessage): 'host' | 'origin' | null {
  const { host, origin } = request.headers
  if (host === undefined || !guard.hosts.has(host.toLowerCase())) return 'host'
  return origin === undefined || guard.origins.has(origin.toLowerCase()) ? null : 'origin'
}

/** The token of `Authorization: Bearer` (RFC 6750, 2.1), or null. Never looked for in the URL. */
export function bearerToken(request: IncomingMessage): string | null {
  return /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(request.headers.authorization ?? '')?.[1] ?? null
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::'
}
