import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { kinds } from '../tools/index.ts'
import { runProgram } from './cli/program.ts'
import { worldOf } from './cli/world-of.ts'
import { codeFolders, packageFolder } from './process/code.ts'

/*
 * The process entry of everything but workers: the only place that looks at the environment, the
 * clock and the streams, and hands them on.
 */

const folder = packageFolder(import.meta.url)
const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'

const world = worldOf(process, {
  kinds,
  version: (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version,
  argv: process.argv.slice(2),
  execPath: process.execPath,
  workerEntry: fileURLToPath(new URL(`./worker${extension}`, import.meta.url)),
  presetsFolder: join(folder, 'presets'),
  code: codeFolders(folder, specifier => import.meta.resolve(specifier)),
})

// Who reads only the beginning, as `head` does, is no reason to complain; a full disk is.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit()
  process.stderr.write(`keyhold: the output cannot be written (${error.code ?? error.name})\n`)
  process.exit(1)
})

// Left alone, this signal has Node open a debugger, to every program on the machine.
if (process.platform !== 'win32') process.on('SIGUSR1', () => {})

process.exitCode = await runProgram(world)
