import type { ExecuteContext, Execution } from '../../../src/kind.ts'
import { type Finding, inspected, refuseOrWarn, warning } from '../findings.ts'
import type { Login } from '../login.ts'
import type { Scope } from '../scope.ts'
import type { DbTarget } from '../target.ts'
import type { Connection } from './connection.ts'
import type { Grant } from './grants.ts'
import { safeFunctions } from './functions.ts'
import { heldRights } from './held-rights.ts'
import { roleFindings } from './role-findings.ts'
import { SqlFailure } from './sql-failure.ts'

/**
 * Lets a call go on if the role may; looks once per login.
 *
 * @throws Refusal role_refused; Lost
 */
export async function refuseRole(
  connection: Connection,
  login: Login,
  tool: { readonly scope: Scope; readonly target: DbTarget },
  context: ExecuteContext,
): Promise<void> {
  if (login.isChecked) return
  refuseOrWarn(await lookAt(connection, tool.scope), tool.target, context)
  login.isChecked = true
}

/** Answers with everything that was found. */
export async function inspect(connection: Connection, scope: Scope, target: DbTarget): Promise<Execution> {
  const findings = await lookAt(connection, scope)
  const [[role = null] = []] = await connection.rows('SELECT CURRENT_USER()')
  return inspected(findings, target, { role: role === null ? null : String(role), version: connection.version })
}

async function lookAt(connection: Connection, scope: Scope): Promise<readonly Finding[]> {
  const { grants, doubts } = await heldRights(connection)
  return [
    ...roleFindings(grants, scope),
    ...doubts.map(warning),
    ...(await definerRoutines(connection, grants, scope)),
    ...(await shadowingFunctions(connection, scope)),
  ]
}

/** Routines that do what they do with the rights of whoever made them. */
async function definerRoutines(
  connection: Connection,
  grants: readonly Grant[],
  scope: Scope,
): Promise<readonly Finding[]> {
  if (!grants.some(({ privilege }) => privilege === 'EXECUTE' || privilege.startsWith('ALL'))) return []
  const rows = await connection.rows(
    "SELECT ROUTINE_SCHEMA, ROUTINE_NAME FROM information_schema.ROUTINES WHERE SECURITY_TYPE = 'DEFINER' AND ROUTINE_SCHEMA <> 'sys' LIMIT 50",
  )
  const named = rows.map(([schema, name]) => `${String(schema)}.${String(name)}`)
  const listed = new Set(scope.functions.map(name => name.toLowerCase()))
  return named
    .filter(name => !listed.has(name.toLowerCase()))
    .map(name => warning(`the role can run ${name} with the rights of its maker (SQL SECURITY DEFINER)`))
}

/** A server that lacks one of the safe functions calls what somebody has made under its name. */
async function shadowingFunctions(connection: Connection, { functions }: Scope): Promise<readonly Finding[]> {
  const names = [...safeFunctions].map(name => `'${name}'`).join(', ')
  const stored = await connection.rows(
    `SELECT CONCAT(ROUTINE_SCHEMA, '.', ROUTINE_NAME) FROM information_schema.ROUTINES
     WHERE ROUTINE_SCHEMA = DATABASE() AND ROUTINE_TYPE = 'FUNCTION' AND ROUTINE_NAME IN (${names}) LIMIT 50`,
  )
  const loaded = await connection.rows(`SELECT name FROM mysql.func WHERE name IN (${names}) LIMIT 50`).catch(noAnswer)
  const listed = new Set(functions.map(name => name.toLowerCase()))
  const found = [...stored, ...loaded].map(([name]) => String(name)).filter(name => !listed.has(name.toLowerCase()))
  return found.map(name => warning(`the function ${name} has the name of a built-in one`))
}

/** Few roles may read the list of loaded functions. */
function noAnswer(error: unknown): readonly [] {
  if (error instanceof SqlFailure) return []
  throw error
}
