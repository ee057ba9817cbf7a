import type { JsonObject } from '../../src/kind.ts'
import type { AllowEntry, AllowObject } from './entry.ts'
import { type CompiledDocument, isGraphqlPath } from './graphql.ts'
import type { Method } from './method.ts'
import { compileParameters, type Parameter } from './parameter.ts'
import { parameterNames, type PathPattern } from './pattern.ts'
import { parseRequestLine } from './request-line.ts'
import { normalParameter } from './reserved.ts'
import type { SchemaCheck, SchemaCompiler } from '../../src/schema/check.ts'

/** A stored GraphQL document and the variables that an agent may give. */
export interface StoredDocument extends CompiledDocument {
  readonly text: string
  readonly parameters: readonly Parameter[]
}

/** One entry of a tool's `allow`, compiled. */
export interface ScopeEntry {
  /** As an admin wrote it: `GET /repos/:owner`. */
  readonly text: string
  readonly method: Method
  readonly pattern: PathPattern
  /** Schemas of `:name` segments, by position in the path. */
  readonly params: readonly (Parameter | null)[]
  /** Null permits every query. */
  readonly query: readonly Parameter[] | null
  readonly checkBody: SchemaCheck | null
  /** Null permits JSON types and text. */
  readonly contentTypes: readonly string[] | null
  readonly documents: ReadonlyMap<string, StoredDocument> | null
}

/** What compiling a scope takes; each is loaded only where a configuration needs it. */
export interface Compilers {
  readonly schema: SchemaCompiler
  readonly document: (text: string) => CompiledDocument
}

/**
 * Compiles one entry of `allow`.
 *
 * @throws Error with a sentence for the admin
 */
export function compileEntry(entry: AllowEntry, base: readonly string[], compilers: Compilers): ScopeEntry {
  const given: AllowObject = typeof entry === 'string' ? objectOf(entry) : entry
  const { method, path, pattern } = parseRequestLine(`${given.method} ${given.path}`)
  const literal = pattern.parts.map(part => (part.type === 'literal' ? part.segment : ''))
  if (given.graphql === undefined && isGraphqlPath([...base, ...literal]))
    throw new Error('a GraphQL endpoint takes stored documents by name; list them under graphql')
  const contentTypes = given.content_types ?? (given.body === undefined ? null : ['application/json'])
  return {
    text: `${method} ${path}`,
    method,
    pattern,
    params: compileSegments(pattern, given.params ?? {}, compilers.schema),
    query: given.query === undefined && given.graphql === undefined ? null : queryOf(given, compilers.schema),
    checkBody: given.body === undefined ? null : compilers.schema(given.body),
    contentTypes,
    documents: given.graphql === undefined ? null : storedDocuments(given.graphql, compilers),
  }
}

/** The parameters of an entry; one for stored documents has none that it does not list. */
function queryOf({ query = {}, graphql }: AllowObject, compile: SchemaCompiler): readonly Parameter[] {
  if (graphql !== undefined) refuseGraphqlQuery(Object.keys(query))
  return compileParameters(query, compile)
}

/** Servers that find a document in the query execute that one, whatever the body says (GraphQL over HTTP, 5.2). */
export function refuseGraphqlQuery(names: readonly string[]): void {
  const taken = names.find(name => graphqlParameters.has(normalParameter(name)))
  if (taken !== undefined) throw new Error(`query: ${taken} would take the place of the stored document`)
}

const graphqlParameters = new Set(
  ['query', 'variables', 'operationName', 'extensions', 'doc_id', 'documentId', 'id', 'document'].map(normalParameter),
)

/** How an entry is shown to an agent: with the query parameters and documents that it may give. */
export function describeEntry(entry: ScopeEntry): string {
  const query = entry.query === null ? '' : ` (query: ${namesOf(entry.query.map(({ name }) => name))})`
  const documents = entry.documents === null ? '' : ` (document: ${namesOf([...entry.documents.keys()])})`
  return `${entry.text}${query}${documents}`
}

/**
 * Compiles a document and the schemas of its variables.
 *
 * @throws Error with a sentence for the admin
 */
export function storedDocument(
  text: string,
  variables: Readonly<Record<string, JsonObject>>,
  compilers: Compilers,
): StoredDocument {
  const compiled = compilers.document(text)
  const declared = new Set(compiled.variables.map(({ name }) => name))
  const unknown = Object.keys(variables).find(name => !declared.has(name))
  if (unknown !== undefined) throw new Error(`variables: the document has no $${unknown}`)
  const missing = compiled.variables.find(({ name, required }) => required && !Object.hasOwn(variables, name))
  if (missing !== undefined)
    throw new Error(`variables: $${missing.name} is required by the document and has no schema`)
  return { ...compiled, text, parameters: compileParameters(variables, compilers.schema) }
}

/** The schema of each `:name` segment, by its position; null where any segment will do. */
export function compileSegments(
  pattern: PathPattern,
  schemas: Readonly<Record<string, JsonObject>>,
  compile: SchemaCompiler,
): readonly (Parameter | null)[] {
  const names = parameterNames(pattern.parts)
  const unknown = Object.keys(schemas).find(name => !names.includes(name))
  if (unknown !== undefined) throw new Error(`params: the path has no :${unknown}`)
  const compiled = new Map(compileParameters(schemas, compile).map(parameter => [parameter.name, parameter]))
  return pattern.parts.map(part =>
    part.type === 'one' && part.name !== null ? (compiled.get(part.name) ?? null) : null,
  )
}

function storedDocuments(
  documents: NonNullable<AllowObject['graphql']>,
  compilers: Compilers,
): ReadonlyMap<string, StoredDocument> {
  return new Map(
    Object.entries(documents).map(([name, { document, variables }]) => {
      try {
        return [name, storedDocument(document, variables, compilers)]
      } catch (error) {
        throw new Error(`graphql: ${name}: ${(error as Error).message}`, { cause: error })
      }
    }),
  )
}

function objectOf(line: string): AllowObject {
  const { method, path } = parseRequestLine(line)
  return { method, path }
}

function namesOf(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ')
}
