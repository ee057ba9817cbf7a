import type { ExecuteContext, Execution } from '../../src/kind.ts'
import { Refusal } from '../../src/refusal.ts'
import type { DescribedTable } from './describe-verb.ts'
import type { Scope } from './scope.ts'
import type { DbTarget } from './target.ts'

/** What an admin should know about a role or a file: most of it is more than the scope asks for. */
export interface Finding {
  /** `refused`: nothing is done with such a role unless the admin says so. */
  readonly level: 'refused' | 'warning'
  /** Names what is in the catalogue; never for an agent. */
  readonly message: string
}

/** What is not refused. */
export function warning(message: string): Finding {
  return { level: 'warning', message }
}

/** Answers an inspection. */
export function inspected(
  findings: readonly Finding[],
  { unsafe_allow_privileged_role: isAllowed }: DbTarget,
  about: { readonly role: string | null; readonly version: string },
): Execution {
  const shown = findings.map(finding => (isAllowed ? warning(finding.message) : finding))
  return {
    answer: { findings: shown, role: about.role, server_version: about.version },
    isError: false,
    bytesIn: 0,
    bytesOut: 0,
  }
}

/** Adds to an inspection what of the scope the database does not have, or the role cannot use. */
export function withMissing(inspection: Execution, described: Execution, { tables }: Scope): Execution {
  const there = (described.answer['tables'] ?? []) as readonly DescribedTable[]
  const missing = tables.flatMap(({ label, columns }): readonly Finding[] => {
    const found = there.find(({ name }) => name === label)
    if (found === undefined) return [warning(`there is no table ${label} that can be used`)]
    const known = new Set(found.columns.map(({ name }) => name.toLowerCase()))
    const lost = (columns ?? []).filter(name => !known.has(name.toLowerCase()))
    return lost.length === 0 ? [] : [warning(`${label} has no column ${lost.join(', ')} that can be used`)]
  })
  const findings = [...(inspection.answer['findings'] as readonly Finding[]), ...missing]
  return { ...inspection, answer: { ...inspection.answer, findings } }
}

/**
 * Lets a call go on if its role may, and tells an admin of what was found.
 *
 * @throws Refusal role_refused
 */
export function refuseOrWarn(
  findings: readonly Finding[],
  { unsafe_allow_privileged_role: isAllowed }: DbTarget,
  context: ExecuteContext,
): void {
  const refused = findings.filter(({ level }) => level === 'refused').map(({ message }) => message)
  if (refused.length > 0 && !isAllowed) throw new Refusal('role_refused', refused.join('; ').slice(0, 500))
  if (findings.length > 0) context.warn(findings.map(({ message }) => message))
}
