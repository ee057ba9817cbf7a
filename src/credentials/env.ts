import { Refusal } from '../refusal.ts'
import type { Places } from './places.ts'

/** Reads a variable of the environment. */
export function readVariable(name: string, places: Places): string {
  const value = Object.hasOwn(places.environment, name) ? places.environment[name] : undefined
  if (value === undefined) throw new Refusal('credential_unavailable', `the variable ${name} is not set`)
  if (value === '') throw new Refusal('credential_unavailable', `the variable ${name} is empty`)
  return value
}
