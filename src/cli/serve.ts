import { type Agent, tokenAgent } from '../agents/agent.ts'
import { configError } from '../config/problem.ts'
import { serveOverHttp } from '../server/http.ts'
import { createMcpServer } from '../server/mcp.ts'
import { hardenWorkers, sayHardened } from './harden-workers.ts'
import { describeError, type Log } from './log.ts'
import { runGate } from './run-gate.ts'
import { surfaceFor } from './surface.ts'
import { loadForServing, type World } from './world.ts'

const graceMs = 30_000

/** `keyhold serve`: serves agents over HTTP until the process is told to end. */
export async function serve(
  world: World,
  options: { readonly config: string | undefined; readonly listen: string | undefined },
  log: Log,
): Promise<number> {
  const loaded = await loadForServing(world, options.config)
  const { config } = loaded
  if (![...(config.agents?.values() ?? [])].some(agent => agent.tokenSha256 !== null)) {
    const reason = 'serving over HTTP needs an agent with a token; `keyhold agent token NAME` makes one'
    throw configError(config.file, 'agents', reason)
  }
  const address = options.listen === undefined ? config.server : parseListen(options.listen)
  const onProblem = (error: Error) => log.error(describeError(error), 'problem')
  const hardened = await hardenWorkers(world, 'node')
  sayHardened(log, hardened, world.platform === 'linux' ? 'warn' : 'info')
  const gate = runGate(world, loaded, { transport: 'http', onProblem, hardened })
  const callers = new Map<Agent, { name: string; factory: () => ReturnType<typeof createMcpServer> }>()
  const callerOf = (token: string | null) => {
    const agent = token === null ? null : tokenAgent(config.agents, token)
    if (agent === null) return null
    let caller = callers.get(agent)
    if (caller === undefined) {
      const surface = surfaceFor(gate, agent, 'http', world.version)
      caller = { name: agent.name, factory: () => createMcpServer(surface) }
      callers.set(agent, caller)
    }
    return caller
  }
  const http = await serveOverHttp({
    host: address.host,
    port: address.port,
    publicUrl: config.server.publicUrl,
    maxBodyBytes: config.server.maxBodyBytes,
    callerOf,
    onRejected: reason => {
      if (gate.reject('http', reason)) log.warn(`refused: ${reason}`)
    },
    onError: error => log.debug(describeError(error), 'protocol'),
  })
  log.info({ url: `${http.url}/mcp` }, 'serving')
  await new Promise<void>(resolve => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) world.onSignal(signal, resolve)
  })
  log.info('finishing running calls')
  // Longer than the gate waits for calls, so that the answers of those it ends still reach their clients.
  const closing = http.close(graceMs + 5_000)
  await gate.stop(graceMs)
  await closing
  return 0
}

function parseListen(text: string): { readonly host: string; readonly port: number } {
  const [, host, port] = /^(\[[0-9a-fA-F:]+\]|[^:\s]+):(\d{1,5})$/.exec(text) ?? []
  if (host === undefined || port === undefined || Number(port) > 65_535) {
    throw configError('--listen', '', 'HOST:PORT, such as 127.0.0.1:7420')
  }
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
}
