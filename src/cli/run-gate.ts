import { openAuditLog } from '../audit/log.ts'
import type { LoadedConfig } from '../config/build.ts'
import type { ToolConfig } from '../config/config.ts'
import { onChange } from '../credentials/changes.ts'
import { type Credential, filesOf, sourcesOf } from '../credentials/credential.ts'
import { type SourceNeeds, sourceNeeds, together } from '../credentials/needs.ts'
import type { Stores } from '../credentials/stores.ts'
import { createGate, type Gate, type GateOptions } from '../gate/gate.ts'
import type { Hardened } from '../workers/hardened.ts'
import { type Launch, launchOf } from '../workers/launch.ts'
import { Refusal } from '../refusal.ts'
import { grantFor } from '../workers/permissions.ts'
import type { WorkerPlan } from '../workers/tool-worker.ts'
import { auditFolder, derivedKeys, placesOf, type World } from './world.ts'

/** A worker that has nothing to do for this long is ended, and its credential with it. */
const workerIdleMs = 300_000

/** Puts a gate together from a loaded configuration: log, keys, and how each tool's worker is started. */
export function runGate(
  world: World,
  loaded: LoadedConfig,
  options: Pick<GateOptions, 'onProblem' | 'onStage'> & {
    readonly transport: 'stdio' | 'http' | 'command'
    /** Absent where it is not tried. */
    readonly hardened?: Hardened
  },
): Gate {
  const keys = derivedKeys(world)
  const { clock, random } = world
  const launch = launchFor(world, options.hardened)
  const audit = openAuditLog({
    dir: auditFolder(world, loaded),
    sync: loaded.config.audit.sync,
    sealKey: keys.seal,
    clock,
    random,
    onProblem: options.onProblem,
  })
  const gate = createGate({
    loaded,
    audit,
    digestKey: keys.digest,
    clock,
    random,
    workerPlan: tool => workerPlan({ world, loaded, tool, launch, fingerprintKey: keys.fingerprint }),
    onProblem: options.onProblem,
    ...(options.onStage === undefined ? {} : { onStage: options.onStage }),
  })
  gate.note('server.started', {
    version: world.version,
    transport: options.transport,
    config: loaded.config.digest,
    hardened: options.hardened?.holds === true,
  })
  for (const key of loaded.config.unsafe) gate.note('config.unsafe', { key })
  onChange(placesOf(world).stateDir, () => gate.dropLeases())
  return gate
}

/** How workers are started. */
export function launchFor(world: World, hardened: Hardened | undefined): Launch {
  if (hardened?.holds !== true) return launchOf([world.execPath], world.platform)
  return launchOf(hardened.node, world.platform, hardened.isUntouched)
}

/** What it takes to start the worker of one tool. */
export function workerPlan(input: {
  readonly world: World
  readonly loaded: LoadedConfig
  readonly tool: ToolConfig
  readonly launch: Launch
  readonly fingerprintKey: Buffer
}): WorkerPlan {
  const { world, loaded, tool, launch, fingerprintKey } = input
  const places = placesOf(world)
  const { credentials, stores } = loaded.config
  const config = tool.credential === null ? null : (credentials.get(tool.credential) ?? null)
  const others = Object.fromEntries(
    tool.others.flatMap(({ role, name }) => {
      const other = credentials.get(name)
      return other === undefined ? [] : [[role, { name, config: other }]]
    }),
  )
  return {
    entry: world.workerEntry,
    execPath: launch.execPath,
    grant: () => {
      if (!launch.isUntouched()) {
        throw new Refusal('internal', 'the program of workers was changed since it was checked; start keyhold again')
      }
      const needs = credentialNeeds([config, ...Object.values(others).map(other => other.config)], places, stores)
      const files = [...needs.files, ...tool.kind.files(tool.target).map(({ file }) => file)]
      const grant = grantFor(tool.kind.permissions(tool.target), { ...needs, files }, world.code, world.environment)
      return { ...grant, execArgv: [...launch.args, ...grant.execArgv] }
    },
    start: {
      type: 'start',
      kind: tool.kind.name,
      target: tool.target,
      limits: tool.limits,
      credential: config === null || tool.credential === null ? null : { name: tool.credential, config },
      others,
      stores,
      rights: rightsOf(tool),
      places: { stateDir: places.stateDir, home: places.home, platform: places.platform },
      fingerprintKey: fingerprintKey.toString('hex'),
    },
    idleMs: workerIdleMs,
  }
}

/** As the protocol wants it: plain lists. */
function rightsOf(tool: ToolConfig) {
  const { repositories, permissions } = tool.kind.neededRights(tool.target)
  return {
    repositories: repositories === null ? null : [...repositories],
    permissions: permissions === null ? null : { ...permissions },
  }
}

function credentialNeeds(
  configs: readonly (Credential | null)[],
  places: ReturnType<typeof placesOf>,
  stores: Stores,
): SourceNeeds {
  const needed = configs.filter(config => config !== null)
  const needs = together(...needed.flatMap(sourcesOf).map(source => sourceNeeds(source, places, stores)))
  return { ...needs, files: [...needs.files, ...needed.flatMap(filesOf)] }
}
