import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { findForms } from '../test/support/forms.ts'
import type { Home } from '../test/support/home.ts'
import type { Agent } from './agent.ts'
import type { Api } from './api.ts'
import type { Claims } from './tally.ts'

/** A place where the key must not be, and which forms of it were found there. */
export interface Searched {
  readonly place: string
  readonly bytes: number
  readonly found: readonly string[]
}

/** The arguments and environments of some processes. */
export interface Processes {
  readonly count: number
  readonly bytes: readonly Buffer[]
}

/** Searches everything that the agent and the logs got to see, and more, for the key in every form. */
export function searchPlaces(options: {
  readonly home: Home
  readonly key: string
  readonly agent: Agent
  readonly processes: Processes | null
  readonly printed: readonly string[]
}): readonly Searched[] {
  const { home, key, agent, processes, printed } = options
  const places: Record<string, readonly (string | Buffer)[]> = {
    'every message that the agent received': [agent.received()],
    'the audit log, and the log on standard error': [home.auditText(), agent.log()],
    'what the commands of Keyhold printed': printed,
    'every file of the installation': filesBelow(home.folder),
    ...(processes === null ? {} : { 'arguments and environment of gate and worker': processes.bytes }),
  }
  return Object.entries(places).map(([place, haystacks]) => ({
    place,
    bytes: haystacks.reduce((sum, haystack) => sum + Buffer.byteLength(haystack), 0),
    found: [...new Set(haystacks.flatMap(haystack => findForms(haystack, key)))],
  }))
}

/** What shows that the search could have found something: the API did get the key, and did send it back. */
export function controls(
  api: Api,
  key: string,
): readonly { readonly about: string; readonly said: string; readonly claims: Claims }[] {
  const received = api.requests.filter(({ headers }) => headers.authorization === `Bearer ${key}`).length
  const sentBack = findForms(api.answers(), key)
  return [
    {
      about: 'for comparison: what the API received',
      said: `the key, in ${received} of ${api.requests.length} requests`,
      claims: { 'the API received the key in every request': received > 0 && received === api.requests.length },
    },
    {
      about: 'for comparison: what the API answered',
      said: `the key, in ${sentBack.length} forms`,
      claims: { 'the search finds the key in what the API answered': sentBack.length > 8 },
    },
  ]
}

/**
 * The arguments and the environment of a process and of those that it started, from Linux's `/proc`;
 * null on systems that do not show them to other programs.
 */
export function processesFrom(pid: number): Processes | null {
  const listOfChildren = `/proc/${pid}/task/${pid}/children`
  if (!existsSync(listOfChildren)) return null
  const children = readFileSync(listOfChildren, 'utf8').split(' ')
  const all = [String(pid), ...children.filter(child => child !== '')]
  return {
    count: all.length,
    bytes: all.flatMap(id => ['cmdline', 'environ'].map(name => readFileSync(`/proc/${id}/${name}`))),
  }
}

function filesBelow(folder: string): Buffer[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => readFileSync(join(entry.parentPath, entry.name)))
}
