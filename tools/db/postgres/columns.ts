import { invalidInput } from '../../../src/refusal.ts'
import { noColumn, noStar, unclearColumn } from '../denials.ts'
import { type Fields, list, names, only, open, text } from './tree.ts'
import type { Found, Reference, Target, Walk } from './walk.ts'

/** Columns that every table has without anyone listing them; they say where a row lies and who wrote it. */
const systemColumns: ReadonlySet<string> = new Set(['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid'])

/** Names that the database gives to columns by itself, beside those of functions and types. */
const givenNames = /^(?:\?column\?|column\d+|ordinality|bool)$/

/**
 * Judges a reference to a column. What is read is a subquery that has only what is allowed, so a name cannot mean anything
 * else there. The table that is written to is not: there, every name that could be one of its columns has to be allowed.
 */
export function reference(walk: Walk, fields: Fields): void {
  only(fields, ['fields'])
  const written = referenceOf(fields)
  if (systemColumns.has(written.name)) throw noColumn(written.name, written.relation, [])
  walk.found.references.push(written)
  if (written.name === '*') walk.found.open = true
  if (walk.target !== null) inTarget(walk.target, written)
}

function referenceOf(fields: Fields): Reference {
  const parts = list(fields.fields)
  const last = open(parts.at(-1))
  const before = names(parts.slice(0, -1))
  if (before === null || before.length > 1)
    throw invalidInput('sql: name a column as table.column or alias.column, without its schema')
  return { relation: before[0] ?? null, name: last[0] === 'A_Star' ? '*' : text(last[1].sval) }
}

/** Denies what could be a column of the target that is not listed. */
function inTarget({ table, called }: Target, { relation, name }: Reference): void {
  if (table.columns === null || (relation !== null && !called.has(relation)) || table.columns.includes(name)) return
  if (name === '*') throw noStar(table.columns)
  // Without its relation, a name could also be one of another table, or the whole row.
  throw relation === null ? unclearColumn(name, table.columns) : noColumn(name, relation, table.columns)
}

/**
 * Denies names that cannot be anything, before the database says so: it is then known what would have been allowed. A
 * name that gets past this is still one that the database does not find.
 */
export function refuseUnknown({ references, relations, names: others, open: isOpen }: Found): void {
  const listed = new Map([...relations].map(([relation, each]) => [relation, listedIn(each)]))
  const every = new Set([...relations.values()].flatMap(each => each.flatMap(columns => columns ?? [])))
  for (const { relation, name } of references) {
    if (name === '*') continue
    if (relation !== null) {
      const known = listed.get(relation) ?? null
      if (known === null || known.has(name)) continue
      throw noColumn(name, relation, known)
    }
    if (isOpen || every.has(name) || others.has(name) || givenNames.test(name)) continue
    throw noColumn(name, null, every)
  }
}

/** The columns that the relations of one name have together; null where those of one are not known. */
function listedIn(relations: readonly (readonly string[] | null)[]): ReadonlySet<string> | null {
  return relations.includes(null) ? null : new Set(relations.flatMap(columns => columns ?? []))
}
