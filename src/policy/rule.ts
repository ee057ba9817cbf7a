import type { Specifier } from '../kind.ts'

/** One compiled line of an agent's `allow` or `deny`. */
export interface Rule {
  readonly effect: 'allow' | 'deny'
  /** As the admin wrote it. */
  readonly text: string
  readonly matchesName: (mcpTool: string) => boolean
  /** Null when the rule is about every operation of the MCP tool. */
  readonly matchesOperation: Specifier | null
}

/** Compiles the text between the parentheses of a rule for the kind of one MCP tool; null when it makes no sense there. */
export type SpecifierOf = (mcpTool: string, text: string) => Specifier | null

/**
 * Compiles `name`, `glob_*` or `name(specifier)`.
 *
 * @param mcpTools the names of all MCP tools of the configuration; a rule that matches none is an error,
 *   since a typo must neither widen nor silently narrow what an agent may do
 * @throws Error with a sentence for the admin
 */
export function compileRule(
  effect: Rule['effect'],
  text: string,
  mcpTools: readonly string[],
  specifierOf: SpecifierOf,
): Rule {
  const [, name, , specifier] = /^([A-Za-z0-9_*-]+)(\(([^()]+)\))?$/.exec(text.trim()) ?? []
  if (name === undefined) throw new Error('write a rule as name, glob_* or name(specifier)')
  const matchesName = compileName(name)
  const matched = mcpTools.filter(matchesName)
  if (matched.length === 0) throw new Error(`no MCP tool is called ${name}; there are: ${mcpTools.join(', ')}`)
  if (specifier === undefined) return { effect, text, matchesName, matchesOperation: null }
  const first = matched[0] as string
  const matchesOperation = specifierOf(first, specifier)
  if (matchesOperation === null)
    throw new Error(`(${specifier}) is not a specifier of ${first}, such as (GET /repos/**) or (read customers)`)
  if (matched.some(other => specifierOf(other, specifier) === null)) {
    throw new Error(`(${specifier}) does not apply to every MCP tool that ${name} names`)
  }
  return { effect, text, matchesName, matchesOperation }
}

function compileName(name: string): (mcpTool: string) => boolean {
  if (!name.includes('*')) return mcpTool => mcpTool === name
  const pattern = new RegExp(`^${name.split('*').join('[A-Za-z0-9_-]*')}$`)
  return mcpTool => pattern.test(mcpTool)
}
