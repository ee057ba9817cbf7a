import type { JsonObject } from '../kind.ts'
import { Refusal } from '../refusal.ts'
import { bodyText } from './body.ts'
import { type ApiDocument, mappingAt, own, textAt } from './document.ts'
import type { Endpoint } from './endpoint.ts'
import { createNotes, type Notes } from './notes.ts'
import { plainText } from './plain-text.ts'
import { requestText } from './request.ts'
import { pinServer, refuseOtherServer } from './server.ts'
import { strictCheck } from './strict.ts'

/** An operation in the form that a configuration has it. */
export interface OperationText {
  readonly request: string
  readonly description: string
  readonly params?: Readonly<Record<string, JsonObject>>
  readonly query?: Readonly<Record<string, JsonObject>>
  readonly required?: readonly string[]
  readonly body?: JsonObject
  readonly content_type?: string
}

/** What comes of the chosen operations of a document. */
export interface Imported {
  readonly baseUrl: string
  /** What the document calls itself, in at most 300 characters. */
  readonly title: string
  readonly operations: ReadonlyMap<string, OperationText>
  /** Operations that cannot be had, each with the reason. */
  readonly refused: readonly { readonly name: string; readonly id: string; readonly reason: string }[]
  readonly notes: readonly string[]
}

/**
 * Writes chosen endpoints of a document as operations of a tool.
 *
 * @param input `server`: the base URL that the admin gave; `existing`: the one that the tool has
 * @throws Refusal invalid_input when it is not clear where they go
 */
export async function importOperations(input: {
  readonly document: ApiDocument
  readonly chosen: ReadonlyMap<string, Endpoint>
  readonly server: string | undefined
  readonly existing: string | undefined
}): Promise<Imported> {
  const { document, chosen, server, existing } = input
  const notes = createNotes()
  const baseUrl = pinServer({ root: document.root, given: server, existing, notes })
  noteIgnored(document, [...chosen.values()], notes)
  const check = await strictCheck()
  const operations = new Map<string, OperationText>()
  const refused: { name: string; id: string; reason: string }[] = []
  for (const [name, endpoint] of chosen) {
    try {
      refuseOtherServer(endpoint, baseUrl)
      operations.set(
        name,
        operationText(document, endpoint, text => notes.add(text, name), check),
      )
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      refused.push({ name, id: endpoint.id, reason: error.message })
    }
  }
  const title = plainText(textAt(mappingAt(document.root, 'info'), 'title') ?? '', 300)
  return { baseUrl, title, operations, refused, notes: notes.lines() }
}

function operationText(
  document: ApiDocument,
  endpoint: Endpoint,
  note: (text: string) => void,
  check: (schema: JsonObject) => void,
): OperationText {
  const { request, params, query, required } = requestText(document, endpoint, note)
  const body = bodyText(document, endpoint, note)
  for (const schema of [...Object.values(params), ...Object.values(query), ...(body === null ? [] : [body.body])])
    check(schema)
  if (own(endpoint.operation, 'deprecated') === true) note('is deprecated')
  return {
    request,
    description: descriptionOf(endpoint),
    ...(Object.keys(params).length === 0 ? {} : { params }),
    ...(Object.keys(query).length === 0 ? {} : { query }),
    ...(required.length === 0 ? {} : { required }),
    ...body,
  }
}

/** The summary, else the first sentence of the description, else the request itself. */
function descriptionOf(endpoint: Endpoint): string {
  const summary = plainText(textAt(endpoint.operation, 'summary') ?? '', 300)
  if (summary !== '') return summary
  const text = plainText(textAt(endpoint.operation, 'description') ?? '', 2_000)
  const [sentence = text] = /^.*?[.!?](?= |$)/.exec(text) ?? []
  return sentence === '' ? plainText(endpoint.line, 300) : plainText(sentence, 300)
}

function noteIgnored(document: ApiDocument, chosen: readonly Endpoint[], notes: Notes): void {
  const { root } = document
  const used = (key: string) => chosen.some(({ operation }) => own(operation, key) !== undefined)
  if (
    own(root, 'security') !== undefined ||
    used('security') ||
    own(mappingAt(root, 'components'), 'securitySchemes') !== undefined
  )
    notes.add('security is not taken over; the credential of the tool says who calls', null)
  if (used('callbacks')) notes.add('callbacks are not taken over', null)
  if (own(root, 'webhooks') !== undefined) notes.add('webhooks are not taken over', null)
}
