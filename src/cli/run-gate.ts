import { openAuditLog } from '../audit/log.ts'
import type { LoadedConfig } from '../config/build.ts'
import type { ToolConfig } from '../config/config.ts'
import { type Credential, sourcesOf } from '../credentials/credential.ts'
import { sourceNeeds } from '../credentials/source.ts'
import { createGate, type Gate, type GateOptions } from '../gate/gate.ts'
import { grantFor } from '../workers/permissions.ts'
import type { WorkerPlan } from '../workers/tool-worker.ts'
import { auditFolder, derivedKeys, placesOf, type World } from './world.ts'

/** A worker that has nothing to do for this long is ended, and its credential with it. */
const workerIdleMs = 300_000

/** Puts a gate together from a loaded configuration: log, keys, and how each tool's worker is started. */
export function runGate(
  world: World,
  loaded: LoadedConfig,
  options: Pick<GateOptions, 'onProblem' | 'onStage'> & { readonly transport: 'stdio' | 'http' },
): Gate {
  const keys = derivedKeys(world)
  const { clock, random } = world
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
    workerPlan: tool => workerPlan(world, loaded, tool, keys.fingerprint),
    onProblem: options.onProblem,
    ...(options.onStage === undefined ? {} : { onStage: options.onStage }),
  })
  gate.note('server.started', { version: world.version, transport: options.transport, config: loaded.config.digest })
  for (const key of loaded.config.unsafe) gate.note('config.unsafe', { key })
  return gate
}

function workerPlan(world: World, loaded: LoadedConfig, tool: ToolConfig, fingerprintKey: Buffer): WorkerPlan {
  const places = placesOf(world)
  const { credentials } = loaded.config
  const config = tool.credential === null ? null : (credentials.get(tool.credential) ?? null)
  const others = Object.fromEntries(
    tool.others.flatMap(({ role, name }) => {
      const other = credentials.get(name)
      return other === undefined ? [] : [[role, { name, config: other }]]
    }),
  )
  return {
    entry: world.workerEntry,
    execPath: world.execPath,
    grant: () => {
      const needs = credentialNeeds([config, ...Object.values(others).map(other => other.config)], places)
      const files = [...needs.files, ...tool.kind.files(tool.target).map(({ file }) => file)]
      return grantFor(tool.kind.permissions, { ...needs, files }, world.code, world.environment)
    },
    start: {
      type: 'start',
      kind: tool.kind.name,
      target: tool.target,
      limits: tool.limits,
      credential: config === null || tool.credential === null ? null : { name: tool.credential, config },
      others,
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

function credentialNeeds(configs: readonly (Credential | null)[], places: ReturnType<typeof placesOf>) {
  const needs = configs
    .flatMap(config => (config === null ? [] : sourcesOf(config)))
    .map(source => sourceNeeds(source, places))
  return {
    files: needs.flatMap(need => need.files),
    environment: needs.flatMap(need => need.environment),
    addons: needs.some(need => need.addons),
  }
}
