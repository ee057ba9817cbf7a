import type { z } from 'zod'
import type { Agent } from '../agents/agent.ts'
import type { Json, Plan } from '../kind.ts'
import { type Decision, decide } from '../policy/decide.ts'
import { Refusal } from '../refusal.ts'
import type { Offer } from './catalogue.ts'

/** The most problems that a refusal lists. */
const maxProblems = 5

/** What a call would do, and whether it may. */
export interface Planned extends Plan {
  readonly decision: Decision
}

/**
 * Parses the arguments strictly, works out the operation, and has scope and rules decide on it.
 *
 * @throws Refusal `invalid_input`
 */
export function plan(offer: Offer, agent: Agent, args: unknown): Planned {
  const parsed = offer.verb.input.safeParse(args ?? {})
  if (!parsed.success) {
    const problems = parsed.error.issues.slice(0, maxProblems).map(problemOf)
    throw new Refusal('invalid_input', problems.join('; '), { fields: { problems } })
  }
  const planned = offer.verb.plan(parsed.data)
  return { ...planned, decision: decide(agent.rules, offer.name, planned.operation, planned.scope) }
}

/**
 * Judges a further step of a call, such as a redirect, by the same scope and rules as the call itself.
 *
 * @returns what the worker is to carry out; null when it may not go on
 */
export function permitFurther(offer: Offer, agent: Agent, step: unknown): Json | null {
  if (offer.verb.further === undefined) return null
  try {
    const further = offer.verb.further(step)
    const { effect } = decide(agent.rules, offer.name, further.operation, further.scope)
    return effect === 'allow' ? further.request : null
  } catch {
    // What cannot be understood is not a failure of the call: it ends where it has come to.
    return null
  }
}

/** @throws Refusal `not_allowed` unless the decision is to allow */
export function requireAllowed(planned: Planned): void {
  const { decision, scope } = planned
  switch (decision.effect) {
    case 'allow':
      return
    case 'deny':
      throw new Refusal('not_allowed', decision.reason, {
        fields: scope.allowed ? { problems: [decision.reason] } : (scope.fields ?? {}),
      })
    default:
      decision.effect satisfies never
      throw new Refusal('not_allowed', 'an unknown effect')
  }
}

/** Names the argument and what is expected of it; never the value that was given. */
function problemOf(issue: z.core.$ZodIssue): string {
  const where = issue.path.length === 0 ? 'arguments' : issue.path.map(String).join('.').slice(0, 100)
  switch (issue.code) {
    case 'unrecognized_keys':
      return `${where}: unknown key ${issue.keys
        .slice(0, maxProblems)
        .map(key => JSON.stringify(key.slice(0, 50)))
        .join(', ')}`
    case 'invalid_type':
      return `${where}: expected ${issue.expected}`
    case 'invalid_value':
      return `${where}: one of ${issue.values.map(String).join(', ')}`
    case 'custom':
    case 'invalid_format':
      return `${where}: ${issue.message}`
    default:
      return `${where}: not accepted (${issue.code})`
  }
}
