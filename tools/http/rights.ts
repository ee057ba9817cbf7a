import type { NeededRights } from '../../src/leased.ts'
import { accessOf } from './method.ts'
import type { PatternPart } from './pattern.ts'
import { parseRequestLine, type RequestLine } from './request-line.ts'
import type { HttpTarget } from './target.ts'

/**
 * Which permission of a GitHub App the parts of a repository's API take (GitHub REST API, "Permissions required for
 * GitHub Apps"). What is not here is not guessed: the token is then not limited to permissions.
 */
const permissionOf: Readonly<Record<string, string>> = {
  actions: 'actions',
  assignees: 'issues',
  branches: 'contents',
  'check-runs': 'checks',
  'check-suites': 'checks',
  'code-scanning': 'security_events',
  commits: 'contents',
  compare: 'contents',
  contents: 'contents',
  deployments: 'deployments',
  environments: 'environments',
  git: 'contents',
  hooks: 'repository_hooks',
  issues: 'issues',
  labels: 'issues',
  merges: 'contents',
  milestones: 'issues',
  pages: 'pages',
  pulls: 'pull_requests',
  readme: 'contents',
  releases: 'contents',
  'secret-scanning': 'secret_scanning_alerts',
  statuses: 'statuses',
  tarball: 'contents',
  zipball: 'contents',
}

/** Works out from a scope which repositories and permissions of a GitHub App it can use at all. */
export function neededRights(target: HttpTarget): NeededRights {
  const lines = [
    ...(target.allow ?? []).map(entry => (typeof entry === 'string' ? entry : `${entry.method} ${entry.path}`)),
    ...Object.values(target.operations ?? {}).map(({ request }) => request),
  ].map(parseRequestLine)
  const names = lines.map(({ pattern }) => (literal(pattern.parts[0]) === 'repos' ? literal(pattern.parts[2]) : null))
  return {
    repositories: names.every(name => name !== null) ? [...new Set(names)].sort() : null,
    permissions: permissions(lines),
  }
}

function permissions(lines: readonly RequestLine[]): NeededRights['permissions'] {
  // Every token can read metadata; naming it keeps the list from being empty, which GitHub reads as "all".
  const needed: Record<string, 'read' | 'write'> = { metadata: 'read' }
  for (const { method, pattern } of lines) {
    if (literal(pattern.parts[0]) !== 'repos') return null
    const access = accessOf(method) === 'read' ? 'read' : 'write'
    if (pattern.parts.length === 3 && access === 'read') continue
    const area = literal(pattern.parts[3])
    const permission = area !== null && Object.hasOwn(permissionOf, area) ? permissionOf[area] : undefined
    if (permission === undefined) return null
    if (needed[permission] !== 'write') needed[permission] = access
  }
  return needed
}

function literal(part: PatternPart | undefined): string | null {
  return part?.type === 'literal' ? part.segment : null
}
