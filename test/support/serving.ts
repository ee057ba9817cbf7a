import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import type { Home } from './home.ts'
import { keyholdCommand } from './home.ts'

export type TransportName = 'stdio' | 'http'
export type Revision = '2026-07-28' | '2025-11-25'

/** Every way a client can speak to Keyhold. */
export const combinations: readonly (readonly [TransportName, Revision])[] = [
  ['stdio', '2026-07-28'],
  ['stdio', '2025-11-25'],
  ['http', '2026-07-28'],
  ['http', '2025-11-25'],
]

/** What an MCP tool call gave, reduced to what agents see. */
export interface Called {
  readonly isError: boolean
  readonly structured: Record<string, unknown>
  readonly text: string
  /** The whole result as it came over the wire. */
  readonly raw: string
}

/** A client that is connected to a real Keyhold process. */
export interface Connected {
  readonly client: Client
  readonly pid: number
  call(name: string, args: unknown): Promise<Called>
  /** Everything the process wrote to standard error. */
  log(): string
  close(): Promise<void>
}

/** Starts `keyhold stdio` or `keyhold serve` as a user would, and connects the official client to it. */
export async function connect(
  home: Home,
  transport: TransportName,
  revision: Revision,
  options: { readonly token?: string; readonly args?: readonly string[] } = {},
): Promise<Connected> {
  return transport === 'stdio'
    ? await connectStdio(home, revision, options.args ?? [])
    : await connectHttp(home, revision, options.token ?? '')
}

async function connectStdio(home: Home, revision: Revision, args: readonly string[]): Promise<Connected> {
  const wire = new StdioClientTransport({
    command: process.execPath,
    args: [keyholdCommand, 'stdio', ...args],
    env: home.environment,
    cwd: home.folder,
    stderr: 'pipe',
  })
  let log = ''
  wire.stderr?.on('data', (chunk: Buffer) => {
    log += chunk.toString()
  })
  const client = newClient(revision)
  await client.connect(wire)
  return { ...calling(client), pid: wire.pid ?? 0, log: () => log, close: () => client.close() }
}

async function connectHttp(home: Home, revision: Revision, token: string): Promise<Connected> {
  const server = await startServe(home)
  const client = newClient(revision)
  await client.connect(httpTransport(server.url, token))
  return {
    ...calling(client),
    pid: server.pid,
    log: () => server.log(),
    async close() {
      await client.close()
      await server.stop()
    },
  }
}

/** A running `keyhold serve`. */
export interface Serving {
  readonly url: string
  readonly pid: number
  readonly process: ChildProcess
  log(): string
  /** Sends SIGTERM and waits for the end; gives the exit code. */
  stop(): Promise<number | null>
}

/** Starts `keyhold serve` on a free port of loopback. */
export async function startServe(home: Home): Promise<Serving> {
  const child = spawn(process.execPath, [keyholdCommand, 'serve', '--listen', '127.0.0.1:0', '--log-level', 'info'], {
    env: home.environment,
    cwd: home.folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return listening(child)
}

/** Waits until a `keyhold serve` that was started says where it listens. */
export async function listening(child: ChildProcess & { readonly stderr: Readable }): Promise<Serving> {
  let log = ''
  const exited = new Promise<number | null>(resolve => child.once('exit', resolve))
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      log += chunk.toString()
      const found = /"url":"(http[^"]+)"/.exec(log)?.[1]
      if (found !== undefined) resolve(found)
    })
    void exited.then(code => reject(new Error(`keyhold serve ended with ${code}: ${log}`)))
  })
  return {
    url,
    pid: child.pid ?? 0,
    process: child,
    log: () => log,
    async stop() {
      child.kill('SIGTERM')
      return await exited
    },
  }
}

/** A client transport with a bearer token. */
export function httpTransport(url: string, token: string): StreamableHTTPClientTransport {
  return new StreamableHTTPClientTransport(new URL(url), {
    requestInit: { headers: { authorization: `Bearer ${token}` } },
  })
}

/** The official client, speaking one revision and no other. */
export function newClient(revision: Revision): Client {
  const mode = revision === '2026-07-28' ? { pin: revision } : ('legacy' as const)
  return new Client({ name: 'keyhold-test', version: '1.0.0' }, { versionNegotiation: { mode } })
}

/** Calls through a client, without its exceptions for protocol errors being lost. */
export function calling(client: Client): Pick<Connected, 'client' | 'call'> {
  return {
    client,
    async call(name, args) {
      const result = await client.callTool({ name, arguments: args as Record<string, unknown> })
      const [content] = result.content
      return {
        isError: result.isError === true,
        structured: (result.structuredContent ?? {}) as Record<string, unknown>,
        text: content?.type === 'text' ? content.text : '',
        raw: JSON.stringify(result),
      }
    },
  }
}
