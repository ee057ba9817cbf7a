/** Longest Link field that is looked at, in characters. */
const maxFieldLength = 16_384

// Sticky, and no two parts of one can match the same character: each runs in linear time.
const separators = /[ \t,]*/y
const target = /<([^<>]*)>/y
const parameterStart = /[ \t]*;[ \t]*/y
const parameterName = /([!#$%&'*+.^_`|~0-9a-z-]+)[ \t]*/iy
const parameterValue = /=[ \t]*(?:"((?:[^"\\]|\\[^])*)"|([^\s",;<>]*))/y

/**
 * Finds the target of the first link with the relation `next` in a Link field (RFC 8288, 3). A link with an `anchor` is
 * about another resource and is passed over.
 *
 * @param field one field line, or several
 * @returns the URI reference as it stands there, or null when there is none or the field is malformed or over 16 kB
 */
export function nextLink(field: string | readonly string[] | undefined): string | null {
  const text = typeof field === 'object' ? field.join(',') : (field ?? '')
  if (text.length > maxFieldLength) return null
  const scan = scanner(text)
  let found: string | null = null
  for (scan(separators); !scan.ended(); ) {
    const uri = scan(target)?.[1]
    const parameters = uri === undefined ? null : readParameters(scan)
    if (uri === undefined || parameters === null) return null
    if (found === null && isNext(parameters)) found = uri
    if (!scan(separators)?.[0].includes(',') && !scan.ended()) return null
  }
  // A URI has neither white space nor control characters, and an empty reference is the page itself.
  return found !== null && /^[^\s\p{Cc}"\\]+$/u.test(found) ? found : null
}

function isNext(parameters: ReadonlyMap<string, string>): boolean {
  const relations = parameters.get('rel')?.toLowerCase().split(/\s+/) ?? []
  return relations.includes('next') && !parameters.has('anchor')
}

/** The first of each name counts (RFC 8288, 3.3). */
function readParameters(scan: Scanner): ReadonlyMap<string, string> | null {
  const parameters = new Map<string, string>()
  while (scan(parameterStart)) {
    const name = scan(parameterName)?.[1]?.toLowerCase()
    if (name === undefined) continue // `;;` and a `;` at the end are empty parameters
    const value = scan(parameterValue)
    if (!parameters.has(name)) parameters.set(name, value?.[1]?.replace(/\\([^])/g, '$1') ?? value?.[2] ?? '')
  }
  return parameters
}

interface Scanner {
  (pattern: RegExp): RegExpExecArray | null
  ended(): boolean
}

function scanner(text: string): Scanner {
  let at = 0
  const scan = (pattern: RegExp) => {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    at += match?.[0].length ?? 0
    return match
  }
  return Object.assign(scan, { ended: () => at === text.length })
}
