import { execFile } from 'node:child_process'
import { hash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Home, keyholdCommand, makeHome } from '../support/home.ts'
import { sceneConfig } from '../support/scene.ts'

let home: Home
beforeAll(() => {
  home = makeHome()
  home.writeConfig(sceneConfig('https://api.example.com'))
})
afterAll(() => home.remove())

const commands = [
  'stdio',
  'serve',
  'check',
  'config schema',
  'tool list',
  'tool add',
  'tool import openapi',
  'preset list',
  'preset show',
  'agent token',
  'credential set',
  'credential list',
  'credential show',
  'credential test',
  'credential login',
  'credential rotate',
  'credential remove',
  'audit tail',
  'audit show',
  'audit verify',
  'doctor',
  'selftest leaks',
]

describe('every command has help with an example', () => {
  test.each(commands)('%s', async command => {
    const { code, out } = await home.run([...command.split(' '), '--help'])
    expect(code).toBe(0)
    expect(out).toContain('--config')
    expect(out).toMatch(/Example:\n {2}\$ .*keyhold/)
  })
})

describe('wrong usage says what is wrong and exits with 2', () => {
  test.each([
    [['frobnicate'], "unknown command 'frobnicate'"],
    [['serve', '--lisen', 'x'], "unknown option '--lisen'"],
    [['serve', '--listen', 'nonsense'], 'HOST:PORT'],
    [['agent', 'token'], "missing required argument 'name'"],
    [['agent', 'token', 'Not A Name'], 'an agent is named with'],
    [['check', '--config', '/nowhere/keyhold.yaml'], '/nowhere/keyhold.yaml: no such file'],
    [['audit', 'tail', '-n', 'many'], 'is not a number'],
    [['audit', 'show', '--since', 'yesterday-ish'], 'is not a time'],
  ])('%j', async (args, message) => {
    const { code, err, out } = await home.run(args)
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(message)
  })
})

test.each([
  [['credential', 'set', 'github', 'ghp_s3cretTyp3dH3re'], "too many arguments for 'set'"],
  [['credential', 'ghp_s3cretTyp3dH3re'], 'unknown command'],
  [['check', '--value=ghp_s3cretTyp3dH3re'], "unknown option '--value'"],
  [['credential', 'set', 'ghp_s3cretTyp3dH3re'], 'a new credential is named with'],
  [['credential', 'show', 'ghp_s3cretTyp3dH3re'], 'no credential of this name (it has: github)'],
])('a secret typed in the wrong place is not repeated: %j', async (args, message) => {
  const { code, out, err } = await home.run(args, 'tok_0123456789')
  expect(code).toBe(2)
  expect(err).toContain(message)
  expect(out + err).not.toContain('s3cret')
})

test('with --json a failure is JSON too', async () => {
  const { code, out } = await home.run(['check', '--config', '/nowhere/keyhold.yaml', '--json'])
  expect(code).toBe(2)
  expect(JSON.parse(out)).toMatchObject({
    ok: false,
    problems: [{ file: '/nowhere/keyhold.yaml', reason: 'no such file' }],
  })
})

test('who reads only the beginning of an output gets no complaint, and a full disk is said to be one', async () => {
  const schema = `"${process.execPath}" "${keyholdCommand}" config schema`
  const shell = async (line: string) =>
    (await promisify(execFile)('/bin/sh', ['-c', line], { env: home.environment })).stdout
  expect(await shell(`${schema} 2>&1 >/dev/full || true`)).toBe('keyhold: the output cannot be written (ENOSPC)\n')
  const complaints = `${home.folder}/complaints`
  expect(await shell(`${schema} 2>${complaints} | head -c 1; cat ${complaints}`)).toBe('{')
})

test('check says what the configuration comes to, for people and for programs', async () => {
  const people = await home.run(['check'])
  expect(people).toMatchObject({ code: 0, err: '' })
  expect(people.out).toContain('MCP tools: github_call_api')
  expect(JSON.parse((await home.run(['check', '--json'])).out)).toMatchObject({
    mcp_tools: ['github_call_api'],
    agents: ['local', 'remote'],
    unsafe: [],
  })
})

test('check lists what is switched on although it is unsafe', async () => {
  const other = makeHome()
  other.writeConfig(sceneConfig('http://api.internal.example', { tool: { unsafe_plain_http: true } }))
  const { code, out } = await other.run(['check'])
  other.remove()
  expect(code).toBe(0)
  expect(out).toContain('tools.github.unsafe_plain_http is switched on')
})

test('tool list shows each MCP tool with its access', async () => {
  expect((await home.run(['tool', 'list'])).out).toBe(
    'github_call_api  write  github  Issues of acme/shop: Sends one request to api.example.com\n',
  )
  expect(JSON.parse((await home.run(['tool', 'list', '--json'])).out)).toMatchObject({
    tools: [{ name: 'github_call_api' }],
  })
})

test('agent token prints a token once, and the digest by which it is known', async () => {
  const { token, sha256 } = JSON.parse((await home.run(['agent', 'token', 'ci', '--json'])).out) as {
    token: string
    sha256: string
  }
  expect(token).toMatch(/^keyhold_[A-Za-z0-9_-]{43}$/)
  expect(sha256).toBe(hash('sha256', token, 'hex'))
  const people = (await home.run(['agent', 'token', 'ci'])).out
  expect(parse(people.slice(people.indexOf('agents:')))).toMatchObject({
    agents: { ci: { token: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }, allow: [] } },
  })
})

test('config schema is a JSON Schema that accepts what Keyhold accepts and refuses a typo', async () => {
  const { schema, ...rest } = { schema: JSON.parse((await home.run(['config', 'schema'])).out) as object }
  expect(rest).toEqual({})
  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(schema)
  const good = sceneConfig('https://api.example.com')
  expect(validate(good)).toBe(true)
  expect(validate({ ...good, toolz: {} })).toBe(false)
})

test('an old Node gets one clear line and exit code 2, or the one that the checkout has', async () => {
  const old = ['/usr/local/bin/node', '/usr/bin/node'].filter(existsSync)
  const versions = await Promise.all(
    old.map(async path => ({ path, version: await output(path, ['-p', 'process.versions.node']) })),
  )
  const tooOld = versions.find(({ version }) => Number(version.split('.')[0]) < 24)
  // On a machine whose own Node is new enough, the same is tried with what an old one would have.
  if (tooOld !== undefined)
    expect(await output(tooOld.path, [keyholdCommand, '--version'])).toMatch(/^\d+\.\d+\.\d+\n$/)
  const pretend = `Object.defineProperty(process.versions, 'node', { value: '20.0.0' })`
  const elsewhere = `${home.folder}/bin/keyhold.mjs`
  const { mkdirSync, copyFileSync } = await import('node:fs')
  mkdirSync(`${home.folder}/bin`)
  copyFileSync(keyholdCommand, elsewhere)
  const ran = await new Promise<{ code: unknown; err: string }>(resolve => {
    execFile(
      process.execPath,
      ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`, elsewhere, 'stdio'],
      (error, _out, err) => resolve({ code: error?.code, err }),
    )
  })
  expect(ran).toEqual({ code: 2, err: 'keyhold: needs Node 24.12 or newer; this is 20.0.0\n' })
})

function output(command: string, args: readonly string[]): Promise<string> {
  return new Promise(resolve => {
    execFile(command, [...args], (_error, out) => resolve(out))
  })
}
