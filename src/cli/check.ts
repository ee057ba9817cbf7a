import { loadFrom, type World } from './world.ts'

/** `keyhold check`: loads the configuration and says what it comes to. */
export async function check(
  world: World,
  options: { readonly config?: string; readonly json?: boolean },
  write: (text: string) => void,
): Promise<number> {
  const { config, verbs } = await loadFrom(world, options.config)
  const names = [...verbs.keys()]
  const agents = config.agents === null ? ['local'] : [...config.agents.keys()]
  if (options.json === true) {
    write(
      `${JSON.stringify({ file: config.file, digest: config.digest, mcp_tools: names, agents, unsafe: config.unsafe })}\n`,
    )
    return 0
  }
  write(`${config.file} is fine (digest ${config.digest})\n`)
  write(`MCP tools: ${names.join(', ')}\nAgents:    ${agents.join(', ')}\n`)
  for (const key of config.unsafe) write(`Unsafe:    ${key} is switched on\n`)
  return 0
}
