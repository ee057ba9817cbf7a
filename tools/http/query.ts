import { invalidInput } from '../../src/refusal.ts'
import { type Parameter, type ParameterValue, readParameter } from './parameter.ts'
import { normalParameter, reservedParameter } from './reserved.ts'
import { maxProblems } from '../../src/schema/check.ts'

/** Query parameters in the order in which they are sent. */
export type Query = readonly (readonly [string, ParameterValue])[]

/** The names that no agent may use in one tool's query, as `normalParameter` writes them. */
export type ForbiddenNames = ReadonlySet<string>

/**
 * Refuses parameters by which a server would take another method or another identity than the request has.
 *
 * @param credential the names that the tool's credential fills
 * @throws Refusal `invalid_input`
 */
export function refuseReserved(query: Query, credential: ForbiddenNames): void {
  for (const [name] of query) {
    if (reservedParameter(name) || credential.has(normalParameter(name)))
      throw invalidInput(
        `query: ${JSON.stringify(name.slice(0, 50))} is not accepted; it could change who or what the request is`,
      )
  }
}

/**
 * Judges a query by the parameters that a scope entry lists; null lists none and permits all.
 *
 * @returns what is wrong, or null
 */
export function queryProblems(query: Query, allowed: readonly Parameter[] | null): readonly string[] | null {
  if (allowed === null) return null
  const problems: string[] = []
  for (const [name, value] of query) {
    if (problems.length >= maxProblems) break
    const parameter = allowed.find(candidate => candidate.name === name)
    if (parameter === undefined) {
      const names = allowed.map(candidate => candidate.name).join(', ')
      problems.push(`query: ${JSON.stringify(name.slice(0, 50))} is not one of ${names === '' ? '(none)' : names}`)
      continue
    }
    const read = readParameter(parameter, value, `query.${name}`)
    if ('problems' in read) problems.push(...read.problems)
  }
  return problems.length === 0 ? null : problems
}

/** Writes a query as it is sent, without `?` (URL standard, application/x-www-form-urlencoded); a list repeats its name. */
export function formatQuery(query: Query): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of query) {
    for (const item of Array.isArray(value) ? value : [value]) parameters.append(name, String(item))
  }
  return parameters.toString()
}

/**
 * Writes a query that may not be longer than a request's body.
 *
 * @throws Refusal `invalid_input`
 */
export function limitedQuery(query: Query, maxBytes: number): string {
  const text = formatQuery(query)
  if (text.length > maxBytes) throw invalidInput(`query: longer than ${maxBytes} bytes`)
  return text
}

/** Reads a query as a server sent it in a link; a repeated name becomes a list. */
export function parseQuery(parameters: URLSearchParams): Query {
  return [...new Set(parameters.keys())].map(name => {
    const values = parameters.getAll(name)
    return [name, values.length === 1 ? (values[0] ?? '') : values]
  })
}
