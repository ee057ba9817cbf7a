import { createInterface } from 'node:readline/promises'
import { isDeepStrictEqual } from 'node:util'
import { printable } from '../audit/printable.ts'
import { checkConfigText, getIn, readConfigFile, setEach, setIn, writeConfigFile } from '../config/edit.ts'
import { ConfigError, nearestWord } from '../config/problem.ts'
import { chooseOnly, chooseTag } from '../openapi/choose.ts'
import { isMapping, own, readDocument } from '../openapi/document.ts'
import { type Endpoint, listEndpoints } from '../openapi/endpoint.ts'
import { type Imported, importOperations } from '../openapi/import.ts'
import { readDocumentFile } from '../openapi/read-file.ts'
import { Refusal } from '../refusal.ts'
import { unifiedDiff } from './diff.ts'
import { configFile, type World } from './world.ts'

export interface ToolImportOptions {
  readonly config?: string
  readonly json?: boolean
  readonly tool: string
  /** Operations, separated by commas. */
  readonly only?: string
  readonly tag?: string
  readonly server?: string
  readonly credential?: string
  readonly dryRun?: boolean
  readonly yes?: boolean
}

/** What an import would do to the configuration. */
interface Change {
  readonly file: string
  /** Null when there is no file yet. */
  readonly before: string | null
  readonly after: string
  readonly imported: Imported
  readonly added: readonly string[]
  readonly changed: readonly string[]
  /** Whether the tool had operations before, which somebody may have edited by hand. */
  readonly again: boolean
}

/**
 * `keyhold tool import openapi`: writes chosen operations of an OpenAPI document into the configuration.
 *
 * @returns the exit code: 1 when something chosen cannot be had or nobody agreed to a change, 2 when nothing was chosen
 * @throws Refusal invalid_input, ConfigError
 */
export async function toolImportOpenapi(
  world: World,
  document: string,
  options: ToolImportOptions,
  write: (text: string) => void,
): Promise<number> {
  const complain = (text: string) => void world.errorOutput.write(`keyhold: ${text}\n`)
  if (!/^[a-z][a-z0-9_-]{0,31}$/.test(options.tool))
    throw new Refusal('invalid_input', '--tool: a name is 1-32 of a-z, 0-9, _ and -, beginning with a letter')
  const api = readDocument(await readDocumentFile(document))
  const endpoints = listEndpoints(api)
  const chosen = choose(endpoints, options)
  if (chosen === null) {
    list(endpoints, options, write)
    complain('nothing is imported unless it is chosen: --only ID,ID or --tag TAG')
    return 2
  }
  const file = configFile(world, options.config)
  const before = await readConfigFile(file)
  const tool = existingTool(before ?? '', options)
  const existing = typeof tool?.['base_url'] === 'string' ? tool['base_url'] : undefined
  const imported = await importOperations({ document: api, chosen, server: options.server, existing })
  if (imported.operations.size === 0 || (options.only !== undefined && imported.refused.length > 0)) {
    for (const { id, reason } of imported.refused) complain(`${id} cannot be imported: ${reason}`)
    complain('nothing was written')
    return 1
  }
  const change = changeOf(file, before, tool, imported, options)
  if (change.after !== (before ?? '')) await check(change, world, complain)
  return await conclude(change, world, options, write, complain)
}

function choose(
  endpoints: readonly Endpoint[],
  { only, tag }: ToolImportOptions,
): ReadonlyMap<string, Endpoint> | null {
  if (only !== undefined && tag !== undefined)
    throw new Refusal('invalid_input', 'choose with --only or with --tag, not both')
  if (tag !== undefined) return chooseTag(endpoints, tag, nearestWord)
  if (only === undefined) return null
  const ids = only.split(',').flatMap(id => (id.trim() === '' ? [] : [id.trim()]))
  return ids.length === 0 ? null : chooseOnly(endpoints, ids, nearestWord)
}

function list(endpoints: readonly Endpoint[], options: ToolImportOptions, write: (text: string) => void): void {
  const rows = endpoints.map(({ id, line, method, tags }) => ({
    id,
    method,
    path: line.slice(method.length + 1),
    tags,
  }))
  if (options.json === true) return write(`${JSON.stringify({ operations: rows }, null, 2)}\n`)
  const width = Math.min(60, Math.max(0, ...rows.map(({ id }) => id.length)))
  for (const { id, method, path, tags } of rows) {
    const line = id === `${method} ${path}` ? '' : `  ${method} ${path}`
    write(`${id.padEnd(width)}${line}${tags.length === 0 ? '' : `  [${tags.join(', ')}]`}\n`)
  }
}

