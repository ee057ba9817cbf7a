import type { Agent } from '../agents/agent.ts'
import type { ToolConfig } from '../config/config.ts'
import { createRateLimit, type RateLimit, takeAll } from '../limits/rate.ts'
import { Slots } from '../limits/slots.ts'

/** The windows and slots of all tools and agents of one configuration. */
export class LimitBook {
  readonly #rates = new Map<string, RateLimit>()
  readonly #slots = new Map<string, Slots>()

  /**
   * Takes one call from every window that applies, or from none.
   *
   * @throws Refusal `rate_limited`
   */
  take(agent: Agent, tool: ToolConfig): Promise<void> {
    const limits: RateLimit[] = []
    if (agent.rate !== null) limits.push(this.#rate(`agent ${agent.name}`, agent.rate))
    if (tool.limits.rate !== null) limits.push(this.#rate(`tool ${tool.name}`, tool.limits.rate))
    return takeAll(limits)
  }

  /** The concurrency slots of a tool. */
  slotsOf(tool: ToolConfig): Slots {
    let slots = this.#slots.get(tool.name)
    if (slots === undefined) {
      slots = new Slots(tool.limits.concurrency)
      this.#slots.set(tool.name, slots)
    }
    return slots
  }

  #rate(name: string, rate: NonNullable<Agent['rate']>): RateLimit {
    let limit = this.#rates.get(name)
    if (limit === undefined) {
      limit = createRateLimit(name, rate)
      this.#rates.set(name, limit)
    }
    return limit
  }
}
