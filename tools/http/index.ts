import { defineKind } from '../../src/kind.ts'
import { bodyCheckCompiler } from './body-check.ts'
import { callApi } from './call-api.ts'
import { compilePattern } from './pattern.ts'
import { parsePath } from './path.ts'
import { parseRequestLine, type ScopeEntry } from './scope.ts'
import { isMethod } from './method.ts'
import { type AllowEntry, HttpTarget, targetProblem } from './target.ts'

/** Calls to one HTTP API. */
export const http = defineKind({
  name: 'http',
  target: HttpTarget,
  targetProblem,
  credentials: ['bearer'],
  permissions: { network: true, children: false },
  verbs: async (target, limits) => [callApi(target, await compileScope(target.allow), limits)],
  specifier,
  start: async (target, limits) => (await import('./send.ts')).openTarget(target, limits.timeoutMs),
})

async function compileScope(allow: readonly AllowEntry[]): Promise<readonly ScopeEntry[]> {
  const needsCheck = allow.some(entry => typeof entry !== 'string' && entry.body !== undefined)
  const compile = needsCheck ? await bodyCheckCompiler() : null
  return allow.map((entry): ScopeEntry => {
    if (typeof entry === 'string') {
      const { method, path, matches } = parseRequestLine(entry)
      return { text: `${method} ${path}`, method, matches, checkBody: null }
    }
    return {
      text: `${entry.method} ${entry.path}`,
      method: entry.method,
      matches: compilePattern(entry.path),
      checkBody: entry.body === undefined || compile === null ? null : compile(entry.body),
    }
  })
}

/** Rules about this kind read `github_call_api(DELETE /**)`; `*` stands for any method. */
function specifier(text: string) {
  const [, method, path] = /^(\S+) (\S+)$/.exec(text.trim()) ?? []
  if (method === undefined || path === undefined || (method !== '*' && !isMethod(method))) return null
  let matches: ReturnType<typeof compilePattern>
  try {
    matches = compilePattern(path)
  } catch {
    return null
  }
  return (operation: { readonly action: string; readonly resource: string }) =>
    (method === '*' || operation.action === method) && matches(parsePath(operation.resource))
}
