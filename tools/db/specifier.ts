import type { Operation, Specifier } from '../../src/kind.ts'
import type { DbTarget } from './target.ts'

/**
 * Rules about this kind read `orders_db_query(read customers)`; `*` stands for any part of a name, and for any access.
 * `read` is about what is read, `write` about what is written to. One that names no table of the tool makes no sense.
 */
export function specifier(text: string, { tables }: Pick<DbTarget, 'tables'>): Specifier | null {
  const [, access, pattern] = /^(read|write|\*)\s+(.+)$/.exec(text.trim()) ?? []
  if (access === undefined || pattern === undefined) return null
  const literal = pattern.split('*').map(part => part.replaceAll(/[\\^$.|?+()[\]{}]/g, String.raw`\$&`))
  const name = new RegExp(`^${literal.join('.*')}$`, 'us')
  // A name that was mistyped would deny nothing, or allow nothing.
  if (!Object.keys(tables).some(label => name.test(label))) return null
  const covers = (touch: NonNullable<Operation['touches']>[number]) =>
    (access === '*' || access === touch.access) && name.test(touch.resource)
  return ({ touches = [] }, grants) => (grants ? touches.every(covers) : touches.some(covers))
}
