import type { Json, JsonObject } from '../kind.ts'
import { Refusal } from '../refusal.ts'
import { type ApiDocument, resolve } from './document.ts'
import { convertSchema, type SchemaContext, top } from './schema.ts'
import { createShared, type Shared } from './shared.ts'

/** Most schemas in one body. */
const maxSchemas = 20_000

/**
 * Converts the schema of a body. What it refers to is collected under `$defs`, so that a schema may refer to itself.
 *
 * @throws Refusal invalid_input
 */
export function convertBodySchema(source: unknown, document: ApiDocument, note: (text: string) => void): JsonObject {
  const shared = createShared()
  const context: SchemaContext = { document, note, shared, budget: { left: maxSchemas } }
  const body = convertSchema(source, context)
  const definitions = convertShared(shared, context)
  if (Object.keys(definitions).length === 0) return body
  refuseEndless(definitions)
  return { ...body, $defs: definitions }
}

/** One after the other: a chain of a thousand references must not become a thousand calls deep. */
function convertShared(shared: Shared, context: SchemaContext): Record<string, JsonObject> {
  const definitions: Record<string, JsonObject> = {}
  // A Map also visits what is added on the way.
  for (const { name, reference, open } of shared.entries.values()) {
    definitions[name] = convertSchema(resolve(context.document, reference), context, { ...top, depth: 1, open })
  }
  return definitions
}

/** A schema that refers to itself without looking into its value would be followed for ever. */
function refuseEndless(definitions: Readonly<Record<string, JsonObject>>): void {
  const done = new Set<string>()
  const visit = (name: string, within: readonly string[]): void => {
    if (within.includes(name)) throw new Refusal('invalid_input', `its schema ${name} refers to nothing but itself`)
    if (done.has(name)) return
    for (const next of sameValue(definitions[name] ?? {})) visit(next, [...within, name])
    done.add(name)
  }
  for (const name of Object.keys(definitions)) visit(name, [])
}

/** The definitions that judge the same value as a schema does. */
function sameValue(schema: JsonObject): readonly string[] {
  const { $ref: reference } = schema
  const parts = (['allOf', 'anyOf'] as const).flatMap(keyword =>
    Array.isArray(schema[keyword]) ? (schema[keyword] as readonly Json[]) : [],
  )
  return [
    ...(typeof reference === 'string' ? [reference.slice('#/$defs/'.length)] : []),
    ...parts.flatMap(part => sameValue(part as JsonObject)),
  ]
}
