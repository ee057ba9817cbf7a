import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { unifiedDiff } from '../../src/cli/diff.ts'
import {
  checkConfigText,
  getIn,
  hasIn,
  readConfigFile,
  setEach,
  setIn,
  writeConfigFile,
} from '../../src/config/edit.ts'
import { kinds } from '../../tools/index.ts'

const written = `# Ours.
version: 1

credentials:
  github:   { type: bearer,  token: { sealed: github } }   # the bot's

tools:
  # Issues only.
  github:
    kind:  http
    description: "Issues"
    base_url: https://api.github.com
    allow:
      - GET /repos/acme/shop/issues   # open ones
      - method: POST
        path: /repos
    # nothing else

  status:
    kind: http
    description: >-
      Status
      page
    base_url: 'https://status.example.com'
    allow: [ GET /status ]

# Who.
agents:
  local: { transport: stdio, allow: ["github_*"] }
`

/** The lines of a text that another does not have, in order. */
const added = (before: string, after: string) =>
  unifiedDiff(before, after, 'f')
    .split('\n')
    .filter(line => /^[+-](?!\+\+ |-- )/.test(line))

describe('everything but the value keeps its bytes', () => {
  test.each<[string, string[], unknown, string[]]>([
    ['a key of a tool', ['tools', 'github', 'redirects'], 'none', ['+    redirects: none']],
    [
      'a mapping where there was none',
      ['tools', 'github', 'operations', 'list_issues'],
      { request: 'GET /x', query: { state: { enum: ['open', 'closed'] } }, required: ['state'], fixed: {} },
      [
        '+    operations:',
        '+      list_issues:',
        '+        request: GET /x',
        '+        query:',
        '+          state:',
        '+            enum: [ open, closed ]',
        '+        required: [ state ]',
        '+        fixed: {}',
      ],
    ],
    ['a tool', ['tools', 'web'], { kind: 'http' }, ['+  web:', '+    kind: http', '+']],
    ['a credential', ['credentials', 'b'], { type: 'bearer' }, ['+  b:', '+    type: bearer']],
    ['a section', ['audit', 'sync'], 'always', ['+', '+audit:', '+  sync: always']],
    [
      'another value',
      ['tools', 'github', 'description'],
      'All',
      ['-    description: "Issues"', '+    description: All'],
    ],
    [
      'a folded text',
      ['tools', 'status', 'description'],
      'S',
      ['-    description: >-', '-      Status', '-      page', '+    description: S'],
    ],
    [
      'a list with comments',
      ['tools', 'github', 'allow'],
      ['GET /a'],
      [
        '-    allow:',
        '-      - GET /repos/acme/shop/issues   # open ones',
        '-      - method: POST',
        '-        path: /repos',
        '+    allow: [ GET /a ]',
      ],
    ],
  ])('%s', (_what, path, value, lines) => {
    const text = setIn(written, path, value)
    expect(added(written, text)).toEqual(lines)
    expect(getIn(text, path)).toEqual(value)
    const windows = setIn(written.replaceAll('\n', '\r\n'), path, value)
    expect(windows.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
    expect(windows.replaceAll('\r\n', '\n')).toBe(text)
  })

  test('a value that is there already changes nothing', () => {
    expect(setIn(written, ['credentials', 'github'], { type: 'bearer', token: { sealed: 'github' } })).toBe(written)
  })

  test('the order of edits of one section is the order in the file', () => {
    const text = setIn(setIn(written, ['tools', 'a'], { kind: 'http' }), ['tools', 'b'], { kind: 'http' })
    expect(Object.keys(getIn(text, ['tools']) as object)).toEqual(['github', 'status', 'a', 'b'])
    expect(text).toContain('\n\n# Who.\nagents:')
  })
})

describe('a mapping in flow style becomes one in blocks', () => {
  test.each([
    ['version: 1\ntools: {}\n', 'version: 1\ntools:\n  web:\n    kind: http\n'],
    ['version: 1\ntools:\n', 'version: 1\ntools:\n  web:\n    kind: http\n'],
    ['version: 1\ntools: # none yet\n', null],
    ['version: 1\ntools: { a: { kind: http } } # one\n', null],
    ['{ version: 1 }', null],
    ['{}', 'tools:\n  web:\n    kind: http\n'],
    ['version: 1\ntools:\n  a:\n    allow:\n    - GET /a\n', null],
    ['version: 1\ntools:\n  a:\n    description: |+\n      text\n\n\n', null],
    ['version: 1\ntools:\n    a:\n        kind: http', null],
    ['---\nversion: 1\ntools:\n  a: 1\n...\n', null],
    ['\ufeffversion: 1\ntools:\n  a: 1\n', null],
    ['? version\n: 1\n? tools\n: a: 1\n', null],
  ])('%j', (before, after) => {
    const text = setIn(before, ['tools', 'web'], { kind: 'http' })
    const old = (parse(before) ?? {}) as { tools?: object | null }
    expect(parse(text)).toEqual({ ...old, tools: { ...old.tools, web: { kind: 'http' } } })
    for (const comment of before.match(/# .*/g) ?? []) expect(text).toContain(comment)
    if (after !== null) expect(text).toBe(after)
  })
})

describe('several values at once', () => {
  const one = { kind: 'http', description: 'One' }

  test('are what they are one by one', () => {
    const entries = { status: one, b: one, a: one }
    const text = setEach(written, ['tools'], entries)
    const single = Object.entries(entries).reduce(
      (edited, [key, value]) => setIn(edited, ['tools', key], value),
      written,
    )
    expect(parse(text)).toEqual(parse(single))
    expect(Object.keys(parse(text).tools)).toEqual(['github', 'status', 'b', 'a'])
    expect(text).toContain('      - GET /repos/acme/shop/issues   # open ones\n')
    expect(setEach(text, ['tools'], entries)).toBe(text)
  })

  test.each(['version: 1\n', 'version: 1\ntools:\n', 'version: 1\ntools: {}\n', 'version: 1\ntools: { z: 1 }\n'])(
    'in %j',
    start => {
      const { z, ...tools } = parse(setEach(start, ['tools'], { a: one, b: one })).tools
      expect([tools, z]).toEqual([{ a: one, b: one }, start.includes('z') ? 1 : undefined])
    },
  )

  test('a thousand of them are in place at once', () => {
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`t${i}`, one]))
    const began = Date.now()
    const text = setEach(written, ['tools'], many)
    expect(Date.now() - began).toBeLessThan(10_000)
    expect(Object.keys(parse(text).tools)).toHaveLength(1_002)
  })
})

