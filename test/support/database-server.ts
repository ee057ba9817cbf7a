import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chownSync, existsSync, globSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createConnection } from 'mysql2/promise'
import { Client } from 'pg'

/*
 * Private database servers on free ports, in temporary folders, as a user without rights where the tests run as root:
 * PostgreSQL refuses to run as root. Whatever else runs on the machine is not touched.
 */

/** The user that has no rights anywhere. */
const nobody = 65_534
const isRoot = process.geteuid?.() === 0
const as = isRoot ? { uid: nobody, gid: nobody } : {}

/** A server that was started for one test file. */
export interface DatabaseServer {
  readonly port: number
  /** The folder that holds its data, its unix socket and its log. */
  readonly folder: string
  /** Ends it, as an operator would in a hurry, and starts it again on the same port with the same data. */
  restart(): Promise<void>
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>
  stop(): Promise<void>
}

/** Starts PostgreSQL with the superuser `postgres` whose password is `postgres`; durable writes are switched off. */
export async function startPostgres(settings: readonly string[] = []): Promise<DatabaseServer> {
  const bin = programFolder('/usr/lib/postgresql/*/bin/postgres', 'PostgreSQL (Debian: postgresql)')
  return startServer({
    prepare(folder) {
      const data = join(folder, 'data')
      const passwordFile = ['-c', `echo postgres > ${folder}/pw`]
      execFileSync('/bin/sh', passwordFile, { ...as, cwd: folder })
      const options = ['--auth-local=trust', '--auth-host=scram-sha-256', `--pwfile=${folder}/pw`, '--no-sync']
      execFileSync(join(bin, 'initdb'), ['-D', data, '-U', 'postgres', '-E', 'UTF8', '--locale=C.UTF-8', ...options], {
        ...as,
        cwd: folder,
        stdio: ['ignore', 'ignore', 'pipe'],
      })
    },
    command: (folder, port) => [
      join(bin, 'postgres'),
      '-D',
      join(folder, 'data'),
      '-p',
      String(port),
      '-k',
      folder,
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      'fsync=off',
      '-c',
      'max_connections=40',
      '-c',
      'shared_buffers=32MB',
      ...settings.flatMap(setting => ['-c', setting]),
    ],
    stopSignal: 'SIGQUIT', // ends without waiting for clients
    async logIn(port) {
      const client = new Client({ host: '127.0.0.1', port, user: 'postgres', password: 'postgres' })
      client.on('error', () => {})
      await client.connect()
      await client.end()
    },
  })
}

/** Starts MariaDB with the superuser `root` whose password is `root`. */
export async function startMariadb(settings: readonly string[] = []): Promise<DatabaseServer> {
  const program = [...globSync('/usr/sbin/mariadbd'), ...globSync('/usr/libexec/mariadbd')][0]
  if (program === undefined) throw new Error('MariaDB (Debian: mariadb-server) is not installed')
  return startServer({
    prepare(folder) {
      const install = ['--no-defaults', `--datadir=${folder}/data`, '--auth-root-authentication-method=normal']
      execFileSync('/usr/bin/mariadb-install-db', [...install, '--skip-test-db'], {
        ...as,
        cwd: folder,
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      const accounts = ["root@'localhost'", "root@'127.0.0.1'"].map(user => `ALTER USER ${user} IDENTIFIED BY 'root';`)
      execFileSync(program, ['--no-defaults', `--datadir=${folder}/data`, '--bootstrap'], {
        ...as,
        cwd: folder,
        input: ['FLUSH PRIVILEGES;', ...accounts, ''].join('\n'),
        stdio: ['pipe', 'ignore', 'pipe'],
      })
    },
    command: (folder, port) => [
      program,
      '--no-defaults',
      `--datadir=${folder}/data`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      `--socket=${folder}/mysqld.sock`,
      `--pid-file=${folder}/pid`,
      '--skip-name-resolve',
      '--innodb-flush-log-at-trx-commit=0',
      '--innodb-buffer-pool-size=32M',
      '--performance-schema=on',
      ...settings,
    ],
    stopSignal: 'SIGTERM',
    logIn: async port => (await createConnection({ host: '127.0.0.1', port, user: 'root', password: 'root' })).end(),
  })
}

function programFolder(pattern: string, what: string): string {
  const found = globSync(pattern).sort().at(-1)
  if (found === undefined) throw new Error(`${what} is not installed`)
  return found.slice(0, found.lastIndexOf('/'))
}

interface Program {
  readonly prepare: (folder: string) => void
  readonly command: (folder: string, port: number) => readonly string[]
  readonly stopSignal: NodeJS.Signals
  /** Logs in and out; fails until the server is ready, which is later than that its port takes connections. */
  readonly logIn: (port: number) => Promise<void>
}

async function startServer(program: Program): Promise<DatabaseServer> {
  const folder = mkdtempSync(join(tmpdir(), 'keyhold-db-'))
  if (isRoot) chownSync(folder, nobody, nobody)
  program.prepare(folder)
  const port = await freePort()
  let child = run(program, folder, port)
  const onExit = () => child.kill('SIGKILL')
  process.once('exit', onExit)
  await ready(program, port, child)
  const end = async (signal: NodeJS.Signals) => {
    const ended = new Promise<void>(resolve =>
      (child.exitCode ?? child.signalCode) === null ? child.once('exit', () => resolve()) : resolve(),
    )
    child.kill(signal)
    await ended
  }
  return {
    port,
    folder,
    async restart() {
      await end(program.stopSignal)
      child = run(program, folder, port)
      await ready(program, port, child)
    },
    kill: () => end('SIGKILL'),
    async stop() {
      await end('SIGKILL')
      process.off('exit', onExit)
      if (existsSync(folder)) rmSync(folder, { recursive: true, force: true })
    },
  }
}

function run(program: Program, folder: string, port: number): ChildProcess {
  const [command = '', ...args] = program.command(folder, port)
  return spawn(command, args, { ...as, cwd: folder, stdio: 'ignore', env: { LC_ALL: 'C.UTF-8', HOME: folder } })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

/** Waits until somebody can log in; a server that ends before that is an error. */
async function ready(program: Program, port: number, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + 30_000
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`the database server ended with ${child.exitCode}`)
    const isReady = await program.logIn(port).then(
      () => true,
      () => false,
    )
    if (isReady) return
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  throw new Error('the database server did not start in time')
}
