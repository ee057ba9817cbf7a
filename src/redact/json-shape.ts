/** How a JSON text is built, told without parsing it. */
export interface JsonShape {
  /** How deep lists and mappings are nested. */
  readonly depth: number
  /** At least as many values as are in it. */
  readonly values: number
}

/** Measures a JSON text in one pass; parsing first would take the memory, and a recursion the stack, that this guards. */
export function shapeOf(text: string): JsonShape {
  let depth = 0
  let deepest = 0
  let values = 1
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case quote:
        at = endOfString(text, at)
        break
      case openList:
      case openMapping:
        values += 1
        depth += 1
        if (depth > deepest) deepest = depth
        break
      case closeList:
      case closeMapping:
        depth -= 1
        break
      case comma:
        values += 1
        break
    }
  }
  return { depth: deepest, values }
}

const [quote, backslash, comma] = [0x22, 0x5c, 0x2c]
const [openList, closeList, openMapping, closeMapping] = [0x5b, 0x5d, 0x7b, 0x7d]

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === backslash) at += 1
    else if (code === quote) return at
  }
  return text.length
}
