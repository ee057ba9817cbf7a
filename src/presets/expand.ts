import type { Json, JsonObject } from '../kind.ts'
import { invalidInput } from '../refusal.ts'
import { fill, isPlain } from './placeholder.ts'
import type { Parameter, Preset } from './preset.ts'

/** What a configuration gains by a preset. */
export interface Expanded {
  readonly credential: { readonly name: string; readonly value: JsonObject }
  readonly tool: JsonObject
  readonly dangers: Preset['dangers']
}

/**
 * Expands a preset for one tool.
 *
 * @param given values of its parameters; one with a default may be left out
 * @param options `only`: the operations that the tool gets, instead of all
 * @throws Refusal `invalid_input`, naming the parameter, its form in words and an example
 */
export function expandPreset(
  preset: Preset,
  given: Readonly<Record<string, string>>,
  options: {
    readonly toolName: string
    readonly credentialName: string
    readonly only?: readonly string[] | undefined
  },
): Expanded {
  const { toolName, credentialName, only } = options
  const example = exampleCommand(preset, toolName)
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(preset.parameters, name))
      throw invalidInput(`--${name} is not a parameter of the preset ${preset.name}; such as: ${example}`)
  }
  const values = new Map(
    Object.entries(preset.parameters).map(([name, parameter]) => [
      name,
      valueOf(name, parameter, given[name], example),
    ]),
  )
  const kept = { ...preset.tool, operations: chosen(preset.tool.operations, only) } as unknown as JsonObject
  const {
    description,
    base_url: baseUrl,
    ...tool
  } = fill(kept, values) as JsonObject & { description: Json; base_url: Json }
  return {
    credential: {
      name: credentialName,
      value: fill(preset.credential, new Map([...values, ['credential', credentialName]])) as JsonObject,
    },
    tool: { kind: 'http', description, base_url: baseUrl, credential: credentialName, ...tool },
    dangers: fill(preset.dangers, values) as unknown as Preset['dangers'],
  }
}

/** A command line that would work, with the examples of the preset in place of values. */
export function exampleCommand(preset: Preset, toolName: string): string {
  const parameters = Object.entries(preset.parameters)
    .filter(([, parameter]) => parameter.default === undefined)
    .map(([name, parameter]) => ` --${name} ${parameter.example}`)
  return `keyhold tool add ${toolName} --preset ${preset.name}${parameters.join('')}`
}

/** The value is not repeated in an error: it may be a key, typed in the wrong place. */
function valueOf(name: string, parameter: Parameter, given: string | undefined, example: string): string {
  const value = given ?? parameter.default
  if (value === undefined)
    throw invalidInput(`--${name} is missing: ${parameter.description}, as ${parameter.form}; such as: ${example}`)
  if (!new RegExp(parameter.pattern, 'u').test(value) || !isPlain(value, parameter.segments))
    throw invalidInput(
      `--${name} is not valid: ${parameter.description}, as ${parameter.form}; such as: ${parameter.example}`,
    )
  return value
}

function chosen(
  operations: Preset['tool']['operations'],
  only: readonly string[] | undefined,
): Preset['tool']['operations'] {
  if (only === undefined) return operations
  const names = Object.keys(operations)
  const unknown = only.find(name => !names.includes(name))
  if (unknown !== undefined || only.length === 0)
    throw invalidInput(
      `--only: ${unknown === undefined ? 'names no operation' : 'names an operation that is not in the preset'}; there are: ${names.join(', ')}`,
    )
  return Object.fromEntries(Object.entries(operations).filter(([name]) => only.includes(name)))
}
