import type { Surface } from './mcp.ts'

/**
 * The surface of a server that has no usable configuration: one tool, which says why. A client that
 * only saw the connection close could tell its user nothing.
 */
export function statusSurface(version: string, file: string, problems: readonly string[]): Surface {
  const name = 'keyhold_status'
  return {
    version,
    tools: [
      {
        name,
        description: `Keyhold offers no tools, because its configuration cannot be used:\n${problems.join('\n')}`.slice(
          0,
          4_096,
        ),
        inputSchema: { type: 'object', additionalProperties: false },
        outputSchema: {
          type: 'object',
          properties: {
            ok: { type: 'boolean' },
            config: { type: 'string' },
            problems: { type: 'array', items: { type: 'string' } },
          },
          required: ['ok', 'config', 'problems'],
          additionalProperties: false,
        },
        annotations: { readOnlyHint: true, openWorldHint: false },
      },
    ],
    call: async called =>
      called === name
        ? { type: 'result', value: { ok: false, config: file, problems: [...problems] }, media: [], isError: false }
        : { type: 'unknown_tool' },
  }
}
