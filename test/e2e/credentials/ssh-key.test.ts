import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readCredential } from '../../../src/credentials/read.ts'
import { createSshKeys, sshKeyForms, type SshKeys, type SshPair } from '../../credentials/ssh-keys.ts'

const run = promisify(execFile)
const sshd = '/usr/sbin/sshd'

/** A real SSH server on loopback that lets one key in. */
interface Server {
  readonly port: number
  readonly process: ChildProcess
  /** A file that names the server's key. */
  readonly knownHosts: string
  log(): string
}

let keys: SshKeys
let host: SshPair
beforeAll(() => {
  if (!existsSync(sshd)) throw new Error('this test needs sshd (Debian: apt install openssh-server)')
  keys = createSshKeys()
  host = keys.make({ type: 'ed25519' })
  // Where sshd, as root, locks its unprivileged half up.
  if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
})
afterAll(() => keys.remove())

async function startSshd(allowed: string): Promise<Server> {
  const port = await freePort()
  const config = join(keys.folder, `sshd-${port}`)
  const authorized = `${config}.authorized`
  const knownHosts = `${config}.known`
  writeFileSync(authorized, allowed, { mode: 0o600 })
  writeFileSync(knownHosts, `[127.0.0.1]:${port} ${host.publicKey}`)
  writeFileSync(
    config,
    [
      'ListenAddress 127.0.0.1',
      `Port ${port}`,
      `HostKey ${host.file}`,
      `AuthorizedKeysFile ${authorized}`,
      'AuthenticationMethods publickey',
      'PermitRootLogin prohibit-password',
      'StrictModes no',
      'UsePAM no',
      'PidFile none',
    ].join('\n'),
  )
  const process = spawn(sshd, ['-D', '-e', '-f', config], { stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  const listening = new Promise<void>((resolve, reject) => {
    process.stderr.on('data', (chunk: Buffer) => {
      log += chunk.toString()
      if (log.includes('Server listening')) resolve()
    })
    process.once('exit', code => reject(new Error(`sshd ended with ${code}: ${log}`)))
  })
  await listening
  return { port, process, knownHosts, log: () => log }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Logs in with a key, as git would. */
async function logIn(server: Server, keyFile: string): Promise<string> {
  const options = [
    'BatchMode=yes',
    'IdentitiesOnly=yes',
    'IdentityAgent=none',
    'StrictHostKeyChecking=yes',
    `UserKnownHostsFile=${server.knownHosts}`,
    'GlobalKnownHostsFile=/dev/null',
  ].flatMap(option => ['-o', option])
  const target = ['-p', String(server.port), `${userInfo().username}@127.0.0.1`]
  const { stdout } = await run('ssh', ['-F', 'none', '-i', keyFile, ...options, ...target, 'echo let in'], {
    timeout: 20_000,
  })
  return stdout
}

/** Reads a key from a file as a worker does. */
async function readKey(file: string): Promise<string> {
  const read = await readCredential({
    name: 'deploy',
    credential: { type: 'ssh_key', private_key: { file } },
    places: { stateDir: keys.folder, home: keys.folder, environment: {}, platform: process.platform },
    stores: {},
    fingerprintKey: Buffer.from('the key of this installation'),
    clock: Date.now,
  })
  if (read.type !== 'ready' || read.credential.type !== 'ssh_key') throw new Error('not read as the key of SSH')
  return read.credential.privateKey.use(value => value)
}

test.each(sshKeyForms)(
  '%s: the key that was read logs in to a real server, and another does not',
  async (_, options) => {
    const pair = keys.make(options)
    const server = await startSshd(pair.publicKey)
    try {
      const file = `${pair.file}.read`
      writeFileSync(file, await readKey(pair.file), { mode: 0o600 })
      expect(await logIn(server, file)).toBe('let in\n')
      const other = keys.make({ type: 'ed25519' })
      await expect(logIn(server, other.file)).rejects.toThrow(/Permission denied/)
    } finally {
      server.process.kill('SIGTERM')
      await once(server.process, 'exit')
    }
  },
)

test('a key without a line break at its end, which ssh would not take, logs in all the same', async () => {
  const pair = keys.make({ type: 'ed25519' })
  const server = await startSshd(pair.publicKey)
  try {
    const file = `${pair.file}.bare`
    writeFileSync(file, pair.privateKey.trim().replaceAll('\n', '\r\n'), { mode: 0o600 })
    const read = `${pair.file}.read`
    writeFileSync(read, await readKey(file), { mode: 0o600 })
    expect(await logIn(server, read)).toBe('let in\n')
  } finally {
    server.process.kill('SIGTERM')
    await once(server.process, 'exit')
  }
})

test('a key that others can read is not taken from its file', async () => {
  const pair = keys.make({ type: 'ed25519' })
  chmodSync(pair.file, 0o644)
  await expect(readKey(pair.file)).rejects.toMatchObject({ code: 'credential_unavailable' })
})
