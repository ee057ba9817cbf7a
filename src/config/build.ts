import { hash } from 'node:crypto'
import { accessSync, constants } from 'node:fs'
import { dirname } from 'node:path'
import type { Agent } from '../agents/agent.ts'
import { partsOf, pathOfPart, presentedBy } from '../credentials/credential.ts'
import { missingStore } from '../credentials/stores.ts'
import { type Kind, type Limits, type Verb } from '../kind.ts'
import { VerbError } from '../verb-error.ts'
import type { CredentialType, Presented } from '../leased.ts'
import { compileRule, type Rule } from '../policy/rule.ts'
import type { Config, ToolConfig } from './config.ts'
import type { Found } from './issues.ts'
import { nearestWord } from './problem.ts'
import type { ConfigDocument } from './schema.ts'

/** A configuration with the MCP tools it offers, by name and in order. */
export interface LoadedConfig {
  readonly config: Config
  readonly verbs: ReadonlyMap<string, { readonly tool: ToolConfig; readonly verb: Verb }>
}

/**
 * Builds a configuration from a document that the schema accepted: resolves names, compiles scopes and rules.
 *
 * @param fail ends the start; called with every problem of one stage at once
 */
export async function buildConfig(input: {
  readonly file: string
  readonly text: string
  readonly document: ConfigDocument
  readonly kinds: readonly Kind[]
  readonly fail: (problems: readonly Found[]) => never
}): Promise<LoadedConfig> {
  const { file, text, document, kinds, fail } = input
  const problems: Found[] = []
  const tools = Object.entries(document.tools).map(([name, entry]) => toolOf(name, entry, kinds, dirname(file)))
  const credentials = new Map(Object.entries(document.credentials))
  const verbs = new Map<string, { tool: ToolConfig; verb: Verb }>()
  for (const tool of tools) {
    problems.push(...credentialProblems(tool, credentials))
    problems.push(...fileProblems(tool))
    const problem = tool.kind.targetProblem(tool.target, tool.credential !== null)
    if (problem !== null) problems.push({ path: ['tools', tool.name, problem.key], reason: problem.message })
    try {
      for (const verb of await tool.kind.verbs(tool.target, tool.limits, presented(tool, credentials))) {
        const name = `${tool.name}_${verb.name}`
        if (verbs.has(name)) problems.push({ path: ['tools', tool.name], reason: `two tools would both offer ${name}` })
        verbs.set(name, { tool, verb })
      }
    } catch (error) {
      const within = error instanceof VerbError ? error.path : []
      problems.push({ path: ['tools', tool.name, ...within], reason: (error as Error).message })
    }
  }
  problems.push(...storeProblems(document))
  if (problems.length > 0) fail(problems)
  const agents = document.agents === undefined ? null : agentsOf(document.agents, verbs, problems)
  if (problems.length > 0) fail(problems)
  const listen = /^(.*):(\d+)$/.exec(document.server.listen)
  const config: Config = {
    file,
    digest: hash('sha256', text, 'hex').slice(0, 16),
    credentials,
    stores: document.stores,
    tools,
    agents,
    server: {
      host: (listen?.[1] ?? '').replace(/^\[|\]$/g, ''),
      port: Number(listen?.[2]),
      publicUrl: document.server.public_url ?? null,
      maxBodyBytes: document.server.max_body,
    },
    audit: { dir: document.audit.dir ?? null, sync: document.audit.sync },
    unsafe: unsafeKeysOf(document),
  }
  return { config: Object.freeze(config), verbs: new Map([...verbs].sort(([a], [b]) => (a < b ? -1 : 1))) }
}

function toolOf(
  name: string,
  entry: ConfigDocument['tools'][string],
  kinds: readonly Kind[],
  folder: string,
): ToolConfig {
  const { kind: kindName, description, credential, limits, ...written } = entry
  const kind = kinds.find(candidate => candidate.name === kindName) as Kind
  const ofKind = Object.entries(limits).filter(([key]) => Object.hasOwn(kind.limits.shape, key))
  const target = kind.located({ ...written, limits: Object.fromEntries(ofKind) } as never, folder) as never
  return {
    name,
    kind,
    description,
    credential: credential ?? null,
    others: kind.otherCredentials(target),
    limits: limitsOf(limits),
    target: Object.freeze(target),
  }
}

