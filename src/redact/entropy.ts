/** The shortest stretch of a value that is searched for, in characters. */
export const shortestPart = 12

/** What is longer than the signature of any JWT is a container of things, many of which are known: a keystore, a document. */
const longestRandomPart = 1_400

/** In how many places the kind of character changes; random text does so three times as often, words hardly ever. */
const leastChanges = 1 / 8

/** How much of a text may read like words. */
const mostWords = 0.4

/**
 * Tells whether parts of this text are worth a search: at least 20 characters of a token's alphabet in which letters and digits,
 * or letters of either case, mix as they do by chance. Two arguments carry that. Twelve such characters have 48 bits (hexadecimal
 * digits) or more, so with a thousand of them searched for, a false find is to be expected in some 2^38 characters of equally random
 * text, and in none that people wrote. And nobody can try them all: words of a passphrase could be guessed one at a time, and their
 * redaction would confirm each guess, so words, numbers and what repeats itself are found as a whole only.
 */
export function isRandom(text: string): boolean {
  if (text.length < 20 || text.length > longestRandomPart || !/^[\w+/-]+$/.test(text)) return false
  const [small, capital, digits] = [/[a-z]/g, /[A-Z]/g, /[0-9]/g].map(kind => count(text, kind)) as [
    number,
    number,
    number,
  ]
  const isMixed = digits >= 2 ? small + capital >= 2 : small >= 5 && capital >= 5
  if (!isMixed || new Set(text).size < 8) return false
  return changesIn(text) >= leastChanges * text.length && wordsIn(text) <= mostWords * text.length
}

/** Cuts out what repeats itself (`AAAAAAAA`) or counts (`abcdefgh`, `12345678`): formats and examples are full of such stretches. */
export function withoutPadding(text: string): readonly string[] {
  const kept: string[] = []
  let start = 0
  for (let at = 0; at <= text.length - shortestPart + 1; at += 1) {
    if (at <= text.length - shortestPart && !isPadding(text.slice(at, at + shortestPart))) continue
    if (at > start) kept.push(text.slice(start, at + shortestPart - 1))
    start = at + 1
  }
  return kept
}

function isPadding(window: string): boolean {
  if (!hasDistinct(window, 5)) return true
  let steps = 0
  for (let at = 1; at < window.length; at += 1) {
    if (Math.abs(window.charCodeAt(at) - window.charCodeAt(at - 1)) === 1) steps += 1
  }
  return steps >= window.length / 2
}

function hasDistinct(window: string, least: number): boolean {
  let seen = ''
  for (let at = 0; at < window.length && seen.length < least; at += 1) {
    if (!seen.includes(window.charAt(at))) seen += window.charAt(at)
  }
  return seen.length >= least
}

/** How often a letter of either case or a digit is followed by one of another kind; a capital may begin a word. */
function changesIn(text: string): number {
  return count(text, /[a-z](?=[A-Z0-9])|[A-Z](?=[0-9])|[0-9](?=[A-Za-z])/g)
}

/** How many characters belong to something that could be pronounced. */
function wordsIn(text: string): number {
  const runs = text.match(/[A-Z]?[a-z]{4,}|[A-Z]{5,}/g) ?? []
  return runs
    .filter(run => /[aeiouy]/i.test(run) && !/[^aeiouy]{4}|[aeiou]{3}/i.test(run))
    .reduce((sum, run) => sum + run.length, 0)
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0
}
