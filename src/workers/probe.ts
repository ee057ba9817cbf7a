import { spawn } from 'node:child_process'
import { closeSync, openSync, readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** How long after a start the kernel may take until it refuses; while a program is exchanged for another it does not. */
const patienceMs = 100

/** How long Node may take to run one line. */
const startMs = 10_000

const aliveCode = 7

/**
 * Starts Node and tries what somebody who wants its memory would try. Refused means that the kernel keeps this process,
 * and with it every other one of this user, from a child that is started so.
 *
 * @returns null when everything is refused, else what is not, in words
 */
export async function probe([execPath, ...args]: readonly [string, ...string[]]): Promise<string | null> {
  const child = spawn(execPath, [...args, '-'], {
    env: {},
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
    timeout: startMs,
    killSignal: 'SIGKILL',
  })
  const ended = new Promise<number | string | null>(resolve => {
    child.once('error', error => resolve((error as NodeJS.ErrnoException).code ?? error.name))
    child.once('exit', code => resolve(code))
  })
  child.stdin.on('error', () => {}) // it has ended; its exit code says so
  const readable = child.pid === undefined ? [] : await stillReadable(child.pid)
  child.stdin.end(`process.exit(${aliveCode})`)
  const code = await ended
  // A process that has ended is closed to everybody: only of one that was alive all the time does this tell anything.
  if (code !== aliveCode) return `Node does not run from there (${code ?? 'it was ended'})`
  return readable.length === 0 ? null : `the kernel still lets this user read ${readable.join(', ')} of it`
}

async function stillReadable(pid: number): Promise<readonly string[]> {
  const until = performance.now() + patienceMs
  for (;;) {
    const readable = ['mem', 'environ', 'maps', 'fd'].filter(name => canOpen(`/proc/${pid}/${name}`))
    if (readable.length === 0 || performance.now() > until) return readable
    await sleep(1)
  }
}

function canOpen(path: string): boolean {
  try {
    if (path.endsWith('/fd')) readdirSync(path)
    else closeSync(openSync(path, 'r'))
    return true
  } catch (error) {
    // Only these are a refusal; anything else is not known to be one.
    return !['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')
  }
}
