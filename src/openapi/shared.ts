import { Refusal } from '../refusal.ts'

/** Most schemas that one body may refer to. */
const maxShared = 300

/** Schemas that are referred to, in the order in which they were met; they become the `$defs` of a body. */
export interface Shared {
  readonly entries: Map<string, { readonly name: string; readonly reference: string; readonly open: boolean }>
  readonly names: Set<string>
}

/** Makes an empty collection of referenced schemas. */
export function createShared(): Shared {
  return { entries: new Map(), names: new Set() }
}

/**
 * The name under which a referenced schema is collected. One that judges the whole value and one that judges it together
 * with others are two: only the first can refuse properties that it does not know.
 */
export function sharedName(shared: Shared, reference: string, open: boolean): string {
  const key = `${open ? 'open' : 'closed'} ${reference}`
  const known = shared.entries.get(key)
  if (known !== undefined) return known.name
  if (shared.entries.size === maxShared)
    throw new Refusal('invalid_input', `its body refers to more than ${maxShared} schemas`)
  const last = reference.slice(reference.lastIndexOf('/') + 1)
  const plain = last.replace(/[^A-Za-z0-9_.-]/g, '_').slice(0, 100)
  const wanted = `${plain === '' ? 'schema' : plain}${open ? '_part' : ''}`
  let name = wanted
  for (let number = 2; shared.names.has(name); number++) name = `${wanted}_${number}`
  shared.names.add(name)
  shared.entries.set(key, { name, reference, open })
  return name
}
