import { nearestWord } from '../config/problem.ts'
import { exampleCommand } from '../presets/expand.ts'
import { type Preset, readPresets } from '../presets/preset.ts'
import { invalidInput } from '../refusal.ts'
import type { World } from './world.ts'

/**
 * Reads the preset of a name.
 *
 * @throws Refusal invalid_input that names those there are
 */
export async function presetNamed(world: World, name: string): Promise<Preset> {
  const presets = await readPresets(world.presetsFolder)
  const preset = presets.get(name)
  if (preset !== undefined) return preset
  const meant = nearestWord(name, [...presets.keys()])
  const hint = meant === null ? `there are: ${[...presets.keys()].join(', ')}` : `did you mean ${meant}?`
  throw invalidInput(`there is no such preset (${hint})`)
}

/** `keyhold preset list`: the APIs for which there is a preset. */
export async function presetList(
  world: World,
  options: { readonly json?: boolean },
  write: (text: string) => void,
): Promise<number> {
  const presets = [...(await readPresets(world.presetsFolder)).values()]
  if (options.json === true) {
    const rows = presets.map(({ name, title, docs, parameters }) => ({
      name,
      title,
      docs,
      parameters: Object.keys(parameters),
    }))
    write(`${JSON.stringify({ presets: rows })}\n`)
    return 0
  }
  const width = Math.max(...presets.map(({ name }) => name.length))
  const titleWidth = Math.max(...presets.map(({ title }) => title.length))
  for (const { name, title, parameters } of presets) {
    const flags = Object.entries(parameters).map(([key, { default: usual }]) =>
      usual === undefined ? `--${key}` : `[--${key}]`,
    )
    write(`${`${name.padEnd(width)}  ${title.padEnd(titleWidth)}  ${flags.join(' ')}`.trimEnd()}\n`)
  }
  return 0
}

/** `keyhold preset show`: what a preset asks for, what it offers, and what is dangerous about its API. */
export async function presetShow(
  world: World,
  name: string,
  options: { readonly json?: boolean },
  write: (text: string) => void,
): Promise<number> {
  const preset = await presetNamed(world, name)
  if (options.json === true) {
    write(`${JSON.stringify(preset)}\n`)
    return 0
  }
  const { title, docs, parameters, credential, tool, dangers } = preset
  const operations = Object.entries(tool.operations)
  const width = Math.max(...operations.map(([operation]) => operation.length))
  const { type, ...rest } = credential
  const presented = Object.entries(rest).flatMap(([key, value]) =>
    typeof value === 'string' ? [`${key} ${value}`] : [],
  )
  const lines = [
    `${title} (${docs})`,
    '',
    'Parameters:',
    ...Object.entries(parameters).map(
      ([key, { description, form, example, default: usual }]) =>
        `  --${key}  ${description}, as ${form}; such as ${example}${usual === undefined ? '' : ` (${usual} when left out)`}`,
    ),
    ...(Object.keys(parameters).length === 0 ? ['  none'] : []),
    '',
    `Credential: ${[type, ...presented].join(', ')}`,
    '',
    'Operations:',
    ...operations.map(
      ([operation, { request, description }]) =>
        `  ${operation.padEnd(width)}  ${request}\n  ${' '.repeat(width)}  ${description}`,
    ),
    '',
    'What is dangerous about this API, and what guards against it:',
    ...dangers.flatMap(({ danger, guard }) => [`  - ${danger}`, `    ${guard}`]),
    '',
    `Example:\n  $ ${exampleCommand(preset, preset.name)}`,
  ]
  write(`${lines.join('\n')}\n`)
  return 0
}
