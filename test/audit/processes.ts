import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'

const script = new URL('appender.ts', import.meta.url).pathname

export interface Appender {
  readonly child: ChildProcessWithoutNullStreams
  /** Every line it has printed. */
  readonly lines: string[]
  /** Lets it begin, or go on. */
  go(): void
  /** Resolves when it has printed a line like this one; null when it has ended before. */
  said(expected: string | RegExp): Promise<string | null>
  ended(): Promise<{ code: number | null; signal: string | null }>
}

export interface AppenderOptions {
  readonly dir: string
  readonly agent?: string
  readonly sync?: 'batch' | 'always'
  readonly calls?: number
  readonly finish?: 'wait' | 'end'
  readonly uid?: number
  /** Greatest size of a file it may write, in units of 1,024 bytes. */
  readonly maxFileKb?: number
}

/** Starts a process that writes to an audit log; see appender.ts. */
export function startAppender(options: AppenderOptions): Appender {
  const { dir, agent = 'a', sync = 'batch', calls = 0, finish = 'end', uid, maxFileKb } = options
  const command = [process.execPath, script, dir, agent, sync, String(calls), finish]
  const limited =
    maxFileKb === undefined ? command : ['bash', '-c', `ulimit -f ${maxFileKb}; exec "$@"`, 'bash', ...command]
  const child = spawn(limited[0] as string, limited.slice(1), { ...(uid !== undefined && { uid, gid: uid }), env: {} })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const lines: string[] = []
  let wake = Promise.withResolvers<void>()
  let over = false
  const notify = () => {
    wake.resolve()
    wake = Promise.withResolvers()
  }
  createInterface({ input: child.stdout })
    .on('line', line => {
      lines.push(line)
      notify()
    })
    .on('close', () => {
      over = true
      notify()
    })
  child.stderr.on('data', data => lines.push(`stderr: ${data}`))
  child.stdin.on('error', () => {})
  const exit = once(child, 'close')
  return {
    child,
    lines,
    go: () => child.stdin.write('go\n'),
    said: async expected => {
      for (;;) {
        const found = lines.find(line => (typeof expected === 'string' ? line === expected : expected.test(line)))
        if (found !== undefined) return found
        if (over) return null
        await wake.promise
      }
    },
    ended: async () => {
      const [code, signal] = await exit
      return { code, signal }
    },
  }
}
