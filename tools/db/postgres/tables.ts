import { noTable } from '../denials.ts'
import type { Scope, Table } from '../scope.ts'

/** Finds the table that a name means. */
export type Tables = (schema: string | null, name: string) => Table

/**
 * Makes the finder of a scope's tables. A name without schema means the table in `public`, else the only one of this
 * name in any schema: what is sent always carries the schema, so there is nothing that a search path could change.
 */
export function tablesOf({ tables }: Scope): Tables {
  const byName = Map.groupBy(tables, table => table.name)
  const labels = tables.map(({ label }) => label)
  return (schema, name) => {
    const called = byName.get(name) ?? []
    const found =
      schema === null
        ? (called.find(table => table.schema === 'public') ?? (called.length === 1 ? called[0] : undefined))
        : called.find(table => table.schema === schema)
    if (found !== undefined) return found
    throw noTable(schema === null ? name : `${schema}.${name}`, labels)
  }
}
