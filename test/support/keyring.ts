import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A real Secret Service on a D-Bus session of its own, with an empty, unlocked keyring. */
export interface Keyring {
  /** What a process needs to reach it. */
  readonly environment: Readonly<Record<string, string>>
  /** Locks the keyring; there is nobody here who could unlock it. */
  lock(): Promise<void>
  /** Paths of the items that are in it, as every program can see them. */
  items(): Promise<readonly string[]>
  /** Stops its process in the middle of whatever it does; it stays on the bus but answers nothing. */
  freeze(): Promise<void>
  stop(): Promise<void>
}

/**
 * Makes sure that a keyring can be started here, installing Debian's packages if root may.
 * Returns the reason when it cannot; throws it where CI=true, so that a run there never goes without.
 */
export async function keyringMissing(environment: NodeJS.ProcessEnv = process.env): Promise<string | null> {
  const reason = await whyMissing(environment)
  if (reason !== null && environment['CI'] === 'true') throw new Error(`the keychain cannot be tested: ${reason}`)
  return reason
}

async function whyMissing(environment: NodeJS.ProcessEnv): Promise<string | null> {
  if (process.platform !== 'linux') return 'there is a Secret Service on Linux only'
  const missing = missingPrograms(environment)
  if (missing.length === 0) return null
  if (process.geteuid?.() !== 0 || !isOnPath('apt-get', environment)) return `${missing.join(', ')} not installed`
  try {
    await run('apt-get', ['update'], { env: environment })
    const options = ['-o', 'DPkg::Lock::Timeout=120', '--yes', '--no-install-recommends']
    await run('apt-get', ['install', ...options, 'gnome-keyring', 'dbus', 'dbus-bin'], {
      env: { ...environment, DEBIAN_FRONTEND: 'noninteractive' },
    })
  } catch (error) {
    return `installing ${missing.join(', ')} failed: ${error instanceof Error ? error.message : String(error)}`
  }
  const stillMissing = missingPrograms(environment)
  return stillMissing.length === 0 ? null : `${stillMissing.join(', ')} still missing after the installation`
}

function missingPrograms(environment: NodeJS.ProcessEnv): string[] {
  const programs = ['dbus-run-session', 'dbus-send', 'gnome-keyring-daemon']
  return programs.filter(program => !isOnPath(program, environment))
}

function isOnPath(program: string, environment: NodeJS.ProcessEnv): boolean {
  return (environment['PATH'] ?? '').split(':').some(folder => existsSync(join(folder, program)))
}

// The daemon unlocks (and so makes) the login keyring with the password on its standard input, goes into the
// background and takes its name a little later. `cat` keeps the session open until our end of the pipe closes,
// also when the test run is killed.
const session = `
  printf password | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1 || exit 1
  bus="--session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus"
  until dbus-send $bus.NameHasOwner string:org.freedesktop.secrets | grep -q true; do sleep 0.02; done
  echo "$DBUS_SESSION_BUS_ADDRESS"
  cat >/dev/null
`

/** Starts a keyring; `stop` it in the end. */
export async function startKeyring(): Promise<Keyring> {
  const home = await mkdtemp(join(tmpdir(), 'keyring-'))
  const places = { HOME: home, XDG_RUNTIME_DIR: home, PATH: process.env['PATH'] ?? '' }
  const child = spawn('dbus-run-session', ['--', 'sh', '-c', session], {
    env: places,
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const ended = once(child, 'exit')
  const [address] = await Promise.race([
    once(createInterface(child.stdout), 'line') as Promise<[string]>,
    ended.then(() => Promise.reject(new Error('the keyring did not start'))),
  ])
  const environment = { DBUS_SESSION_BUS_ADDRESS: address, XDG_RUNTIME_DIR: home }
  const call = async (destination: string, path: string, ...message: string[]) => {
    const options = ['--session', '--print-reply', `--dest=${destination}`, path, ...message]
    return (await run('dbus-send', options, { env: { ...places, ...environment } })).stdout
  }
  const daemon = async () => {
    const bus = 'org.freedesktop.DBus'
    const reply = await call(bus, '/', `${bus}.GetConnectionUnixProcessID`, `string:${secrets}`)
    return Number(/uint32 (\d+)/.exec(reply)?.[1])
  }
  const pid = await daemon()
  return {
    environment,
    async lock() {
      await call(
        secrets,
        '/org/freedesktop/secrets',
        'org.freedesktop.Secret.Service.Lock',
        `array:objpath:${collection}`,
      )
    },
    async items() {
      const properties = ['string:org.freedesktop.Secret.Collection', 'string:Items']
      const reply = await call(secrets, collection, 'org.freedesktop.DBus.Properties.Get', ...properties)
      return [...reply.matchAll(/object path "(.*)"/g)].map(match => match[1] as string)
    },
    async freeze() {
      process.kill(pid, 'SIGSTOP')
    },
    async stop() {
      process.kill(pid, 'SIGKILL')
      child.stdin.end()
      await ended
      await rm(home, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}

const secrets = 'org.freedesktop.secrets'
const collection = '/org/freedesktop/secrets/collection/login'
