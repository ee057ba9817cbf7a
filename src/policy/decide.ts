import type { Operation, ScopeVerdict } from '../kind.ts'
import type { Rule } from './rule.ts'

/** The answer to an operation. `by` names the rule or scope entry that decided; null when nothing spoke. */
export interface Decision {
  readonly effect: 'allow' | 'deny'
  readonly by: string | null
  readonly reason: string
}

/** Whether some operation of an MCP tool could be allowed; what no rule allows does not exist for the agent. */
export function couldAllow(rules: readonly Rule[], mcpTool: string): boolean {
  const matching = rules.filter(rule => rule.matchesName(mcpTool))
  if (matching.some(rule => rule.effect === 'deny' && rule.matchesOperation === null)) return false
  return matching.some(rule => rule.effect === 'allow')
}

/**
 * Decides one operation. The tool's scope must allow it and a rule of the agent must allow it;
 * deny beats allow whatever the order, and deny is what remains when nothing spoke.
 */
export function decide(rules: readonly Rule[], mcpTool: string, operation: Operation, scope: ScopeVerdict): Decision {
  if (!scope.allowed) return { effect: 'deny', by: null, reason: scope.reason }
  const matching = rules.filter(
    rule => rule.matchesName(mcpTool) && (rule.matchesOperation?.(operation, rule.effect === 'allow') ?? true),
  )
  const rule = matching.find(candidate => candidate.effect === 'deny') ?? matching[0]
  if (rule === undefined) return { effect: 'deny', by: null, reason: 'no rule allows this to the agent' }
  return rule.effect === 'allow'
    ? { effect: 'allow', by: scope.by, reason: `scope, and rule ${rule.text}` }
    : { effect: 'deny', by: rule.text, reason: 'a rule denies this to the agent' }
}
