import type { JsonObject } from '../../src/kind.ts'

/** What an agent gets back, for every MCP tool of this kind. */
export const outputSchema: JsonObject = {
  type: 'object',
  properties: {
    status: { type: 'integer', description: 'HTTP status' },
    headers: { type: 'object', additionalProperties: { type: 'string' } },
    body: { description: 'Parsed JSON, or text; a description where the body comes as content of its own' },
    truncated: { type: 'boolean', description: 'Whether the body was cut at the size limit' },
    hint: { type: 'string', description: 'How to ask for less' },
    pages: { type: 'integer', description: 'How many pages the body was put together from' },
    more: { type: 'boolean', description: 'Whether there are further pages' },
    replayed: {
      type: 'boolean',
      description: 'Whether this is the outcome of an earlier, equal call, which was not made again',
    },
  },
  required: ['status', 'headers', 'body', 'truncated'],
  additionalProperties: false,
}
