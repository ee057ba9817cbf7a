import * as z from 'zod'
import { defineKind, type Limits, type Verb } from '../../src/kind.ts'
import { VerbError } from '../../src/verb-error.ts'
import type { Presented } from '../../src/leased.ts'
import { type Bounds, boundsOf } from './bounds.ts'
import { callApi } from './call-api.ts'
import { documentCompiler } from './graphql.ts'
import { echo } from './echo.ts'
import { compileOperation } from './operation.ts'
import { operationVerb } from './operation-verb.ts'
import { parseSlashedPath } from './path.ts'
import { parseRequestPattern } from './request-line.ts'
import { neededRights } from './rights.ts'
import { schemaCompiler } from '../../src/schema/check.ts'
import { type Compilers, compileEntry, type ScopeEntry } from './scope.ts'
import { baseSegments, HttpTarget, otherCredentials, targetProblem } from './target.ts'
import { testCall } from './test-call.ts'

/** Calls to one HTTP API. */
export const http = defineKind({
  name: 'http',
  target: HttpTarget,
  limits: z.strictObject({}),
  located: target => target,
  targetProblem,
  credentials: ['bearer', 'basic', 'api_key', 'oauth2', 'github_app', 'aws_sigv4', 'hmac', 'jwt'],
  permissions: () => ({ network: true, children: false, sqlite: false }),
  otherCredentials,
  files: target => (target.tls.ca === undefined ? [] : [{ path: ['tls', 'ca'], file: target.tls.ca }]),
  neededRights,
  test: target => (target.test === undefined ? null : testCall(target.test, baseSegments(target))),
  echo,
  inspection: () => null,
  verbs,
  specifier,
  start: async (target, limits) => (await import('./send.ts')).openTarget(target, limits.timeoutMs),
})

async function verbs(target: HttpTarget, limits: Limits, presented: Presented): Promise<readonly Verb[]> {
  for (const name of Object.keys(target.headers)) {
    if (presented.headers.includes(name)) throw new VerbError(['headers', name], 'is what the credential fills')
  }
  const key = target.idempotency?.header
  if (key !== undefined && (presented.headers.includes(key) || Object.hasOwn(target.headers, key)))
    throw new VerbError(['idempotency', 'header'], 'is what the credential fills, or fixed under headers')
  const compilers = await compilersFor(target)
  const bounds = boundsOf(target, presented)
  const operations = operationVerbs(bounds, compilers, limits, presented)
  if (target.allow === undefined) return operations
  return [callApi(bounds, compileScope(target.allow, bounds.base, compilers), limits, presented), ...operations]
}

function compileScope(
  allow: NonNullable<HttpTarget['allow']>,
  base: readonly string[],
  compilers: Compilers,
): readonly ScopeEntry[] {
  return allow.map((entry, index) => {
    try {
      return compileEntry(entry, base, compilers)
    } catch (error) {
      throw new VerbError(['allow', index], (error as Error).message)
    }
  })
}

function operationVerbs(bounds: Bounds, compilers: Compilers, limits: Limits, presented: Presented): readonly Verb[] {
  return Object.entries(bounds.target.operations ?? {}).map(([name, entry]) => {
    const filled = Object.keys(entry.fixed.headers).find(header => presented.headers.includes(header))
    if (filled !== undefined)
      throw new VerbError(['operations', name, 'fixed', 'headers', filled], 'is what the credential fills')
    return operationVerb(bounds, compileOperation(name, entry, compilers, bounds), limits)
  })
}

/** Loads what the configuration needs: the validator and the parser cost start-up time. */
async function compilersFor(target: HttpTarget): Promise<Compilers> {
  const entries = (target.allow ?? []).filter(entry => typeof entry !== 'string')
  const operations = Object.values(target.operations ?? {})
  const schemas =
    operations.length > 0 || entries.some(({ params, query, body, graphql }) => params ?? query ?? body ?? graphql)
  const documents = [...entries, ...operations].some(({ graphql }) => graphql !== undefined)
  const [schema, document] = await Promise.all([
    schemas ? schemaCompiler() : unneeded,
    documents ? documentCompiler() : unneeded,
  ])
  return { schema, document }
}

function unneeded(): never {
  throw new Error('a compiler that the configuration was thought not to need')
}

/** Rules about this kind read `github_call_api(DELETE /**)`; `*` stands for any method. */
function specifier(text: string) {
  try {
    const matches = parseRequestPattern(text)
    return ({ action, resource }: { readonly action: string; readonly resource: string }) =>
      matches(action, parseSlashedPath(resource).segments)
  } catch {
    return null
  }
}
