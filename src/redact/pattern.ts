/**
 * A finite set of texts, written as a tree. There is no unbounded repetition on purpose: the longest
 * text of a pattern is also the most that a search in a stream ever has to hold back.
 */
export type Pattern =
  | { readonly type: 'unit'; readonly units: string }
  | { readonly type: 'sequence'; readonly parts: readonly Pattern[] }
  | { readonly type: 'either'; readonly choices: readonly Pattern[] }

/** Makes a pattern of exactly this text. */
export function literal(text: string): Pattern {
  return sequence(...text.split('').map(anyOf))
}

/** Makes a pattern of one UTF-16 unit, any of those in `units`. */
export function anyOf(units: string): Pattern {
  return { type: 'unit', units }
}

/** Makes a pattern of one part after the other. */
export function sequence(...parts: readonly Pattern[]): Pattern {
  const [only] = parts
  return only && parts.length === 1 ? only : { type: 'sequence', parts }
}

/** Makes a pattern of any one of the choices; without choices it matches nothing at all. */
export function either(...choices: readonly Pattern[]): Pattern {
  return { type: 'either', choices }
}

/** Makes a pattern that may be absent. */
export function optional(pattern: Pattern): Pattern {
  return either(pattern, sequence())
}

/** Makes a pattern of `least` to `most` repetitions. */
export function repeat(pattern: Pattern, least: number, most: number): Pattern {
  // Nested rather than in a row, so that each repetition is followed by the next one only.
  let rest = sequence()
  for (let count = most; count > 0; count -= 1) {
    const more = sequence(pattern, rest)
    rest = count > least ? optional(more) : more
  }
  return rest
}
