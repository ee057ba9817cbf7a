import type { LoadedConfig } from '../config/build.ts'
import type { ToolConfig } from '../config/config.ts'
import { nearestWord } from '../config/problem.ts'
import type { Inspection } from '../kind.ts'
import { invalidInput } from '../refusal.ts'
import { loadFrom, type World } from './world.ts'

/**
 * `keyhold tool provision NAME`: prints what to run at the target for a credential with exactly the rights of the scope.
 *
 * @throws Refusal invalid_input
 */
export async function toolProvision(
  world: World,
  name: string,
  options: { readonly config?: string; readonly json?: boolean },
  write: (text: string) => void,
): Promise<number> {
  const loaded = await loadFrom(world, options.config)
  const { tool } = inspectable(name, loaded)
  const inspection = tool.kind.inspection(tool.target, roleOf(tool, loaded))
  const sql = inspection?.provision ?? ''
  write(options.json === true ? `${JSON.stringify({ tool: name, sql })}\n` : sql)
  return 0
}

/** The user that the tool logs in as, where its credential names one; else the role is called as the tool is. */
function roleOf({ name, credential }: ToolConfig, { config }: LoadedConfig): string {
  const used = credential === null ? undefined : config.credentials.get(credential)
  return used?.type === 'password' && typeof used.username === 'string' ? used.username : name
}

/**
 * Finds a tool by its name, with what can be asked about it.
 *
 * @throws Refusal invalid_input when there is no such tool, or nothing to ask
 */
export function inspectable(
  name: string,
  { config }: LoadedConfig,
): { readonly tool: ToolConfig; readonly inspection: Inspection } {
  const tool = config.tools.find(candidate => candidate.name === name)
  if (tool === undefined) {
    const names = config.tools.map(candidate => candidate.name)
    const meant = nearestWord(name, names)
    const hint = meant === null ? `there are: ${names.join(', ')}` : `did you mean ${meant}?`
    throw invalidInput(`no tool is called ${JSON.stringify(name)} (${hint})`)
  }
  const inspection = tool.kind.inspection(tool.target, tool.name)
  if (inspection === null)
    throw invalidInput(`${name} is of kind ${tool.kind.name}; only a database can be asked for the rights of a role`)
  return { tool, inspection }
}
