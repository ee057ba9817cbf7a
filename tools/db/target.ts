import { resolve } from 'node:path'
import * as z from 'zod'
import { refineWith } from '../../src/refine-with.ts'
import { AbsoluteFile } from '../../src/absolute-file.ts'
import type { OtherCredential } from '../../src/leased.ts'
import { literalProblem, parseCidr } from '../../src/net/address.ts'
import { Duration, Size } from '../../src/units.ts'
import { type Location, parseLocation } from './location.ts'
import { parseTableName } from './table-name.ts'

const Url = z
  .string()
  .describe('postgres://HOST[:PORT]/DATABASE, mysql://HOST[:PORT]/DATABASE or sqlite:FILE')
  .superRefine(refineWith(parseLocation))

const SocketPath = z.string().regex(/^\/[^\p{Cc}]*$/u, 'an absolute path')

const Column = z
  .string()
  .min(1)
  .max(64)
  .regex(/^\P{Cc}+$/u, 'a name of a column')

const Columns = z.union([z.literal('*'), z.array(Column).min(1, 'an empty list permits nothing')], {
  error: '"*", or a list of columns such as [id, name]',
})

const TableEntry = z.union([
  Columns,
  z.strictObject({
    columns: Columns.describe('"*", or the columns that exist for an agent'),
    rows: z.string().min(1).max(4_000).optional().describe("Which rows exist for an agent, such as country = 'NL'"),
    write: z
      .array(z.enum(['insert', 'update', 'delete']))
      .default([])
      .describe('What else than reading is allowed; update and delete always need a WHERE'),
  }),
])

const TableName = z.string().superRefine(refineWith(parseTableName))

const StatementName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,39}$/, 'a name is 1-40 of a-z, 0-9 and _, beginning with a letter')
  .refine(name => name !== 'db_query' && name !== 'db_describe', 'is the name of another MCP tool')

const StatementEntry = z.strictObject({
  sql: z
    .string()
    .min(1)
    .max(65_536)
    .describe('One statement; $1, $2 (PostgreSQL) or ? stand for the params, in their order'),
  params: z
    .record(
      z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, 'a name is 1-40 of a-z, 0-9 and _'),
      z.record(z.string(), z.json()),
    )
    .default({})
    .describe('The arguments, each with a JSON Schema, in the order in which they are bound'),
  description: z.string().min(1).max(1_000),
})

/** What an admin writes for a tool of kind `db`. */
export const DbTarget = z.strictObject({
  url: Url,
  socket: SocketPath.optional().describe(
    'A unix socket instead of HOST: of PostgreSQL the folder, such as /run/postgresql; of MySQL the file',
  ),
  user: z
    .string()
    .min(1)
    .max(63)
    .optional()
    .describe('Whom to log in as without a credential, as with a client certificate'),
  access: z.enum(['read', 'write']).default('read').describe('Whether any table may be written to'),
  tables: z
    .record(TableName, TableEntry)
    .refine(tables => Object.keys(tables).length > 0, 'nothing listed means nothing allowed; name a table')
    .describe('The tables that exist for an agent: "*", a list of columns, or columns with rows and write'),
  functions: z
    .array(z.string().min(1).max(127))
    .default([])
    .describe('Functions that may be called beyond the safe built-in ones, such as public.distance'),
  query: z
    .boolean()
    .default(true)
    .describe('Whether agents may write SQL; without it, a tool offers its statements only'),
  statements: z
    .record(StatementName, StatementEntry)
    .optional()
    .describe('Statements with typed parameters, each an MCP tool of its own'),
  tls: z
    .strictObject({
      required: z.boolean().default(false).describe('Also where the host is this machine'),
      ca: AbsoluteFile.optional().describe('Certificate authorities to trust beside the usual ones, as PEM'),
      certificate: z.string().optional().describe('A credential of type mtls, presented to the server'),
    })
    .prefault({}),
  unsafe_plain_connection: z.boolean().default(false).describe('Reaches a host that is not this machine without TLS'),
  unsafe_allow_private: z
    .array(z.string().superRefine(refineWith(parseCidr)))
    .default([])
    .describe('Ranges such as 10.0.0.0/8 that this tool may reach although they are not public'),
  unsafe_allow_privileged_role: z
    .boolean()
    .default(false)
    .describe('Works with a role that is superuser or may read files or run programs at the server'),
})

/** What only tools of kind `db` have under `limits`. */
export const DbLimits = z.strictObject({
  max_rows: z.int().min(1).max(100_000).default(500).describe('The most rows of one answer'),
  max_affected_rows: z.int().min(1).max(1_000_000).default(100).describe('The most rows that one statement may change'),
  max_value: Size.default(65_536).describe('The most bytes of one value; a longer one is cut'),
  lock_timeout: Duration.default(2_000).describe('How long a statement waits for a lock'),
  work_mem: Size.default(16_777_216).describe('Memory of one sort or hash at a PostgreSQL server'),
  connections: z.int().min(1).max(20).default(4).describe('The most connections to the server at once'),
})

export type DbTarget = z.output<typeof DbTarget> & { readonly limits: z.output<typeof DbLimits> }

/** Where the database is. */
export function locationOf(target: DbTarget): Location {
  return parseLocation(target.url)
}

/** Gives the target whose SQLite file has an absolute path. */
export function located(target: DbTarget, folder: string): DbTarget {
  const location = locationOf(target)
  return location.engine === 'sqlite' ? { ...target, url: `sqlite:${resolve(folder, location.file)}` } : target
}

/** Says what is wrong with a target as a whole, beyond each of its keys. */
export function targetProblem(
  target: DbTarget,
  hasCredential: boolean,
): { readonly key: string; readonly message: string } | null {
  const location = locationOf(target)
  if (!target.query && target.statements === undefined)
    return { key: 'query', message: 'false leaves nothing to offer; a tool needs query, statements, or both' }
  for (const [name, entry] of Object.entries(target.tables)) {
    if (entry === '*' || Array.isArray(entry)) continue
    if (entry.write.length > 0 && target.access === 'read')
      return { key: 'tables', message: `${name}: has write, so the tool needs access: write` }
    if (entry.write.length > 0 && entry.rows !== undefined) {
      const message = `${name}: rows cannot be enforced on what is written; use a view or row-level security`
      return { key: 'tables', message }
    }
  }
  if (location.engine === 'sqlite') {
    const network = target.socket !== undefined || target.user !== undefined || target.tls.certificate !== undefined
    return network ? { key: 'url', message: 'a file of SQLite has no socket, user or tls' } : null
  }
  if (!hasCredential && target.user === undefined)
    return {
      key: 'user',
      message: 'is missing; say whom to log in as, with a credential of type password or with user',
    }
  if (target.socket !== undefined) return null
  const problem = literalProblem(location.host, target.unsafe_allow_private.map(parseCidr))
  return problem === null ? null : { key: 'url', message: problem }
}

/** The credentials that a target names beside its own. */
export function otherCredentials({ tls }: DbTarget): readonly OtherCredential[] {
  if (tls.certificate === undefined) return []
  return [{ role: 'certificate', path: ['tls', 'certificate'], name: tls.certificate, types: ['mtls'] }]
}

/** Whether the connection is made over TLS, whose certificate is then always verified against the name. */
export function usesTls(target: DbTarget): boolean {
  const location = locationOf(target)
  if (location.engine === 'sqlite' || target.socket !== undefined) return false
  const wanted = target.tls.required || target.tls.ca !== undefined || target.tls.certificate !== undefined
  return wanted || !(location.isLoopback || target.unsafe_plain_connection)
}