test.each(['', '\n', '# Mine.\n', '# Mine.'])('a new file begins with its version: %j', start => {
  const text = setIn(start, ['tools', 'web', 'kind'], 'http')
  expect(text.replace(start.trim(), '').trimStart()).toBe('version: 1\n\ntools:\n  web:\n    kind: http\n')
  expect(text.startsWith(start)).toBe(true)
})

describe('what cannot be edited safely is refused', () => {
  test.each([
    ['no YAML', 'tools: [', 'not valid YAML'],
    ['a list', '- a', 'not a mapping'],
    ['a text', 'hello', 'not a mapping'],
    ['a list on the path', 'tools: [a]', 'tools is not a mapping'],
    ['an alias on the path', 'version: 1\na: &a { x: 1 }\ntools: *a\n', 'aliases'],
    ['an anchor that others use', 'version: 1\ntools: &a\n  x: 1\nother: *a\n', 'aliases'],
    ['a key twice', 'tools: {}\ntools: {}\n', 'not valid YAML'],
    ['two documents', 'tools: {}\n---\ntools: {}\n', 'not valid YAML'],
    ['an alias to nothing', 'version: *secret\n', 'has no anchor'],
  ])('%s', (_what, text, reason) => {
    expect(() => setIn(text, ['tools', 'web'], { kind: 'http' })).toThrow(reason)
  })

  test('a key that would change the prototype of something', () => {
    expect(() => setIn('', ['tools', '__proto__', 'x'], 1)).toThrow(TypeError)
    expect(getIn('tools: { a: 1 }', ['tools', 'constructor'])).toBeUndefined()
    expect(hasIn('tools: { a: null }', ['tools', 'a'])).toBe(true)
    expect(hasIn('', ['tools'])).toBe(false)
  })
})

