import type { Inspection } from '../../src/kind.ts'
import { provisionMysql } from './mysql/provision.ts'
import { provisionPostgres } from './postgres/provision.ts'
import { scopeOf } from './scope.ts'
import { type DbTarget, locationOf } from './target.ts'

/** What can be asked about the role of a tool, and the SQL that makes one with exactly the rights of the scope. */
export function inspection(target: DbTarget, tool: string): Inspection {
  return { request: { type: 'inspect' }, provision: provisionOf(target, tool) }
}

const forFiles = `-- SQLite has no roles: who can read the file can read all of it.
-- Keyhold opens it read-only, unless the tool may write, and holds every statement to the scope.
`

function provisionOf(target: DbTarget, tool: string): string {
  const location = locationOf(target)
  if (location.engine === 'sqlite') return forFiles
  const provision = { postgres: provisionPostgres, mysql: provisionMysql }[location.engine]
  return provision(scopeOf(target), { role: target.user ?? tool, database: location.database })
}
