import { type Finding, warning } from '../findings.ts'
import type { Scope, Table } from '../scope.ts'
import { filterColumns } from './filter-columns.ts'
import type { Grant } from './grants.ts'

/** Rights with which a role reads files, ends the server, or gives itself every other right. */
const privileged: ReadonlySet<string> = new Set([
  'ALL',
  'ALL PRIVILEGES',
  'SUPER',
  'FILE',
  'SHUTDOWN',
  'CREATE USER',
  'CREATE ROLE',
  'DROP ROLE',
  'GRANT OPTION',
  'PROXY',
  'RELOAD',
  'SYSTEM_USER',
  'SET_USER_ID',
  'SET USER',
  'ROLE_ADMIN',
  'REPLICATION SLAVE',
  'CREATE TABLESPACE',
  'DELETE HISTORY',
])

/** `BINLOG_ADMIN` of MySQL, `BINLOG ADMIN` of MariaDB, and whatever is called so one day. */
const isPrivileged = (privilege: string) => privileged.has(privilege) || /[_ ]ADMIN$/.test(privilege)

/** Says what a role may do beyond the scope. */
export function roleFindings(grants: readonly Grant[], scope: Scope): readonly Finding[] {
  const findings = grants.flatMap(grant => found(grant, scope))
  const messages = new Map(findings.map(finding => [finding.message, finding]))
  return [...messages.values()].toSorted((one, other) => one.level.localeCompare(other.level))
}

function found(grant: Grant, scope: Scope): readonly Finding[] {
  const { privilege, on } = grant
  switch (on.kind) {
    case 'everything':
      return [
        {
          level: isPrivileged(privilege) ? 'refused' : 'warning',
          message: `the role has ${privilege} on everything at the server`,
        },
      ]
    case 'database':
      // Whoever may write to the system's own tables gives itself every right.
      return [
        {
          level: isSystem(on.database) || privilege === 'GRANT OPTION' ? 'refused' : 'warning',
          message: `the role has ${privilege} on all of the database ${on.database}`,
        },
      ]
    case 'table':
      return onTable(grant, on, scope)
    case 'routine':
      return isListed(scope, on) ? [] : [warning(`the role has ${privilege} on the routine ${on.database}.${on.name}`)]
    default:
      return on satisfies never
  }
}

/** Whether a pattern covers the database that holds the accounts. */
function isSystem(pattern: string): boolean {
  const source = pattern.replaceAll(/\\(.)|[%_]|[.*+?^${}()|[\]]/gs, (part, escaped: string | undefined) => {
    if (escaped !== undefined) return /\w/.test(escaped) ? escaped : `\\${escaped}`
    if (part === '%') return '.*'
    return part === '_' ? '.' : `\\${part}`
  })
  return new RegExp(`^${source}$`, 'is').test('mysql')
}

function isListed({ functions }: Scope, { database, name }: { readonly database: string; readonly name: string }) {
  return functions.some(listed => {
    const parts = listed.toLowerCase().split('.')
    return parts.at(-1) === name.toLowerCase() && (parts.length === 1 || parts[0] === database.toLowerCase())
  })
}

function onTable(
  { privilege, columns }: Grant,
  { database, table: name }: { readonly database: string; readonly table: string },
  { tables, access }: Scope,
): readonly Finding[] {
  if (isSystem(database)) return [{ level: 'refused', message: `the role has ${privilege} on ${database}.${name}` }]
  if (privilege === 'GRANT OPTION')
    return [{ level: 'refused', message: `the role can give others its rights on ${database}.${name}` }]
  const table = tables.find(other => other.schema === database && other.name === name)
  const shown = `${database}.${name}`
  if (table === undefined) return [warning(`the role has ${privilege} on ${shown}, which is not in the scope`)]
  const allowed = allowedColumns(privilege, table, access)
  if (allowed === 'none') return [warning(`the role has ${privilege} on ${shown}, beyond the scope`)]
  if (allowed === 'all') return []
  if (columns === null) return [warning(`the role has ${privilege} on all columns of ${shown}, beyond the scope`)]
  const known = new Set(allowed.map(column => column.toLowerCase()))
  const beyond = columns.filter(column => !known.has(column.toLowerCase()))
  return beyond.length === 0
    ? []
    : [warning(`the role has ${privilege} on ${shown} (${beyond.join(', ')}), beyond the scope`)]
}

/** The columns on which a role needs a right. */
function allowedColumns(privilege: string, table: Table, access: Scope['access']): readonly string[] | 'all' | 'none' {
  const { columns, writes } = table
  switch (privilege) {
    case 'SELECT':
      return columns === null ? 'all' : [...columns, ...filterColumns(table)]
    case 'INSERT':
    case 'UPDATE':
      if (access === 'read' || !writes.has(privilege === 'INSERT' ? 'insert' : 'update')) return 'none'
      return columns ?? 'all'
    case 'DELETE':
      return access === 'write' && writes.has('delete') ? 'all' : 'none'
    default:
      return 'none'
  }
}
