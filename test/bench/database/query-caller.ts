import { spawn } from 'node:child_process'
import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  PROTOCOL_VERSION_META_KEY,
} from '@modelcontextprotocol/server'
import { type Command, ended } from '../caller.ts'
import { revision } from '../message.ts'

/** A started server, and what asks it one query at a time. */
export interface QueryCaller {
  ask(sql: string, params: readonly unknown[]): Promise<void>
  close(): Promise<void>
}

const _meta = {
  [PROTOCOL_VERSION_META_KEY]: revision,
  [CLIENT_INFO_META_KEY]: { name: 'keyhold-bench', version: '1.0.0' },
  [CLIENT_CAPABILITIES_META_KEY]: {},
}

/** Starts a server that offers `shop_db_query`, and speaks to it over its standard streams. */
export function startQueryCaller({ argv, environment, cwd }: Command): QueryCaller {
  const [program = '', ...args] = argv
  const child = spawn(program, args, { env: environment, cwd, stdio: ['pipe', 'pipe', 'inherit'] })
  const waiting = new Map<number, PromiseWithResolvers<void>>()
  let nextId = 1
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const answer = JSON.parse(line) as { id?: number; result?: { isError?: boolean } }
      const waiter = answer.id === undefined ? undefined : waiting.get(answer.id)
      if (answer.result === undefined || answer.result.isError === true)
        waiter?.reject(new Error(`not a success: ${line.slice(0, 500)}`))
      else waiter?.resolve()
    }
  })
  child.stdin.on('error', () => {})
  child.once('exit', code => {
    for (const { reject } of waiting.values()) reject(new Error(`${argv.join(' ')} ended with ${code}`))
  })
  return {
    async ask(sql, given) {
      const id = nextId++
      const waiter = Promise.withResolvers<void>()
      waiting.set(id, waiter)
      const params = { name: 'shop_db_query', arguments: { sql, params: given }, _meta }
      child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params })}\n`)
      await waiter.promise
      waiting.delete(id)
    },
    async close() {
      child.stdin.end()
      await ended(child)
    },
  }
}
