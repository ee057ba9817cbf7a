import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { type Home, keyholdCommand } from './home.ts'

type Reply = Record<string, unknown> & { readonly id?: unknown }

/** A client that writes bytes, for what the official client would never send. */
export interface RawStdio {
  readonly process: ChildProcess
  write(bytes: string | Buffer): void
  /** Waits for the reply with this id (null for errors that belong to no request). */
  reply(id: number | string | null): Promise<Reply>
  /** Sends a `tools/call` of revision 2025-11-25 and waits for its reply. */
  call(id: number, name: string, args: unknown): Promise<Reply>
  exited: Promise<number | null>
  end(): Promise<number | null>
}

/** Starts `keyhold stdio` with a pipe on each side. */
export function startRawStdio(home: Home): RawStdio {
  const child = spawn(process.execPath, [keyholdCommand, 'stdio'], {
    env: home.environment,
    cwd: home.folder,
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const replies: Reply[] = []
  const waiting: (() => void)[] = []
  const exited = new Promise<number | null>(resolve => child.once('exit', resolve))
  createInterface({ input: child.stdout }).on('line', line => {
    replies.push(JSON.parse(line) as Reply)
    for (const wake of waiting.splice(0)) wake()
  })
  child.stdin.on('error', () => {})
  const raw: RawStdio = {
    process: child,
    exited,
    write: bytes => void child.stdin.write(bytes),
    async reply(id) {
      for (;;) {
        const index = replies.findIndex(reply => (reply.id ?? null) === id)
        if (index !== -1) return replies.splice(index, 1)[0] as Reply
        await new Promise<void>((resolve, reject) => {
          waiting.push(resolve)
          void exited.then(code => reject(new Error(`keyhold ended with ${code} before it answered ${id}`)))
        })
      }
    },
    call(id, name, args) {
      raw.write(`${JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args } })}\n`)
      return raw.reply(id)
    },
    async end() {
      child.stdin.end()
      return await exited
    },
  }
  return raw
}
