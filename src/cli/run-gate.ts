import { openAuditLog } from '../audit/log.ts'
import type { LoadedConfig } from '../config/build.ts'
import type { ToolConfig } from '../config/config.ts'
import { sourcesOf } from '../credentials/credential.ts'
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
  const config = tool.credential === null ? null : (loaded.config.credentials.get(tool.credential) ?? null)
  return {
    entry: world.workerEntry,
    execPath: world.execPath,
    grant: () => grantFor(tool.kind.permissions, credentialNeeds(config, places), world.code, world.environment),
    start: {
      type: 'start',
      kind: tool.kind.name,
      target: tool.target,
      limits: tool.limits,
      credential: config === null || tool.credential === null ? null : { name: tool.credential, config },
      places: { stateDir: places.stateDir, home: places.home, platform: places.platform },
      fingerprintKey: fingerprintKey.toString('hex'),
    },
    idleMs: workerIdleMs,
  }
}

function credentialNeeds(config: Parameters<typeof sourcesOf>[0] | null, places: ReturnType<typeof placesOf>) {
  const needs = config === null ? [] : sourcesOf(config).map(source => sourceNeeds(source, places))
  return {
    files: needs.flatMap(need => need.files),
    environment: needs.flatMap(need => need.environment),
    addons: needs.some(need => need.addons),
  }
}
