import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { afterEach, expect, test } from 'vitest'
import { type Home, makeHome } from '../support/home.ts'
import { sceneConfig } from '../support/scene.ts'
import { newClient } from '../support/serving.ts'

const checkout = new URL('../../', import.meta.url).pathname
const readJson = (file: string) => JSON.parse(readFileSync(checkout + file, 'utf8'))

interface Manifest {
  readonly manifest_version: string
  readonly name: string
  readonly version: string
  readonly description: string
  readonly license: string
  readonly server: {
    readonly type: string
    readonly entry_point: string
    readonly mcp_config: { readonly command: string; readonly args: readonly string[] }
  }
  readonly user_config: Readonly<Record<string, { readonly required: boolean }>>
  readonly compatibility: { readonly runtimes: { readonly node: string } }
}

interface Package {
  readonly name: string
  readonly version: string
  readonly description: string
  readonly license: string
  readonly files: readonly string[]
  readonly engines: { readonly node: string }
  readonly bin: { readonly keyhold: string }
}

const manifest = readJson('manifest.json') as Manifest
const own = readJson('package.json') as Package

let home: Home | null = null
afterEach(() => home?.remove())

test('the tool that installs bundles accepts the manifest', async () => {
  const mcpb = `${checkout}node_modules/@anthropic-ai/mcpb/dist/cli/cli.js`
  const { stdout } = await promisify(execFile)(process.execPath, [mcpb, 'validate', `${checkout}manifest.json`])
  expect(stdout).toContain('passes')
})

test('the manifest says of the package what the package says of itself', () => {
  const { name, version, description, license } = own
  expect(manifest).toMatchObject({ manifest_version: '0.3', name, version, description, license })
  expect(manifest.compatibility.runtimes.node).toBe(own.engines.node)
  expect(manifest.server).toMatchObject({ type: 'node', entry_point: own.bin.keyhold })
})

test('its entry point exists and is published', () => {
  expect(existsSync(checkout + manifest.server.entry_point)).toBe(true)
  expect(own.files).toEqual(expect.arrayContaining(['bin', 'dist', 'manifest.json']))
})

test('what it says how to start is a server with the tools of the chosen configuration', async () => {
  home = makeHome()
  home.writeConfig(sceneConfig('http://127.0.0.1:9'))
  const config = home.environment['KEYHOLD_CONFIG'] ?? ''
  const { command, args } = manifest.server.mcp_config
  expect(command).toBe('node')
  expect(Object.keys(manifest.user_config)).toEqual(['config'])
  const filledIn = args.map(text => text.replace('${__dirname}/', checkout).replace('${user_config.config}', config))
  expect(filledIn.join(' ')).not.toContain('${')
  // A desktop client starts it from a folder of its own, without our variables.
  const { KEYHOLD_CONFIG: _given, ...environment } = home.environment
  const wire = new StdioClientTransport({ command: process.execPath, args: filledIn, env: environment, cwd: '/' })
  const client = newClient('2026-07-28')
  await client.connect(wire)
  const { tools } = await client.listTools()
  await client.close()
  expect(tools.map(({ name }) => name)).toEqual(['github_call_api'])
})
