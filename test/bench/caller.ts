import type { ChildProcess } from 'node:child_process'
import type { Method } from './message.ts'

/** A running server, and the leanest client that can speak to it. */
export interface Caller {
  readonly pid: number
  /** Sends one request; settles when its answer has arrived whole, and rejects unless that is a success. */
  request(method: Method): Promise<void>
  /** Ends the client and the server, and waits for the server's end. */
  close(): Promise<void>
}

/** A command line and its whole environment. */
export interface Command {
  readonly argv: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly cwd: string
}

/** Settles when a process has ended. */
export function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise(resolve => void child.once('exit', () => resolve()))
}
