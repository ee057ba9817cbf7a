import type { LineCounter, Document, Node } from 'yaml'
import { isMap, isScalar } from 'yaml'

/** Finds the line and column of a key of a YAML document. */
export function createLocator(document: Document.Parsed, lines: LineCounter) {
  const at = (offset: number | undefined) => {
    if (offset === undefined) return { line: null, column: null }
    const { line, col } = lines.linePos(offset)
    return { line, column: col }
  }
  return {
    /** The place of the value at a path; of its nearest ancestor that exists when it is missing. */
    value(path: readonly PropertyKey[]) {
      for (let length = path.length; length >= 0; length--) {
        const key = keyNode(document, path.slice(0, length))
        if (key?.range) return at(key.range[0])
        const node = (length === 0 ? document.contents : document.getIn(path.slice(0, length), true)) as
          | Node
          | null
          | undefined
        if (node?.range) return at(node.range[0])
      }
      return { line: null, column: null }
    },
    offset: at,
  }
}

/** The node of the key itself, which is where a person looks for `alow:`. */
function keyNode(document: Document.Parsed, path: readonly PropertyKey[]): Node | null {
  const last = path.at(-1)
  if (last === undefined) return null
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true)
  if (!isMap(parent)) return null
  const pair = parent.items.find(item => isScalar(item.key) && String(item.key.value) === String(last))
  return (pair?.key as Node | undefined) ?? null
}
