import { isDeepStrictEqual } from 'node:util'
import type { LoadedConfig } from '../config/build.ts'
import { checkConfigText, getIn, hasIn, readConfigFile, setIn, writeConfigFile } from '../config/edit.ts'
import type { JsonObject } from '../kind.ts'
import { type Expanded, expandPreset } from '../presets/expand.ts'
import { presetParameters } from '../presets/parameters.ts'
import { invalidInput } from '../refusal.ts'
import { unifiedDiff } from './diff.ts'
import { presetNamed } from './preset.ts'
import { configFile, type World } from './world.ts'

/** The options of `keyhold tool add`; those of parameters are named as in `presetParameters`. */
export interface ToolAddOptions extends Partial<Readonly<Record<keyof typeof presetParameters, string>>> {
  readonly preset: string
  readonly credential?: string
  readonly only?: string
  readonly replace?: boolean
  readonly dryRun?: boolean
  readonly config?: string
  readonly json?: boolean
}

/** As the configuration's schema has it; judged here first, since the names also become words of an example. */
const namePattern = /^[a-z][a-z0-9_-]{0,31}$/

/**
 * `keyhold tool add`: writes what a preset expands to into the configuration, a file that need not exist yet. An existing
 * credential of the name is kept, an existing tool only replaced when asked to. What would not load is not written.
 *
 * @throws Refusal invalid_input; ConfigError
 */
export async function toolAdd(
  world: World,
  name: string,
  options: ToolAddOptions,
  write: (text: string) => void,
): Promise<number> {
  const credentialName = options.credential ?? options.preset
  for (const given of [name, credentialName]) {
    if (!namePattern.test(given))
      throw invalidInput('a tool and a credential are named with 1-32 of a-z, 0-9, _ and -, beginning with a letter')
  }
  const preset = await presetNamed(world, options.preset)
  const only = options.only?.split(',').map(operation => operation.trim())
  const expanded = expandPreset(preset, parametersOf(options), { toolName: name, credentialName, only })
  const file = configFile(world, options.config)
  const before = await readConfigFile(file)
  const after = edited(before ?? '', name, expanded, options.replace === true)
  const loaded = await checkConfigText(file, after, world.kinds)
  const changes = unifiedDiff(before ?? '', after, file, options.json !== true && world.output.isTTY)
  const written = options.dryRun !== true && after !== before
  // Before the file changes: whoever replaces a tool sees what goes.
  if (options.json !== true && (options.dryRun === true || options.replace === true)) write(changes)
  if (written) await writeConfigFile(file, after, before)
  const report = reportOf({ name, preset: preset.name, file, written, before: before ?? '', expanded, loaded })
  write(
    options.json === true
      ? `${JSON.stringify({ ...report, diff: changes })}\n`
      : inWords(report, options.dryRun === true),
  )
  return 0
}

function parametersOf(options: ToolAddOptions): Record<string, string> {
  const names = Object.keys(presetParameters) as (keyof typeof presetParameters)[]
  return Object.fromEntries(
    names.flatMap(name => {
      const value = options[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

function edited(text: string, name: string, { credential, tool }: Expanded, replace: boolean): string {
  if (hasIn(text, ['tools', name]) && !replace)
    throw invalidInput(`there is a tool ${name} already; --replace puts the preset in its place and shows what changes`)
  const path = ['credentials', credential.name]
  const withCredential = hasIn(text, path) ? text : setIn(text, path, credential.value)
  return setIn(withCredential, ['tools', name], tool)
}

/** What was done, and what comes next. */
interface Report {
  readonly file: string
  readonly written: boolean
  readonly tool: string
  readonly preset: string
  readonly credential: { readonly name: string; readonly kept: boolean; readonly differs: boolean }
  readonly mcp_tools: readonly { readonly name: string; readonly access: string; readonly description: string }[]
  readonly dangers: Expanded['dangers']
  readonly agents: readonly string[] | null
  readonly next: readonly string[]
}

function reportOf(done: {
  readonly name: string
  readonly preset: string
  readonly file: string
  readonly written: boolean
  readonly before: string
  readonly expanded: Expanded
  readonly loaded: LoadedConfig
}): Report {
  const { name, preset, file, written, before, expanded, loaded } = done
  const { credential } = expanded
  const present = getIn(before, ['credentials', credential.name])
  const kept = present !== undefined
  return {
    file,
    written,
    tool: name,
    preset,
    credential: { name: credential.name, kept, differs: kept && !isPresentedAs(present, credential.value) },
    mcp_tools: [...loaded.verbs]
      .filter(([, { tool }]) => tool.name === name)
      .map(([mcpTool, { verb }]) => ({
        name: mcpTool,
        access: verb.access,
        // What follows its first line is the kind's, and for agents.
        description: verb.description.split('\n')[0] ?? '',
      })),
    dangers: expanded.dangers,
    agents: loaded.config.agents === null ? null : [...loaded.config.agents.keys()],
    next: [...(kept ? [] : [`keyhold credential set ${credential.name}`]), 'keyhold check'],
  }
}

/** Whether a credential is shown to the API as the preset's would be, wherever its value comes from. */
function isPresentedAs(present: unknown, wanted: JsonObject): boolean {
  if (typeof present !== 'object' || present === null) return false
  const isSource = (value: unknown) => typeof value === 'object' && value !== null
  const shown = (credential: object) =>
    Object.fromEntries(Object.entries(credential).filter(([, value]) => !isSource(value)))
  return isDeepStrictEqual(shown(present), shown(wanted))
}

function inWords(report: Report, dryRun: boolean): string {
  const { file, written, tool, credential, mcp_tools: tools, dangers, agents, next } = report
  const width = Math.max(...tools.map(({ name }) => name.length))
  const state = dryRun
    ? `${file} was not changed`
    : written
      ? `${file} has the tool ${tool}`
      : `${file} has this tool ${tool} already`
  const lines = [
    `${state}, with the credential ${credential.name}${credential.kept ? ', which was there' : ''}`,
    ...(credential.differs
      ? [`The preset's own credential would be presented in another way; keyhold preset show ${report.preset} says how`]
      : []),
    '',
    'An agent can call:',
    ...tools.map(({ name, access, description }) => `  ${name.padEnd(width)}  ${access.padEnd(5)}  ${description}`),
    '',
    'What is dangerous about this API, and what guards against it:',
    ...dangers.flatMap(({ danger, guard }) => [`  - ${danger}`, `    ${guard}`]),
    '',
    ...(agents === null
      ? []
      : [`Only agents that allow ${tool}_* may call them; the configuration has: ${agents.join(', ')}`, '']),
    'Next:',
    ...next.map(line => `  ${line}`),
  ]
  return `${lines.join('\n')}\n`
}
