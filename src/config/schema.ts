import * as z from 'zod'
import { Credential } from '../credentials/credential.ts'
import { Stores } from '../credentials/stores.ts'
import type { Kind } from '../kind.ts'
import { Duration, Rate, Size } from '../units.ts'

/** Names of tools, credentials and agents; tool names become a part of MCP tool names. */
const Name = z.string().regex(/^[a-z][a-z0-9_-]{0,31}$/, 'a name is 1-32 of a-z, 0-9, _ and -, beginning with a letter')

/** A worker's memory is sized for bodies up to this. */
const maxBodyBytes = 4_194_304

const Limits = z.strictObject({
  rate: Rate.optional(),
  concurrency: z.int().min(1).max(1_000).default(8),
  timeout: Duration.refine(ms => ms <= 3_600_000, 'at most 1h').default(30_000),
  max_request: Size.refine(bytes => bytes <= maxBodyBytes, 'at most 4mb').default(262_144),
  max_response: Size.refine(bytes => bytes <= maxBodyBytes, 'at most 4mb').default(262_144),
})

function limitsWith(ofKind: Kind['limits']) {
  return z.strictObject({ ...Limits.shape, ...ofKind.shape }).prefault({})
}

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'the SHA-256 of a token in hex; `keyhold agent token NAME` prints it')

const AgentEntry = z
  .strictObject({
    transport: z.literal('stdio').optional().describe('Whoever starts `keyhold stdio` may be this agent'),
    token: z.strictObject({ sha256: Sha256 }).optional().describe('Over HTTP, the bearer of this token is this agent'),
    allow: z.array(z.string()).describe('MCP tools, such as github_* or github_call_api(GET /repos/**)'),
    deny: z.array(z.string()).default([]).describe('Beats allow'),
    limits: z.strictObject({ rate: Rate.optional() }).prefault({}),
  })
  .refine(agent => agent.transport !== undefined || agent.token !== undefined, {
    message: 'an agent needs a way to be known: transport: stdio, or token: { sha256: ... }',
  })

const Listen = z.string().regex(/^(?:\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}$/, 'HOST:PORT, such as 127.0.0.1:7420')

const Server = z
  .strictObject({
    listen: Listen.default('127.0.0.1:7420'),
    public_url: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe('How clients reach this server, when not by its own address'),
    max_body: Size.default(4_194_304),
  })
  .prefault({})

const Audit = z
  .strictObject({
    dir: z.string().min(1).optional(),
    sync: z.enum(['batch', 'always']).default('batch'),
  })
  .prefault({})

/** The schema of `keyhold.yaml` for the given kinds; unknown keys are errors everywhere. */
export function configSchema(kinds: readonly Kind[]) {
  const [first, ...rest] = kinds.map(kind =>
    z.strictObject({
      kind: z.literal(kind.name),
      description: z.string().min(1).max(1_000),
      credential: Name.optional(),
      limits: limitsWith(kind.limits),
      ...kind.target.shape,
    }),
  )
  if (first === undefined) throw new TypeError('at least one kind is needed')
  return z.strictObject({
    version: z.literal(1, 'must be 1'),
    credentials: z.record(Name, Credential).default({}),
    stores: Stores,
    tools: z.record(
      Name,
      z.discriminatedUnion('kind', [first, ...rest], {
        error: `kind must be one of: ${kinds.map(kind => kind.name).join(', ')}`,
      }),
    ),
    agents: z.record(Name, AgentEntry).optional(),
    server: Server,
    audit: Audit,
  })
}

export type ConfigDocument = z.output<ReturnType<typeof configSchema>>
