import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { createBareServer } from './tool.ts'

const { API_URL: apiUrl = '', API_TOKEN: apiToken = '' } = process.env

serveStdio(() => createBareServer({ apiUrl, apiToken }))
