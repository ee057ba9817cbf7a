import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RE2JS } from 're2js'
import { afterAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { loadConfig } from '../../src/config/load.ts'
import { expandPreset } from '../../src/presets/expand.ts'
import { presetParameters } from '../../src/presets/parameters.ts'
import { fill, isPlain, placeholdersOf } from '../../src/presets/placeholder.ts'
import { parsePreset, type Preset, readPresets } from '../../src/presets/preset.ts'
import { Refusal } from '../../src/refusal.ts'
import { compileNever } from '../../tools/http/never.ts'
import { parseRequestLine } from '../../tools/http/request-line.ts'
import { kinds } from '../../tools/index.ts'
import { attempts } from './attempts.ts'

const presets = await readPresets(new URL('../../presets', import.meta.url).pathname)
const folder = mkdtempSync(join(tmpdir(), 'keyhold-presets-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const names = { toolName: 'api', credentialName: 'api-key' }
const examplesOf = (preset: Preset) =>
  Object.fromEntries(Object.entries(preset.parameters).map(([name, { example }]) => [name, example]))
const expanded = (preset: Preset) => expandPreset(preset, examplesOf(preset), names)

interface ExpandedTool {
  readonly operations: Readonly<
    Record<
      string,
      { readonly request: string; readonly query?: object; readonly body?: { readonly properties?: object } }
    >
  >
  readonly never: { readonly requests: string[]; readonly query?: string[]; readonly body?: string[] }
}
const toolOf = (preset: Preset) => expanded(preset).tool as unknown as ExpandedTool
const neverOf = (preset: Preset) => {
  const { requests, query = [], body = [] } = toolOf(preset).never
  return compileNever({ requests, query, body })
}

const each = [...presets.values()].map(preset => [preset.name, preset] as const)

function problemOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof Refusal) return `${error.code}: ${error.message}`
    throw error
  }
  return 'accepted'
}

test('the presets are those that the documents promise', () => {
  expect([...presets.keys()]).toEqual([
    'anthropic',
    'github',
    'gitlab',
    'jira',
    'linear',
    'notion',
    'openai',
    'sentry',
    'slack',
    'stripe',
  ])
})

test("the command line's options are the parameters of all presets", () => {
  const all = each.flatMap(([, { parameters }]) => Object.keys(parameters))
  expect(Object.keys(presetParameters)).toEqual([...new Set(all)].sort())
  for (const [name, words] of Object.entries(presetParameters)) {
    const users = each.filter(([, { parameters }]) => Object.hasOwn(parameters, name)).map(([preset]) => preset)
    for (const user of users) expect(words, name).toContain(user)
  }
})

