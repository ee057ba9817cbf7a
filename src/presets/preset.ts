import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { parse } from 'yaml'
import * as z from 'zod'
import type { Json, JsonObject } from '../kind.ts'
import { placeholdersOf } from './placeholder.ts'

const JsonMapping = z.record(z.string(), z.json()).transform(value => value as JsonObject)

const Parameter = z.strictObject({
  description: z.string().min(1),
  pattern: z.string().regex(/^\^.*\$$/, 'a pattern judges the whole value: ^...$'),
  form: z.string().min(1).describe('The pattern in words'),
  example: z.string().min(1),
  default: z.string().optional(),
  segments: z.int().min(1).max(3).default(1).describe('How many path segments a value is, separated by /'),
})

/** What a preset says of one parameter. */
export type Parameter = z.output<typeof Parameter>

const Operation = z.strictObject({
  request: z.string(),
  description: z.string().min(1),
  params: JsonMapping.optional(),
  query: JsonMapping.optional(),
  required: z.array(z.string()).optional(),
  fixed: z
    .strictObject({ query: JsonMapping.optional(), body: JsonMapping.optional(), headers: JsonMapping.optional() })
    .optional(),
  body: JsonMapping.optional(),
  content_type: z.string().optional(),
  graphql: z.string().optional(),
  variables: JsonMapping.optional(),
  select: z.array(z.string()).min(1).optional(),
  pages: JsonMapping.optional(),
})

const Tool = z.strictObject({
  description: z.string().min(1),
  base_url: z.string().startsWith('https://'),
  headers: JsonMapping.optional(),
  operations: z.record(z.string(), Operation),
  never: z.strictObject({
    requests: z.array(z.string()).min(1),
    query: z.array(z.string()).optional(),
    body: z.array(z.string()).optional(),
  }),
  redirects: z.literal('none'),
  pages: JsonMapping.optional(),
  idempotency: JsonMapping.optional(),
  limits: JsonMapping,
})

const PresetFile = z
  .strictObject({
    name: z.string().regex(/^[a-z][a-z0-9_-]{0,31}$/),
    title: z.string().min(1),
    docs: z.url({ protocol: /^https$/ }),
    parameters: z.record(z.string().regex(/^[a-z]{2,20}$/), Parameter),
    credential: z.object({ type: z.string() }).catchall(z.json()),
    tool: Tool,
    dangers: z.array(z.strictObject({ danger: z.string().min(1), guard: z.string().min(1) })).min(1),
  })
  .superRefine(({ parameters, credential, tool, dangers }, context) => {
    const used = new Set([tool, dangers, credential].flatMap(part => placeholdersOf(part as Json)))
    const known = new Set([...Object.keys(parameters), 'credential'])
    for (const name of used) {
      if (!known.has(name)) context.addIssue({ code: 'custom', message: `the placeholder {${name}} is no parameter` })
    }
    for (const name of known) {
      if (!used.has(name)) context.addIssue({ code: 'custom', message: `nothing uses {${name}}` })
    }
  })

/** An API that is known: how a tool for it looks, what it takes to narrow it, and what is dangerous about it. */
export type Preset = z.output<typeof PresetFile>

/**
 * Reads one preset.
 *
 * @throws Error when it is not one, naming the file
 */
export function parsePreset(text: string, file: string): Preset {
  const parsed = PresetFile.safeParse(parse(text, { uniqueKeys: true }))
  if (!parsed.success) throw new Error(`${file}: ${z.prettifyError(parsed.error)}`)
  if (`${parsed.data.name}.yaml` !== basename(file)) throw new Error(`${file}: is named ${parsed.data.name}`)
  return parsed.data
}

/**
 * Reads every preset of a folder.
 *
 * @returns the presets by name, in order
 * @throws Error when the folder or a file cannot be read, or a file is no preset
 */
export async function readPresets(folder: string): Promise<ReadonlyMap<string, Preset>> {
  const files = (await readdir(folder)).filter(name => name.endsWith('.yaml')).sort()
  const presets = await Promise.all(
    files.map(async file => parsePreset(await readFile(join(folder, file), 'utf8'), join(folder, file))),
  )
  return new Map(presets.map(preset => [preset.name, preset]))
}
