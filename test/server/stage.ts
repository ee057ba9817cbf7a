import { EventEmitter, once } from 'node:events'
import {
  type CallToolResult,
  inputRequired,
  type McpServerFactory,
  Server,
  type ServerContext,
} from '@modelcontextprotocol/server'
import { type RunningHttp, serveOverHttp } from '../../src/server/http.ts'

/** A real HTTP server with a few tools that show what happens to a call. */
export interface Stage extends RunningHttp {
  /** The calls that reached a handler, by name, and how they ended: `hang started`, `hang cancelled`. */
  readonly events: readonly string[]
  /** Why requests were turned away. */
  readonly rejected: readonly string[]
  /** Waits for an event, also one that has happened already, until it happened `times`. */
  happened(event: string, times?: number): Promise<void>
  /** Makes one more of the servers behind it. */
  newServer(): Server
  /** Lets every call of the tool `wait` answer. */
  release(): void
}

export const maxBodyBytes = 100_000

/** Starts the server; the one token it knows is `good`. */
export async function setStage(factory?: McpServerFactory): Promise<Stage> {
  const bus = new EventEmitter()
  const events: string[] = []
  const rejected: string[] = []
  const note = (event: string) => {
    events.push(event)
    bus.emit('event')
  }
  const caller = { name: 'agent', factory: factory ?? (() => toolServer(note, bus)) }
  const http = await serveOverHttp({
    host: '127.0.0.1',
    port: 0,
    publicUrl: null,
    maxBodyBytes,
    callerOf: token => (token === 'good' ? caller : null),
    onRejected: reason => rejected.push(reason),
    onError: () => {},
  })
  return {
    ...http,
    events,
    rejected,
    async happened(event, times = 1) {
      while (events.filter(other => other === event).length < times) await once(bus, 'event')
    },
    newServer: () => toolServer(note, bus),
    release() {
      bus.emit('release')
    },
  }
}

function toolServer(note: (event: string) => void, bus: EventEmitter): Server {
  const server = new Server({ name: 'stage', version: '0.0.0' }, { capabilities: { tools: {} } })
  server.setRequestHandler('tools/list', () => ({ tools: [] }))
  server.setRequestHandler('tools/call', async ({ params: { name, arguments: args } }, { mcpReq }) => {
    note(`${name} started`)
    const cancelled = () => note(`${name} cancelled`)
    mcpReq.signal.addEventListener('abort', cancelled)
    try {
      return await answer(name, args ?? {}, mcpReq, bus)
    } finally {
      mcpReq.signal.removeEventListener('abort', cancelled)
    }
  })
  return server
}

async function answer(name: string, args: unknown, mcpReq: ServerContext['mcpReq'], bus: EventEmitter) {
  switch (name) {
    case 'wait':
      await Promise.race([once(bus, 'release'), aborted(mcpReq)])
      return text('released')
    case 'progress':
      await progress(mcpReq, 'line one\nline two')
      return text('done')
    case 'sample':
      await mcpReq.requestSampling({ messages: [], maxTokens: 1 })
      return text('sampled')
    case 'need':
      return inputRequired({ inputRequests: { it: inputRequired.createMessage({ messages: [], maxTokens: 1 }) } })
    case 'unprintable':
      return { content: [], structuredContent: { big: 1n } }
    default:
      return text(JSON.stringify(args))
  }
}

function text(value: string): CallToolResult {
  return { content: [{ type: 'text', text: value }] }
}

async function progress({ _meta, notify }: ServerContext['mcpReq'], message: string): Promise<void> {
  const progressToken = _meta?.progressToken
  if (progressToken === undefined) return
  await notify({ method: 'notifications/progress', params: { progressToken, progress: 1, message } })
}

function aborted({ signal }: ServerContext['mcpReq']): Promise<void> {
  return new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
}
