import type { Access, ScopeVerdict } from '../../src/kind.ts'
import { isGraphqlPath } from './graphql.ts'
import { accessOf, isIdempotent, type Method } from './method.ts'
import { type Parameter, readParameter } from './parameter.ts'
import { type Query, queryProblems } from './query.ts'
import { maxProblems } from '../../src/schema/check.ts'
import { describeEntry, type ScopeEntry, type StoredDocument } from './scope.ts'

/** A request as an agent asks for it, taken apart. */
export interface Asked {
  readonly method: Method
  /** Decoded, below the base URL. */
  readonly segments: readonly string[]
  /** Whether a `/` follows the last segment. */
  readonly slash: boolean
  readonly query: Query
  readonly contentType: string | null
  /** Undefined when there is none. */
  readonly body: unknown
}

/** What a scope makes of a request. */
export interface Judged {
  readonly verdict: ScopeVerdict
  readonly access: Access
  readonly idempotent: boolean
  /** The body that takes the place of the agent's, where that only named a stored document. */
  readonly document: { readonly name: string; readonly body: object } | null
}

/** The entries whose method and path match; an empty scope matches nothing. */
export function matchingEntries(scope: readonly ScopeEntry[], asked: Pick<Asked, 'method' | 'segments' | 'slash'>) {
  return scope.filter(
    ({ method, pattern }) =>
      method === asked.method && pattern.slash === asked.slash && pattern.matches(asked.segments),
  )
}

/** Judges a request by the entries that match it; the first that is satisfied allows it, and nothing else does. */
export function judge(
  scope: readonly ScopeEntry[],
  entries: readonly ScopeEntry[],
  asked: Asked,
  base: readonly string[],
): Judged {
  const plain = { access: accessOf(asked.method), idempotent: isIdempotent(asked.method), document: null }
  const problems: string[] = []
  for (const entry of entries) {
    if (problems.length >= maxProblems) break
    const wrong = problemsOf(entry, asked, base)
    if (wrong !== null) {
      problems.push(...wrong)
      continue
    }
    const verdict = { allowed: true, by: entry.text } as const
    if (entry.documents === null) return { ...plain, verdict }
    const document = readDocument(entry.documents, asked.body)
    if ('problems' in document) {
      problems.push(...document.problems)
      continue
    }
    const { stored, name, body } = document
    return { verdict, access: stored.access, idempotent: stored.access === 'read', document: { name, body } }
  }
  const allowed = (entries.length === 0 ? scope : entries).map(describeEntry)
  const reason =
    entries.length === 0
      ? 'no entry of the scope matches this method and path'
      : 'the arguments are not what the scope asks for'
  return {
    ...plain,
    verdict: { allowed: false, reason, fields: { allowed, ...(problems.length > 0 ? { problems } : {}) } },
  }
}

function problemsOf(entry: ScopeEntry, asked: Asked, base: readonly string[]): readonly string[] | null {
  if (entry.documents === null && isGraphqlPath([...base, ...asked.segments]))
    return ['a GraphQL endpoint takes stored documents only, and this entry has none']
  const segment = segmentProblems(entry.params, asked.segments)
  if (segment !== null) return segment
  const query = queryProblems(asked.query, entry.query)
  if (query !== null) return query
  if (asked.contentType !== null && !takesType(entry, asked.contentType))
    return [`body: must be sent as ${(entry.contentTypes ?? ['JSON or text']).join(' or ')}`]
  return entry.checkBody === null ? null : entry.checkBody(asked.body, 'body')
}

/** Judges the segments for which there are schemas, by position. */
export function segmentProblems(
  params: readonly (Parameter | null)[],
  segments: readonly string[],
): readonly string[] | null {
  for (const [index, parameter] of params.entries()) {
    if (parameter === null) continue
    const read = readParameter(parameter, segments[index], `path: ${parameter.name}`)
    if ('problems' in read) return read.problems
  }
  return null
}

function takesType(entry: ScopeEntry, type: string): boolean {
  if (entry.contentTypes !== null) return entry.contentTypes.includes(type)
  // A form is written by us from what was judged as JSON, but a server may read more into it: an admin has to name it.
  return type !== 'application/x-www-form-urlencoded' && (entry.documents === null || type === 'application/json')
}

type ReadDocument =
  | { readonly problems: readonly string[] }
  | { readonly stored: StoredDocument; readonly name: string; readonly body: object }

function readDocument(documents: ReadonlyMap<string, StoredDocument>, body: unknown): ReadDocument {
  const expected = `body: { document, variables }, where document is one of ${[...documents.keys()].join(', ')}`
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return { problems: [expected] }
  const { document: name, variables = {}, ...others } = body as Record<string, unknown>
  const stored = typeof name === 'string' ? documents.get(name) : undefined
  if (stored === undefined || typeof name !== 'string' || Object.keys(others).length > 0)
    return { problems: [expected] }
  if (typeof variables !== 'object' || variables === null || Array.isArray(variables))
    return { problems: ['body.variables: expected an object'] }
  const problems = variableProblems(stored, variables as Readonly<Record<string, unknown>>, 'body.variables.')
  return problems === null ? { stored, name, body: documentBody(stored, variables) } : { problems }
}

/** Judges the variables of a stored document; `prefix` names where an agent gave them. */
export function variableProblems(
  stored: StoredDocument,
  variables: Readonly<Record<string, unknown>>,
  prefix: string,
): readonly string[] | null {
  const problems: string[] = []
  for (const [name, value] of Object.entries(variables)) {
    if (problems.length >= maxProblems) break
    const parameter = stored.parameters.find(candidate => candidate.name === name)
    if (parameter === undefined)
      problems.push(`${prefix}${JSON.stringify(name.slice(0, 50))} is not one of its variables`)
    else problems.push(...(parameter.check(value, `${prefix}${name}`) ?? []))
  }
  for (const { name, required } of stored.variables) {
    if (required && !Object.hasOwn(variables, name)) problems.push(`${prefix}${name}: is missing`)
  }
  return problems.length === 0 ? null : problems
}

/** The body by which a document is executed (GraphQL over HTTP, 5.1). */
export function documentBody(stored: StoredDocument, variables: object): object {
  const { text, operationName } = stored
  return { query: text, variables, ...(operationName === null ? {} : { operationName }) }
}
