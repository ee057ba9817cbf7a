import type { Agent } from '../agents/agent.ts'
import { couldAllow } from '../policy/decide.ts'
import type { Offer } from './catalogue.ts'

/** A call of an MCP tool that does not exist for this agent; the protocol has its own answer to that. */
export class UnknownTool extends Error {
  constructor() {
    super('no such tool for this agent')
    this.name = 'UnknownTool'
  }
}

/**
 * May this agent use this MCP tool at all? One that is hidden from it answers as one that does not exist.
 *
 * @throws UnknownTool
 */
export function authorize(agent: Agent, mcpTool: string, catalogue: ReadonlyMap<string, Offer>): Offer {
  const offer = catalogue.get(mcpTool)
  if (offer === undefined || !couldAllow(agent.rules, mcpTool)) throw new UnknownTool()
  return offer
}
