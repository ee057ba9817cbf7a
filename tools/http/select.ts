import type { Json } from '../../src/kind.ts'

/** What the pointers want below one place of a value. */
interface Wanted {
  all: boolean
  every: Wanted | null
  readonly members: Map<string, Wanted>
}

/** A container of the input that is being copied in part. */
interface Copy {
  readonly from: Json
  readonly to: Json[] | Record<string, Json>
  readonly wanted: readonly Wanted[]
}

/**
 * Compiles JSON pointers (RFC 6901) to a function that prunes a value to what they reach. A whole segment `*` is every
 * item of an array or every member of an object; `''` selects all, no pointer selects nothing. The structure stays: objects
 * keep their order, arrays are compacted, containers that a pointer enters stay even when nothing in them is selected. A plain
 * value where a pointer goes deeper is left out (at the top: null). Selected parts are shared with the input, not copied.
 *
 * @throws Error for an invalid pointer, with a sentence for the admin
 */
export function compileSelect(pointers: readonly string[]): (value: Json) => Json {
  const root = nothing()
  for (const pointer of pointers) add(root, parsePointer(pointer))
  return value => select(value, root)
}

function parsePointer(pointer: string): readonly string[] {
  if (pointer === '') return []
  const fault = (reason: string) => new Error(`${JSON.stringify(pointer)} is not a JSON pointer: ${reason}`)
  if (!pointer.startsWith('/')) throw fault('it must be empty or begin with /')
  if (/~(?![01])/.test(pointer)) throw fault('~ must be written as ~0')
  // In this order, so that ~01 is ~1 and not / (RFC 6901, 4).
  return pointer
    .slice(1)
    .split('/')
    .map(segment => segment.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function nothing(): Wanted {
  return { all: false, every: null, members: new Map() }
}

function add(root: Wanted, segments: readonly string[]): void {
  let place = root
  for (const segment of segments) {
    if (segment === '*') {
      place = place.every ??= nothing()
      continue
    }
    const next = place.members.get(segment) ?? nothing()
    place.members.set(segment, next)
    place = next
  }
  place.all = true
}

// A list of work instead of recursion: the depth of an answer is the upstream's choice.
function select(value: Json, root: Wanted): Json {
  if (root.all) return value
  const result = emptyLike(value)
  if (result === null) return null
  const open: Copy[] = [{ from: value, to: result, wanted: [root] }]
  for (let copy = open.pop(); copy !== undefined; copy = open.pop()) {
    for (const [key, inner] of Object.entries(copy.from as Readonly<Record<string, Json>>)) {
      const wanted = below(copy.wanted, key)
      if (wanted.length === 0) continue
      const all = wanted.some(place => place.all)
      const kept = all ? inner : emptyLike(inner)
      if (!all && kept === null) continue
      put(copy.to, key, kept)
      if (!all) open.push({ from: inner, to: kept as Copy['to'], wanted })
    }
  }
  return result
}

function below(wanted: readonly Wanted[], key: string): readonly Wanted[] {
  return wanted.flatMap(({ members, every }) => [members.get(key) ?? [], every ?? []].flat())
}

function emptyLike(value: Json): Json[] | Record<string, Json> | null {
  if (Array.isArray(value)) return []
  return typeof value === 'object' && value !== null ? {} : null
}

function put(to: Copy['to'], key: string, value: Json): void {
  if (Array.isArray(to)) to.push(value)
  // Assigning to `__proto__` would change the prototype instead of adding a member.
  else Object.defineProperty(to, key, { value, enumerable: true, configurable: true, writable: true })
}
