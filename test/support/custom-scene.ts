import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type AuditLine, type Home, makeHome } from './home.ts'
import { joinCalls } from './scene.ts'
import { type Connected, connect } from './serving.ts'
import type { Upstream } from './upstream.ts'

/** An installation with a configuration of the test's own, for several tools and every type of credential. */
export interface CustomScene extends Connected {
  readonly home: Home
  calls(): Record<string, unknown>[]
  events(name: string): AuditLine[]
  end(): Promise<void>
}

/** What a configuration is made of, beside the agent for stdio. */
export interface CustomConfig {
  readonly stores?: Record<string, unknown>
  readonly credentials?: Record<string, unknown>
  readonly tools: Record<string, unknown>
  readonly deny?: readonly string[]
}

/**
 * Sets a scene: secrets in files of their own, the real binary, the official client on stdio.
 *
 * @param config is given where the file of each secret lies, and gives the configuration
 */
export async function setCustomScene(
  secrets: Readonly<Record<string, string>>,
  config: (file: (secret: string) => { readonly file: string }) => CustomConfig,
): Promise<CustomScene> {
  const home = makeHome()
  const file = (secret: string) => ({ file: join(home.folder, `${secret}.key`) })
  for (const [name, value] of Object.entries(secrets)) writeFileSync(file(name).file, value, { mode: 0o600 })
  const { stores = {}, credentials = {}, tools, deny = [] } = config(file)
  const allow = Object.keys(tools).map(name => `${name}_*`)
  home.writeConfig({ version: 1, stores, credentials, tools, agents: { local: { transport: 'stdio', allow, deny } } })
  const connected = await connect(home, 'stdio', '2026-07-28')
  return {
    ...connected,
    home,
    calls: () => joinCalls(home.auditLines()),
    events: name => home.auditLines().filter(line => line.event === name),
    async end() {
      await connected.close()
      home.remove()
    },
  }
}

/** What arrived at an upstream since some moment. */
export interface Arrived {
  requests(): Upstream['requests']
  bytes(): string
}

/** Notes what an upstream has received, and tells later what came after that. */
export function watch(upstream: Upstream): Arrived {
  const requests = upstream.requests.length
  const bytes = upstream.bytes().length
  return {
    requests: () => upstream.requests.slice(requests),
    bytes: () => upstream.bytes().slice(bytes),
  }
}
