import type { JsonObject } from '../kind.ts'
import { Refusal } from '../refusal.ts'
import type { ApiDocument } from './document.ts'
import type { Endpoint } from './endpoint.ts'
import { snakeCase } from './name.ts'
import { type ApiParameter, convertParameter, parametersOf } from './parameter.ts'
import { isPlain, plainText } from './plain-text.ts'

/** The request line of an operation and its parameters, as they stand in a configuration. */
export interface RequestText {
  /** `METHOD /path/:name` */
  readonly request: string
  readonly params: Readonly<Record<string, JsonObject>>
  readonly query: Readonly<Record<string, JsonObject>>
  readonly required: readonly string[]
}

type Note = (text: string) => void

/** What an argument of an MCP tool can be called. */
const argumentName = /^[A-Za-z_][A-Za-z0-9_.[\]-]{0,63}$/

/** Arguments that every operation has, or may have. */
const taken = new Set(['body', 'idempotency_key', '__proto__'])

/** The usual names by which servers take another identity or method; the credential and the request line say those. */
const identity =
  /^_method$|^(?:x[-_])?[_$]?(?:(?:http[-_]?)?method[-_]?override|http[-_]?method|(?:access|auth|oauth|private)[-_]?token|authorization|cookie)$/i

/**
 * Writes the request of an endpoint: `{name}` becomes `:name`, header and cookie parameters are left out.
 *
 * @throws Refusal invalid_input with the reason why it cannot be had
 */
export function requestText(document: ApiDocument, endpoint: Endpoint, note: Note): RequestText {
  const parameters = parametersOf(document, endpoint)
  for (const { name, in: place, required } of parameters) {
    if (place === 'path' || place === 'query') continue
    const hint = required ? '; the API wants it, so fix it under headers of the tool if it is no credential' : ''
    note(`${plainText(place, 20)} parameter ${plainText(name, 60)} is not taken over${hint}`)
  }
  const names = pathNames(endpoint.path, new Set(parameters.filter(each => each.in === 'query').map(each => each.name)))
  const request = `${endpoint.method} ${pathPattern(endpoint.path, names)}`
  const params = Object.fromEntries(
    [...names].map(([original, name]) => [name, paramSchema(original, parameters, document, note)]),
  )
  return { request, params, ...queryOf(parameters, document, note) }
}

function paramSchema(
  original: string,
  parameters: readonly ApiParameter[],
  document: ApiDocument,
  note: Note,
): JsonObject {
  const parameter = parameters.find(each => each.in === 'path' && each.name === original)
  const shown = plainText(original, 60)
  if (parameter === undefined) {
    note(`path parameter ${shown} is not described; it takes any text`)
    return { type: 'string' }
  }
  return naming(`path parameter ${shown}`, () => convertParameter(parameter, document, note))
}

function queryOf(
  parameters: readonly ApiParameter[],
  document: ApiDocument,
  note: Note,
): Pick<RequestText, 'query' | 'required'> {
  const query: Record<string, JsonObject> = {}
  const required: string[] = []
  for (const parameter of parameters.filter(each => each.in === 'query')) {
    const { name } = parameter
    const shown = `query parameter ${plainText(name, 60)}`
    if (identity.test(name)) {
      note(`${shown} is left out; who calls and how is not the agent's choice`)
      continue
    }
    try {
      query[name] = naming(shown, () => {
        if (!argumentName.test(name) || taken.has(name))
          throw new Refusal('invalid_input', 'has a name that no argument can have')
        return convertParameter(parameter, document, note)
      })
      if (parameter.required) required.push(name)
    } catch (error) {
      if (!(error instanceof Refusal) || parameter.required) throw error
      note(`${error.message}; it is left out`)
    }
  }
  return { query, required }
}

function naming<T>(what: string, make: () => T): T {
  try {
    return make()
  } catch (error) {
    throw error instanceof Refusal ? new Refusal('invalid_input', `${what}: ${error.message}`) : error
  }
}

/** The names of the parameters of a path, each with the name of its argument, which no parameter of the query has. */
function pathNames(path: string, queryNames: ReadonlySet<string>): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  for (const [, original = ''] of path.matchAll(/\{([^{}]*)\}/g)) {
    if (names.has(original)) throw new Refusal('invalid_input', 'has a path parameter twice')
    const plain = /^[A-Za-z][A-Za-z0-9_]{0,59}$/.test(original) ? original : snakeCase(original)
    const clashes = (name: string) => queryNames.has(name) || taken.has(name) || [...names.values()].includes(name)
    const name = clashes(plain) || !/^[A-Za-z]/.test(plain) ? `path_${plain === '' ? names.size + 1 : plain}` : plain
    if (clashes(name)) throw new Refusal('invalid_input', 'has two parameters of the same name')
    names.set(original, name)
  }
  return names
}

function pathPattern(path: string, names: ReadonlyMap<string, string>): string {
  const refuse = (reason: string): never => {
    throw new Refusal('invalid_input', `its path ${reason}`)
  }
  if (path.length > 1_000 || !isPlain(path)) refuse('is too long or has invisible characters')
  if (!path.startsWith('/')) refuse('does not begin with /')
  if (path === '/') return path
  const segments = path.slice(1).split('/')
  return `/${segments.map((segment, index) => (segment === '' && index === segments.length - 1 ? '' : segmentPattern(segment, names, refuse))).join('/')}`
}

function segmentPattern(
  segment: string,
  names: ReadonlyMap<string, string>,
  refuse: (reason: string) => never,
): string {
  if (segment === '') return refuse('has an empty segment (//)')
  const [, parameter] = /^\{([^{}]*)\}$/.exec(segment) ?? []
  if (parameter !== undefined) return `:${names.get(parameter)}`
  if (/[{}]/.test(segment)) return refuse('has a parameter that is only a part of a segment')
  if (/^(?:\.|%2e){1,2}$/i.test(segment)) return refuse('has a dot segment')
  if (/%(?![0-9a-f]{2})|%(?:[01][0-9a-f]|7f|2f|5c|3b|25)/i.test(segment))
    return refuse('has an encoded character that is not accepted')
  if (!/^[A-Za-z0-9._~!$&'()+,=@:%-]+$/.test(segment))
    return refuse('has a character that does not belong into a path, such as ? # ; * or a space')
  return segment.startsWith(':') ? `%3A${segment.slice(1)}` : segment
}
