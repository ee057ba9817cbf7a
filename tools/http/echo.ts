import type { EchoTwin, JsonObject } from '../../src/kind.ts'

/** What is kept of a tool in front of an echo: everything that has a part in how a credential is presented and an answer read. */
const kept = ['kind', 'description', 'credential', 'limits', 'headers', 'redirects', 'retries', 'idempotency']

/** A tool of this kind in front of an echo. */
export const echo: EchoTwin = {
  target(written, origin) {
    const { base_url: url } = written
    const base = typeof url === 'string' ? URL.parse(url)?.pathname.replace(/\/$/, '') : ''
    const same = Object.fromEntries(Object.entries(written).filter(([key]) => kept.includes(key)))
    const { rate: _, ...limits } = (written['limits'] ?? {}) as JsonObject
    return { ...same, limits, base_url: `${origin}${base ?? ''}`, allow: ['GET /**', 'POST /**'] } satisfies JsonObject
  },
  calls: (way, text) => [
    { verb: 'call_api', args: { method: 'GET', path: `/${way}`, query: { note: text } } },
    { verb: 'call_api', args: { method: 'POST', path: `/${way}`, body: { note: text } } },
    // Outside of every scope: a refusal must not show anything either.
    { verb: 'call_api', args: { method: 'DELETE', path: `/${way}` } },
  ],
}