function existingTool(
  text: string,
  { tool: name, credential }: ToolImportOptions,
): Readonly<Record<string, unknown>> | null {
  const tool = getIn(text, ['tools', name])
  if (tool === undefined || tool === null) return null
  if (!isMapping(tool) || own(tool, 'kind') !== 'http')
    throw new Refusal('invalid_input', `the tool ${name} is not of kind http`)
  const has = own(tool, 'credential')
  if (credential !== undefined && typeof has === 'string' && has !== credential)
    throw new Refusal(
      'invalid_input',
      `the tool ${name} uses the credential ${printable(has)}, not ${printable(credential)}`,
    )
  return tool
}

function changeOf(
  file: string,
  before: string | null,
  tool: Readonly<Record<string, unknown>> | null,
  imported: Imported,
  options: ToolImportOptions,
): Change {
  const { tool: name, credential } = options
  const has = tool === null ? undefined : own(tool, 'operations')
  const known = isMapping(has) ? has : {}
  let after = before ?? ''
  if (tool === null) {
    after = setIn(after, ['tools', name], {
      kind: 'http',
      description: imported.title === '' ? `Operations of ${new URL(imported.baseUrl).host}` : imported.title,
      base_url: imported.baseUrl,
      ...(credential === undefined ? {} : { credential }),
      operations: Object.fromEntries(imported.operations),
    })
  } else {
    if (credential !== undefined) after = setIn(after, ['tools', name, 'credential'], credential)
    after = setEach(after, ['tools', name, 'operations'], Object.fromEntries(imported.operations))
  }
  const names = [...imported.operations.keys()]
  const added = names.filter(operation => !Object.hasOwn(known, operation))
  const now = getIn(after, ['tools', name, 'operations']) as Readonly<Record<string, unknown>>
  const changed = names.filter(
    operation => Object.hasOwn(known, operation) && !isDeepStrictEqual(known[operation], now[operation]),
  )
  return { file, before, after, imported, added, changed, again: Object.keys(known).length > 0 }
}

async function check(change: Change, world: World, complain: (text: string) => void): Promise<void> {
  try {
    await checkConfigText(change.file, change.after, world.kinds)
  } catch (error) {
    if (error instanceof ConfigError)
      complain('the configuration would not load with these operations; nothing was written')
    throw error
  }
}

async function conclude(
  change: Change,
  world: World,
  options: ToolImportOptions,
  write: (text: string) => void,
  complain: (text: string) => void,
): Promise<number> {
  const same = change.after === (change.before ?? '')
  if (options.json !== true) tell(change, world, options, write)
  const agreed =
    same || options.dryRun === true ? false : !change.again || options.yes === true || (await agrees(world, options))
  if (agreed) await writeConfigFile(change.file, change.after, change.before)
  if (options.json === true) write(`${JSON.stringify(report(change, options, agreed), null, 2)}\n`)
  else if (agreed) write(`written to ${printable(change.file)}\n`)
  else if (same) write('nothing changes\n')
  if (agreed || same || options.dryRun === true) return 0
  complain('the tool has operations already, so a change needs --yes, or y at a terminal; nothing was written')
  return 1
}

function tell(change: Change, world: World, options: ToolImportOptions, write: (text: string) => void): void {
  const { file, before, after, imported, added, changed } = change
  const colour = world.output.isTTY && !world.environment['NO_COLOR']
  write(unifiedDiff(before ?? '', after, file, colour))
  for (const [word, names] of [
    ['added', added],
    ['changed', changed],
  ] as const) {
    for (const name of names) write(`${word}: ${options.tool}_${name} (${imported.operations.get(name)?.request})\n`)
  }
  for (const note of notesOf(change, options)) write(`note: ${note}\n`)
}

function notesOf({ imported, added }: Change, { tool }: ToolImportOptions): readonly string[] {
  const long = added.filter(name => tool.length + 1 + name.length > 64)
  return [
    ...imported.refused.map(({ id, reason }) => `${id} is left out: ${reason}`),
    ...imported.notes,
    ...long.map(name => `${tool}_${name} has more than 64 characters, which some clients do not accept`),
  ]
}

function report(change: Change, options: ToolImportOptions, written: boolean): object {
  const { file, before, after, imported, added, changed } = change
  const diff = unifiedDiff(before ?? '', after, file)
  const base_url = imported.baseUrl
  return {
    file,
    tool: options.tool,
    base_url,
    added,
    changed,
    removed: [],
    notes: notesOf(change, options),
    diff,
    written,
  }
}

async function agrees(world: World, options: ToolImportOptions): Promise<boolean> {
  if (options.json === true || !world.input.isTTY) return false
  const prompt = createInterface({ input: world.input, output: world.errorOutput })
  try {
    const answer = prompt.question('Write this? [y/N] ')
    const closed = new Promise<string>(resolve => prompt.once('close', () => resolve('')))
    return (await Promise.race([answer, closed])).trim().toLowerCase() === 'y'
  } finally {
    prompt.close()
  }
}
