import { type ReadResourceResult, ResourceNotFoundError } from '@modelcontextprotocol/server'
import { onePixelPng } from './media.ts'

const template = 'test://template/{id}/data'

/** The resources of the suite, as `resources/list` shows them. */
export const resources = [
  { uri: 'test://static-text', name: 'static-text', description: 'A text', mimeType: 'text/plain' },
  { uri: 'test://static-binary', name: 'static-binary', description: 'An image', mimeType: 'image/png' },
  { uri: 'test://watched-resource', name: 'watched-resource', description: 'A text', mimeType: 'text/plain' },
]

/** The one template of the suite. */
export const resourceTemplates = [
  { uriTemplate: template, name: 'template', description: 'A document by id', mimeType: 'application/json' },
]

/** Reads a resource of the suite; one that does not exist is an error that names it. */
export function readResource(uri: string): ReadResourceResult {
  const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1]
  if (id !== undefined) {
    const body = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` })
    return { contents: [{ uri, mimeType: 'application/json', text: body }] }
  }
  const mimeType = resources.find(known => known.uri === uri)?.mimeType
  switch (mimeType) {
    case undefined:
      throw new ResourceNotFoundError(uri)
    case 'image/png':
      return { contents: [{ uri, mimeType, blob: onePixelPng }] }
    default:
      return { contents: [{ uri, mimeType, text: 'This is the content of the static text resource.' }] }
  }
}
