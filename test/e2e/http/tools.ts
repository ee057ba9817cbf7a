import { hash } from 'node:crypto'
import { type AuditLine, type Home, makeHome } from '../../support/home.ts'
import { joinCalls, secretToken } from '../../support/scene.ts'
import {
  type Called,
  type Connected,
  calling,
  connect,
  httpTransport,
  newClient,
  type Revision,
  startServe,
} from '../../support/serving.ts'
import { echo, type Received, type Respond, startUpstream, type Upstream } from '../../support/upstream.ts'

/** What one call came to: what the agent got, what the API got, what was recorded. */
export interface Done extends Called {
  readonly requests: readonly Received[]
  /** The bytes that reached the API, as latin1. */
  readonly sent: string
  /** `METHOD path?query` of each request. */
  readonly lines: readonly string[]
  readonly body: unknown
  readonly code: unknown
  readonly record: Record<string, unknown>
}

/** An installation with tools of its own, all of them for one API. */
export interface Tools extends Pick<Connected, 'client' | 'call' | 'log'> {
  readonly home: Home
  readonly upstream: Upstream
  /** Makes a call of which no other runs at the same time. */
  do(mcpTool: string, args?: object): Promise<Done>
  calls(): Record<string, unknown>[]
  events(name: string): AuditLine[]
  end(): Promise<void>
}

export interface ToolsOptions {
  /** Gives the tools by name, each merged over what every tool here has. */
  readonly tools: (url: string, home: Home) => Record<string, object>
  readonly respond?: Respond
  readonly revision?: Revision
  /** Beside `key`, the bearer token that a tool has unless it says otherwise; values that are sealed, by item. */
  readonly credentials?: (home: Home, url: string) => Record<string, object>
  readonly sealed?: Readonly<Record<string, string>>
  readonly rules?: { readonly allow: readonly string[]; readonly deny?: readonly string[] }
}

/** The configuration of such an installation, for one agent on stdio. */
function configOf(home: Home, url: string, options: ToolsOptions): Record<string, unknown> {
  const common = { kind: 'http', description: 'An API', base_url: url, credential: 'key', limits: { timeout: '10s' } }
  const tools = Object.entries(options.tools(url, home)).map(([name, tool]) => [name, { ...common, ...tool }])
  return {
    version: 1,
    credentials: {
      key: { type: 'bearer', token: { sealed: 'key' } },
      ...options.credentials?.(home, url),
    },
    tools: Object.fromEntries(tools),
    agents: { local: { transport: 'stdio', ...(options.rules ?? { allow: ['*'] }) } },
  }
}

/** Starts an API, seals the keys, and connects the official client to `keyhold stdio`. */
export async function setTools(options: ToolsOptions): Promise<Tools> {
  const upstream = await startUpstream(options.respond ?? echo)
  const home = makeHome()
  // First, since it says what a value is for: a password may be what a token may not.
  home.writeConfig(configOf(home, upstream.url, options))
  for (const [item, value] of Object.entries({ key: secretToken, ...options.sealed })) await home.seal(item, value)
  const connected = await connect(home, 'stdio', options.revision ?? '2026-07-28')
  const calls = () => joinCalls(home.auditLines())
  return {
    ...connected,
    home,
    upstream,
    calls,
    events: name => home.auditLines().filter(line => line.event === name),
    async do(mcpTool, args = {}) {
      const [requests, bytes] = [upstream.requests.length, upstream.bytes().length]
      const called = await connected.call(mcpTool, args)
      const made = upstream.requests.slice(requests)
      return {
        ...called,
        requests: made,
        sent: upstream.bytes().slice(bytes),
        lines: made.map(({ method, url }) => `${method} ${url}`),
        body: called.structured['body'],
        code: called.structured['code'],
        record: calls().at(-1) ?? {},
      }
    },
    async end() {
      await connected.close()
      await upstream.close()
      home.remove()
    },
  }
}

/** A client for each of some agents of one `keyhold serve`. */
export async function setAgents(
  agents: Readonly<Record<string, object>>,
  options: ToolsOptions,
): Promise<{
  readonly upstream: Upstream
  readonly of: (agent: string) => Pick<Connected, 'client' | 'call'>
  calls(): Record<string, unknown>[]
  end(): Promise<void>
}> {
  const upstream = await startUpstream(options.respond ?? echo)
  const home = makeHome()
  await home.seal('key', secretToken)
  const tokenOf = (name: string) => `keyhold_token-of-the-agent-${name}-0123456789`
  const known = Object.entries(agents).map(([name, rules]) => [
    name,
    { token: { sha256: hash('sha256', tokenOf(name), 'hex') }, ...rules },
  ])
  home.writeConfig({ ...configOf(home, upstream.url, options), agents: Object.fromEntries(known) })
  const server = await startServe(home)
  const clients = new Map<string, Pick<Connected, 'client' | 'call'>>()
  for (const name of Object.keys(agents)) {
    const client = newClient('2026-07-28')
    await client.connect(httpTransport(server.url, tokenOf(name)))
    clients.set(name, calling(client))
  }
  return {
    upstream,
    of: agent => clients.get(agent) as Pick<Connected, 'client' | 'call'>,
    calls: () => joinCalls(home.auditLines()),
    async end() {
      for (const { client } of clients.values()) await client.close()
      await server.stop()
      await upstream.close()
      home.remove()
    },
  }
}
