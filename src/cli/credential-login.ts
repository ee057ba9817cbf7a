import type { Config } from '../config/config.ts'
import { announceChange } from '../credentials/changes.ts'
import { fingerprintOf } from '../credentials/fingerprint.ts'
import { prepareKept, readKept, writeKept } from '../credentials/kept.ts'
import { type Oauth2Credential, readProof } from '../credentials/oauth2.ts'
import { type Oauth2Client, openClient } from '../credentials/oauth2-client.ts'
import { beginBrowserLogin, type DeviceCode, logInByDevice } from '../credentials/oauth2-login.ts'
import type { Places } from '../credentials/places.ts'
import { fetchSource } from '../credentials/read-source.ts'
import type { AnySource } from '../credentials/source.ts'
import { within } from '../credentials/within.ts'
import { unlessAborted } from '../process/unless-aborted.ts'
import { invalidInput, Refusal } from '../refusal.ts'
import { Duration } from '../units.ts'
import { toolsOf, writeJson } from './credential-command.ts'
import { startCallback } from './login-callback.ts'

/** What was asked for on the command line. */
export interface LoginInput {
  readonly name: string
  /** Whether the person logs in on another device; where left out, only when there is no other way. */
  readonly device: boolean
  /** Where the browser comes back to, as it was written; any port that is free when left out. */
  readonly port: string | undefined
  /** As it was written, such as `5m`. */
  readonly timeout: string
}

/** What the command works with. */
export interface LoginCommand {
  readonly places: Places
  readonly fingerprintKey: Uint8Array
  readonly config: Pick<Config, 'credentials' | 'tools' | 'stores'> | null
  readonly clock: () => number
  readonly write: (text: string) => void
  /** Writes what a person has to do now, where it is in nobody's way who reads the output. */
  readonly tell: (text: string) => void
  readonly onInterrupt: (listener: () => void) => void
  readonly json: boolean
}

type Keeping = Oauth2Credential & { readonly refresh_token: { readonly kept: string } }

/**
 * Has a person log in once, and keeps the refresh token that comes of it. It is never shown.
 *
 * @throws Refusal invalid_input when there is nothing to log in to, cancelled on Ctrl-C, else credential_unavailable
 */
export async function logIn(input: LoginInput, command: LoginCommand): Promise<void> {
  const { name } = input
  const timeoutMs = timeoutOf(input.timeout)
  const { places, config } = command
  const credential = credentialOf(name, config)
  const way = wayOf(credential, input)
  const ending = new AbortController()
  command.onInterrupt(() => ending.abort(new Refusal('cancelled', 'interrupted; nothing was changed')))
  const timer = setTimeout(() => {
    ending.abort(
      new Refusal('credential_unavailable', `nobody logged in within ${timeoutMs / 1_000} s; nothing was changed`),
    )
  }, timeoutMs)
  const tasks: Task[] = []
  const reading = clientOf(name, credential, command, { tasks, signal: ending.signal })
  try {
    const client = await unlessAborted(reading, ending.signal)
    const item = credential.refresh_token.kept
    // A login counts once: whatever could keep its outcome from being stored has to come up before it.
    await unlessAborted(prepareKept(item, places), ending.signal)
    const refreshToken = await way(client, command, ending.signal)
    await writeKept(item, refreshToken, places)
    if ((await readKept(item, places)) !== refreshToken)
      throw new Refusal('credential_unavailable', `kept ${item} does not give back what was stored`)
    announce(command)
    report(name, item, fingerprintOf(command.fingerprintKey, refreshToken), command)
  } finally {
    clearTimeout(timer)
    // The client proves itself until the end with what was made for it; and a reading that nobody waits for may yet be given something.
    const end = () => endAll(tasks)
    void reading.then(end, end)
  }
}

type Task = () => Promise<void>

/** None of them throws. */
async function endAll(tasks: readonly Task[]): Promise<void> {
  for (const task of tasks) await task()
}

/** The login is done by then, and stays done. */
function announce({ places, clock, tell }: LoginCommand): void {
  try {
    announceChange(places.stateDir, new Date(clock()))
  } catch {
    tell('A Keyhold that is running could not be told of this; it may have to be started again.\n')
  }
}

function timeoutOf(text: string): number {
  const { data } = Duration.safeParse(text)
  if (data === undefined || data > 3_600_000) throw invalidInput('--timeout is a duration of at most 1h, such as 5m')
  return data
}

function portOf(text: string | undefined): number | null {
  if (text === undefined) return null
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0
  if (port < 1 || port > 65_535) throw invalidInput('--port is a number from 1 to 65535')
  return port
}

