import type { ExecuteContext, Redacted } from '../../src/kind.ts'
import { discard, type Response } from './attempt.ts'
import { presentedParameter } from './present.ts'
import { HttpRequest } from './request.ts'
import type { Send } from './send.ts'
import type { HttpTarget } from './target.ts'

/** The most redirects that are followed for one call. */
const maxRedirects = 3

const redirects = new Set([301, 302, 303, 307, 308])

/**
 * Sends a request and follows redirects where the tool permits it. Each hop is judged by the gate as the first request was;
 * a redirect that is not followed is the answer.
 */
export async function followed(
  request: HttpRequest,
  target: HttpTarget,
  send: Send,
  context: ExecuteContext,
): Promise<{ readonly response: Response; readonly request: HttpRequest }> {
  let current = request
  for (let left = target.redirects === 'same_origin' ? maxRedirects : 0; ; left -= 1) {
    const response = await send(current)
    const { location } = response.headers
    if (left === 0 || !redirects.has(response.statusCode) || typeof location !== 'string')
      return { response, request: current }
    const next = await further('redirect', current, location, context)
    if (next === null) return { response, request: current }
    await discard(response)
    current = next
  }
}

/**
 * Asks the gate for the request to which an answer leads; null when it may not be made.
 *
 * @param to the upstream's words
 */
export async function further(
  why: 'redirect' | 'page',
  from: HttpRequest,
  to: string,
  context: ExecuteContext,
): Promise<HttpRequest | null> {
  if (from.method !== 'GET' && from.method !== 'HEAD') return null
  const here = from.query === '' ? from.path : `${from.path}?${from.query}`
  const clean = withoutCredential(to, here, context)
  if (clean === null) return null
  const permitted = await context.permit({ why, method: from.method, from: here, to: clean })
  if (permitted === null) return null
  const { path, query } = HttpRequest.parse(permitted)
  return { ...from, path, query }
}

/**
 * Takes the credential's own parameter out of a link, where APIs put back what they were sent. What then still has a form of a
 * secret in it is not followed: the gate, which judges the link, must never see one.
 */
function withoutCredential(to: string, here: string, context: ExecuteContext): string | null {
  if (to.length > 8_192) return null
  let clean = to
  const name = presentedParameter(context.credential)
  if (name !== null) {
    const base = `http://here.invalid${here}`
    if (!URL.canParse(to, base)) return null
    const url = new URL(to, base)
    url.searchParams.delete(name)
    clean = url.host === 'here.invalid' ? `${url.pathname}${url.search}` : url.href
  }
  const text = context.redactedText()
  text.push(clean)
  const redacted: Redacted = text.end('text')
  return redacted.value === clean ? clean : null
}
