import type { LoadedConfig } from '../../src/config/build.ts'
import { Refusal } from '../../src/refusal.ts'

/** Tells whether the plan of an MCP tool takes these arguments. */
export function takes(verbs: LoadedConfig['verbs'], name: string, input: Readonly<Record<string, unknown>>): boolean {
  const verb = verbs.get(name)?.verb
  if (verb === undefined) throw new Error(`there is no ${name}`)
  const parsed = verb.input.safeParse(input)
  if (!parsed.success) return false
  try {
    return verb.plan(parsed.data).scope.allowed
  } catch (error) {
    if (error instanceof Refusal && error.code === 'invalid_input') return false
    throw error
  }
}
