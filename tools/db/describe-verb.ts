import * as z from 'zod'
import type { JsonObject, Verb } from '../../src/kind.ts'
import type { DbRequest } from './request.ts'
import type { Scope } from './scope.ts'

const outputSchema: JsonObject = {
  type: 'object',
  properties: {
    tables: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          name: { type: 'string' },
          columns: {
            type: 'array',
            items: {
              type: 'object',
              properties: {
                name: { type: 'string' },
                type: { type: 'string' },
                nullable: { type: 'boolean' },
              },
              required: ['name', 'type', 'nullable'],
              additionalProperties: false,
            },
          },
          primary_key: { type: 'array', items: { type: 'string' } },
          foreign_keys: {
            type: 'array',
            items: {
              type: 'object',
              properties: {
                columns: { type: 'array', items: { type: 'string' } },
                references: { type: 'string', description: 'A table of this list' },
                referenced_columns: { type: 'array', items: { type: 'string' } },
              },
              required: ['columns', 'references', 'referenced_columns'],
              additionalProperties: false,
            },
          },
          row_estimate: { type: ['integer', 'null'], description: 'Null where unknown, or where only some rows exist' },
          write: { type: 'array', items: { type: 'string' } },
        },
        required: ['name', 'columns', 'primary_key', 'foreign_keys', 'row_estimate', 'write'],
        additionalProperties: false,
      },
    },
    missing: { type: 'array', items: { type: 'string' }, description: 'Tables that the database does not have' },
    duration_ms: { type: 'number' },
  },
  required: ['tables', 'duration_ms'],
  additionalProperties: false,
}

/** One table as `<tool>_db_describe` shows it: allowed columns only, and keys only as far as their columns are allowed. */
export interface DescribedTable {
  readonly name: string
  readonly columns: readonly { readonly name: string; readonly type: string; readonly nullable: boolean }[]
  readonly primary_key: readonly string[]
  readonly foreign_keys: readonly {
    readonly columns: readonly string[]
    readonly references: string
    readonly referenced_columns: readonly string[]
  }[]
  readonly row_estimate: number | null
  readonly write: readonly string[]
}

/** The MCP tool `<tool>_db_describe`: the tables of the scope, and nothing else of the catalogue. */
export function describeVerb({ tables }: Scope): Verb {
  const request: DbRequest = { type: 'describe' }
  const touches = tables.map(({ label }) => ({ access: 'read' as const, resource: label }))
  return {
    name: 'db_describe',
    description: 'Lists the tables that exist for you: columns, types, keys and about how many rows.',
    access: 'read',
    idempotent: true,
    input: z.strictObject({}),
    inputSchema: { type: 'object', properties: {}, additionalProperties: false },
    outputSchema,
    plan: () => ({
      operation: {
        action: 'DESCRIBE',
        resource: tables.map(({ label }) => label).join(', '),
        access: 'read',
        summary: `DESCRIBE ${tables.length} tables`,
        idempotent: true,
        touches,
      },
      scope: { allowed: true, by: 'tables' },
      request,
    }),
  }
}
