import { setTimeout as delay } from 'node:timers/promises'
import type { CallToolResult, InputRequiredResult, ServerContext, Tool } from '@modelcontextprotocol/server'
import { onePixelPng, silentWav } from './media.ts'

/** One tool as a scenario of the suite asks for it, by its fixed name. */
export interface ToolFixture {
  readonly description: string
  readonly inputSchema?: Tool['inputSchema']
  run(args: Record<string, unknown>, context: ServerContext): ToolAnswer | Promise<ToolAnswer>
}

export type ToolAnswer = CallToolResult | InputRequiredResult

type Content = CallToolResult['content'][number]

/** Between two notifications, so that a client receives them one by one. */
const pauseMs = 50

/** The tools that answer at once, in any era. */
export const plainTools: Readonly<Record<string, ToolFixture>> = {
  test_simple_text: answering('Returns a text', text('This is a simple text response for testing.')),
  test_image_content: answering('Returns an image', image()),
  test_audio_content: answering('Returns audio', { type: 'audio', data: silentWav, mimeType: 'audio/wav' }),
  test_embedded_resource: answering(
    'Returns an embedded resource',
    resource('test://embedded-resource', 'text/plain', 'This is an embedded resource content.'),
  ),
  test_multiple_content_types: answering(
    'Returns three types of content',
    text('Multiple content types test:'),
    image(),
    resource('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
  ),
  test_error_handling: {
    description: 'Always fails',
    run: () => ({ content: [text('This tool intentionally returns an error for testing')], isError: true }),
  },
  test_tool_with_progress: {
    description: 'Reports progress while it runs',
    async run(_args, { mcpReq }) {
      const progressToken = mcpReq._meta?.progressToken
      for (const progress of [0, 50, 100]) {
        if (progress > 0) await delay(pauseMs)
        if (progressToken === undefined) continue
        await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total: 100 } })
      }
      return { content: [text('Done.')] }
    },
  },
  test_tool_with_logging: logging('Logs while it runs', [
    'Tool execution started',
    'Tool processing data',
    'Tool execution completed',
  ]),
  test_logging_tool: logging('Logs once', ['Tool execution started']),
  json_schema_2020_12_tool: {
    description: 'Tool with JSON Schema 2020-12 features',
    inputSchema: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      $defs: {
        address: {
          $anchor: 'addressDef',
          type: 'object',
          properties: { street: { type: 'string' }, city: { type: 'string' } },
        },
      },
      properties: {
        name: { type: 'string' },
        address: { $ref: '#/$defs/address' },
        contactMethod: { type: 'string', enum: ['phone', 'email'] },
        phone: { type: 'string' },
        email: { type: 'string' },
      },
      allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
      if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
      // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema, and nothing awaits this object
      then: { required: ['phone'] },
      else: { required: ['email'] },
      additionalProperties: false,
    },
    run: () => ({ content: [text('Done.')] }),
  },
}

/** A piece of text content. */
export function text(value: string): { readonly type: 'text'; readonly text: string } {
  return { type: 'text', text: value }
}

/** The image content that tools and prompts give. */
export function image(): { readonly type: 'image'; readonly data: string; readonly mimeType: string } {
  return { type: 'image', data: onePixelPng, mimeType: 'image/png' }
}

/** An embedded text resource. */
export function resource(uri: string, mimeType: string, body: string) {
  return { type: 'resource' as const, resource: { uri, mimeType, text: body } }
}

function answering(description: string, ...content: Content[]): ToolFixture {
  return { description, run: () => ({ content }) }
}

function logging(description: string, lines: readonly string[]): ToolFixture {
  return {
    description,
    async run(_args, { mcpReq }) {
      for (const [index, line] of lines.entries()) {
        if (index > 0) await delay(pauseMs)
        await mcpReq.log('info', line)
      }
      return { content: [text('Done.')] }
    },
  }
}
