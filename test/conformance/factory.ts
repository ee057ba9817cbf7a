import { randomBytes } from 'node:crypto'
import {
  createRequestStateCodec,
  type McpServerFactory,
  ProtocolError,
  ProtocolErrorCode,
  Server,
} from '@modelcontextprotocol/server'
import { askingTools } from './asking.ts'
import { prompts } from './prompts.ts'
import { readResource, resources, resourceTemplates } from './resources.ts'
import { plainTools, type ToolFixture } from './tools.ts'

/**
 * Makes servers that offer what the scenarios of the conformance suite ask for by name. Like Keyhold's own
 * it is a low-level `Server`: what is tested is everything between the socket and its handlers.
 */
export function conformanceFactory(): McpServerFactory {
  const states = createRequestStateCodec<string>({ key: randomBytes(32) })
  const tools = new Map<string, ToolFixture>(
    Object.entries({ ...plainTools, ...askingTools(state => states.mint(state)) }),
  )
  return () => {
    const server = new Server(
      { name: 'keyhold-conformance', version: '0.0.0' },
      {
        capabilities: { tools: {}, prompts: {}, resources: {}, completions: {}, logging: {} },
        requestState: { verify: (state, context) => states.verify(state, context) },
      },
    )
    offerTools(server, tools)
    offerPrompts(server)
    offerResources(server)
    server.setRequestHandler('completion/complete', () => ({ completion: { values: ['test'], hasMore: false } }))
    return server
  }
}

function offerTools(server: Server, tools: ReadonlyMap<string, ToolFixture>): void {
  server.setRequestHandler('tools/list', () => ({
    tools: [...tools].map(([name, { description, inputSchema }]) => ({
      name,
      description,
      inputSchema: inputSchema ?? { type: 'object' as const },
    })),
  }))
  server.setRequestHandler('tools/call', async ({ params }, context) => {
    const tool = tools.get(params.name)
    if (tool === undefined) throw unknown('tool')
    return await tool.run(params.arguments ?? {}, context)
  })
}

function offerPrompts(server: Server): void {
  server.setRequestHandler('prompts/list', () => ({
    prompts: Object.entries(prompts).map(([name, { description, arguments: args }]) => ({
      name,
      description,
      ...(args === undefined ? {} : { arguments: [...args] }),
    })),
  }))
  server.setRequestHandler('prompts/get', ({ params }, context) => {
    if (!Object.hasOwn(prompts, params.name)) throw unknown('prompt')
    return prompts[params.name]!.get(params.arguments ?? {}, context)
  })
}

function offerResources(server: Server): void {
  server.setRequestHandler('resources/list', () => ({ resources }))
  server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates }))
  server.setRequestHandler('resources/read', ({ params }) => readResource(params.uri))
  server.setRequestHandler('resources/subscribe', () => ({}))
  server.setRequestHandler('resources/unsubscribe', () => ({}))
}

function unknown(what: string): ProtocolError {
  return new ProtocolError(ProtocolErrorCode.InvalidParams, `Unknown ${what}`)
}
