import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { ConfigError, formatProblem } from '../../src/config/problem.ts'
import { kinds } from '../../tools/index.ts'
import { makeHome } from '../support/home.ts'

const folder = mkdtempSync(join(tmpdir(), 'keyhold-config-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function problemsOf(text: string | Buffer): Promise<string[]> {
  const file = join(folder, 'keyhold.yaml')
  writeFileSync(file, text)
  try {
    await loadConfig(file, kinds)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.map(problem => formatProblem({ ...problem, file: 'keyhold.yaml' }))
  }
}

const good = `version: 1
credentials:
  github: { type: bearer, token: { sealed: github } }
tools:
  github:
    kind: http
    description: Issues
    base_url: https://api.github.com
    credential: github
    allow:
      - GET /repos/acme/shop/issues
    limits: { rate: 60/min, timeout: 15s, max_request: 64kb }
agents:
  local: { transport: stdio, allow: ["github_*"] }
`

test('a good configuration has no problems, and is what it says', async () => {
  expect(await problemsOf(good)).toEqual([])
  const { config, verbs } = await loadConfig(join(folder, 'keyhold.yaml'), kinds)
  expect([...verbs.keys()]).toEqual(['github_call_api'])
  expect(config.tools[0]?.limits).toEqual({
    rate: { points: 60, windowMs: 60_000 },
    concurrency: 8,
    timeoutMs: 15_000,
    maxRequestBytes: 65_536,
    maxResponseBytes: 262_144,
  })
})

const literal = 'ghp_aLiteralSecretThatMustNotBeRepeated'

const bad: readonly (readonly [string, string | Buffer, readonly (string | RegExp)[]])[] = [
  ['an empty file', '', [/^keyhold\.yaml(:1:1)?: the file is empty; it begins with version: 1$/]],
  ['YAML that does not parse', 'version: 1\ntools: [\n', [/^keyhold\.yaml:\d+:\d+: /]],
  ['a key twice', 'version: 1\nversion: 1\n', [/^keyhold\.yaml:2:1: Map keys must be unique/]],
  ['invalid UTF-8', Buffer.from([0xff, 0xfe, 0x00]), ['keyhold.yaml: not valid UTF-8']],
  ['another version', good.replace('version: 1', 'version: 2'), ['keyhold.yaml:1:1 version: must be 1']],
  [
    'a mistyped key',
    good.replace('allow:\n', 'alow:\n'),
    ['keyhold.yaml:10:5 tools.github.alow: unknown key (did you mean allow?)'],
  ],
  ['an unknown key at the top', `${good}toolz: {}\n`, ['keyhold.yaml:15:1 toolz: unknown key (did you mean tools?)']],
  ['an unknown key that resembles none', `${good}zzzzzz: {}\n`, ['keyhold.yaml:15:1 zzzzzz: unknown key']],
  [
    'an unknown credential',
    good.replace('credential: github', 'credential: githob'),
    ['keyhold.yaml:9:5 tools.github.credential: no credential is called githob (did you mean github?)'],
  ],
  [
    'an empty scope',
    good.replace('allow:\n      - GET /repos/acme/shop/issues', 'allow: []'),
    [/^keyhold\.yaml:10:5 tools\.github\.allow: an empty list permits nothing/],
  ],
  [
    'a scope entry without a path',
    good.replace('GET /repos/acme/shop/issues', 'GET'),
    [/tools\.github\.allow\.0: write it as METHOD \/path/],
  ],
  [
    'a scope entry with an unknown method',
    good.replace('GET /repos', 'FETCH /repos'),
    [/tools\.github\.allow\.0: the first word must be one of GET, /],
  ],
  [
    'a scope entry with a dot segment',
    good.replace('GET /repos/acme', 'GET /repos/../acme'),
    [/tools\.github\.allow\.0: a dot segment/],
  ],
  ['** in the middle', good.replace('GET /repos/acme', 'GET /repos/**/acme'), [/can only come last/]],
  [
    'a bad rate',
    good.replace('60/min', '60 per minute'),
    [/^keyhold\.yaml:12:15 tools\.github\.limits\.rate: not a rate such as 60\/min/],
  ],
  ['a rate of nothing', good.replace('60/min', '0/min'), [/not a rate such as/]],
  ['a bad duration', good.replace('15s', '15 seconds'), [/tools\.github\.limits\.timeout: not a duration such as/]],
  ['a bad size', good.replace('64kb', '64 KB'), [/tools\.github\.limits\.max_request: not a size such as/]],
  [
    'a literal secret',
    good.replace('{ sealed: github }', literal),
    [/^keyhold\.yaml:3:27 credentials\.github\.token: a literal secret does not belong in this file/],
  ],
  [
    'a secret as header',
    good.replace('credential: github', 'headers: { authorization: Bearer abc }'),
    [/tools\.github\.headers\.authorization: authorization: a literal secret does not belong in this file/],
  ],
  [
    'a password in the URL',
    good.replace('https://', 'https://me:pw@'),
    [/tools\.github\.base_url: a URL here carries no user or password/],
  ],
  [
    'plain http to another host',
    good.replace('https://', 'http://'),
    [/tools\.github\.base_url: http:\/\/ would send the credential unencrypted/],
  ],
  ['a base URL with a query', good.replace('api.github.com', 'api.github.com/?a=b'), [/must have no query/]],
  ['another kind', good.replace('kind: http', 'kind: htp'), [/tools\.github(\.kind)?: kind must be one of: http/]],
  [
    'a rule about no tool',
    good.replace('github_*', 'gitlab_*'),
    [/^keyhold\.yaml:14:\d+ agents\.local\.allow\.0: no MCP tool is called gitlab_\*; there are: github_call_api/],
  ],
  [
    'a rule whose specifier makes no sense',
    good.replace('github_*', 'github_call_api(push main)'),
    [/is not a specifier of github_call_api/],
  ],
  [
    'an agent that nothing identifies',
    good.replace('transport: stdio, ', ''),
    [/agents\.local: an agent needs a way to be known/],
  ],
  [
    'a body schema that is not one',
    good.replace('- GET /repos/acme/shop/issues', '- { method: POST, path: /x, body: { type: objekt } }'),
    [/tools\.github\.allow\.0: /],
  ],
  ['a name with a space', good.replace('  github:\n', '  "git hub":\n'), [/a name is 1-32 of/]],
]

describe('a bad configuration is refused with place, key and reason', () => {
  test.each(bad)('%s', async (_what, text, expected) => {
    const problems = await problemsOf(text)
    expect(problems).toHaveLength(expected.length)
    for (const [index, pattern] of expected.entries()) {
      if (typeof pattern === 'string') expect(problems).toContain(pattern)
      else expect(problems[index]).toMatch(pattern)
    }
    expect(problems.join('\n')).not.toContain(literal)
  })

  test('a file that does not exist', async () => {
    await expect(loadConfig(join(folder, 'nowhere.yaml'), kinds)).rejects.toThrow('nowhere.yaml: no such file')
  })
})

test('the command line prints the problems on standard error and exits with 2', async () => {
  const home = makeHome()
  home.writeConfig(good.replace('allow:\n', 'alow:\n'))
  const ran = await home.run(['check'])
  home.remove()
  expect(ran.code).toBe(2)
  expect(ran.out).toBe('')
  expect(ran.err).toContain('keyhold.yaml:10:5 tools.github.alow: unknown key (did you mean allow?)')
})
