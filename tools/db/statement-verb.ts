import * as z from 'zod'
import { type Json, type Limits, type Plan, type Verb } from '../../src/kind.ts'
import { VerbError } from '../../src/verb-error.ts'
import { invalidInput, Refusal } from '../../src/refusal.ts'
import type { SchemaCheck, SchemaCompiler } from '../../src/schema/check.ts'
import { outputSchema } from './answer.ts'
import type { Judge, Judged } from './judge.ts'
import { judgedPlan } from './judged-plan.ts'
import { previewSchema } from './query-verb.ts'
import type { DbTarget } from './target.ts'

type Arguments = Readonly<Record<string, Json>>

/**
 * The MCP tool `<tool>_<statement>`: a statement that an admin wrote, whose arguments are typed and always bound. It has to
 * stay inside the scope like any other.
 *
 * @throws VerbError
 */
export function statementVerb(
  name: string,
  entry: NonNullable<DbTarget['statements']>[string],
  judge: Judge,
  compile: SchemaCompiler,
  limits: Limits,
): Verb {
  const judged = judgedStatement(name, entry.sql, judge)
  const names = Object.keys(entry.params)
  if (judged.parameters !== names.length) {
    const named = names.length === 0 ? 'none' : `${names.length}: ${names.join(', ')}`
    const reason = `the statement has ${judged.parameters} parameters, params has ${named}`
    throw new VerbError(['statements', name, 'params'], reason)
  }
  const reads = judged.action === 'SELECT'
  if (!reads && names.includes('preview'))
    throw new VerbError(['statements', name, 'params', 'preview'], 'is an argument of its own; give it another name')
  const checks = Object.entries(entry.params).map(([param, schema]): [string, SchemaCheck] => {
    try {
      return [param, compile(schema)]
    } catch (error) {
      throw new VerbError(['statements', name, 'params', param], (error as Error).message)
    }
  })
  return {
    name,
    description: entry.description,
    access: reads ? 'read' : 'write',
    idempotent: reads,
    input: z.custom<Arguments>(value => typeof value === 'object' && value !== null && !Array.isArray(value)),
    inputSchema: {
      type: 'object',
      properties: reads ? entry.params : { ...entry.params, preview: previewSchema },
      required: names,
      additionalProperties: false,
    },
    outputSchema,
    plan: input => plan(input as Arguments, name, judged, checks, limits),
  }
}

function plan(
  given: Arguments,
  name: string,
  judged: Judged,
  checks: readonly (readonly [string, SchemaCheck])[],
  limits: Limits,
): Plan {
  const { args, preview } = judged.action === 'SELECT' ? { args: given, preview: false } : withoutPreview(given)
  const unknown = Object.keys(args).find(each => !checks.some(([param]) => param === each))
  if (unknown !== undefined) throw invalidInput(`${JSON.stringify(unknown.slice(0, 50))}: unknown argument`)
  if (Buffer.byteLength(JSON.stringify(args)) > limits.maxRequestBytes)
    throw invalidInput(`arguments: larger than ${limits.maxRequestBytes} bytes`)
  const values = checks.map(([param, check]) => {
    const value = Object.hasOwn(args, param) ? args[param] : undefined
    const problems = check(value, param)
    if (problems !== null) throw invalidInput(problems.join('; '))
    return value as Json
  })
  return judgedPlan(judged, values, `statement ${name}`, preview)
}

/** Takes the argument that everything that writes has out of the statement's own. */
function withoutPreview({ preview = false, ...args }: Arguments) {
  if (typeof preview !== 'boolean') throw invalidInput('preview: expected true or false')
  return { args, preview }
}

function judgedStatement(name: string, sql: string, judge: Judge): Judged {
  try {
    return judge(sql)
  } catch (error) {
    const problems = error instanceof Refusal ? error.fields.problems : undefined
    throw new VerbError(['statements', name, 'sql'], problems?.join('; ') ?? (error as Error).message)
  }
}
