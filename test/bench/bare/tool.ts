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
      inputSchema: z.object({
        method: z.enum(['GET', 'POST']),
        path: z.string(),
        query: z.object({ state: z.enum(['open', 'closed']), page: z.int().min(1).max(50) }).partial(),
      }),
    },
    async ({ method, path, query }) => {
      const search = new URLSearchParams(
        Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
      )
      const response = await request(`${apiUrl}${path}?${search.toString()}`, {
        method,
        headers: { authorization: `Bearer ${apiToken}` },
      })
      const answer = { status: response.statusCode, body: await response.body.json() }
      return { content: [{ type: 'text', text: JSON.stringify(answer) }], structuredContent: answer }
    },
  )
  return server
}
