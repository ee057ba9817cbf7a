import type { Json } from '../../../src/kind.ts'

/** The most that a message of the protocol can hold. */
export const maxParameters = 32_767

const jsonTypes: ReadonlySet<number> = new Set([114, 3802])

/** Whether the text of a value depends on the type that the server gives its parameter: a list is an array, or JSON. */
export function needsTypes(params: readonly Json[]): boolean {
  return params.some(param => Array.isArray(param))
}

/** Writes a value as text for the server, which reads it as the type that its place has. */
export function parameterText(value: Json, type?: number): string | null {
  if (value === null) return null
  if (typeof value === 'string') return value
  if (typeof value !== 'object') return String(value)
  if (Array.isArray(value) && (type === undefined || !jsonTypes.has(type))) return arrayText(value as readonly Json[])
  return JSON.stringify(value)
}

/** Writes a list as an array of PostgreSQL. */
export function arrayText(items: readonly Json[]): string {
  const texts = items.map(item => {
    if (Array.isArray(item)) return arrayText(item as readonly Json[])
    const text = parameterText(item)
    return text === null ? 'NULL' : `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`
  })
  return `{${texts.join(',')}}`
}
