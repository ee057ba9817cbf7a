import { Refusal } from '../refusal.ts'
import { type ApiDocument, follow, isMapping, listAt, type Mapping, mappingAt, textAt } from './document.ts'
import { operationName } from './name.ts'
import { plainText } from './plain-text.ts'

const methods = ['get', 'head', 'post', 'put', 'patch', 'delete'] as const

/** More than any API has; choosing from them is no work for a person any more. */
const maxEndpoints = 20_000

/** One method of one path of a document, before anything about it is checked. */
export interface Endpoint {
  /** What it is chosen by: its operationId, else `METHOD /path`. Without invisible characters. */
  readonly id: string
  /** `METHOD /path`, without invisible characters. */
  readonly line: string
  readonly method: string
  /** As the document has it. */
  readonly path: string
  readonly tags: readonly string[]
  /** The name that its operation gets, unless another is chosen. */
  readonly name: string
  readonly item: Mapping
  readonly operation: Mapping
}

/**
 * Lists what a document describes, in its order. A path that cannot be read has no endpoints.
 *
 * @throws Refusal invalid_input
 */
export function listEndpoints(document: ApiDocument): readonly Endpoint[] {
  const endpoints: Endpoint[] = []
  for (const [path, value] of Object.entries(mappingAt(document.root, 'paths'))) {
    const item = itemOf(document, value)
    for (const method of item === null ? [] : methods) {
      const operation = mappingAt(item as Mapping, method)
      if (Object.keys(operation).length === 0) continue
      if (endpoints.length === maxEndpoints)
        throw new Refusal('invalid_input', `the OpenAPI document has more than ${maxEndpoints} operations`)
      endpoints.push(endpointOf(path, method.toUpperCase(), item as Mapping, operation))
    }
  }
  return endpoints
}

function itemOf(document: ApiDocument, value: unknown): Mapping | null {
  try {
    const item = follow(document, value).value
    return isMapping(item) ? item : null
  } catch {
    return null
  }
}

function endpointOf(path: string, method: string, item: Mapping, operation: Mapping): Endpoint {
  const line = `${method} ${plainText(path, 500)}`
  const operationId = plainText(textAt(operation, 'operationId') ?? '', 200)
  return {
    id: operationId === '' ? line : operationId,
    line,
    method,
    path,
    tags: listAt(operation, 'tags').flatMap(tag => (typeof tag === 'string' ? [plainText(tag, 100)] : [])),
    name: operationName(operationId, method, path),
    item,
    operation,
  }
}
