import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Caller, Command } from './caller.ts'
import { inFlight } from './effort.ts'
import { startOverHttp } from './http-caller.ts'
import { agentToken, install } from './installation.ts'
import { runLoad } from './load.ts'
import { byOwner, type SelfTime, selfTimes } from './self-time.ts'
import { startOverStdio } from './stdio-caller.ts'

/*
 * `npm run bench:profile`: where the gate's and a worker's time goes, by function and by whose code it is.
 */

const { values: options } = parseArgs({
  options: {
    calls: { type: 'string', default: '8000' },
    top: { type: 'string', default: '25' },
    /** Keeps the profiles here, for a viewer. */
    keep: { type: 'string' },
  },
})
const calls = Number(options.calls)
const top = Number(options.top)
const installation = await install()
const folder = options.keep ?? installation.folder
try {
  const { source } = installation
  await profile('Gate over stdio', folderFor('gate-stdio'), dir =>
    Promise.resolve(startOverStdio(profiled(source.stdio, dir))),
  )
  await profile('Gate over HTTP', folderFor('gate-http'), dir =>
    startOverHttp(profiled(source.http, dir), agentToken, inFlight),
  )
  await profile('Worker', folderFor('worker'), dir => {
    const args = ['--worker-program', writeWorkerProgram(dir)]
    return Promise.resolve(startOverStdio(installation.script(new URL('./gate.ts', import.meta.url), args)))
  })
} finally {
  installation.remove()
}

async function profile(title: string, dir: string, start: (dir: string) => Promise<Caller>): Promise<void> {
  const caller = await start(dir)
  const window = { fromUs: 0, toUs: 0 }
  try {
    await runLoad(caller, { calls: Math.ceil(calls / 4), inFlight })
    window.fromUs = nowUs()
    await runLoad(caller, { calls, inFlight })
    window.toUs = nowUs()
  } finally {
    await caller.close()
  }
  const [file] = readdirSync(dir).filter(name => name.endsWith('.cpuprofile'))
  if (file === undefined) throw new Error(`no profile was written to ${dir}`)
  print(title, selfTimes(join(dir, file), window))
}

/** The monotonic clock, which all processes of a machine share. */
function nowUs(): number {
  return Number(process.hrtime.bigint() / 1_000n)
}

function folderFor(name: string): string {
  const dir = join(folder, `profile-${name}`)
  mkdirSync(dir, { recursive: true })
  return dir
}

function profilerFlags(dir: string): readonly string[] {
  return ['--cpu-prof', '--cpu-prof-interval=250', `--cpu-prof-dir=${dir}`]
}

function profiled(command: Command, dir: string): Command {
  const [node = '', ...args] = command.argv
  return { ...command, argv: [node, ...profilerFlags(dir), ...args] }
}

/** A program to run the worker with: under the permission model nothing may write a profile, so it runs without. */
function writeWorkerProgram(dir: string): string {
  const file = join(dir, 'node.sh')
  const flags = profilerFlags(dir).join(' ')
  const withoutPermissions = 'for a do shift; case "$a" in --permission|--allow-*) ;; *) set -- "$@" "$a";; esac; done'
  writeFileSync(file, `#!/bin/sh\n${withoutPermissions}\nexec ${process.execPath} ${flags} "$@"\n`, { mode: 0o700 })
  return file
}

function print(title: string, times: readonly SelfTime[]): void {
  const total = times.reduce((sum, { ms }) => sum + ms, 0)
  const line = (ms: number, text: string) => {
    const share = `${((ms / total) * 100).toFixed(1)} %`
    return `${((ms * 1_000) / calls).toFixed(1).padStart(8)} ${share.padStart(8)}  ${text}\n`
  }
  process.stdout.write(`\n${title}: ${((total * 1_000) / calls).toFixed(0)} µs a call, ${inFlight} in flight\n`)
  process.stdout.write(`${'µs/call'.padStart(8)} ${'share'.padStart(8)}  whose\n`)
  for (const [owner, ms] of byOwner(times).slice(0, 12)) process.stdout.write(line(ms, owner))
  process.stdout.write(`${'µs/call'.padStart(8)} ${'share'.padStart(8)}  function\n`)
  for (const { name, place, owner, ms } of times.slice(0, top))
    process.stdout.write(line(ms, `${name}  ${owner} ${place}`))
}
