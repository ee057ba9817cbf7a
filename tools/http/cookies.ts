import { Refusal } from '../../src/refusal.ts'

/** The most cookies of one answer; what an answer repeats of them could not be redacted if there were any number. */
const maxCookies = 32

/**
 * Reads the values of the cookies that an answer sets (RFC 6265, 5.2), as they were sent and decoded: with the session that one
 * of them names, anybody could go on as the credential's owner.
 *
 * @throws Refusal `target_refused` when there are more than any honest API sets
 */
export function cookieValues(field: string | readonly string[] | undefined): readonly string[] {
  const cookies = field === undefined ? [] : [field].flat()
  if (cookies.length > maxCookies)
    throw new Refusal('target_refused', `the answer sets more than ${maxCookies} cookies`)
  return cookies.flatMap(cookie => {
    const [pair = ''] = cookie.split(';')
    const value = pair.slice(pair.indexOf('=') + 1).trim()
    const plain = /^"(.*)"$/.exec(value)?.[1] ?? value
    return [...new Set([plain, decoded(plain)])]
  })
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}