test('a text that looks like something else stays a text', () => {
  for (const value of [
    'no',
    '1',
    'null',
    '# x',
    'a: b',
    '*a',
    '&a',
    '!x',
    '- a',
    'a\nb: c',
    '"',
    '\u0085',
    ' a ',
    '{',
    '',
  ]) {
    expect(getIn(setIn(written, ['tools', 'github', 'description'], value), ['tools', 'github', 'description'])).toBe(
      value,
    )
  }
})

describe('the file', () => {
  let folder: string
  let file: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'keyhold-test-edit-'))
    file = join(folder, 'keyhold.yaml')
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))
  const mode = () => statSync(file).mode & 0o777

  test('a new one is for its owner alone, and nothing else is left in the folder', async () => {
    expect(await readConfigFile(file)).toBeNull()
    await writeConfigFile(file, 'version: 1\n', null)
    expect([readFileSync(file, 'utf8'), mode(), readdirSync(folder)]).toEqual(['version: 1\n', 0o600, ['keyhold.yaml']])
  })

  test('an existing one keeps its mode', async () => {
    writeFileSync(file, 'old')
    chmodSync(file, 0o640)
    await writeConfigFile(file, 'new')
    expect([readFileSync(file, 'utf8'), mode()]).toEqual(['new', 0o640])
  })

  test('a symbolic link stays one, and the file behind it changes', async () => {
    const real = join(folder, 'dotfiles.yaml')
    writeFileSync(real, 'old')
    symlinkSync(real, file)
    expect(await readConfigFile(file)).toBe('old')
    await writeConfigFile(file, 'new', 'old')
    expect([readFileSync(real, 'utf8'), lstatSync(file).isSymbolicLink()]).toEqual(['new', true])
  })

  test('what somebody else wrote meanwhile is not lost', async () => {
    writeFileSync(file, 'theirs')
    await expect(writeConfigFile(file, 'ours', 'before')).rejects.toThrow('changed by somebody else')
    await expect(writeConfigFile(file, 'ours', null)).rejects.toThrow('changed by somebody else')
    expect([readFileSync(file, 'utf8'), readdirSync(folder)]).toEqual(['theirs', ['keyhold.yaml']])
  })

  test('a link to nowhere, a folder, a missing folder and bytes that are no UTF-8 are errors with their reason', async () => {
    symlinkSync(join(folder, 'nowhere'), file)
    await expect(writeConfigFile(file, 'x')).rejects.toThrow('leads nowhere')
    await expect(writeConfigFile(folder, 'x')).rejects.toThrow('not a regular file')
    await expect(writeConfigFile(join(folder, 'none', 'k.yaml'), 'x')).rejects.toThrow('its folder does not exist')
    const bytes = join(folder, 'bytes.yaml')
    writeFileSync(bytes, Buffer.from([0xff]))
    await expect(readConfigFile(bytes)).rejects.toThrow('not valid UTF-8')
    expect(readdirSync(folder).sort()).toEqual(['bytes.yaml', 'keyhold.yaml'])
  })

  test('a text is checked before it is in place, and its problems name the real file', async () => {
    const problem = await checkConfigText(file, 'version: 1\ntools: { a: { kind: htp } }\n', kinds).catch(
      error => error,
    )
    expect(String(problem.message)).toMatch(new RegExp(`^${file}:2:\\d+ tools\\.a`))
    const { config } = await checkConfigText(file, 'version: 1\ntools: {}\n', kinds)
    expect(config.tools).toEqual([])
    expect(readdirSync(folder)).toEqual([])
  })
})

describe('the diff', () => {
  test('has colours only where it is asked for', () => {
    expect(unifiedDiff('a: 1\n', 'a: 2\n', 'k.yaml')).toBe('--- k.yaml\n+++ k.yaml\n@@ -1,1 +1,1 @@\n-a: 1\n+a: 2\n')
    expect(unifiedDiff('a: 1\n', 'a: 2\n', 'k.yaml', true)).toContain('\x1b[32m+a: 2\x1b[0m\n')
    expect(unifiedDiff('a\n', 'a\n', 'k.yaml', true)).toBe('')
  })

  test('shows control characters instead of sending them', () => {
    expect(unifiedDiff('', 'a\x1b]0;x\x07\u202e\n', 'k.yaml')).toBe(
      '--- k.yaml\n+++ k.yaml\n@@ -0,0 +1,1 @@\n+a\\x1b]0;x\\x07\\u202e\n',
    )
  })
})
