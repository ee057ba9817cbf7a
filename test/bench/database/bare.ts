import { McpServer } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { Pool } from 'pg'
import * as z from 'zod'

/* What Keyhold is measured against: the same SDK and driver, the password in the server's own hands, and nothing else. */

const pool = new Pool({ connectionString: process.env['DATABASE_URL'] })

serveStdio(() => {
  const server = new McpServer({ name: 'bare', version: '1.0.0' })
  server.registerTool(
    'shop_db_query',
    {
      description: 'Runs a query',
      inputSchema: z.object({ sql: z.string(), params: z.array(z.union([z.string(), z.number()])) }),
    },
    async ({ sql, params }) => {
      const result = await pool.query<unknown[]>({ text: sql, values: params, rowMode: 'array' })
      const columns = result.fields.map(({ name, dataTypeID }) => ({ name, type: String(dataTypeID) }))
      const answer = { columns, rows: result.rows, row_count: result.rows.length }
      return { content: [{ type: 'text', text: JSON.stringify(answer) }], structuredContent: answer }
    },
  )
  return server
})
