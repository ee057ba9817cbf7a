import type { Agent } from '../agents/agent.ts'
import type { ToolConfig } from '../config/config.ts'
import type { LoadedConfig } from '../config/build.ts'
import type { JsonObject, Verb } from '../kind.ts'
import { couldAllow } from '../policy/decide.ts'

/** Clients cut a description off beyond this many characters. */
const maxDescription = 4_096

/** One MCP tool as it is offered: everything that can be built once per configuration. */
export interface Offer {
  readonly name: string
  readonly tool: ToolConfig
  readonly verb: Verb
  readonly description: string
  readonly hints: { readonly readOnly: boolean; readonly destructive: boolean; readonly idempotent: boolean }
  readonly inputSchema: JsonObject
  readonly outputSchema: JsonObject
}

/** All MCP tools of a configuration, sorted by name, so that clients can cache the list. */
export function createCatalogue({ verbs }: LoadedConfig): ReadonlyMap<string, Offer> {
  const offers = [...verbs].map(([name, { tool, verb }]): [string, Offer] => [
    name,
    {
      name,
      tool,
      verb,
      description: `${tool.description}\n\n${verb.description}`.slice(0, maxDescription),
      hints: {
        readOnly: verb.access === 'read',
        destructive: verb.access !== 'read',
        idempotent: verb.idempotent,
      },
      inputSchema: verb.inputSchema,
      outputSchema: verb.outputSchema,
    },
  ])
  return new Map(offers)
}

/** The MCP tools of which an agent could use some operation; the others do not exist for it. */
export function offersFor(agent: Agent, catalogue: ReadonlyMap<string, Offer>): readonly Offer[] {
  return [...catalogue.values()].filter(offer => couldAllow(agent.rules, offer.name))
}