describe.each(each)('%s', (_name, preset) => {
  test('has 4 to 10 operations, each with a description', () => {
    const operations = Object.entries(preset.tool.operations)
    expect(operations.length).toBeGreaterThanOrEqual(4)
    expect(operations.length).toBeLessThanOrEqual(10)
  })

  test('accepts its own examples, and leaves no placeholder', () => {
    const { tool, credential } = expanded(preset)
    expect([...placeholdersOf(tool), ...placeholdersOf(credential.value)]).toEqual([])
    expect(JSON.stringify(credential.value)).toContain('{"sealed":"api-key"}')
  })

  test('expands to a configuration that loads and offers every operation', async () => {
    const { tool, credential } = expanded(preset)
    const file = join(folder, `${preset.name}.yaml`)
    writeFileSync(
      file,
      stringify({ version: 1, credentials: { [credential.name]: credential.value }, tools: { api: tool } }),
    )
    const { verbs, config } = await loadConfig(file, kinds)
    expect([...verbs.keys()]).toEqual(
      Object.keys(preset.tool.operations)
        .map(operation => `api_${operation}`)
        .sort(),
    )
    expect(config.unsafe).toEqual([])
    for (const { verb } of verbs.values()) expect(verb.description.length).toBeLessThan(1_000)
  })

  test('its never refuses no operation of its own', () => {
    const never = neverOf(preset)
    for (const [name, operation] of Object.entries(toolOf(preset).operations)) {
      const { method, pattern } = parseRequestLine(operation.request)
      const segments = pattern.parts.map(part => (part.type === 'literal' ? part.segment : 'x'))
      const query = Object.keys(operation.query ?? {}).map(key => [key, 'x'] as const)
      const properties = operation.body?.properties ?? {}
      expect(never(method, segments, query, properties), name).toBeNull()
    }
  })

  test('its never refuses what is known to be dangerous, whatever else is allowed', () => {
    const never = neverOf(preset)
    const tried = attempts[preset.name] ?? []
    expect(tried.length).toBeGreaterThan(1)
    for (const { request, query = {}, body } of tried) {
      const [method, path] = request
      const refused = never(method, path.slice(1).split('/'), Object.entries(query), body)
      expect(refused, JSON.stringify({ request, query, body })).not.toBeNull()
    }
  })

  test('every pattern means the same to the scope and to clients that check with JavaScript', () => {
    const { tool } = expanded(preset)
    const patterns: string[] = []
    JSON.stringify(tool, (key, value: unknown) => {
      if (key === 'pattern') patterns.push(value as string)
      return value
    })
    for (const pattern of patterns) {
      expect(() => new RegExp(pattern, 'u'), pattern).not.toThrow()
      expect(() => RE2JS.compile(pattern), pattern).not.toThrow()
    }
  })

  test('no body or parameter of an operation is open to keys that it does not list', () => {
    const open: string[] = []
    const visit = (schema: unknown, path: string): void => {
      if (typeof schema !== 'object' || schema === null) return
      if ('properties' in schema && 'type' in schema && !('additionalProperties' in schema)) open.push(path)
      for (const [key, inner] of Object.entries(schema)) visit(inner, `${path}/${key}`)
    }
    for (const [name, { body }] of Object.entries(toolOf(preset).operations)) visit(body, name)
    expect(open).toEqual([])
  })

  const hostile = [
    '',
    ' ',
    '.',
    '..',
    '../x',
    '*',
    '**',
    ':id',
    '{repo}',
    'a b',
    'a?b=c',
    'a#b',
    'a%2Fb',
    'a\\b',
    'a;b',
    'a"b',
    "a'b",
    'a\nb: c',
    'a,b',
    'a&b',
    'a=b',
    'a$b',
    'a|b',
    '(a)',
    '[a]',
    'ａ',
    'a\u0000',
    'a\u200b',
    'http://evil.example',
    '//evil.example',
    'evil.example/x',
    'user@evil.example:1',
    'acme/shop/x',
    'acme/..',
    '/acme',
    'acme/',
    'acme//shop',
    'acme/shop\n',
    'ACME-1" OR project = OTHER',
    'a'.repeat(300),
  ]
  for (const parameter of Object.keys(preset.parameters)) {
    test.each(hostile)(`--${parameter} %j is refused, without repeating it, with form and example`, value => {
      const { form, example } = preset.parameters[parameter] as (typeof preset.parameters)[string]
      const problem = problemOf(() => expandPreset(preset, { ...examplesOf(preset), [parameter]: value }, names))
      expect(problem).toMatch(new RegExp(`^invalid_input: --${parameter} is not valid`))
      expect(problem).toContain(form)
      expect(problem).toContain(example)
      if (value.length > 12) expect(problem).not.toContain(value)
    })
  }
})

test('a missing parameter is named with its form, and with a command line that would work', () => {
  const jira = presets.get('jira') as Preset
  expect(problemOf(() => expandPreset(jira, { site: 'acme' }, { ...names, toolName: 'tickets' }))).toBe(
    'invalid_input: --project is missing: the key of the project, with which its issues begin, as 2-50 of capital letters, digits and _, beginning with a letter; such as: keyhold tool add tickets --preset jira --site acme --project SHOP --email agent@example.com',
  )
})

test('a parameter of another preset is refused', () => {
  const github = presets.get('github') as Preset
  expect(problemOf(() => expandPreset(github, { repo: 'acme/shop', site: 'acme' }, names))).toMatch(
    /^invalid_input: --site is not a parameter of the preset github; such as: keyhold tool add api --preset github --repo acme\/shop$/,
  )
})

test('a parameter with a default may be left out', () => {
  const { tool } = expandPreset(presets.get('gitlab') as Preset, { project: '7' }, names)
  expect(tool['base_url']).toBe('https://gitlab.com/api/v4')
  const own = expandPreset(presets.get('gitlab') as Preset, { project: '7', host: 'git.acme.example' }, names)
  expect(own.tool['base_url']).toBe('https://git.acme.example/api/v4')
})

