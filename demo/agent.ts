import type { Client, JSONRPCMessage, Transport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { type Home, keyholdCommand } from '../test/support/home.ts'
import { type Called, calling, newClient } from '../test/support/serving.ts'

/** The official client, connected to a `keyhold stdio` that it started; keeps all that it was told. */
export interface Agent {
  readonly client: Client
  readonly pid: number
  call(name: string, args: unknown): Promise<Called>
  /** How many calls were made. */
  calls(): number
  /** Every message that came over the wire, one a line. */
  received(): string
  /** Everything that Keyhold logged. */
  log(): string
  close(): Promise<void>
}

/** Starts `keyhold stdio` the way a client does, with its log as talkative as it gets. */
export async function startAgent(home: Home): Promise<Agent> {
  const wire = new StdioClientTransport({
    command: process.execPath,
    args: [keyholdCommand, 'stdio', '--log-level', 'debug'],
    env: home.environment,
    cwd: home.folder,
    stderr: 'pipe',
  })
  const received: string[] = []
  let log = ''
  wire.stderr?.on('data', (chunk: Buffer) => {
    log += chunk.toString()
  })
  const client = newClient('2026-07-28')
  await client.connect(tapped(wire, message => received.push(JSON.stringify(message))))
  const { call } = calling(client)
  let calls = 0
  return {
    client,
    call(name, args) {
      calls++
      return call(name, args)
    },
    calls: () => calls,
    pid: wire.pid ?? 0,
    received: () => received.join('\n'),
    log: () => log,
    close: () => client.close(),
  }
}

/** The same transport, with an ear on everything that arrives, the first handshake included. */
function tapped(wire: StdioClientTransport, heard: (message: JSONRPCMessage) => void): Transport {
  const outer: Transport = {
    start() {
      Object.assign(wire, {
        onmessage: message => {
          heard(message)
          outer.onmessage?.(message)
        },
        onclose: () => outer.onclose?.(),
        onerror: error => outer.onerror?.(error),
      } satisfies Partial<Transport>)
      return wire.start()
    },
    send: message => wire.send(message),
    close: () => wire.close(),
  }
  return outer
}
