import { stdioAgent } from '../agents/agent.ts'
import type { LoadedConfig } from '../config/build.ts'
import { ConfigError, configError, formatProblem } from '../config/problem.ts'
import type { Gate } from '../gate/gate.ts'
import type { Surface } from '../server/mcp.ts'
import { serveOverStdio } from '../server/stdio.ts'
import { statusSurface } from '../server/status.ts'
import { hardenWorkers, sayHardened } from './harden-workers.ts'
import { describeError, type Log } from './log.ts'
import { runGate } from './run-gate.ts'
import { surfaceFor } from './surface.ts'
import { loadForServing, serverConfigFile, type World } from './world.ts'

/** How long running calls may take to finish once the client has gone or the process is told to end. */
const graceMs = 10_000

const startProblem = 'Keyhold could not start; what it wrote to standard error says why.'

/**
 * `keyhold stdio`: serves the one client that started this process, until it goes away.
 * A configuration that cannot be used still gives the client a server, which says what is wrong.
 */
export async function stdio(
  world: World,
  options: { readonly config: string | undefined; readonly agent: string },
  log: Log,
): Promise<number> {
  const onProblem = (error: Error) => log.error(describeError(error), 'problem')
  // A client waits for this start: the quick way, and while the configuration is read.
  const hardening = hardenWorkers(world, 'loader')
  let gate: Gate | null = null
  let surface: Surface
  try {
    const loaded = await loadForServing(world, options.config)
    const agent = agentOf(loaded, options.agent)
    const hardened = await hardening
    sayHardened(log, hardened, 'info')
    gate = runGate(world, loaded, { transport: 'stdio', onProblem, hardened })
    surface = surfaceFor(gate, agent, 'stdio', world.version)
  } catch (error) {
    if (!(error instanceof ConfigError)) onProblem(error as Error)
    const problems = error instanceof ConfigError ? error.problems.map(formatProblem) : [startProblem]
    for (const problem of problems) log.error(problem)
    surface = statusSurface(world.version, serverConfigFile(world, options.config), problems)
  }
  const served = serveOverStdio({
    surface,
    input: world.input,
    output: world.output,
    onRejected: reason => {
      // A log that nobody reads fills its pipe and then holds up the process, so a flood is not logged line by line.
      if (gate?.reject('stdio', reason)) log.warn(`refused ${reason}`)
    },
    onError: error => log.debug(describeError(error), 'protocol'),
  })
  const { promise: told, resolve: tell } = Promise.withResolvers<'told'>()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) world.onSignal(signal, () => tell('told'))
  const why = await Promise.race([served.closed.then(() => 'gone' as const), told])
  // Told to end: running calls are finished and answered. The client gone: they were cancelled with it.
  if (why === 'told') await gate?.stop(graceMs)
  await served.close()
  if (why === 'gone') await gate?.stop(graceMs)
  return 0
}

function agentOf(loaded: LoadedConfig, name: string) {
  const agent = stdioAgent(loaded.config.agents, name)
  if (agent !== null) return agent
  const known = [...(loaded.config.agents?.values() ?? [])].filter(other => other.stdio).map(other => other.name)
  const hint =
    loaded.config.agents === null
      ? 'without agents: there is only local'
      : known.length === 0
        ? 'none has transport: stdio'
        : `with transport: stdio there are: ${known.join(', ')}`
  throw configError(loaded.config.file, 'agents', `no agent ${name} for stdio (${hint})`)
}
