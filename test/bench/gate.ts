import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { kinds } from '../../tools/index.ts'
import { stdioAgent } from '../../src/agents/agent.ts'
import { runGate } from '../../src/cli/run-gate.ts'
import { surfaceFor } from '../../src/cli/surface.ts'
import { loadFrom } from '../../src/cli/world.ts'
import { worldOf } from '../../src/cli/world-of.ts'
import type { Stage } from '../../src/gate/invoke.ts'
import { codeFolders } from '../../src/process/code.ts'
import { serveOverStdio } from '../../src/server/stdio.ts'
import { histogram } from './stages.ts'

/*
 * `keyhold stdio` with a watch on every stage, which the command itself does not have: composed as
 * src/main.ts and src/cli/stdio.ts do. When the client has gone it writes what it measured to a file.
 */

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: '' },
    /** The first calls, which are slow because everything is new, do not count. */
    skip: { type: 'string', default: '0' },
    /** Another program to run workers with, so that they can be profiled. */
    'worker-program': { type: 'string', default: process.execPath },
  },
})
const root = fileURLToPath(new URL('../../', import.meta.url))

const world = worldOf(process, {
  kinds,
  version: '0.0.0',
  argv: [],
  execPath: values['worker-program'],
  presetsFolder: '',
  workerEntry: fileURLToPath(new URL('../../src/worker.ts', import.meta.url)),
  code: codeFolders(root, specifier => import.meta.resolve(specifier)),
})

const took = new Map<Stage, number[]>()
const onStage = (stage: Stage, ms: number) => {
  const all = took.get(stage)
  if (all === undefined) took.set(stage, [ms])
  else all.push(ms)
}
const complain = (error: Error) => void process.stderr.write(`${error.message}\n`)

const loaded = await loadFrom(world, undefined)
const agent = stdioAgent(loaded.config.agents, 'local')
if (agent === null) throw new Error('the configuration has no agent local')
const gate = runGate(world, loaded, { transport: 'stdio', onProblem: complain, onStage })
const served = serveOverStdio({
  surface: surfaceFor(gate, agent, 'stdio', world.version),
  input: world.input,
  output: world.output,
  onRejected: reason => complain(new Error(reason)),
  onError: complain,
})
await served.closed
await served.close()
await gate.stop(1_000)
if (values.out !== '') writeFileSync(values.out, JSON.stringify(histogram(took, Number(values.skip))))
