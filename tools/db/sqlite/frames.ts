import { noColumn, noSource, unclearColumn } from '../denials.ts'
import { fold } from './names.ts'

/** A relation that a FROM names; every name is folded. */
export interface Source {
  /** Null for a subquery without a name. */
  readonly alias: string | null
  /** Null when they are not known, as of a table of which every column is allowed. */
  readonly columns: ReadonlySet<string> | null
}

/** The names of what a SELECT gives; null when they are not known. */
export type Names = readonly string[] | null

/** The columns of a WITH, by the name of each of its tables; null where they are not known. */
export type Ctes = ReadonlyMap<string, ReadonlySet<string> | null>

/** What the names of one SELECT can stand for. */
export interface Frame {
  readonly sources: Source[]
  /** Names that its own results have. */
  readonly results: Set<string>
  readonly parent: Frame | null
  readonly ctes: Ctes
}

/** The table that is written to, where its columns can be named: it cannot be replaced by a subquery. */
export interface Target {
  /** All that can stand before a column of it. */
  readonly names: ReadonlySet<string>
  readonly columns: ReadonlySet<string>
}

/** A frame within another, or with nothing around it. */
export function frameWithin(parent: Frame | null, ctes: Ctes = parent?.ctes ?? new Map()): Frame {
  return { sources: [], results: new Set(), parent, ctes }
}

/**
 * Refuses the name of a column that surely is in no list. That no other is read does not depend on it, but for the target
 * of a write: there a name that could be its column has to be in its list.
 *
 * @throws OutOfScope
 */
export function refuseUnknownColumn(name: string, frame: Frame, target: Target | null): void {
  const column = fold(name)
  for (let at: Frame | null = frame; at !== null; at = at.parent) {
    const { sources, results } = at
    const isFound = sources.some(({ columns }) => columns?.has(column) === true)
    const isOpen = sources.some(({ columns }) => columns === null)
    if (target !== null) {
      // A WITH is taken up where it is used, so that what it names can be the target's as well.
      if (isFound && !isOpen && !sources.some(({ alias }) => alias !== null && target.names.has(alias))) return
      continue
    }
    if (isFound || isOpen || results.has(column)) return
  }
  // They are columns only where a column has such a name.
  if (column === 'true' || column === 'false') return
  if (target === null) throw noColumn(name, null, namesIn(frame))
  if (target.columns.has(column)) return
  throw unclearColumn(name, target.columns)
}

/**
 * The same for a name with its table.
 *
 * @throws OutOfScope
 */
export function refuseUnknownPart(table: string, name: string, frame: Frame, target: Target | null): void {
  const [alias, column] = [fold(table), fold(name)]
  if (target?.names.has(alias) === true) {
    if (target.columns.has(column)) return
    throw noColumn(name, table, target.columns)
  }
  const named = sourcesIn(frame).filter(source => source.alias === alias)
  if (named.length === 0) throw noSource(table)
  if (named.some(({ columns }) => columns === null || columns.has(column))) return
  throw noColumn(name, table, named[0]?.columns ?? [])
}

function sourcesIn(frame: Frame): readonly Source[] {
  return frame.parent === null ? frame.sources : [...frame.sources, ...sourcesIn(frame.parent)]
}

function namesIn(frame: Frame): readonly string[] {
  return [...new Set(sourcesIn(frame).flatMap(({ columns }) => [...(columns ?? [])]))]
}