test('only some operations can be taken, and an unknown or no name is refused', () => {
  const github = presets.get('github') as Preset
  const only = (list: readonly string[]) => expandPreset(github, examplesOf(github), { ...names, only: list })
  expect(Object.keys(only(['get_issue', 'list_issues']).tool['operations'] as object)).toEqual([
    'list_issues',
    'get_issue',
  ])
  expect(problemOf(() => only(['list_isues']))).toContain('there are: list_issues, get_issue,')
  expect(problemOf(() => only([]))).toContain('names no operation')
})

describe('a value stays where it is put', () => {
  const values = new Map([['v', 'a.b+c']])

  test('in a pattern it means itself', () => {
    expect(fill({ pattern: '^{v}-[0-9]{1,3}$' }, values)).toEqual({ pattern: String.raw`^a\.b\+c-[0-9]{1,3}$` })
  })

  test('in a document only whole string literals are placeholders', () => {
    expect(fill({ graphql: 'query { a(b: "{v}") {v} }' }, values)).toEqual({ graphql: 'query { a(b: "a.b+c") {v} }' })
  })

  test('keys are never filled', () => {
    expect(fill({ '{v}': ['{v}'] }, values)).toEqual({ '{v}': ['a.b+c'] })
  })

  test.each([
    ['https://{v}.example', 'a@evil'],
    ['https://{v}', '127.1'],
    ['https://{v}', 'Evil.example'],
    ['https://api.example/{v}', '..'],
    ['https://api.example/{v}/b', '.'],
  ])('%s with %s is refused', (template, value) => {
    expect(() => fill({ base_url: template }, new Map([['v', value]]))).toThrow('does not stay in its place')
  })

  test.each([
    ['acme/shop', 1, false],
    ['acme/shop', 2, true],
    ['.github', 1, true],
    ['..', 1, false],
    ['acme/..', 2, false],
    ['', 1, false],
  ])('%s as %i segments: %s', (value, parts, plain) => {
    expect(isPlain(value, parts)).toBe(plain)
  })
})

describe('a preset that is wrong is refused, naming the file', () => {
  const good = presets.get('github') as Preset
  test.each([
    ['an unknown key', { ...good, danger: 'x' }, 'danger'],
    [
      'a placeholder that is no parameter',
      { ...good, tool: { ...good.tool, description: '{owner}' } },
      '{owner} is no parameter',
    ],
    [
      'a parameter that nothing uses',
      { ...good, parameters: { ...good.parameters, team: good.parameters['repo'] } },
      'nothing uses {team}',
    ],
    [
      'a pattern that judges a part only',
      { ...good, parameters: { repo: { ...good.parameters['repo'], pattern: 'a' } } },
      'whole value',
    ],
    ['no dangers', { ...good, dangers: [] }, 'dangers'],
    ['plain http', { ...good, tool: { ...good.tool, base_url: 'http://api.github.com' } }, 'base_url'],
    ['another name', { ...good, name: 'gitlab' }, 'is named gitlab'],
  ])('%s', (_what, preset, reason) => {
    const parse = () => parsePreset(stringify(preset), '/somewhere/github.yaml')
    expect(parse).toThrow('/somewhere/github.yaml')
    expect(parse).toThrow(reason)
  })
})

describe('no line of a text to GitLab may be one of its quick actions', () => {
  const { body } = toolOf(presets.get('gitlab') as Preset).operations['create_issue_note'] as unknown as {
    body: { properties: { body: { not: { pattern: string } } } }
  }
  const pattern = RE2JS.compile(body.properties.body.not.pattern)
  const refused = (text: string) => pattern.matcher(text).find()
  test.each([
    '/merge',
    'a\n/close',
    'a\r/close',
    'a\r\n /close',
    '\t/close',
    'a\u2028/close',
    'a\u0085/close',
    '\u00a0/close',
    '> /close',
  ])('%j', text => {
    expect(refused(text)).toBe(true)
  })
  test.each(['and/or', 'a /b', 'see src/app', 'https://example.com', 'a\nb/c'])('%j is a text', text => {
    expect(refused(text)).toBe(false)
  })
})
