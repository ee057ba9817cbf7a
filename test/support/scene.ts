import { hash } from 'node:crypto'
import { type AuditLine, type Home, makeHome } from './home.ts'
import { type Connected, connect, type Revision, type TransportName } from './serving.ts'
import { echo, type Respond, startUpstream, type Upstream } from './upstream.ts'

/** The key that must never be seen; looks like what providers issue. */
export const secretToken = 'ghp_R4nd0mLookingT0kenValue/+x9'

/** The token by which the HTTP agent of a scene is known. */
export const agentToken = 'keyhold_test-agent-token-0123456789'

/** A whole installation with one API behind it and one client in front of it. */
export interface Scene extends Connected {
  readonly home: Home
  readonly upstream: Upstream
  /** The records of calls, opened and closed lines joined. */
  calls(): Record<string, unknown>[]
  events(name: string): AuditLine[]
  end(): Promise<void>
}

/** What differs from the usual scene. */
export interface SceneOptions {
  readonly transport?: TransportName
  readonly revision?: Revision
  readonly respond?: Respond
  /** Merged over the tool `github`. */
  readonly tool?: Record<string, unknown>
  readonly rules?: { readonly allow?: readonly string[]; readonly deny?: readonly string[] }
  readonly secret?: string
}

/** The configuration of a scene: one tool `github`, one agent for stdio and HTTP each. */
export function sceneConfig(upstreamUrl: string, options: SceneOptions = {}): Record<string, unknown> {
  const rules = { allow: ['github_*'], deny: [], ...options.rules }
  return {
    version: 1,
    credentials: { github: { type: 'bearer', token: { sealed: 'github' } } },
    tools: {
      github: {
        kind: 'http',
        description: 'Issues of acme/shop',
        base_url: upstreamUrl,
        credential: 'github',
        allow: ['GET /repos/acme/shop/issues', 'GET /repos/acme/shop/issues/:number', 'POST /repos/acme/shop/issues'],
        limits: { timeout: '10s' },
        ...options.tool,
      },
    },
    agents: {
      local: { transport: 'stdio', ...rules },
      remote: { token: { sha256: hash('sha256', agentToken, 'hex') }, ...rules },
    },
  }
}

/** Sets a scene: a real upstream, a sealed key, the real binary, the official client. */
export async function setScene(options: SceneOptions = {}): Promise<Scene> {
  const upstream = await startUpstream(options.respond ?? echo)
  const home = makeHome()
  await home.seal('github', options.secret ?? secretToken)
  home.writeConfig(sceneConfig(upstream.url, options))
  const connected = await connect(home, options.transport ?? 'stdio', options.revision ?? '2026-07-28', {
    token: agentToken,
  })
  return {
    ...connected,
    home,
    upstream,
    calls: () => joinCalls(home.auditLines()),
    events: name => home.auditLines().filter(line => line.event === name),
    async end() {
      await connected.close()
      await upstream.close()
      home.remove()
    },
  }
}

/** Joins the two lines of each call, in the order they were opened. */
export function joinCalls(lines: readonly AuditLine[]): Record<string, unknown>[] {
  const calls = new Map<unknown, Record<string, unknown>>()
  for (const line of lines) {
    if (line.event === 'call.opened') calls.set(line['call'], { ...line, closed: false })
    else if (line.event === 'call.closed')
      calls.set(line['call'], { ...calls.get(line['call']), ...line, closed: true })
  }
  return [...calls.values()]
}
