import { execFileSync } from 'node:child_process'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, databases } from '../support/databases.ts'
import { type Home, makeHome } from '../support/home.ts'
import { calling, type Connected, newClient } from '../support/serving.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'

/* What is published is bundled: drivers and parsers that are loaded on demand have to be found there as well. */

const checkout = new URL('../../', import.meta.url).pathname
const password = 'pw_Q7ZkR2xTn0VbLm4e'
const running: Database[] = []
let api: Upstream
let home: Home
let call: Connected['call']
let close: () => Promise<void>

beforeAll(async () => {
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: checkout, stdio: ['ignore', 'ignore', 'inherit'] })
  api = await startUpstream()
  home = makeHome()
  await home.seal('key', password)
  const tools: Record<string, object> = {
    api: { kind: 'http', description: 'An API', base_url: api.url, credential: 'key', allow: ['GET /**'] },
  }
  for (const start of Object.values(databases)) {
    const database = await start()
    running.push(database)
    const { engine, url } = database
    await database.setPassword('agent', password)
    await database.admin('CREATE TABLE orders (id integer)', 'INSERT INTO orders VALUES (7)')
    if (engine === 'postgres') await database.admin('GRANT SELECT ON orders TO agent')
    if (engine === 'mysql') await database.admin("GRANT SELECT ON shop.orders TO 'agent'@'%'")
    const credential = engine === 'sqlite' ? {} : { credential: 'agent' }
    tools[engine] = { kind: 'db', description: engine, url, ...credential, tables: { orders: '*' } }
  }
  home.writeConfig({
    version: 1,
    credentials: {
      key: { type: 'bearer', token: { sealed: 'key' } },
      agent: { type: 'password', username: 'agent', password: { sealed: 'key' } },
    },
    tools,
  })
  const client = newClient('2026-07-28')
  const wire = new StdioClientTransport({
    command: process.execPath,
    args: [`${checkout}dist/bundle/main.js`, 'stdio'],
    env: home.environment,
    cwd: home.folder,
    stderr: 'ignore',
  })
  await client.connect(wire)
  call = calling(client).call
  close = () => client.close()
}, 120_000)

afterAll(async () => {
  await close()
  for (const database of running) await database.stop()
  await api.close()
  home.remove()
})

test('the built program calls an API', async () => {
  const { structured } = await call('api_call_api', { method: 'GET', path: '/x' })
  expect(structured['status']).toBe(200)
})

test.each(['postgres', 'mysql', 'sqlite'])('the built program asks a database: %s', async engine => {
  const { structured, raw } = await call(`${engine}_db_query`, { sql: 'select id from orders' })
  expect(structured, raw).toMatchObject({ rows: [[7]] })
})
