import { noColumn, noSource, unclearColumn } from '../denials.ts'
import { spelled } from './names.ts'
import { notUnderstood } from './tree.ts'

/** What a FROM clause, or a statement that writes, has names for. */
export interface Source {
  readonly alias: string
  /** Null when not known. */
  readonly columns: readonly string[] | null
}

/** A query expression that has a name. */
export interface Cte {
  /** Its name in what is sent: one that no table has, so that no rule of scoping can make a table of it. */
  readonly name: string
  columns: readonly string[] | null
}

/** Where a name is looked up: a SELECT within another sees the names of that too. */
export interface Frame {
  readonly sources: Source[]
  /** What its SELECT list gives names to, in lower case. */
  readonly aliases: Set<string>
  readonly outer: Frame | null
  readonly ctes: ReadonlyMap<string, Cte>
}

/** The table that a statement writes to, when not all of its columns are allowed. */
export interface Target {
  readonly alias: string
  readonly columns: readonly string[]
}

/** Makes the place of a SELECT, or of a statement. */
export function frameWithin(outer: Frame | null, ctes: ReadonlyMap<string, Cte> = outer?.ctes ?? new Map()): Frame {
  return { sources: [], aliases: new Set(), outer, ctes }
}

/**
 * Writes a reference to a column.
 *
 * @throws OutOfScope for one that can be known to be wrong, or that could be a column of the target that is not allowed
 */
export function columnReference(name: readonly string[], frame: Frame, target: Target | null): string {
  if (name.length > 2) throw notUnderstood('a column with its database in front; write table.column')
  const column = name.at(-1) as string
  const qualifier = name.length === 2 ? (name[0] as string) : null
  if (target !== null) {
    const own = target.columns.find(allowed => sameName(allowed, column))
    // In the words of the admin: which characters are one to the server's collation, it need not tell.
    if (own !== undefined) return written(qualifier, own)
    if (qualifier === null) throw unclearColumn(column, target.columns)
    if (couldBeSame(qualifier, target.alias)) throw noColumn(column, qualifier, target.columns)
  }
  refuseUnknown(column, qualifier, frame)
  return written(qualifier, column)
}

function written(qualifier: string | null, column: string): string {
  return qualifier === null ? spelled(column) : `${spelled(qualifier)}.${spelled(column)}`
}

/** Every source that could have it has a known list, and none has it. */
function refuseUnknown(column: string, qualifier: string | null, innermost: Frame): void {
  const seen: string[] = []
  let isAny = false
  for (let frame: Frame | null = innermost; frame !== null; frame = frame.outer) {
    if (qualifier === null && frame.aliases.has(column.toLowerCase())) return
    for (const { alias, columns } of frame.sources) {
      if (qualifier !== null && !sameName(alias, qualifier)) continue
      if (columns === null || columns.some(known => sameName(known, column))) return
      isAny = true
      seen.push(...columns.map(known => `${alias}.${known}`))
    }
  }
  if (isAny) throw noColumn(column, qualifier, new Set(seen))
  if (qualifier !== null) throw noSource(qualifier)
}

/** Names of columns have no case. */
export function sameName(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase()
}

/** In doubt, two names of tables are the same: a server has tables of its own for what is one letter. */
export function couldBeSame(left: string, right: string): boolean {
  const isKnown = /^[\x20-\x7e]*$/
  return !isKnown.test(left) || !isKnown.test(right) || sameName(left, right)
}
