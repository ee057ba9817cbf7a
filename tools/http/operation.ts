import { type JsonObject } from '../../src/kind.ts'
import { VerbError } from '../../src/verb-error.ts'
import type { Bounds } from './bounds.ts'
import type { OperationEntry } from './entry.ts'
import { isGraphqlPath } from './graphql.ts'
import { accessOf, isIdempotent, type Method, takesBody } from './method.ts'
import { compileParameters, type Parameter } from './parameter.ts'
import { type PathPattern, parameterNames } from './pattern.ts'
import type { ForbiddenNames } from './query.ts'
import { formType } from './request.ts'
import { parseRequestLine } from './request-line.ts'
import { normalParameter, reservedParameter } from './reserved.ts'
import type { SchemaCheck } from '../../src/schema/check.ts'
import { type Compilers, compileSegments, refuseGraphqlQuery, type StoredDocument, storedDocument } from './scope.ts'
import { compileSelect } from './select.ts'

/** A named operation, compiled. */
export interface Operation {
  readonly name: string
  readonly text: string
  readonly entry: OperationEntry
  readonly method: Method
  readonly pattern: PathPattern
  /** One for each `:name`, by its position in the path. */
  readonly params: readonly (Parameter | null)[]
  readonly query: readonly Parameter[]
  readonly checkBody: SchemaCheck | null
  readonly document: StoredDocument | null
  readonly reads: boolean
  readonly idempotent: boolean
}

const anyText: JsonObject = { type: 'string', minLength: 1 }

/** The argument that stands for `**`. */
export const restArgument = 'rest'

/**
 * Compiles one operation.
 *
 * @throws VerbError
 */
export function compileOperation(
  name: string,
  entry: OperationEntry,
  compilers: Compilers,
  { base, credentialNames }: Bounds,
): Operation {
  const { method, path, pattern } = parseRequestLine(entry.request)
  const at = <T>(key: string, compile: () => T): T => {
    try {
      return compile()
    } catch (error) {
      throw new VerbError(['operations', name, key], (error as Error).message)
    }
  }
  at('request', () => checkRequest(entry, method, pattern, base))
  at('query', () => checkNames([...Object.keys(entry.query), ...Object.keys(entry.fixed.query)], credentialNames))
  at('required', () => checkRequired(entry))
  at('body', () => checkBodyShape(entry, method))
  at('select', () => compileSelect(entry.select ?? []))
  const names = parameterNames(pattern.parts)
  const document = at('graphql', () =>
    entry.graphql === undefined ? null : storedDocument(entry.graphql, entry.variables, compilers),
  )
  const operation: Operation = {
    name,
    text: `${method} ${path}`,
    entry,
    method,
    pattern,
    params: at('params', () => {
      const unknown = Object.keys(entry.params).find(given => !names.includes(given))
      if (unknown !== undefined) throw new Error(`the path has no :${unknown}`)
      const schemas = Object.fromEntries(names.map(each => [each, entry.params[each] ?? anyText]))
      return compileSegments(pattern, schemas, compilers.schema)
    }),
    query: at('query', () => compileParameters(entry.query, compilers.schema)),
    checkBody: at('body', () => (entry.body === undefined ? null : compilers.schema(entry.body))),
    document,
    reads: accessOf(method) === 'read' || document?.access === 'read',
    idempotent: isIdempotent(method) || document?.access === 'read',
  }
  at('params', () => checkArguments(argumentNames(operation)))
  return operation
}

/** The names of an operation's arguments, in the order in which they are shown. */
export function argumentNames({ pattern, query, document, entry }: Operation): readonly string[] {
  return [
    ...parameterNames(pattern.parts),
    ...(pattern.parts.at(-1)?.type === 'rest' ? [restArgument] : []),
    ...query.map(({ name }) => name),
    ...(document?.parameters ?? []).map(({ name }) => name),
    ...(entry.body === undefined ? [] : ['body']),
  ]
}

function checkRequest(entry: OperationEntry, method: Method, pattern: PathPattern, base: readonly string[]): void {
  if (pattern.parts.some(part => part.type === 'one' && part.name === null))
    throw new Error('* has no name, so it cannot become an argument; write :name')
  const literal = pattern.parts.map(part => (part.type === 'literal' ? part.segment : ''))
  if (entry.graphql === undefined && isGraphqlPath([...base, ...literal]))
    throw new Error('a GraphQL endpoint takes a stored document; write it under graphql')
  if (entry.graphql !== undefined) refuseGraphqlQuery([...Object.keys(entry.query), ...Object.keys(entry.fixed.query)])
  if (entry.graphql !== undefined && (method !== 'POST' || entry.body !== undefined))
    throw new Error('a stored document is sent by POST, and makes the body itself')
}

function checkNames(names: readonly string[], credentialNames: ForbiddenNames): void {
  for (const name of names) {
    if (credentialNames.has(normalParameter(name))) throw new Error(`${name}: is what the credential fills`)
    if (reservedParameter(name)) throw new Error(`${name}: could change the method or the identity of a request`)
  }
  if (new Set(names).size < names.length) throw new Error('a parameter is both given by the agent and fixed')
}

function checkRequired(entry: OperationEntry): void {
  const unknown = entry.required.find(name => !Object.hasOwn(entry.query, name))
  if (unknown !== undefined)
    throw new Error(`${unknown}: is not a parameter under query; path parameters are always required`)
}

function checkBodyShape(entry: OperationEntry, method: Method): void {
  const fixedKeys = Object.keys(entry.fixed.body)
  const { body } = entry
  if ((body !== undefined || fixedKeys.length > 0) && !takesBody(method)) throw new Error(`${method} takes no body`)
  if (body === undefined) return
  // The schema becomes a part of the MCP tool's own, with its $defs at the top.
  const references = JSON.stringify(body).matchAll(/"\$ref":"((?:[^"\\]|\\.)*)"/g)
  for (const [, reference = ''] of references)
    if (!reference.startsWith('#/$defs/')) throw new Error('a $ref here leads to #/$defs/NAME of the same schema')
  if (entry.content_type.startsWith('text/')) {
    if (fixedKeys.length > 0 || body['type'] !== 'string')
      throw new Error('a text body has a schema with type: string, and nothing fixed')
    return
  }
  if ((entry.content_type === formType || fixedKeys.length > 0) && body['type'] !== 'object')
    throw new Error('a form, and a body with fixed parts, has a schema with type: object')
  const properties = body['properties']
  const both = fixedKeys.find(
    key => typeof properties === 'object' && properties !== null && Object.hasOwn(properties, key),
  )
  if (both !== undefined) throw new Error(`${both}: is both given by the agent and fixed`)
}

function checkArguments(names: readonly string[]): void {
  const odd = names.find(name => !/^[A-Za-z_][A-Za-z0-9_.[\]-]{0,63}$/.test(name))
  if (odd !== undefined) throw new Error(`${odd}: is no name for an argument`)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new Error(`${twice}: two arguments would have this name`)
  if (names.includes('idempotency_key')) throw new Error('idempotency_key: is an argument of its own')
}
