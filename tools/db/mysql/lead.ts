import { Refusal } from '../../../src/refusal.ts'
import type { Action } from '../judge.ts'

/** The word that a statement begins with, for each thing that it may do. */
const leads: Readonly<Record<Action, RegExp>> = {
  SELECT: /^[\s(]*(?:select|with|values)\b/i,
  INSERT: /^\s*insert\b/i,
  UPDATE: /^\s*(?:update|with)\b/i,
  DELETE: /^\s*(?:delete|with)\b/i,
}

/**
 * Refuses a statement that begins as another one than it was planned as. The server takes what begins so for nothing else, and
 * a comment that it carries out cannot stand before it.
 *
 * @throws Refusal `not_allowed`
 */
export function refuseOtherLead(action: Action, text: string): void {
  if (!leads[action].test(text)) throw new Refusal('not_allowed', `the statement does not begin as ${action} does`)
}
