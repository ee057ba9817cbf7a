import { type Document, isAlias, isMap, isPair, isScalar, isSeq, type Pair, parseDocument, type YAMLMap } from 'yaml'

/** As many characters as a list of scalars may take to be written on one line. */
const shortList = 80

/**
 * Sets a value by cutting lines into the text of a YAML document; everything else keeps its bytes.
 *
 * @returns null when a mapping on the path is not in block style
 */
export function splice(text: string, path: readonly string[], value: unknown): string | null {
  let map: unknown = parseDocument(text).contents
  for (const [depth, key] of path.entries()) {
    if (!isMap(map) || map.flow === true) return null
    const pair = map.items.find(item => isScalar(item.key) && item.key.value === key)
    const rest = path.slice(depth + 1)
    if (pair === undefined) return insert(text, map, { [key]: nest(rest, value) }, depth)
    if (rest.length === 0 || isEmpty(pair.value)) return replace(text, pair, key, nest(rest, value))
    map = pair.value
  }
  return null
}

/**
 * Puts new keys behind the others of the mapping at a path, all in one cut.
 *
 * @returns null when there is no mapping in block style
 */
export function append(text: string, path: readonly string[], entries: object): string | null {
  const map = parseDocument(text).getIn(path, true)
  return isMap(map) && map.flow !== true ? insert(text, map, entries, path.length) : null
}

function nest(path: readonly string[], value: unknown): unknown {
  return path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value)
}

/** `tools:` and `tools: {}` are places that a block can be put into. */
function isEmpty(node: unknown): boolean {
  return node === null || (isScalar(node) && node.value === null) || (isMap(node) && node.items.length === 0)
}

function insert(text: string, map: YAMLMap, entry: object, depth: number): string | null {
  const [first, last] = [map.items[0], map.items.at(-1)]
  if (first === undefined || last === undefined) return null
  const keyAt = startOf(first)
  const indent = text.slice(text.lastIndexOf('\n', keyAt - 1) + 1, keyAt)
  if (!/^ *$/.test(indent)) return null
  const at = endOfBlock(text, endOf(last), indent.length)
  const eol = text.includes('\r\n') ? '\r\n' : '\n'
  const before = text.slice(0, at)
  const gap = depth === 0 || (map.items.length > 1 && blankBefore(text, startOf(last))) ? eol : ''
  const lines = render(entry, indent, eol)
  return `${before === '' || before.endsWith('\n') ? before : before + eol}${gap}${indent}${lines}${eol}${text.slice(at)}`
}

/** Where the lines of a block end: behind the comments that stand below its last value, at its indentation or deeper. */
function endOfBlock(text: string, valueEnd: number, indent: number): number {
  const next = (from: number) => {
    const newline = text.indexOf('\n', from)
    return newline === -1 ? text.length : newline + 1
  }
  let end = text[valueEnd - 1] === '\n' ? valueEnd : next(valueEnd)
  for (let line = end; line < text.length; line = next(line)) {
    const [, spaces = '', mark] = /^( *)(#|\r?\n|$)?/.exec(text.slice(line, next(line))) ?? []
    if (mark === undefined || (mark === '#' && spaces.length < indent)) break
    if (mark === '#') end = next(line)
  }
  return end
}

function blankBefore(text: string, keyStart: number): boolean {
  return /\n[ \t]*\r?\n(?:[ \t]*#[^\n]*\n)*[ \t]*$/.test(text.slice(Math.max(0, keyStart - 4_096), keyStart))
}

function replace(text: string, pair: Pair, key: string, value: unknown): string | null {
  const start = startOf(pair)
  const indent = text.slice(text.lastIndexOf('\n', start - 1) + 1, start)
  if (!/^ *$/.test(indent)) return null
  const eol = text.includes('\r\n') ? '\r\n' : '\n'
  if (isScalar(pair.value) && pair.value.source === '') {
    // Below the line of the key, so that a comment on it stays.
    const lines = render({ [key]: value }, indent, eol).split(eol)
    const line = /^[^\r\n]*/.exec(text.slice(start))?.[0] ?? ''
    if (lines.length > 1)
      return text.slice(0, start) + [line, ...lines.slice(1)].join(eol) + text.slice(start + line.length)
  }
  let end = Math.max(endOf(pair), text.indexOf(':', start) + 1)
  while (text[end - 1] === '\n' || text[end - 1] === '\r') end--
  return text.slice(0, start) + render({ [key]: value }, indent, eol) + text.slice(end)
}

function startOf(pair: Pair): number {
  return isScalar(pair.key) ? (pair.key.range?.[0] ?? 0) : 0
}

/** The end of the last thing that belongs to a node, without the comment behind it. */
function endOf(node: unknown): number {
  if (isPair(node)) return endOf(node.value ?? node.key)
  if ((isMap(node) || isSeq(node)) && node.flow !== true && node.items.length > 0) return endOf(node.items.at(-1))
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? (node.range?.[1] ?? 0) : 0
}

/** Sets a value and lays the whole text out anew, for places that lines cannot be cut into; comments stay. Null where an alias is in the way. */
export function rewrite(text: string, path: readonly string[], value: unknown): string | null {
  const document = parseDocument(text)
  for (let length = 0; length < path.length; length++) {
    const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true)
    if (isAlias(node)) return null
    if (isMap(node)) node.flow = false
    else if (isScalar(node) && node.value === null) document.setIn(path.slice(0, length), document.createNode({}))
  }
  document.setIn(path, styled(document, value))
  return document.toString({ lineWidth: 0 })
}

function render(entry: object, indent: string, eol: string): string {
  const document = parseDocument('{}')
  document.contents = styled(document, entry) as typeof document.contents
  return document.toString({ lineWidth: 0 }).trimEnd().split('\n').join(`${eol}${indent}`)
}

/** Mappings in block style, and lists of scalars on one line as long as it is a short one. */
function styled(document: Document, value: unknown) {
  const node = document.createNode(value, { aliasDuplicateObjects: false })
  const visit = (inner: unknown): void => {
    if (isPair(inner)) visit(inner.value)
    if (isMap(inner)) {
      inner.flow = inner.items.length === 0
      inner.items.forEach(visit)
    }
    if (isSeq(inner)) {
      inner.flow = inner.items.every(isScalar) && JSON.stringify(inner).length <= shortList
      inner.items.forEach(visit)
    }
  }
  visit(node)
  return node
}
