import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { expandPreset } from '../../src/presets/expand.ts'
import { type Preset, readPresets } from '../../src/presets/preset.ts'
import { blocksOf, rowsOf } from '../docs/page.ts'

const page = 'docs/presets.md'
const presets = await readPresets(new URL('../../presets', import.meta.url).pathname)
const rows = rowsOf(page, /^`[a-z]+`$/)

test('docs/presets.md lists every preset with its parameters and operations', () => {
  const expected = [...presets.values()].map(({ name, parameters, tool }) => [
    `\`${name}\``,
    Object.entries(parameters)
      .map(([key, { default: usual }]) => `\`--${key}\`${usual === undefined ? '' : ` (${usual})`}`)
      .join(', ') || 'none',
    Object.keys(tool.operations)
      .map(operation => `\`${operation}\``)
      .join(', '),
  ])
  expect(rows.slice(0, expected.length)).toEqual(expected)
})

test('docs/presets.md lists every danger with its guard', () => {
  const expected = [...presets.values()].flatMap(({ name, dangers }) =>
    dangers.map(({ danger, guard }) => [`\`${name}\``, danger, guard]),
  )
  expect(rows.slice(presets.size)).toEqual(expected)
})

test('the configuration in docs/presets.md is what the preset expands to', () => {
  const [block] = blocksOf('yaml', [page])
  const { credential, tool } = expandPreset(
    presets.get('github') as Preset,
    { repo: 'acme/shop' },
    { toolName: 'github', credentialName: 'github', only: ['create_comment'] },
  )
  expect(parse(block?.text ?? '')).toEqual({
    version: 1,
    credentials: { [credential.name]: credential.value },
    tools: { github: tool },
  })
})
