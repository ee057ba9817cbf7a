import { type ChildProcess, spawn } from 'node:child_process'
import { Pool } from 'undici'
import { type Caller, type Command, ended } from './caller.ts'
import { type Answer, type Method, mcpTool, requestText, requireSuccess, revision } from './message.ts'

/** Starts a server that listens, and speaks to it over connections that stay open, one for each call in flight. */
export async function startOverHttp(command: Command, token: string, connections: number): Promise<Caller> {
  const { child, url } = await startListening(command)
  const { origin, pathname } = new URL(url)
  const pool = new Pool(origin, { connections, pipelining: 1, keepAliveTimeout: 600_000 })
  const headers = {
    authorization: `Bearer ${token}`,
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
    'mcp-protocol-version': revision,
  }
  const routed: Record<Method, Record<string, string>> = {
    'tools/list': { ...headers, 'mcp-method': 'tools/list' },
    'tools/call': { ...headers, 'mcp-method': 'tools/call', 'mcp-name': mcpTool },
  }
  let nextId = 1
  return {
    pid: child.pid ?? 0,
    async request(method) {
      const body = requestText(method, nextId++)
      const response = await pool.request({ method: 'POST', path: pathname, headers: routed[method], body })
      requireSuccess(parseAnswer(await response.body.text()))
    },
    async close() {
      await pool.destroy()
      child.kill('SIGTERM')
      await ended(child)
    },
  }
}

/** Starts a process that says on standard error where it listens, as JSON with a key `url`. */
export async function startListening({
  argv,
  environment,
  cwd,
}: Command): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const [program = '', ...args] = argv
  const child = spawn(program, args, { env: environment, cwd, stdio: ['ignore', 'ignore', 'pipe'] })
  const url = await new Promise<string>((resolve, reject) => {
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      const found = /"url":"(http[^"]+)"/.exec(said)?.[1]
      if (found !== undefined) resolve(found)
    })
    child.once('exit', code => reject(new Error(`${argv.join(' ')} ended with ${code}: ${said}`)))
  })
  return { child, url }
}

/** A server may answer with JSON or with an event stream of one event. */
function parseAnswer(text: string): Answer {
  return JSON.parse(text.startsWith('{') ? text : text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1)) as Answer
}
