/**
 * Request headers an agent may set. Everything else (identity, routing, framing, method overrides)
 * stays with the admin: an allow-list, because the dangerous names are not a closed set.
 */
export const agentHeaders = [
  'accept',
  'accept-language',
  'content-type',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-unmodified-since',
  'prefer',
] as const

/** Response headers an agent gets to see; never `set-cookie`, nothing that only concerns the connection. */
const safeResponseHeaders = new Set([
  'allow',
  'content-language',
  'content-type',
  'etag',
  'last-modified',
  'link',
  'location',
  'retry-after',
  'x-request-id',
  'x-total-count',
])

/** Closed too: an upstream can write a key into the name of a header, where it turns up in lower case. */
const rateLimitHeaders =
  /^(?:x-)?ratelimit(?:-(?:limit|remaining|reset|used|policy|resource|scope|bucket|requests|tokens|after|day|minute|hour|month))*$/

/**
 * Headers an admin cannot fix in a tool, each with the reason: they frame or route the message,
 * or they carry an identity, which belongs into `credentials`.
 */
export const reservedHeaders: ReadonlyMap<string, string> = new Map([
  ...['authorization', 'proxy-authorization', 'cookie', 'x-api-key', 'api-key', 'x-auth-token', 'private-token'].map(
    name => [name, 'a literal secret does not belong in this file; use a credential'] as const,
  ),
  ...[
    'host',
    'connection',
    'content-length',
    'transfer-encoding',
    'te',
    'trailer',
    'upgrade',
    'expect',
    'keep-alive',
    'accept-encoding',
    'http2-settings',
  ].map(name => [name, 'is set by Keyhold itself'] as const),
])

/** A field value without control characters, so that one value stays one header (RFC 9110, 5.5). */
export const fieldValue = /^[\t\x20-\x7e]*$/

/** A field name (RFC 9110, 5.1). */
export const fieldName = /^[a-z0-9!#$%&'*+.^_`|~-]+$/

/** Keeps the few response headers that help an agent; lists are joined as RFC 9110, 5.3 says. */
export function shownHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const shown: Record<string, string> = {}
  for (const name of Object.keys(headers)) {
    const value = headers[name]
    if (value === undefined || !isShown(name)) continue
    shown[name] = typeof value === 'string' ? value : value.join(', ')
  }
  return shown
}

function isShown(name: string): boolean {
  return safeResponseHeaders.has(name) || rateLimitHeaders.test(name)
}
