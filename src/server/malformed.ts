/** What the SDK itself refuses of a call, before anything of ours sees it; named here so that it is on record. */
const problem = 'a tools/call without a name, or with arguments that are no object'

/** Says what is wrong with a message, or with one of a batch, that the SDK will refuse as a call; null when nothing is. */
export function malformedCall(message: unknown): string | null {
  if (Array.isArray(message))
    return message.some(element => !Array.isArray(element) && malformedCall(element) !== null) ? problem : null
  if (typeof message !== 'object' || message === null) return null
  const { method, params } = message as { readonly method?: unknown; readonly params?: unknown }
  if (method !== 'tools/call') return null
  if (typeof params !== 'object' || params === null) return problem
  const { name, arguments: args, _meta: meta } = params as Readonly<Record<string, unknown>>
  const named = typeof name === 'string' && !Array.isArray(params) && (meta === undefined || isObject(meta))
  return named && (args === undefined || isObject(args)) ? null : problem
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
