import { type ChildProcess, spawn } from 'node:child_process'
import { Refusal } from '../refusal.ts'
import { commandVariables, expandHome } from './needs.ts'
import type { Places } from './places.ts'
import type { Fetching } from './read-source.ts'
import { maxSecretBytes, valueText } from './file.ts'

/** What a program is started with. */
interface Command {
  /** A path or a name that is looked up in PATH, and arguments. No shell sees them. */
  readonly command: readonly string[]
  /** Names of variables that it gets beside those that every program gets. */
  readonly environment: readonly string[]
}

/** How a program ended, and what it printed. */
interface Ended {
  readonly output: Buffer
  readonly code: number | null
  readonly signal: string | null
  /** Whether it wrote to standard error. What it wrote may hold the value, and is not kept. */
  readonly complained: boolean
}

/** Of the time that a source has; the rest is for ending the program before nobody waits for it any more. */
const shareOfTime = 0.9

/** The most that is printed: a value, and a line break. */
const maxOutputBytes = maxSecretBytes + 2

/** How long output may still arrive after the program has ended. */
const lingerMs = 500

/**
 * Runs a program and takes what it prints as the value.
 *
 * @throws Refusal credential_unavailable, which names the program but not its arguments
 */
export async function readCommand({ command, environment }: Command, fetching: Fetching): Promise<string> {
  const [written = '', ...args] = command
  const { places } = fetching
  const child = start(written, args, variables(environment, places), places)
  const kill = () => killGroup(child, places.platform)
  // A program that is still running when this process ends would be left to itself.
  process.once('exit', kill)
  fetching.signal?.addEventListener('abort', kill)
  try {
    const ended = await outcome(child, { program: written, timeoutMs: fetching.timeoutMs * shareOfTime, kill })
    if (ended.code !== 0) throw unavailable(`${written} ${howItEnded(ended)}`)
    const value = valueText(ended.output, `what ${written} printed`)
    if (Buffer.byteLength(value) > maxSecretBytes) throw unavailable(`${written} gave no value: ${tooMuch}`)
    return value
  } finally {
    if (child.exitCode === null && child.signalCode === null) kill()
    process.off('exit', kill)
    fetching.signal?.removeEventListener('abort', kill)
  }
}

function start(
  written: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  places: Places,
): ChildProcess {
  try {
    return spawn(expandHome(written, places), args, {
      env,
      cwd: '/',
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, so that what it has started in turn can be ended with it.
      detached: places.platform !== 'win32',
      windowsHide: true,
    })
  } catch (cause) {
    throw unavailable(`${written} ${whyNotStarted(cause as NodeJS.ErrnoException)}`)
  }
}

function variables(names: readonly string[], places: Places): Readonly<Record<string, string>> {
  const present = [...commandVariables, ...names].flatMap(name => {
    const value = places.environment[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  // Under the permission model Node would tell the program of its flags, and a program that is run by Node would then
  // be bound by them. A property that swallows what is written to it, and is not listed, keeps that from happening.
  return Object.defineProperty(Object.fromEntries(present), 'NODE_OPTIONS', { get: () => undefined, set: () => {} })
}

/**
 * Waits for the end of a program, or of our patience.
 *
 * @throws Refusal credential_unavailable when it cannot be started, prints too much or takes too long
 */
function outcome(
  child: ChildProcess,
  { program, timeoutMs, kill }: { readonly program: string; readonly timeoutMs: number; readonly kill: () => void },
): Promise<Ended> {
  const chunks: Buffer[] = []
  let bytes = 0
  let complained = false
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => refuse(unavailable(`${program} was ended: it did not finish in time`)), timeoutMs)
    const letGo = () => {
      clearTimeout(timer)
      child.stdout?.destroy()
      child.stderr?.destroy()
    }
    const refuse = (error: Refusal) => {
      letGo()
      reject(error)
    }
    child.stdout?.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > maxOutputBytes) return refuse(unavailable(`${program} was ended: ${tooMuch}`))
      chunks.push(chunk)
    })
    child.stderr?.on('data', () => {
      complained = true
    })
    child.on('error', cause => refuse(unavailable(`${program} ${whyNotStarted(cause)}`)))
    const finish = (code: number | null, signal: string | null) => {
      letGo()
      resolve({ output: Buffer.concat(chunks), code, signal, complained })
    }
    child.on('close', finish)
    child.on('exit', (code, signal) => {
      // What it has left in the background would hold the pipe open; what has left its group still does.
      kill()
      setTimeout(finish, lingerMs, code, signal).unref()
    })
  })
}

const tooMuch = `it prints more than the ${maxSecretBytes} bytes that a value may have`

function whyNotStarted(cause: NodeJS.ErrnoException): string {
  if (cause.code === 'ENOENT') return 'does not exist, or not in PATH'
  if (cause.code === 'EACCES') return 'is not a program that this user may run'
  return `cannot be started (${cause.code ?? 'unknown error'})`
}

function howItEnded({ code, signal, complained }: Ended): string {
  const how = signal === null ? `failed with exit code ${code}` : `was ended by ${signal}`
  return `${how}${complained ? '; run it by hand to see what it writes to standard error' : ', without a word'}`
}

function killGroup(child: ChildProcess, platform: NodeJS.Platform): void {
  if (child.pid === undefined) return
  try {
    if (platform === 'win32') child.kill('SIGKILL')
    else process.kill(-child.pid, 'SIGKILL')
  } catch {
    // Nothing of it is left.
  }
}

function unavailable(detail: string): Refusal {
  return new Refusal('credential_unavailable', detail)
}
