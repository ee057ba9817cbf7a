import { invalidInput } from '../../src/refusal.ts'

/** As many times a path may be encoded before it is refused unread. */
const maxRounds = 4

/** What may not stand behind a second encoding; bytes of UTF-8 may. */
const hidden = /[\u0000-\u001f\u007f/\\;]/

/** Longest path that is looked at, in characters. */
const maxPathLength = 8_192

/**
 * Splits a path into its segments, each decoded exactly once (RFC 3986, 2.4 and 3.3), and refuses
 * every form that a server behind us might read as another path: dot and empty segments, `\`, `;`,
 * control characters, separators that were hidden by one or two rounds of percent-encoding.
 *
 * @param path begins with `/`; has no query and no fragment
 * @returns the decoded segments; `/` alone has none
 * @throws Refusal `invalid_input`, with our words about the problem and never the path itself
 */
export function parsePath(path: string): readonly string[] {
  if (path.length > maxPathLength) throw invalidInput(`path: longer than ${maxPathLength} characters`)
  if (!path.startsWith('/')) throw invalidInput('path: must begin with / (the host is fixed by the tool)')
  if (path.includes('?')) throw invalidInput('path: give the query as the separate argument `query`')
  if (path.includes('#')) throw invalidInput('path: a fragment (#) is not part of a request')
  if (path === '/') return []
  return path
    .slice(1)
    .split('/')
    .map(segment => checkSegment(decodeOnce(segment)))
}

/**
 * Splits a path as `parsePath` does, where a `/` after the last segment is a part of it.
 *
 * @throws Refusal `invalid_input`
 */
export function parseSlashedPath(path: string): { readonly segments: readonly string[]; readonly slash: boolean } {
  const slash = /[^/]\/$/.test(path)
  return { segments: parsePath(slash ? path.slice(0, -1) : path), slash }
}

/**
 * Encodes one decoded segment so that it stays one segment: everything outside of RFC 3986 `pchar`
 * is percent-encoded, and `;` too, because some servers cut path parameters off there.
 */
function encodeSegment(segment: string): string {
  return encodeURIComponent(segment).replace(/%(?:3A|40|24|26|2B|2C|3D)/g, escaped => decodeURIComponent(escaped))
}

/** Builds a path from decoded segments, where wanted with a `/` after the last; the inverse of `parsePath`. */
export function formatPath(segments: readonly string[], slash = false): string {
  return `/${segments.map(encodeSegment).join('/')}${slash && segments.length > 0 ? '/' : ''}`
}

/**
 * Judges a segment that was never encoded, such as the value of a parameter, as `parsePath` judges a decoded one.
 *
 * @throws Refusal `invalid_input`
 */
export function checkSegment(segment: string): string {
  refuseAmbiguous(segment)
  // A server that decodes twice would see what this hides: %252e%252e, %252f.
  if (segment.includes('%')) refuseHidden(segment)
  return segment
}

function decodeOnce(segment: string): string {
  if (!segment.includes('%')) return segment
  try {
    return decodeURIComponent(segment)
  } catch {
    throw invalidInput('path: a % that is not a valid percent-encoding of UTF-8')
  }
}

// biome-ignore format: one class a line
const forbidden = new RegExp(
  [
    '[\\u0000-\\u001f\\u007f-\\u009f]',   // control characters: header and log injection
    '[/\\\\]',                             // separators, also after decoding (%2f, %5c)
    ';',                                   // path parameters: /admin;x/ is /admin/ to some servers
    '[\\u2024\\u2025\\u2044\\u2215\\u29f8\\uff0e\\uff0f\\uff3c]', // look-alikes of . / \ that normalise to them (NFKC)
    '[\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff]',     // invisible and direction-changing characters
    '[\\ud800-\\udfff]',                   // lone surrogates have no UTF-8
  ].join('|'),
  'u',
)

function refuseAmbiguous(segment: string): void {
  if (segment === '') throw invalidInput('path: an empty segment (// or a / at the end)')
  if (segment === '.' || segment === '..') throw invalidInput('path: a dot segment')
  // Some servers normalise: a look-alike of . / \\ or ; is then the thing itself (NFKC, Unicode annex 15).
  const normal = segment.normalize('NFKC')
  if (normal !== segment) refuseAmbiguous(normal)
  if (forbidden.test(segment)) {
    throw invalidInput(
      'path: a segment contains a character that is not accepted (control character, / or \\ or ; in any form)',
    )
  }
}

function refuseHidden(decodedOnce: string): void {
  let decoded = decodedOnce
  for (let round = 0; round < maxRounds; round++) {
    // Each escape by itself: one that is invalid ("100%", %zz) must not hide the others from us.
    const again = decoded.replace(/%([0-9a-f]{2})/gi, (_escape, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    )
    if (again === decoded) return
    decoded = again
    // Separators make segments; each is judged, as a server that decodes so often would see them.
    for (const segment of decoded.split(/[/\\]/))
      if (segment === '.' || segment === '..') throw invalidInput('path: a dot segment')
    if (hidden.test(decoded)) throw invalidInput('path: a separator or a control character behind several encodings')
  }
  throw invalidInput('path: encoded too many times')
}
