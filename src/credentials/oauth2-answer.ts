import type { ExchangeAnswer } from '../net/exchange.ts'

/** The fields of a JSON object that a provider sent. */
export type Fields = Readonly<Record<string, unknown>>

/** Gives the fields of an answer that is one JSON object; null when it is anything else. */
export function fieldsOf({ headers, text }: ExchangeAnswer): Fields | null {
  const type = headers['content-type']
  if (typeof type !== 'string' || !/^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(type)) return null
  const value = parsed(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  return hasKeyTwice(text) ? null : (value as Fields)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** Which of two values counts is anybody's guess (RFC 8259, 4): the one that is used may not be the one that gets redacted. */
function hasKeyTwice(text: string): boolean {
  const keys = new Set<string>()
  let count = 0
  let depth = 0
  for (const [token, key] of text.matchAll(/("(?:[^"\\]|\\.)*")(?=\s*:)|"(?:[^"\\]|\\.)*"|[{}[\]]/g)) {
    if (key !== undefined && depth === 1) {
      keys.add(JSON.parse(key) as string)
      count += 1
    } else if (token === '{' || token === '[') depth += 1
    else if (token === '}' || token === ']') depth -= 1
  }
  return keys.size < count
}

/** A token whose end is not told is used for so long, in seconds; many providers mean an hour. */
const usualLifeSeconds = 3_600

/** No token is held for longer, in seconds, whatever is said about it. */
const maxLifeSeconds = 86_400

/** How long a token can be used, in seconds; null when what is said about it makes no sense. */
export function lifeOf(expiresIn: unknown): number | null {
  if (expiresIn === undefined || expiresIn === null) return usualLifeSeconds
  const seconds = typeof expiresIn === 'string' && /^\d{1,15}$/.test(expiresIn) ? Number(expiresIn) : expiresIn
  // What lasts no second is over before it is presented.
  if (typeof seconds !== 'number' || !Number.isFinite(seconds) || seconds < 1) return null
  return Math.min(seconds, maxLifeSeconds)
}
