import type { DocumentNode } from 'graphql'

/** Largest stored document, in bytes of UTF-8. */
const maxDocumentBytes = 65_536

/** A stored GraphQL document, as far as a scope needs to know it. */
export interface CompiledDocument {
  readonly access: 'read' | 'write'
  readonly operationName: string | null
  /** In the order of the document; one with a default value or a nullable type is not required. */
  readonly variables: readonly { readonly name: string; readonly required: boolean }[]
}

/**
 * Gives the function that compiles stored documents: exactly one query or mutation, with fragments. A mutation writes.
 * The parser is loaded here, so that only a configuration with documents pays for it. The compiler throws Error with a
 * sentence for the admin.
 */
export async function documentCompiler(): Promise<(text: string) => CompiledDocument> {
  const { parse } = await import('graphql')
  return text => {
    if (Buffer.byteLength(text) > maxDocumentBytes) throw new Error('the document is larger than 64 kB')
    return compile(parsed(() => parse(text, { noLocation: true })))
  }
}

function parsed(parse: () => DocumentNode): DocumentNode {
  try {
    return parse()
  } catch (cause) {
    if (cause instanceof RangeError) throw new Error('the document is nested too deeply', { cause })
    throw new Error(`the document is not GraphQL: ${(cause as Error).message}`, { cause })
  }
}

function compile({ definitions }: DocumentNode): CompiledDocument {
  const operations = definitions.filter(definition => definition.kind === 'OperationDefinition')
  const fragments = definitions.filter(definition => definition.kind === 'FragmentDefinition')
  if (operations.length + fragments.length !== definitions.length) {
    throw new Error('the document defines types; only one operation and its fragments may be in it')
  }
  const [operation] = operations
  // With two of them, an operationName from elsewhere would choose which one runs.
  if (operation === undefined || operations.length > 1) {
    throw new Error(`the document must have exactly one operation, and it has ${operations.length}`)
  }
  if (operation.operation === 'subscription') throw new Error('a subscription is not possible here')
  refuseTwice(fragments.map(({ name }) => `fragment ${name.value}`))
  const variables = (operation.variableDefinitions ?? []).map(({ variable, type, defaultValue }) => ({
    name: variable.name.value,
    required: type.kind === 'NonNullType' && defaultValue === undefined,
  }))
  refuseTwice(variables.map(({ name }) => `variable $${name}`))
  return {
    access: operation.operation === 'query' ? 'read' : 'write',
    operationName: operation.name?.value ?? null,
    variables,
  }
}

function refuseTwice(names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw new Error(`the document defines ${twice} twice`)
}

/**
 * Tells whether a path looks like a GraphQL endpoint: its last segment, a version aside, is `graphql`, `gql` or `graphiql`,
 * also with a file extension and however it is encoded. It is a hint for catching mistakes: an endpoint can have any path.
 */
export function isGraphqlPath(segments: readonly string[]): boolean {
  for (const segment of segments.toReversed()) {
    const name = plain(segment)
    if (!/^v?\d+(?:[.-]\d+)*$/.test(name)) return /^(?:graphi?ql|gql)(?:\.[a-z0-9]+)?$/.test(name)
  }
  return false
}

function plain(segment: string): string {
  // Judged on every call, and nearly always as plain as this.
  if (/^[\w.-]*$/.test(segment)) return segment.toLowerCase()
  return segment
    .replace(/%(?:25)*([0-9a-f]{2})/gi, (_escape, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .normalize('NFKC')
    .trim()
    .toLowerCase()
}
