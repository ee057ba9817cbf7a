import * as z from 'zod'
import type { JsonObject, Plan } from '../../src/kind.ts'
import type { Method } from './method.ts'
import type { HttpTarget } from './target.ts'

/** What an agent may give to say which calls are the same one. */
export const IdempotencyKey = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, '1-64 letters, digits, _ and -')

/** The same for an agent to read. */
export const idempotencyKeySchema: JsonObject = {
  type: 'string',
  pattern: '^[A-Za-z0-9_-]{1,64}$',
  description:
    'Calls with the same key and arguments run once; without one, the same arguments are the same call for a while. Give a new key to do the same thing again on purpose.',
}

/** Says of a request that it must run once, where the tool names the header for that. */
export function onceOf(target: HttpTarget, method: Method, reads: boolean, key: string | null): Pick<Plan, 'once'> {
  const { idempotency } = target
  if (idempotency === undefined || reads || (method !== 'POST' && method !== 'PATCH')) return {}
  return { once: { windowMs: idempotency.window, key } }
}
