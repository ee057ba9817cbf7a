/** The one form of an HTTP date that is generated today (RFC 9110, 5.6.7). */
const fixDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/

/**
 * Reads a Retry-After field (RFC 9110, 10.2.3): seconds or an HTTP date.
 *
 * @returns milliseconds from now, 0 for what is past or negative, null for what is neither
 */
export function retryAfterMs(field: string | undefined, nowMs: number): number | null {
  const text = field?.trim() ?? ''
  if (/^-?\d+$/.test(text)) return within(Number(text) * 1000)
  if (!fixDate.test(text)) return null
  const date = new Date(text)
  // The same text comes back only for a date that exists: neither 30 February nor the wrong day of the week.
  if (Number.isNaN(date.getTime()) || date.toUTCString() !== text) return null
  return within(date.getTime() - nowMs)
}

function within(milliseconds: number): number {
  return Math.min(Math.max(milliseconds, 0), Number.MAX_SAFE_INTEGER)
}
