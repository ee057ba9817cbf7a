import { McpServer } from '@modelcontextprotocol/server'
import { request } from 'undici'
import * as z from 'zod'

/**
 * What Keyhold is measured against: the same SDK, the same call, the key in the server's own hands, and
 * nothing else. Written as anyone would write it, with the imports at the top.
 */
export function createBareServer({ apiUrl, apiToken }: { apiUrl: string; apiToken: string }): McpServer {
  const server = new McpServer({ name: 'bare', version: '1.0.0' })
  server.registerTool(
    'shop_call_api',
    {
      description: 'Sends one request to the shop',
      inputSchema: z.object({ method: z.enum(['GET', 'POST']), path: z.string() }),
    },
    async ({ method, path }) => {
      const response = await request(apiUrl + path, { method, headers: { authorization: `Bearer ${apiToken}` } })
      const answer = { status: response.statusCode, body: await response.body.json() }
      return { content: [{ type: 'text', text: JSON.stringify(answer) }], structuredContent: answer }
    },
  )
  return server
}
