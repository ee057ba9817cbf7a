import * as z from 'zod'
import type { JsonObject, Limits, Plan, Verb } from '../../src/kind.ts'
import { invalidInput } from '../../src/refusal.ts'
import { outputSchema } from './answer.ts'
import { type Judge, OutOfScope } from './judge.ts'
import { judgedPlan, refusedPlan } from './judged-plan.ts'
import { maxSqlBytes } from './lexical.ts'
import type { Scope, Table, WriteAction } from './scope.ts'

const isOneValue = (value: unknown) => value === null || ['string', 'number', 'boolean'].includes(typeof value)

const Input = z.strictObject({
  sql: z.string(),
  params: z
    .array(z.custom<string | number | boolean | null>(isOneValue, 'expected text, a number, true, false or null'))
    .max(1_000)
    .default([]),
})

const InputOfWrite = Input.extend({ preview: z.boolean().default(false) })

/** An argument of everything that can write. */
export const previewSchema: JsonObject = {
  type: 'boolean',
  description: 'Shows what would be changed, and changes nothing',
}

const dialect = { postgres: 'PostgreSQL', mysql: 'MySQL or MariaDB', sqlite: 'SQLite' } as const
const placeholder = { postgres: '$1, $2', mysql: '?', sqlite: '?' } as const

/** The MCP tool `<tool>_db_query`: one statement of the agent's own. */
export function queryVerb(scope: Scope, judge: Judge, limits: Limits): Verb {
  return {
    name: 'db_query',
    description: describe(scope),
    access: scope.access,
    idempotent: scope.access === 'read',
    input: scope.access === 'read' ? Input : InputOfWrite,
    inputSchema: inputSchema(scope, limits),
    outputSchema,
    plan: input => plan({ preview: false, ...(input as z.output<typeof Input>) }, judge, limits),
  }
}

function plan({ sql, params, preview }: z.output<typeof InputOfWrite>, judge: Judge, limits: Limits): Plan {
  const bytes = Buffer.byteLength(sql) + Buffer.byteLength(JSON.stringify(params))
  if (bytes > limits.maxRequestBytes) throw invalidInput(`sql: larger than ${limits.maxRequestBytes} bytes with params`)
  try {
    const judged = judge(sql)
    if (judged.parameters !== params.length)
      throw invalidInput(`params: the statement has ${judged.parameters} parameters, ${params.length} were given`)
    if (preview && judged.action === 'SELECT') throw invalidInput('preview: the statement changes nothing')
    return judgedPlan(judged, params, `tables ${judged.touches.map(({ resource }) => resource).join(', ')}`, preview)
  } catch (error) {
    if (error instanceof OutOfScope) return refusedPlan(sql, error)
    throw error
  }
}

/** How many characters of a description are for tables: with the admin's own words, it stays below 4,096. */
const maxListed = 2_600

/** What a model gets wrong most often, by dialect. */
const advice = {
  postgres: "Write text in 'single' quotes.",
  mysql: "Write text in 'single' quotes and odd names in `backticks`; a backslash only within params.",
  sqlite: "Write text in 'single' quotes.",
} as const

function describe({ engine, access, tables }: Scope): string {
  const writes = access === 'read' ? [] : (['insert', 'update', 'delete'] as const).filter(isThere(tables))
  const kinds = ['SELECT', ...writes.map(action => action.toUpperCase())].join(', ').replace(/, (\w+)$/, ' or $1')
  const params = `Give values as params (${placeholder[engine]}), not within the SQL.`
  const only = 'Only these tables and columns exist; db_describe shows columns, types and keys:'
  return `Runs one ${kinds} in the SQL of ${dialect[engine]}. ${params} ${advice[engine]} ${only}\n${linesOf(tables)}`
}

const isThere = (tables: readonly Table[]) => (action: WriteAction) => tables.some(({ writes }) => writes.has(action))

/** Lists as many tables as there is room for; one with many columns by its name. */
function linesOf(tables: readonly Table[]): string {
  const lines: string[] = []
  let room = maxListed
  for (const table of tables) {
    const full = lineOf(table)
    const line = full.length < room / 2 ? full : lineOf({ ...table, columns: null })
    if (line.length >= room) break
    lines.push(line)
    room -= line.length + 1
  }
  const more = tables.length - lines.length
  return [...lines, ...(more === 0 ? [] : [`... and ${more} more; db_describe lists all`])].join('\n')
}

/** What an agent reads about one table. */
function lineOf({ label, columns, rows, writes }: Table): string {
  const shown = columns === null ? '' : ` (${columns.join(', ')})`
  const some = rows === null ? '' : ', some rows'
  return `${label}${shown}${some}${writes.size === 0 ? '' : `, can ${[...writes].join(', ')}`}`
}

function inputSchema({ engine, access }: Scope, limits: Limits): JsonObject {
  return {
    type: 'object',
    properties: {
      sql: {
        type: 'string',
        maxLength: Math.min(maxSqlBytes, limits.maxRequestBytes),
        description: `One statement, with ${placeholder[engine]} where values go`,
      },
      params: {
        type: 'array',
        items: { type: ['string', 'number', 'boolean', 'null'] },
        maxItems: 1_000,
        description: 'The values, in order',
      },
      ...(access === 'read' ? {} : { preview: previewSchema }),
    },
    required: ['sql'],
    additionalProperties: false,
  }
}
