/** An array as PostgreSQL writes it, taken apart; null is SQL's. */
export type ArrayItems = readonly (string | null | ArrayItems)[]

/** PostgreSQL itself has no more than six dimensions. */
const maxDimensions = 6

/**
 * Reads `{1,NULL,"a b",{...}}`. Bounds before it (`[0:1]={...}`) are left out. Gives null for what is no such text.
 *
 * @param delimiter between elements; only `box` has another than the comma
 */
export function parseArray(text: string, delimiter = ','): ArrayItems | null {
  const start = text.startsWith('[') ? text.indexOf('=') + 1 : 0
  const reader = { text, at: start, delimiter }
  const items = text[start] === '{' ? readItems(reader, 1) : null
  return items !== null && reader.at === text.length ? items : null
}

interface Reader {
  readonly text: string
  at: number
  readonly delimiter: string
}

function readItems(reader: Reader, depth: number): ArrayItems | null {
  if (depth > maxDimensions) return null
  const items: (string | null | ArrayItems)[] = []
  const { text, delimiter } = reader
  reader.at += 1
  if (text[reader.at] === '}') {
    reader.at += 1
    return items
  }
  for (;;) {
    const item = text[reader.at] === '{' ? readItems(reader, depth + 1) : readElement(reader)
    if (item === undefined || (item === null && text[reader.at - 1] === '{')) return null
    items.push(item)
    const after = text[reader.at]
    reader.at += 1
    if (after === '}') return items
    if (after !== delimiter) return null
  }
}

/** Undefined when there is none. */
function readElement(reader: Reader): string | null | undefined {
  const { text, delimiter } = reader
  if (text[reader.at] === '"') return readQuoted(reader)
  let end = reader.at
  while (end < text.length && text[end] !== delimiter && text[end] !== '}') end += 1
  const bare = text.slice(reader.at, end)
  reader.at = end
  return bare === '' ? undefined : bare === 'NULL' ? null : bare
}

function readQuoted(reader: Reader): string | undefined {
  const { text } = reader
  let value = ''
  for (let at = reader.at + 1; at < text.length; at += 1) {
    const character = text[at]
    if (character === '"') {
      reader.at = at + 1
      return value
    }
    if (character === '\\') at += 1
    value += text[at] ?? ''
  }
  return undefined
}
