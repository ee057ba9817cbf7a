import { existsSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import type { Caller } from './caller.ts'
import { measureColdStarts, withoutCompileCache } from './cold-start.ts'
import { type Effort, full, inFlight, quick } from './effort.ts'
import { startOverHttp } from './http-caller.ts'
import { agentToken, install, type Served } from './installation.ts'
import { type Findings, formatFindings } from './report.ts'
import { measureStages } from './stages.ts'
import { startOverStdio } from './stdio-caller.ts'
import { compare, type Measured, type Pair } from './throughput.ts'

/*
 * `npm run bench`: Keyhold against a bare server of the same SDK, in one run and in turns. It informs; it
 * does not judge: on a busy machine only the ratios mean something, and even they waver.
 */

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
})
if (!existsSync('/proc/self/stat')) {
  process.stderr.write('bench: needs /proc, so it runs on Linux only\n')
  process.exit(2)
}
const findings = await measure(options.quick ? quick : full)
process.stdout.write(options.json ? `${JSON.stringify(findings, null, 2)}\n` : formatFindings(findings))

async function measure(effort: Effort): Promise<Findings> {
  const [loadBefore = 0] = loadavg()
  say('building and packing Keyhold')
  const installation = await install()
  try {
    const { bare, source } = installation
    const packed = installation.pack()
    say('cold starts')
    const commands = {
      bare: bare.stdio,
      packed: packed.stdio,
      packedWithoutCache: withoutCompileCache(packed.stdio),
      source: source.stdio,
    }
    const coldStart = await measureColdStarts(commands, effort.starts)
    say('stdio')
    const stdio = await overStdio(bare, packed, effort)
    say('HTTP')
    const http = await overHttp(bare, packed, effort)
    say('stages')
    const sequential = { calls: effort.sequentialCalls, inFlight: 1 }
    const stages = {
      sequential: await measureStages(installation, effort, sequential),
      parallel: await measureStages(installation, effort, { calls: effort.parallelCalls, inFlight }),
    }
    const machine = { node: process.version, cores: availableParallelism(), loadBefore }
    return { machine, coldStart, stdio, http, stages }
  } finally {
    installation.remove()
  }
}

function overStdio(bare: Served, keyhold: Served, effort: Effort): Promise<Pair<Measured>> {
  return comparing({ bare: startOverStdio(bare.stdio), keyhold: startOverStdio(keyhold.stdio) }, effort)
}

async function overHttp(bare: Served, keyhold: Served, effort: Effort): Promise<Pair<Measured>> {
  const start = (served: Served) => startOverHttp(served.http, agentToken, inFlight)
  return await comparing({ bare: await start(bare), keyhold: await start(keyhold) }, effort)
}

async function comparing(callers: Pair<Caller>, effort: Effort): Promise<Pair<Measured>> {
  try {
    return await compare(callers, effort)
  } finally {
    await Promise.all([callers.bare.close(), callers.keyhold.close()])
  }
}

function say(what: string): void {
  process.stderr.write(`bench: ${what} ...\n`)
}
