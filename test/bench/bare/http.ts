import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type NodeIncomingMessageLike, toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler } from '@modelcontextprotocol/server'
import { createBareServer } from './tool.ts'

const { API_URL: apiUrl = '', API_TOKEN: apiToken = '' } = process.env

const handle = toNodeHandler(createMcpHandler(() => createBareServer({ apiUrl, apiToken })))
const server = createServer((request, response) => void handle(request as NodeIncomingMessageLike, response))
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  process.stderr.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}/mcp` })}\n`)
})
