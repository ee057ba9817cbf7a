import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type Home, keyholdCommand, type Ran } from './home.ts'

/** A `keyhold credential login` that is running. */
export interface Login {
  readonly process: ChildProcess
  /** Waits for something on standard error; gives what the first group of the pattern matches. */
  told(pattern: RegExp): Promise<string>
  ended(): Promise<Ran>
}

/** Starts a login as a person would. */
export function startLogin(home: Home, args: readonly string[]): Login {
  const child = spawn(process.execPath, [keyholdCommand, 'credential', 'login', ...args], {
    env: home.environment,
    cwd: home.folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString()
  })
  const closed = once(child, 'close').then(([code, signal]) => ({
    code: code ?? (signal === null ? -1 : -2),
    out,
    err,
  }))
  return {
    process: child,
    async told(pattern) {
      for (;;) {
        const found = pattern.exec(err)
        if (found !== null) return found[1] ?? found[0]
        const isOver = await Promise.race([once(child.stderr, 'data').then(() => false), closed.then(() => true)])
        if (isOver && !pattern.test(err)) throw new Error(`the login ended without ${pattern}: ${out}${err}`)
      }
    },
    ended: () => closed,
  }
}

/** The address that a person is told to open. */
export const addressToOpen = /\n {2}(https?:\/\/\S+)\n/