function limitsOf(limits: ConfigDocument['tools'][string]['limits']): Limits {
  return Object.freeze({
    rate: limits.rate ?? null,
    concurrency: limits.concurrency,
    timeoutMs: limits.timeout,
    maxRequestBytes: limits.max_request,
    maxResponseBytes: limits.max_response,
  })
}

function credentialProblems(tool: ToolConfig, credentials: Config['credentials']): Found[] {
  const { kind, others } = tool
  const own = tool.credential === null ? [] : [{ path: ['credential'], name: tool.credential, types: kind.credentials }]
  return [...own, ...others].flatMap(({ path, name, types }): Found[] => {
    const reason = credentialProblem(name, types, credentials)
    return reason === null ? [] : [{ path: ['tools', tool.name, ...path], reason }]
  })
}

function credentialProblem(
  name: string,
  types: readonly CredentialType[],
  credentials: Config['credentials'],
): string | null {
  const credential = credentials.get(name)
  if (credential !== undefined) {
    if (types.includes(credential.type)) return null
    return `a credential of type ${credential.type} cannot be used here; one of type ${types.join(' or ')} can`
  }
  const known = [...credentials.keys()]
  const meant = nearestWord(name, known)
  if (meant !== null) return `no credential is called ${name} (did you mean ${meant}?)`
  return `no credential is called ${name} (${known.length === 0 ? 'there are none' : `there are: ${known.join(', ')}`})`
}

/** A source that is a store says nothing about where that is. */
function storeProblems({ credentials, stores }: ConfigDocument): Found[] {
  return Object.entries(credentials).flatMap(([name, credential]) =>
    partsOf(credential).flatMap((part): Found[] => {
      const missing = missingStore(part.source, stores)
      const reason = `there is no stores.${missing} in this file, which says where that is and how to log in`
      return missing === null ? [] : [{ path: ['credentials', name, ...pathOfPart(part)], reason }]
    }),
  )
}

function fileProblems(tool: ToolConfig): Found[] {
  return tool.kind.files(tool.target).flatMap(({ path, file }) => {
    try {
      accessSync(file, constants.R_OK)
      return []
    } catch {
      return [{ path: ['tools', tool.name, ...path], reason: 'there is no such file that can be read' }]
    }
  })
}

/** Where the credential of a tool shows up in its requests. */
function presented(tool: ToolConfig, credentials: Config['credentials']): Presented {
  const credential = tool.credential === null ? undefined : credentials.get(tool.credential)
  return credential === undefined ? { headers: [], query: [] } : presentedBy(credential)
}

function agentsOf(
  agents: NonNullable<ConfigDocument['agents']>,
  verbs: LoadedConfig['verbs'],
  problems: Found[],
): Map<string, Agent> {
  const names = [...verbs.keys()]
  const result = new Map<string, Agent>()
  for (const [name, agent] of Object.entries(agents)) {
    const rules: Rule[] = []
    for (const effect of ['deny', 'allow'] as const) {
      for (const [index, text] of agent[effect].entries()) {
        try {
          rules.push(
            compileRule(effect, text, names, (mcpTool, specifier) => {
              const tool = verbs.get(mcpTool)?.tool
              return tool?.kind.specifier(specifier, tool.target) ?? null
            }),
          )
        } catch (error) {
          problems.push({ path: ['agents', name, effect, index], reason: (error as Error).message })
        }
      }
    }
    const tokenSha256 = agent.token?.sha256 ?? null
    if (tokenSha256 !== null && [...result.values()].some(other => other.tokenSha256 === tokenSha256)) {
      problems.push({ path: ['agents', name, 'token'], reason: 'another agent has the same token' })
    }
    result.set(name, { name, stdio: agent.transport === 'stdio', tokenSha256, rules, rate: agent.limits.rate ?? null })
  }
  return result
}

/** What weakens a promise, wherever it stands. */
function unsafeKeysOf({ credentials, stores, tools }: ConfigDocument): string[] {
  const sections = { credentials, stores, tools }
  return Object.entries(sections).flatMap(([section, entries]) =>
    Object.entries(entries).flatMap(([name, entry]) =>
      Object.entries(entry ?? {})
        .filter(([key, value]) => key.startsWith('unsafe_') && isSwitchedOn(value))
        .map(([key]) => `${section}.${name}.${key}`),
    ),
  )
}

function isSwitchedOn(value: unknown): boolean {
  return value !== false && !(Array.isArray(value) && value.length === 0)
}
