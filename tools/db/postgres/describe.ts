import type { Execution, Json } from '../../../src/kind.ts'
import type { DescribedTable } from '../describe-verb.ts'
import type { Scope, Table } from '../scope.ts'
import { askCatalog, type CatalogRow } from './catalog.ts'
import type { Work } from './work.ts'

/** Of the tables whose schemas ($1) and names ($2) are given: their columns that the role can use at all, and their keys. */
const query = `WITH wanted AS (
  SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind, c.reltuples
  FROM json_to_recordset($1::json) AS w(schema text, name text)
  JOIN pg_namespace n ON n.nspname = w.schema
  JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.name AND c.relkind IN ('r', 'p', 'v', 'm', 'f'))
SELECT 'column', w.schema, w.name, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull::text,
  CASE WHEN w.relkind = 'v' OR w.reltuples < 0 THEN NULL ELSE round(w.reltuples::numeric)::text END, a.attnum::bigint
FROM wanted w JOIN pg_attribute a ON a.attrelid = w.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE has_column_privilege(w.oid, a.attnum, 'SELECT, INSERT, UPDATE')
UNION ALL
SELECT CASE k.contype WHEN 'p' THEN 'primary' ELSE 'foreign' END, w.schema, w.name, own.names, rn.nspname, r.relname, other.names, k.oid::bigint
FROM wanted w JOIN pg_constraint k ON k.conrelid = w.oid AND k.contype IN ('p', 'f')
LEFT JOIN pg_class r ON r.oid = k.confrelid
LEFT JOIN pg_namespace rn ON rn.oid = r.relnamespace
CROSS JOIN LATERAL (SELECT json_agg(a.attname ORDER BY i.at)::text FROM unnest(k.conkey) WITH ORDINALITY AS i(num, at)
  JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = i.num) AS own(names)
CROSS JOIN LATERAL (SELECT json_agg(a.attname ORDER BY i.at)::text FROM unnest(k.confkey) WITH ORDINALITY AS i(num, at)
  JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = i.num) AS other(names)
ORDER BY 1, 2, 3, 8`

/**
 * Describes the tables of the scope: allowed columns, and keys whose columns are all allowed.
 *
 * @throws Refusal; ConnectionLost
 */
export async function describeTables(work: Work, { tables }: Scope): Promise<Execution> {
  const wanted = JSON.stringify(tables.map(({ schema, name }) => ({ schema, name })))
  const rows = await askCatalog(work, query, [wanted])
  const described = tables.map(table => describe(table, tables, rows))
  const answer = {
    tables: described.filter(({ columns }) => columns.length > 0) as unknown as Json,
    missing: described.filter(({ columns }) => columns.length === 0).map(({ name }) => name),
    duration_ms: Math.round((performance.now() - work.began) * 1_000) / 1_000,
  }
  return { answer, isError: false, bytesOut: 0, bytesIn: work.session.bytes }
}

function describe(table: Table, tables: readonly Table[], rows: readonly CatalogRow[]): DescribedTable {
  const own = rows.filter(([, schema, name]) => schema === table.schema && name === table.name)
  const ofKind = (kind: string) => own.filter(([found]) => found === kind)
  const columns = ofKind('column').filter(([, , , column]) => isAllowed(table, column ?? ''))
  const estimate = ofKind('column')[0]?.[6] ?? null
  return {
    name: table.label,
    columns: columns.map(([, , , name, type, notNull]) => ({
      name: name ?? '',
      type: type ?? '',
      nullable: notNull !== 'true',
    })),
    primary_key:
      ofKind('primary')
        .map(([, , , key]) => namesOf(key))
        .find(key => areAllowed(table, key)) ?? [],
    foreign_keys: ofKind('foreign').flatMap(([, , , key, toSchema, toName, toKey]) => {
      const referenced = tables.find(({ schema, name }) => schema === toSchema && name === toName)
      const [from, to] = [namesOf(key), namesOf(toKey)]
      if (referenced === undefined || !areAllowed(table, from) || !areAllowed(referenced, to)) return []
      return [{ columns: from, references: referenced.label, referenced_columns: to }]
    }),
    // How many rows there are of which only some exist for an agent is none of its business.
    row_estimate: estimate === null || table.rows !== null ? null : Number(estimate),
    write: [...table.writes],
  }
}

function namesOf(json: string | null | undefined): readonly string[] {
  return JSON.parse(json ?? '[]') as readonly string[]
}

function isAllowed({ columns }: Table, column: string): boolean {
  return columns === null || columns.includes(column)
}

function areAllowed(table: Table, columns: readonly string[]): boolean {
  return columns.length > 0 && columns.every(column => isAllowed(table, column))
}
