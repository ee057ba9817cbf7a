import { randomBytes } from 'node:crypto'
import { homedir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { runProgram } from '../../src/cli/program.ts'
import { codeFolders } from '../../src/process/code.ts'
import { kinds } from '../../tools/index.ts'

/*
 * The program as src/main.ts composes it, but with workers started by the launcher given first:
 *   node gate-with-launcher.ts LAUNCHER stdio
 */
const [launcher = '', ...argv] = process.argv.slice(2)
const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

process.exitCode = await runProgram({
  kinds,
  version: 'test',
  argv,
  environment: process.env,
  cwd: process.cwd(),
  home: homedir(),
  platform: process.platform,
  input: process.stdin,
  output: process.stdout,
  errorOutput: process.stderr,
  execPath: launcher,
  workerEntry: `${root}/src/worker.ts`,
  code: codeFolders(root, specifier => import.meta.resolve(specifier)),
  random: randomBytes,
  clock: Date.now,
  onSignal: (signal, listener) => void process.on(signal, listener),
})
