import type { Connection } from './connection.ts'
import { type Grant, readGrant } from './grants.ts'
import { SqlFailure } from './sql-failure.ts'

/** What a user may do, by itself and through roles that it has or can take on. */
export interface HeldRights {
  readonly grants: readonly Grant[]
  /** Sentences about what could not be seen or understood. */
  readonly doubts: readonly string[]
}

/** Asks the server what the user of a connection may do. Leaves the session with the role that it had. */
export async function heldRights(connection: Connection): Promise<HeldRights> {
  const seen: Seen = { grants: [], doubts: new Set(), roles: new Set() }
  await readLines(connection, await linesOf(connection, 'SHOW GRANTS'), seen)
  // What everybody may do; only MariaDB 10.11 and later know of it.
  if (connection.isMariaDb)
    await readLines(connection, (await linesOf(connection, 'SHOW GRANTS FOR PUBLIC')) ?? [], seen)
  return { grants: seen.grants, doubts: [...seen.doubts] }
}

interface Seen {
  readonly grants: Grant[]
  readonly doubts: Set<string>
  readonly roles: Set<string>
}

async function readLines(connection: Connection, lines: readonly string[] | null, seen: Seen): Promise<void> {
  if (lines === null) {
    seen.doubts.add('the rights of the role cannot be seen in full')
    return
  }
  for (const line of lines) {
    const read = readGrant(line)
    if (read.kind === 'unknown') seen.doubts.add('the role has a right that is not understood')
    if (read.kind === 'grants') seen.grants.push(...read.grants)
    if (read.kind !== 'roles') continue
    for (const { name, host } of read.roles) {
      const role = host === null ? nameOf(name) : `${nameOf(name)}@${nameOf(host)}`
      if (seen.roles.has(role)) continue
      seen.roles.add(role)
      await readLines(connection, await linesOfRole(connection, role), seen)
    }
  }
}

/** MySQL says what the user would be with a role. MariaDB shows a role only to who has taken it on. */
async function linesOfRole(connection: Connection, role: string): Promise<readonly string[] | null> {
  if (!connection.isMariaDb) return linesOf(connection, `SHOW GRANTS FOR CURRENT_USER() USING ${role}`)
  const lines = await linesOf(connection, `SHOW GRANTS FOR ${role}`)
  if (lines !== null) return lines
  const [[before = null] = []] = await connection.rows('SELECT CURRENT_ROLE()')
  try {
    await connection.command(`SET ROLE ${role}`)
    return await linesOf(connection, `SHOW GRANTS FOR ${role}`)
  } catch (error) {
    return nothing(error)
  } finally {
    await connection.command(`SET ROLE ${before === null ? 'NONE' : nameOf(String(before))}`)
  }
}

async function linesOf(connection: Connection, question: string): Promise<readonly string[] | null> {
  try {
    return (await connection.rows(question)).map(([line]) => String(line))
  } catch (error) {
    return nothing(error)
  }
}

/** The server's no; what is no answer of the server goes on. */
function nothing(error: unknown): null {
  if (error instanceof SqlFailure) return null
  throw error
}

/** A name from the catalogue, as it is. */
function nameOf(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}
