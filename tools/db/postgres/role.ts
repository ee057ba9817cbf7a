import type { Execution } from '../../../src/kind.ts'
import { type Finding, inspected, refuseOrWarn } from '../findings.ts'
import type { Scope, Table } from '../scope.ts'
import { askCatalog } from './catalog.ts'
import { filterColumns } from './filter-columns.ts'
import { roleQuery } from './role-query.ts'
import type { Work } from './work.ts'

/** What is said of each kind of finding; the names that it is about follow. In the order in which they are reported. */
const sentences: Readonly<Record<string, { readonly level: Finding['level']; readonly message: string }>> = {
  superuser: { level: 'refused', message: 'the role is a superuser' },
  superuser_member: { level: 'refused', message: 'the role is a member of a superuser' },
  file_role: { level: 'refused', message: 'the role may read or write files, or run programs, at the server' },
  file_function: { level: 'refused', message: 'the role may call functions that reach files of the server' },
  bypassrls: { level: 'warning', message: 'the role ignores row-level security (BYPASSRLS)' },
  createrole: { level: 'warning', message: 'the role may make and change roles (CREATEROLE)' },
  createdb: { level: 'warning', message: 'the role may create databases (CREATEDB)' },
  replication: { level: 'warning', message: 'the role may copy the whole server (REPLICATION)' },
  predefined: { level: 'warning', message: 'the role is a member of a predefined role' },
  strong_member: { level: 'warning', message: 'the role is a member of a role with attributes of an administrator' },
  can_become: { level: 'warning', message: 'the role may become another one with SET ROLE' },
  database_owner: { level: 'warning', message: 'the role owns the database' },
  owner: { level: 'warning', message: 'the role owns tables of the scope' },
  create_in_database: { level: 'warning', message: 'the role may create schemas in the database' },
  create_in_schema: { level: 'warning', message: 'the role may create objects in a schema' },
  read_table: { level: 'warning', message: 'the role may read tables that are not in the scope' },
  read_column: { level: 'warning', message: 'the role may read columns that are not in the scope' },
  insert: { level: 'warning', message: 'the role may insert into tables beyond the scope' },
  update: { level: 'warning', message: 'the role may update tables beyond the scope' },
  write_column: { level: 'warning', message: 'the role may write columns that are not in the scope' },
  delete: { level: 'warning', message: 'the role may delete from tables beyond the scope' },
  truncate: { level: 'warning', message: 'the role may truncate tables or put triggers on them' },
  definer: {
    level: 'warning',
    message: 'the role may call functions that run with the rights of another (SECURITY DEFINER)',
  },
  shadow_function: { level: 'warning', message: 'functions have the names of built-in ones' },
  shadow_operator: { level: 'warning', message: 'operators have the names of built-in ones' },
  cast: { level: 'warning', message: 'casts run functions that are not built in' },
  outward: { level: 'warning', message: 'the role may call functions of extensions that reach out of the database' },
  foreign_server: { level: 'warning', message: 'the role may use foreign servers' },
}

/** How many names a finding lists. */
const maxNames = 5

/**
 * Looks at the role before it is used: what is beyond the scope is told to an admin.
 *
 * @throws Refusal role_refused for a superuser or rights to files and programs, unless the target allows that; ConnectionLost
 */
export async function refuseRole(work: Work, scope: Scope): Promise<void> {
  const { findings } = await lookAt(work, scope)
  refuseOrWarn(findings, work.target, work.context)
}

/** Answers with everything that the role may do beyond the scope. */
export async function inspect(work: Work, scope: Scope): Promise<Execution> {
  const { findings, role, version } = await lookAt(work, scope)
  return inspected(findings, work.target, { role, version: `PostgreSQL ${version}` })
}

async function lookAt(
  work: Work,
  scope: Scope,
): Promise<{ readonly findings: readonly Finding[]; readonly role: string; readonly version: string }> {
  const rows = await askCatalog(work, roleQuery, [JSON.stringify(scope.tables.map(entryOf))])
  const names = new Map<string, Set<string>>()
  for (const [kind, name] of rows) {
    if (kind === 'definer' && isListed(scope, name ?? '')) continue
    const of = names.get(kind ?? '') ?? new Set()
    names.set(kind ?? '', of)
    if (name !== null && name !== undefined) of.add(name)
  }
  const findings = Object.entries(sentences).flatMap(([kind, { level, message }]): Finding[] => {
    const of = names.get(kind)
    return of === undefined ? [] : [{ level, message: `${message}${listed([...of].sort())}` }]
  })
  const [, role = '', version = ''] = rows.find(([kind]) => kind === 'who') ?? []
  return { findings, role: role ?? '', version: version ?? '' }
}

/** A function that the scope names was chosen by an admin. */
function isListed({ functions }: Scope, label: string): boolean {
  return functions.some(name => name === label || `public.${name}` === label)
}

function listed(names: readonly string[]): string {
  if (names.length === 0) return ''
  const shown = names.slice(0, maxNames).map(name => name.replaceAll(/\p{Cc}/gu, ' '))
  const more = names.length > maxNames ? ` and ${names.length - maxNames} more` : ''
  return `: ${shown.join(', ')}${more}`
}

function entryOf({ schema, name, columns, rows, writes }: Table) {
  const read = columns === null || rows === null ? columns : [...columns, ...filterColumns(rows)]
  const may = (action: 'insert' | 'update' | 'delete') => writes.has(action)
  return { schema, name, columns: read, insert: may('insert'), update: may('update'), delete: may('delete') }
}
