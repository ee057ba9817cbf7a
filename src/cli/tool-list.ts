import { createCatalogue } from '../gate/catalogue.ts'
import { toTool } from '../server/mcp.ts'
import { loadFrom, type World } from './world.ts'

/** `keyhold tool list`: the MCP tools of the configuration, as an agent with every right would see them. */
export async function toolList(
  world: World,
  options: { readonly config?: string; readonly json?: boolean },
  write: (text: string) => void,
): Promise<number> {
  const offers = [...createCatalogue(await loadFrom(world, options.config)).values()]
  if (options.json === true) {
    write(`${JSON.stringify({ tools: offers.map(toTool) })}\n`)
    return 0
  }
  const width = Math.max(0, ...offers.map(offer => offer.name.length))
  for (const { name, verb, tool } of offers) {
    const credential = tool.credential ?? 'no credential'
    write(
      `${name.padEnd(width)}  ${verb.access.padEnd(5)}  ${credential}  ${tool.description}: ${firstSentence(verb.description)}\n`,
    )
  }
  return 0
}

function firstSentence(text: string): string {
  return (/^.*?(?=\. |\.?\n|\.?$)/s.exec(text)?.[0] ?? text).slice(0, 120)
}
