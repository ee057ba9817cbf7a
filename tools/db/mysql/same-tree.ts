import { positions, type Tree } from './tree.ts'

/** Beside where something stood: words that change nothing. */
const ignored: ReadonlySet<string> = new Set([...positions, 'explicit', 'into'])

/**
 * Whether the tree that was meant and the one of what was made say the same. Names are compared without case, since those of
 * columns and functions were written as the scope has them.
 *
 * @param replaced what stands in the place of nodes of the first
 */
export function sameTree(meant: unknown, made: unknown, replaced: ReadonlyMap<unknown, unknown>): boolean {
  if (typeof meant !== 'object' || typeof made !== 'object' || meant === null || made === null)
    return (meant ?? null) === (made ?? null)
  if (replaced.has(meant)) return sameTree(replaced.get(meant), made, replaced)
  if (Array.isArray(meant)) {
    if (!Array.isArray(made) || meant.length !== made.length) return false
    return meant.every((part, at) => sameTree(part, made[at], replaced))
  }
  if (Array.isArray(made)) return false
  for (const key of Object.keys(made)) if (!Object.hasOwn(meant, key) && !ignored.has(key)) return false
  for (const key of Object.keys(meant)) {
    if (ignored.has(key)) continue
    if (!Object.hasOwn(made, key)) return false
    const [left, right] = [(meant as Tree)[key], (made as Tree)[key]]
    const isName = key === 'value' && typeof left === 'string' && typeof right === 'string'
    if (isName ? left.toLowerCase() !== right.toLowerCase() : !sameTree(left, right, replaced)) return false
  }
  return true
}
