import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { stringify } from 'yaml'
import { stdioAgent } from '../agents/agent.ts'
import type { ToolConfig } from '../config/config.ts'
import { loadConfig } from '../config/load.ts'
import type { Credential } from '../credentials/credential.ts'
import { writeKept } from '../credentials/kept.ts'
import type { EchoTwin, JsonObject } from '../kind.ts'
import { type Canary, canaryOf, token, tokenPath } from '../selftest/canary.ts'
import { type Echo, startEcho } from '../selftest/echo.ts'
import { encodingsIn } from '../selftest/encodings.ts'
import { presentedSecrets } from '../selftest/presented-secrets.ts'
import { visibleProcesses } from '../selftest/visible-processes.ts'
import { runGate } from './run-gate.ts'
import { auditFolder, placesOf, type World } from './world.ts'

/** The places that are searched. */
export const places = ['results', 'refusals', 'logs', 'audit', 'processes'] as const

type Place = (typeof places)[number]

/** What came of searching one tool. */
export interface Searched {
  readonly tool: string
  readonly kind: string
  /** `type name`; null when the tool has none, and nothing can leak. */
  readonly credential: string | null
  readonly calls: number
  /** In how many ways the echo has given secrets back, of how many; none would prove nothing. */
  readonly shown: number
  readonly ways: number
  readonly leaks: readonly { readonly place: Place; readonly way: string; readonly encodings: readonly string[] }[]
  /** Why the tool could not be searched. */
  readonly skipped: string | null
}

/** As far as it is looked at: the configuration as an admin wrote it. */
export interface Written {
  readonly credentials?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly tools: Readonly<Record<string, JsonObject>>
}

/** Puts made-up values through the whole way of one tool, against an echo, and searches everything that can be seen. */
export async function searchTool(
  world: World,
  tool: ToolConfig,
  credential: Credential | undefined,
  written: Written,
): Promise<Searched> {
  const type = credential === undefined ? null : `${credential.type} ${tool.credential}`
  const facts = {
    tool: tool.name,
    kind: tool.kind.name,
    credential: type,
    calls: 0,
    shown: 0,
    ways: 0,
    leaks: [],
    skipped: null,
  }
  if (credential === undefined || tool.credential === null) {
    const skipped = 'only the credential of the tool itself is tried, not that of a proxy or of a connection'
    return tool.others.length === 0 ? facts : { ...facts, skipped }
  }
  if (tool.kind.echo === null) return { ...facts, skipped: 'there is no echo for tools of this kind' }
  const folder = await mkdtemp(join(tmpdir(), 'keyhold-selftest-'))
  const issued = token()
  const echo = await startEcho({
    secretsIn: request => presentedSecrets(credential, request),
    token: path => tokenAnswer(path, issued),
  })
  try {
    const fileOf = (name: string) => join(folder, name)
    const canary = canaryOf(
      tool.credential,
      credential,
      written.credentials?.[tool.credential] ?? {},
      fileOf,
      echo.origin,
    )
    if (typeof canary === 'string') return { ...facts, skipped: canary }
    const scene = { world: isolated(world, folder), folder, tool, canary, echo, issued }
    await setUp(scene, written)
    return { ...facts, ...(await search(scene)) }
  } finally {
    await echo.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** One tool in front of an echo, in an installation of its own. */
interface Scene {
  readonly world: World
  readonly folder: string
  readonly tool: ToolConfig
  readonly canary: Canary
  readonly echo: Echo
  /** The token that the echo gives. */
  readonly issued: string
}

function isolated(world: World, folder: string): World {
  return { ...world, environment: { XDG_STATE_HOME: join(folder, 'state') }, home: folder }
}

function echoOf({ kind }: ToolConfig): EchoTwin {
  if (kind.echo === null) throw new TypeError('a kind without an echo is not searched')
  return kind.echo
}

function configOf({ folder }: Pick<Scene, 'folder'>): string {
  return join(folder, 'keyhold.yaml')
}

async function setUp({ world, folder, tool, canary, echo }: Scene, written: Written): Promise<void> {
  const document = {
    version: 1,
    credentials: { [tool.credential ?? '']: canary.written },
    tools: { [tool.name]: echoOf(tool).target(written.tools[tool.name] ?? {}, echo.origin) },
  }
  await writeFile(configOf({ folder }), stringify(document), { mode: 0o600 })
  for (const [name, value] of Object.entries(canary.files)) await writeFile(join(folder, name), value, { mode: 0o600 })
  for (const [item, value] of Object.entries(canary.kept)) await writeKept(item, value, placesOf(world))
}

async function search(scene: Scene): Promise<Pick<Searched, 'calls' | 'shown' | 'ways' | 'leaks'>> {
  const { world, tool, echo, canary, issued } = scene
  const loaded = await loadConfig(configOf(scene), world.kinds)
  const logs: string[] = []
  const gate = runGate(world, loaded, { transport: 'command', onProblem: error => void logs.push(inspect(error)) })
  const seen: Record<Place, { readonly way: string; readonly text: string }[]> = {
    results: [],
    refusals: [],
    logs: [],
    audit: [],
    processes: [],
  }
  let calls = 0
  const agent = stdioAgent(null, 'local')
  if (agent === null) throw new TypeError('without agents there is a local one')
  try {
    for (const [number, way] of echo.ways.entries()) {
      for (const { verb, args } of echoOf(tool).calls(number, 'made-up')) {
        const answer = await gate.invoke({
          agent,
          mcpTool: `${tool.name}_${verb}`,
          args,
          transport: 'stdio',
          trace: null,
          signal: new AbortController().signal,
        })
        calls += 1
        seen[answer.type === 'result' ? 'results' : 'refusals'].push({ way, text: JSON.stringify(answer) })
      }
    }
    seen.processes.push({ way: 'process table', text: await visibleProcesses(process.pid) })
  } finally {
    await gate.stop(0)
  }
  seen.logs.push({ way: 'log', text: logs.join('\n') })
  seen.audit.push({ way: 'audit log', text: await textOfFolder(auditFolder(world, loaded)) })
  const secrets = [...canary.values, issued, ...echo.allShown()]
  const leaks = places.flatMap(place =>
    [...Map.groupBy(seen[place], ({ way }) => way)].flatMap(([way, shownTexts]) => {
      const text = shownTexts.map(each => each.text).join('\n')
      const found = [...new Set(secrets.flatMap(secret => encodingsIn(text, secret)))]
      return found.length === 0 ? [] : [{ place, way, encodings: found }]
    }),
  )
  const shown = echo.ways.filter((_, number) => echo.shown(number).length > 0).length
  return { calls, shown, ways: echo.ways.length, leaks }
}

/** What the token endpoints of OAuth 2 servers and of GitHub answer. */
function tokenAnswer(path: string, issued: string): { readonly status: number; readonly body: object } | null {
  const inAnHour = new Date(Date.now() + 3_600_000).toISOString()
  if (path.endsWith('/access_tokens')) return { status: 201, body: { token: issued, expires_at: inAnHour } }
  if (path !== tokenPath) return null
  return { status: 200, body: { access_token: issued, token_type: 'Bearer', expires_in: 3_600, refresh_token: issued } }
}

async function textOfFolder(folder: string): Promise<string> {
  const names = await readdir(folder)
  const texts = await Promise.all(names.map(name => readFile(join(folder, name), 'latin1')))
  return texts.join('\n')
}