function credentialOf(name: string, config: LoginCommand['config']): Keeping {
  const credential = config?.credentials.get(name)
  if (credential === undefined) {
    const names = [...(config?.credentials ?? [])]
      .filter(([, other]) => other.type === 'oauth2' && other.refresh_token !== undefined)
      .map(([known]) => known)
    const known = names.length === 0 ? 'there is none that needs a login' : `a login is for: ${names.join(', ')}`
    throw invalidInput(`the configuration has no such credential; ${known}`)
  }
  if (credential.type !== 'oauth2' || credential.refresh_token === undefined)
    throw invalidInput(`${name} needs no login; one of type oauth2 with the grant refresh_token does`)
  return { ...credential, refresh_token: credential.refresh_token }
}

type Way = (client: Oauth2Client, command: LoginCommand, signal: AbortSignal) => Promise<string>

function wayOf(credential: Oauth2Credential, { name, device, port: written }: LoginInput): Way {
  const port = portOf(written)
  const { authorization_url: page, device_authorization_url: begin } = credential
  if (device && begin === undefined) throw invalidInput(`--device needs device_authorization_url at ${name}`)
  if (page === undefined && begin === undefined)
    throw invalidInput(`${name} has neither authorization_url nor device_authorization_url: nowhere to log in`)
  if (!device && page !== undefined) return (...args) => byBrowser(port, ...args)
  if (port !== null) throw invalidInput('--port is for a login with a browser on this machine')
  return byDevice
}

async function byBrowser(
  port: number | null,
  client: Oauth2Client,
  { tell }: LoginCommand,
  signal: AbortSignal,
): Promise<string> {
  const callback = await startCallback(port, () =>
    tell('A request came that is not the answer to this login (it has another state); it was refused.\n'),
  )
  try {
    const login = await beginBrowserLogin(client, callback.redirectUri)
    tell(`Open this page in a browser on this machine, and log in:\n\n  ${login.url.href}\n\n`)
    tell(`Waiting for the answer at ${callback.redirectUri}; Ctrl-C ends this.\n`)
    return await login.finish(await callback.answer(login.state, signal), signal)
  } finally {
    await callback.close()
  }
}

function byDevice(client: Oauth2Client, { tell }: LoginCommand, signal: AbortSignal): Promise<string> {
  const show = ({ userCode, url, completeUrl }: DeviceCode) => {
    tell(`Open this page on any device, log in, and enter the code:\n\n  ${url}\n  ${userCode}\n\n`)
    if (completeUrl !== null) tell(`Or open this one, which has the code in it:\n\n  ${completeUrl}\n\n`)
    tell('Waiting; Ctrl-C ends this.\n')
  }
  const onFailure = (why: string) => tell(`${why}; it will be asked again\n`)
  return logInByDevice(client, { show, onFailure }, signal)
}

/** Reads what the client proves itself with, as a worker would; `tasks` is given what has to be done afterwards. */
async function clientOf(
  name: string,
  credential: Oauth2Credential,
  command: LoginCommand,
  { tasks, signal }: { readonly tasks: Task[]; readonly signal: AbortSignal },
): Promise<Oauth2Client> {
  const { places, clock, config } = command
  const fetching = {
    places,
    stores: config?.stores ?? {},
    clock,
    timeoutMs: 30_000,
    signal,
    session: new Map<string, Promise<unknown>>(),
    hold: () => {},
    afterwards: (task: Task) => void tasks.push(task),
  }
  const read = async (source: AnySource, part: string, problemOf: (value: string) => string | null) => {
    const what = `the source of the ${part} of ${name}`
    const { value, lease } = await within(fetching.timeoutMs, what, fetchSource(source, fetching))
    if (lease !== null) tasks.push(lease.revoke)
    const problem = problemOf(value)
    if (problem !== null) throw new Refusal('credential_unavailable', `the ${part} of ${name} ${problem}`)
    return value
  }
  const { proof } = await readProof(credential, { read })
  return openClient({ name, credential, proof, clock })
}

function report(name: string, item: string, fingerprint: string, command: LoginCommand): void {
  const { config, json, write } = command
  const tools = toolsOf(name, config)
  if (json) return writeJson(command, { name, source: `kept ${item}`, fingerprint, tools })
  write(`${name} is logged in: kept ${item}, fingerprint ${fingerprint}\n`)
  if (tools.length > 0) return write(`Used from the next call on, by: ${tools.join(', ')}\n`)
  write(`No tool uses it yet; to have one do so, write credential: ${name} there.\n`)
}
