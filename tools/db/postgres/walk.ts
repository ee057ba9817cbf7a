import type { Touch } from '../../../src/kind.ts'
import type { Table } from '../scope.ts'
import { maxDepth, tooDeep } from './nesting.ts'
import type { Tables } from './tables.ts'
import type { Fields, Node } from './tree.ts'

/** One column reference: `name`, `relation.name`, `relation.*` or `*`. */
export interface Reference {
  readonly relation: string | null
  readonly name: string
}

/** What was found in a statement so far. */
export interface Found {
  readonly touches: Map<string, Touch>
  readonly parameters: Set<number>
  readonly references: Reference[]
  /** Names that are taken out of a value, as in `(value).name`. */
  readonly fields: string[]
  /** By what name functions in FROM are called: the columns that all of this name surely have. */
  readonly calls: Map<string, ReadonlySet<string>>
  /** By what name a relation can be called: its columns for an agent, or null where they are not known. */
  readonly relations: Map<string, (readonly string[] | null)[]>
  /** Every name that could be one of a column, beside those of the tables: aliases, names of CTEs and functions. */
  readonly names: Set<string>
  /** Whether a relation is there whose columns are not known. */
  open: boolean
  depth: number
  /** How many tables are read. */
  reads: number
}

/** The table that a statement writes to, as its expressions see it. */
export interface Target {
  readonly table: Table
  /** Everything that stands for its row: its name or alias, and `excluded`, `old` and `new`. */
  readonly called: ReadonlySet<string>
}

/** How the parts of a statement are gone through. Each part of the grammar is in a file of its own; this joins them. */
export interface Walk {
  readonly tables: Tables
  readonly functions: Functions
  /** The conditions that `rows` puts on tables. */
  readonly filters: ReadonlyMap<Table, Node>
  readonly found: Found
  /** The names that are surely a CTE here. */
  readonly ctes: ReadonlySet<string>
  /** The table that is written to, where expressions can see it. */
  readonly target: Target | null
  readonly visit: {
    /** Judges an expression, in place. */
    expression(walk: Walk, node: unknown): void
    /** Judges a query, in place. */
    query(walk: Walk, select: Fields): void
    /** Judges what stands in FROM, and gives what takes its place. */
    relation(walk: Walk, node: unknown): Node
  }
}

/** The functions of users that may be called: what is sent for a name, which may carry a schema. */
export type Functions = (written: readonly string[]) => readonly [schema: string, name: string]

/** Begins with nothing found. */
export function nothingFound(): Found {
  return {
    touches: new Map(),
    parameters: new Set(),
    references: [],
    fields: [],
    calls: new Map(),
    relations: new Map(),
    names: new Set(),
    open: false,
    depth: 0,
    reads: 0,
  }
}

/** Records that a table is read or written. */
export function touch(walk: Walk, access: 'read' | 'write', { label }: Table): void {
  walk.found.touches.set(`${access} ${label}`, { access, resource: label })
}

/** Records by what name a relation is called, and which columns it has for an agent. */
export function addRelation({ found }: Walk, name: string, columns: readonly string[] | null): void {
  const known = found.relations.get(name)
  if (known === undefined) found.relations.set(name, [columns])
  else known.push(columns)
  found.names.add(name)
}

/** Goes one level down. */
export function deeper(walk: Walk, work: () => void): void {
  if (walk.found.depth >= maxDepth) throw tooDeep()
  walk.found.depth += 1
  work()
  walk.found.depth -= 1
}

/** Judges each expression of a list. */
export function expressions(walk: Walk, nodes: unknown): void {
  if (nodes === undefined) return
  for (const node of nodes as unknown[]) walk.visit.expression(walk, node)
}

/** Judges an expression where there is one. */
export function optional(walk: Walk, node: unknown): void {
  if (node !== undefined) walk.visit.expression(walk, node)
}
