import { execFileSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { keyholdCommand, makeHome } from '../support/home.ts'
import type { Command } from './caller.ts'
import { startListening } from './http-caller.ts'

const repository = fileURLToPath(new URL('../../', import.meta.url))

/** The key that the API demands: Keyhold's worker holds it, and so does the bare server. */
const apiToken = 'ghp_R4nd0mLookingT0kenValue/+x9'

/** Who the load generator is over HTTP. */
export const agentToken = 'keyhold_bench-agent-token-0123456789'

/** How one server is started, for each transport. */
export interface Served {
  readonly stdio: Command
  readonly http: Command
}

/** What can be measured, all against one API. */
export interface Installation {
  readonly bare: Served
  /** Keyhold as it runs in this checkout. */
  readonly source: Served
  /** Builds Keyhold, packs it and unpacks it: as a user has it. */
  pack(): Served
  /** A command of this checkout's own, in the same surroundings. */
  script(file: URL, args: readonly string[]): Command
  /** Where results of started processes can be put. */
  readonly folder: string
  remove(): void
}

/** Sets up everything that is measured in a fresh folder: the API, a sealed key, a configuration, both servers. */
export async function install(): Promise<Installation> {
  const home = makeHome()
  const { folder } = home
  const node = (args: readonly string[], more: Record<string, string> = {}): Command => ({
    argv: [process.execPath, ...args],
    environment: { ...home.environment, ...more },
    cwd: folder,
  })
  const upstream = await startListening(
    node([fileURLToPath(new URL('./upstream.ts', import.meta.url))], { API_TOKEN: apiToken }),
  )
  home.writeConfig(configuration(upstream.url))
  await home.seal('shop', apiToken)
  // Beside the packages it depends on, as an installed package is.
  const cache = join(repository, 'node_modules', '.cache')
  mkdirSync(cache, { recursive: true })
  const installed = mkdtempSync(join(cache, 'keyhold-bench-'))
  const bare = compileBareServer(join(installed, 'bare'))
  const bareEnvironment = { API_URL: upstream.url, API_TOKEN: apiToken }
  const keyhold = (entry: string): Served => ({
    stdio: node([entry, 'stdio']),
    http: node([entry, 'serve', '--listen', '127.0.0.1:0', '--log-level', 'info']),
  })
  return {
    bare: {
      stdio: node([join(bare, 'stdio.js')], bareEnvironment),
      http: node([join(bare, 'http.js')], bareEnvironment),
    },
    source: keyhold(keyholdCommand),
    pack: () => keyhold(unpackKeyhold(installed)),
    script: (file, args) => node([fileURLToPath(file), ...args]),
    folder,
    remove() {
      upstream.child.kill()
      home.remove()
      rmSync(installed, { recursive: true, force: true })
    },
  }
}

/** Everything is on: scope, rules, schemas for path, query and body, limits that are never reached, the record. */
function configuration(url: string): object {
  const rules = { allow: ['shop_*'], deny: ['shop_call_api(POST /issues/:number/lock)'], limits: { rate: '1000000/s' } }
  return {
    version: 1,
    credentials: { shop: { type: 'bearer', token: { sealed: 'shop' } } },
    tools: {
      shop: {
        kind: 'http',
        description: 'Issues of the shop',
        base_url: url,
        credential: 'shop',
        headers: { accept: 'application/json' },
        allow: [
          'GET /issues',
          {
            method: 'GET',
            path: '/issues/:number',
            params: { number: { type: 'integer', minimum: 1 } },
            query: { state: { enum: ['open', 'closed'] }, page: { type: 'integer', minimum: 1, maximum: 50 } },
          },
          {
            method: 'POST',
            path: '/issues/:number/comments',
            body: {
              type: 'object',
              required: ['body'],
              properties: { body: { type: 'string', maxLength: 4_000 } },
              additionalProperties: false,
            },
          },
        ],
        limits: { rate: '1000000/s', concurrency: 64, timeout: '10s' },
      },
    },
    agents: {
      local: { transport: 'stdio', ...rules },
      remote: { token: { sha256: hash('sha256', agentToken, 'hex') }, ...rules },
    },
    audit: { sync: 'batch' },
  }
}

/** Compiles the bare server to plain JavaScript: having its types stripped would slow its start, and flatter ours. */
function compileBareServer(folder: string): string {
  const sources = fileURLToPath(new URL('./bare/', import.meta.url))
  const files = readdirSync(sources).map(name => join(sources, name))
  const flags = '--ignoreConfig --noCheck --module nodenext --target es2024 --rewriteRelativeImportExtensions --outDir'
  run(join(repository, 'node_modules', '.bin', 'tsc'), [...flags.split(' '), folder, ...files], repository)
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  return folder
}

/** Builds and packs Keyhold as for a release. Unpacked elsewhere, it cannot fall back to this checkout's sources. */
function unpackKeyhold(folder: string): string {
  run('npm', ['run', '--silent', 'build'], repository)
  const packed = run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], repository)
  run('tar', ['-xzf', packed.trim()], folder)
  return join(folder, 'package', 'bin', 'keyhold.js')
}

function run(program: string, args: readonly string[], cwd: string): string {
  return execFileSync(program, [...args], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}
