import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

type Report = { readonly shown?: string; readonly modes?: string; readonly exit?: number }

/** Returns why no terminal can be had here, or null; throws it where CI=true, so that a run there never goes without. */
export function terminalMissing(environment: NodeJS.ProcessEnv = process.env): string | null {
  try {
    execFileSync('python3', ['-c', 'import pty, os; os.pidfd_open'], { stdio: 'ignore' })
    return null
  } catch {
    const reason = 'python3 (3.9 or later, on Linux) makes the pseudo-terminal'
    if (environment['CI'] === 'true') throw new Error(`terminals cannot be tested: ${reason}`)
    return reason
  }
}

/** A command on a real pseudo-terminal. */
export class Terminal {
  /** Everything that the terminal has shown. */
  shown = ''
  readonly #relay: ChildProcessWithoutNullStreams
  readonly #reports = new EventEmitter()
  readonly exited: Promise<number>

  constructor(command: readonly string[]) {
    this.#relay = spawn('python3', [join(import.meta.dirname, 'terminal.py'), ...command])
    this.#relay.stderr.pipe(process.stderr)
    createInterface(this.#relay.stdout).on('line', line => {
      const report = JSON.parse(line) as Report
      if (report.shown !== undefined) this.shown += report.shown
      for (const [name, content] of Object.entries(report)) this.#reports.emit(name, content)
    })
    this.exited = once(this.#reports, 'exit').then(([status]) => status)
  }

  type(text: string): void {
    this.#order({ type: text })
  }

  /** Sends a signal to the command. */
  signal(number: number): void {
    this.#order({ signal: number })
  }

  /** Tells how the terminal is set: echo, line editing and the rest, in a form that can be compared. */
  async modes(): Promise<string> {
    const report = this.nextModes()
    this.#order({ modes: true })
    return report
  }

  /** The modes at the next report of them; one comes by itself when the command ends. */
  async nextModes(): Promise<string> {
    const [modes] = await once(this.#reports, 'modes')
    return modes
  }

  /** Waits until a text was shown. */
  async showing(text: string): Promise<void> {
    while (!this.shown.includes(text)) await once(this.#reports, 'shown')
  }

  #order(order: object): void {
    this.#relay.stdin.write(`${JSON.stringify(order)}\n`)
  }
}
