import * as z from 'zod'
import { type Plan } from '../../src/kind.ts'
import { invalidInput, Refusal } from '../../src/refusal.ts'
import type { Asked } from './judge.ts'
import { parseSlashedPath } from './path.ts'
import { parseQuery, type Query } from './query.ts'
import type { HttpTarget } from './target.ts'

/** What a worker asks for within a call: to follow a redirect, or to get the next page. */
const FurtherStep = z.strictObject({
  why: z.enum(['redirect', 'page']),
  method: z.enum(['GET', 'HEAD']),
  /** Path and query of the request that was answered. */
  from: z.string().startsWith('/'),
  /** Where the answer says to go, in the upstream's own words. */
  to: z.string().max(8_192),
})

/**
 * Reads where an upstream wants us to go, and judges that as if the agent had asked for it.
 *
 * @param base the segments of the base URL
 * @param judge plans a request of the agent's
 * @throws Refusal when it leads to another origin, or is not understood
 */
export function furtherRequests(
  step: unknown,
  target: HttpTarget,
  base: readonly string[],
  judge: (asked: Asked) => Plan,
): Plan {
  const { why, method, from, to } = FurtherStep.parse(step)
  const { origin } = new URL(target.base_url)
  const here = new URL(origin + from)
  if (!URL.canParse(to, here.href)) throw invalidInput('the upstream leads to what is not a URL')
  const there = new URL(to, here.href)
  if (there.origin !== origin || there.username !== '' || there.password !== '')
    throw invalidInput('the upstream leads to another origin')
  const query = parseQuery(there.searchParams)
  const plan = () => judge(asked(method, below(base, there.pathname), query))
  if (why === 'redirect') return plan()
  // Some APIs link to the next page by another name of the same thing (GitHub: /repositories/ID); the page itself is
  // in the query, and asking for it under the path that was judged is as good.
  const samePath = () => judge(asked(method, below(base, here.pathname), query))
  const first = attempt(plan)
  if (first?.scope.allowed === true || there.search === '' || there.search === here.search) return first ?? samePath()
  return samePath()
}

function attempt(plan: () => Plan): Plan | null {
  try {
    return plan()
  } catch (error) {
    if (error instanceof Refusal) return null
    throw error
  }
}

function asked(method: 'GET' | 'HEAD', { segments, slash }: Pick<Asked, 'segments' | 'slash'>, query: Query): Asked {
  return { method, segments, slash, query, contentType: null, body: undefined }
}

/** The segments of a path below the base URL. */
function below(base: readonly string[], pathname: string): Pick<Asked, 'segments' | 'slash'> {
  const { segments, slash } = parseSlashedPath(pathname)
  if (base.some((segment, index) => segments[index] !== segment))
    throw invalidInput('the upstream leads to a path outside of the base URL')
  return { segments: segments.slice(base.length), slash }
}
