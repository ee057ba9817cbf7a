import { spawn } from 'node:child_process'
import { type Caller, type Command, ended } from './caller.ts'
import { type Answer, requestText, requireSuccess } from './message.ts'

/**
 * Starts a server and speaks to it over its standard streams: writes lines, matches ids. A real client's
 * schemas and timers would cost more than the server, and hide it.
 */
export function startOverStdio({ argv, environment, cwd }: Command): Caller {
  const [program = '', ...args] = argv
  const child = spawn(program, args, { env: environment, cwd, stdio: ['pipe', 'pipe', 'inherit'] })
  const waiting = new Map<number, { resolve: () => void; reject: (error: Error) => void }>()
  let nextId = 1
  let rest = ''
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) received(JSON.parse(line) as Answer)
  })
  child.stdin.on('error', () => {})
  child.once('exit', code => {
    for (const { reject } of waiting.values()) reject(new Error(`${argv.join(' ')} ended with ${code}`))
  })

  function received(answer: Answer): void {
    const waiter = answer.id === undefined ? undefined : waiting.get(answer.id)
    if (answer.id === undefined || waiter === undefined) return
    waiting.delete(answer.id)
    try {
      requireSuccess(answer)
      waiter.resolve()
    } catch (error) {
      waiter.reject(error as Error)
    }
  }

  return {
    pid: child.pid ?? 0,
    request(method) {
      const id = nextId++
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject })
        child.stdin.write(`${requestText(method, id)}\n`)
      })
    },
    async close() {
      child.stdin.end()
      await ended(child)
    },
  }
}
