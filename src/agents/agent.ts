import { createHash, timingSafeEqual } from 'node:crypto'
import type { Limits } from '../kind.ts'
import type { Rule } from '../policy/rule.ts'

/** Who is calling, and what its admin granted. */
export interface Agent {
  readonly name: string
  /** Whoever starts `keyhold stdio` may be this agent. */
  readonly stdio: boolean
  readonly tokenSha256: string | null
  readonly rules: readonly Rule[]
  readonly rate: Limits['rate']
}

/** The configured agents by name; null when the configuration has no `agents:` at all. */
export type Agents = ReadonlyMap<string, Agent> | null

/** Without `agents:`, whoever starts the process may use every tool; the scopes bound it already. */
const local: Agent = {
  name: 'local',
  stdio: true,
  tokenSha256: null,
  rules: [{ effect: 'allow', text: '*', matchesName: () => true, matchesOperation: null }],
  rate: null,
}

/** The agent of a stdio connection, or null when the configuration does not let this name use stdio. */
export function stdioAgent(agents: Agents, name: string): Agent | null {
  if (agents === null) return name === local.name ? local : null
  const agent = agents.get(name)
  return agent?.stdio ? agent : null
}

/**
 * The agent that a bearer token belongs to, or null. Every known digest is compared, in constant time,
 * so that the time taken tells nothing about a token or about how many there are before it.
 */
export function tokenAgent(agents: Agents, token: string): Agent | null {
  const digest = createHash('sha256').update(token).digest()
  let found: Agent | null = null
  for (const agent of agents?.values() ?? []) {
    if (agent.tokenSha256 !== null && timingSafeEqual(digest, Buffer.from(agent.tokenSha256, 'hex'))) found = agent
  }
  return found
}
