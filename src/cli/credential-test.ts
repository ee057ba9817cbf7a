import type { LoadedConfig } from '../config/build.ts'
import type { ToolConfig } from '../config/config.ts'
import type { Credential } from '../credentials/credential.ts'
import { createLease } from '../credentials/lease.ts'
import type { Gate } from '../gate/gate.ts'
import { Refusal } from '../refusal.ts'
import { type CredentialCommand, credentialNamed, toolsOf, writeJson } from './credential-command.ts'

/** What came of trying a credential with one tool. */
export interface Trial {
  /** Null when no tool declares a harmless call, and the credential was only read. */
  readonly tool: string | null
  /** What was asked for, such as `GET /user`. */
  readonly call: string | null
  readonly ok: boolean
  readonly status: number | null
  /** In our words. */
  readonly explanation: string
}

/** What trying takes, beside what every command about credentials has. */
export interface TestCommand extends CredentialCommand {
  readonly loaded: LoadedConfig
  /** Opens the gate whose workers make the calls; it records them. */
  readonly openGate: () => Gate
}

/**
 * Makes the harmless call that each tool with this credential declares, and explains what came of it. Returns the exit code.
 *
 * @throws Refusal invalid_input when there is no such credential
 */
export async function testCredential(name: string, command: TestCommand): Promise<number> {
  const trials = await tryCredential(name, command)
  const ok = trials.every(trial => trial.ok)
  if (command.json) writeJson(command, { name, ok, trials })
  else for (const trial of trials) command.write(lineOf(name, trial))
  return ok ? 0 : 1
}

/** The line of a trial for people. */
export function lineOf(name: string, { tool, call, ok, explanation }: Trial): string {
  const what = tool === null ? name : `${name} with ${tool} (${call})`
  return `${ok ? 'ok  ' : 'FAIL'}  ${what}: ${explanation}\n`
}

/** Tries a credential with every tool that uses it and declares a harmless call; if none does, it is read at least. */
export async function tryCredential(
  name: string,
  command: TestCommand,
  signal: AbortSignal = new AbortController().signal,
): Promise<readonly Trial[]> {
  const { config } = command.loaded
  const credential = credentialNamed(name, config)
  const users = toolsOf(name, config)
  const tools = config.tools.filter(tool => users.includes(tool.name) && tool.kind.test(tool.target) !== null)
  if (tools.length === 0) return [await readOnly(name, credential, users, command)]
  const gate = command.openGate()
  try {
    const trials: Trial[] = []
    for (const tool of tools) trials.push(await tryWith(tool, name, gate, signal))
    return trials
  } finally {
    await gate.stop(0)
  }
}

async function tryWith(tool: ToolConfig, name: string, gate: Gate, signal: AbortSignal): Promise<Trial> {
  const isOwn = tool.credential === name
  const call = tool.kind.test(tool.target)?.operation.summary ?? null
  try {
    const { status = null, isError } = await gate.test(tool, signal)
    // A proxy or a client certificate has done its work when there is an answer; what the API says is about another credential.
    const ok = isOwn ? (status === null ? !isError : status >= 200 && status < 300) : status !== 407
    const explanation = ok && !isOwn ? `led to the API (which answered ${status})` : explained(status, ok)
    return { tool: tool.name, call, ok, status, explanation }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return { tool: tool.name, call, ok: false, status: null, explanation: `${error.message} [${error.code}]` }
  }
}

/** Nothing declares a call that could be made; a token that has to be fetched is, so the key behind it is tried. */
async function readOnly(
  name: string,
  credential: Credential,
  users: readonly string[],
  command: TestCommand,
): Promise<Trial> {
  const { config } = command.loaded
  const { places, fingerprintKey, clock } = command
  // Whatever the installation was granted must not be asked for only to see whether the key is good.
  const rights = { repositories: null, permissions: {} }
  const lease = createLease({ name, credential, places, stores: config.stores, fingerprintKey, clock, rights })
  const trial = { tool: null, call: null, status: null }
  try {
    const { fingerprint } = await lease.get()
    const hint =
      users.length === 0
        ? 'no tool uses it'
        : `to have it tried, add to a tool of ${users.join(', ')} a harmless call, such as test: GET /user`
    return { ...trial, ok: true, explanation: `can be read (fingerprint ${fingerprint}); ${hint}` }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return { ...trial, ok: false, explanation: error.message }
  } finally {
    await lease.end()
  }
}

function explained(status: number | null, ok: boolean): string {
  if (ok) return `accepted${status === null ? '' : ` (${status})`}`
  switch (status) {
    case 401:
      return 'not accepted (401): it has expired, was revoked, or belongs to another API'
    case 403:
      return 'known, but without the right to do this (403): it lacks a scope or a role, or may not come from here'
    case 404:
      return 'the path was not found (404): look at test; some APIs also say this where a right is missing'
    case 407:
      return 'the proxy wants another credential (407)'
    case 429:
      return 'too many requests (429): try again later'
    default:
      if (status !== null && status < 400) return `redirected (${status}), as to a page to log in: not accepted`
      return status !== null && status >= 500 ? `the API fails at the moment (${status})` : `refused (${status})`
  }
}
