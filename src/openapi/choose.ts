import { Refusal } from '../refusal.ts'
import type { Endpoint } from './endpoint.ts'
import { plainText } from './plain-text.ts'

/** Most operations of one import: an agent has to read them all to choose. */
const maxChosen = 200

/** Finds the word that a mistyped one most likely meant, or null. */
type Nearest = (word: string, known: readonly string[]) => string | null

/**
 * Chooses endpoints one by one, each by its operationId, its name or `METHOD /path`; `NAME=ID` gives it another name.
 *
 * @returns the endpoints by the names of their operations
 * @throws Refusal invalid_input, with the nearest word for one that is not there
 */
export function chooseOnly(
  endpoints: readonly Endpoint[],
  only: readonly string[],
  nearest: Nearest,
): ReadonlyMap<string, Endpoint> {
  return named(
    only.map(word => {
      const [, name = null, id = word] =
        exact(endpoints, word).length > 0 ? [] : (/^([a-z][a-z0-9_]{0,39})=(.+)$/.exec(word) ?? [])
      const endpoint = one(endpoints, id, nearest)
      return [name ?? endpoint.name, endpoint]
    }),
  )
}

/**
 * Chooses the endpoints with a tag.
 *
 * @throws Refusal invalid_input, with the nearest word for a tag that is not there
 */
export function chooseTag(
  endpoints: readonly Endpoint[],
  tag: string,
  nearest: Nearest,
): ReadonlyMap<string, Endpoint> {
  const found = endpoints.filter(endpoint => endpoint.tags.includes(tag))
  if (found.length === 0) {
    const tags = [...new Set(endpoints.flatMap(endpoint => endpoint.tags))]
    throw unknown('tag', tag, tags, nearest)
  }
  return named(found.map(endpoint => [endpoint.name, endpoint]))
}

function exact(endpoints: readonly Endpoint[], id: string): readonly Endpoint[] {
  const byId = endpoints.filter(endpoint => endpoint.id === id || endpoint.line === id)
  return byId.length > 0 ? byId : endpoints.filter(endpoint => endpoint.name === id)
}

function one(endpoints: readonly Endpoint[], id: string, nearest: Nearest): Endpoint {
  const found = exact(endpoints, id)
  const [endpoint] = found
  if (endpoint === undefined)
    throw unknown(
      'operation',
      id,
      endpoints.map(each => each.id),
      nearest,
    )
  if (found.length === 1) return endpoint
  const lines = found.slice(0, 5).map(each => `'${each.line}'`)
  throw new Refusal(
    'invalid_input',
    `several operations are called ${plainText(id, 100)}; choose one by its request: ${lines.join(', ')}`,
  )
}

function unknown(what: string, word: string, known: readonly string[], nearest: Nearest): Refusal {
  // The distance of long words takes long to find.
  const meant = nearest(
    word.slice(0, 100),
    known.filter(each => each.length <= 100),
  )
  const hint = meant === null ? '; without --only and --tag they are listed' : ` (did you mean ${meant}?)`
  return new Refusal('invalid_input', `the document has no ${what} ${plainText(word, 100)}${hint}`)
}

function named(pairs: readonly (readonly [string, Endpoint])[]): ReadonlyMap<string, Endpoint> {
  const chosen = new Map<string, Endpoint>()
  for (const [name, endpoint] of pairs) {
    const other = chosen.get(name)
    if (other !== undefined && other !== endpoint) {
      throw new Refusal(
        'invalid_input',
        `${other.id} and ${endpoint.id} would both be called ${name}; give one another name: --only 'other_name=${endpoint.id}'`,
      )
    }
    chosen.set(name, endpoint)
  }
  if (chosen.size > maxChosen)
    throw new Refusal(
      'invalid_input',
      `${chosen.size} operations are more than the ${maxChosen} that are imported at once; choose with --only`,
    )
  return chosen
}
