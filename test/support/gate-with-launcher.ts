import { fileURLToPath } from 'node:url'
import { runProgram } from '../../src/cli/program.ts'
import { worldOf } from '../../src/cli/world-of.ts'
import { codeFolders } from '../../src/process/code.ts'
import { kinds } from '../../tools/index.ts'

/*
 * The program as src/main.ts composes it, but with workers started by the launcher given first:
 *   node gate-with-launcher.ts LAUNCHER stdio
 */
const [launcher = '', ...argv] = process.argv.slice(2)
const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

process.exitCode = await runProgram(
  worldOf(process, {
    kinds,
    version: 'test',
    argv,
    execPath: launcher,
    presetsFolder: '',
    workerEntry: `${root}/src/worker.ts`,
    code: codeFolders(root, specifier => import.meta.resolve(specifier)),
  }),
)
