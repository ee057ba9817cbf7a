import { execFileSync, spawn } from 'node:child_process'
import { chownSync, existsSync, lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Home, keyholdCommand, type Ran } from './home.ts'
import { listening, type Serving } from './serving.ts'

/*
 * What root starts here as a user without rights: root may read everything, so what the kernel keeps from others can only
 * be seen as somebody else. Where the tests do not run as root, they are somebody else already.
 */

/** The user that has no rights anywhere: `nobody`. */
const nobody = 65_534
const isRoot = process.geteuid?.() === 0
const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find(path => existsSync(path))

/** Why nothing can be started as a user without rights; null when it can. Throws where CI=true, so that it is never left out there. */
export function otherUserMissing(environment: NodeJS.ProcessEnv = process.env): string | null {
  const reason = whyMissing()
  if (reason !== null && environment['CI'] === 'true') throw new Error(`hardened mode cannot be tested: ${reason}`)
  return reason
}

function whyMissing(): string | null {
  if (process.platform !== 'linux') return 'there is a hardened mode on Linux only'
  if (!isRoot) return null
  if (setpriv === undefined) return 'root needs setpriv(1) of util-linux to become a user without rights'
  try {
    const [command, ...args] = asOther([process.execPath, '-e', `require('node:fs').readFileSync('${keyholdCommand}')`])
    execFileSync(command, args, { stdio: 'ignore', cwd: '/', env: {} })
    return null
  } catch {
    return 'a user without rights cannot read this checkout, or may not run this Node'
  }
}

/** A command line by which a command runs as the user without rights. */
export function asOther(command: readonly [string, ...string[]]): readonly [string, ...string[]] {
  if (!isRoot || setpriv === undefined) return command
  return [setpriv, `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', ...command]
}

/** Gives an installation, as it is now, to the user without rights, or back. */
export function giveAway(home: Home, to: 'nobody' | 'root' = 'nobody'): void {
  if (isRoot) giveAwayTree(home.folder, to === 'nobody' ? nobody : 0)
}

function giveAwayTree(path: string, uid: number): void {
  chownSync(path, uid, uid)
  if (lstatSync(path).isDirectory()) for (const name of readdirSync(path)) giveAwayTree(join(path, name), uid)
}

/** Runs `keyhold ARGS` as the user without rights. */
export function runAsOther(home: Home, args: readonly string[]): Promise<Ran> {
  return runOther(home, [process.execPath, keyholdCommand, ...args])
}

/** Runs a script with Node as the user without rights, who is also the one that Keyhold runs as. */
export function scriptAsOther(home: Home, script: string, args: readonly string[] = []): Promise<Ran> {
  return runOther(home, [process.execPath, '-e', script, ...args])
}

function runOther(home: Home, command: readonly [string, ...string[]]): Promise<Ran> {
  const [program, ...args] = asOther(command)
  const child = spawn(program, args, { env: home.environment, cwd: home.folder, stdio: ['ignore', 'pipe', 'pipe'] })
  const text = { out: '', err: '' }
  child.stdout.on('data', (chunk: Buffer) => (text.out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (text.err += chunk.toString()))
  return new Promise(resolve => {
    child.once('close', code => resolve({ code: code ?? -1, ...text }))
  })
}

/** Starts `keyhold serve` on a free port of loopback, as the user without rights. */
export async function serveAsOther(home: Home): Promise<Serving> {
  const serve = ['serve', '--listen', '127.0.0.1:0', '--log-level', 'info']
  const [program, ...args] = asOther([process.execPath, keyholdCommand, ...serve])
  const child = spawn(program, args, { env: home.environment, cwd: home.folder, stdio: ['ignore', 'ignore', 'pipe'] })
  return listening(child)
}
