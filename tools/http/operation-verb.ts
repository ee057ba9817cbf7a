import * as z from 'zod'
import type { JsonObject, Limits, Plan, Verb } from '../../src/kind.ts'
import { invalidInput, Refusal } from '../../src/refusal.ts'
import { outputSchema } from './answer.ts'
import type { Bounds } from './bounds.ts'
import { furtherRequests } from './further.ts'
import { IdempotencyKey, idempotencyKeySchema, onceOf } from './idempotency.ts'
import { type Asked, documentBody, segmentProblems, variableProblems } from './judge.ts'
import { argumentNames, type Operation, restArgument } from './operation.ts'
import { type Parameter, type ParameterValue, readParameter } from './parameter.ts'
import { checkSegment } from './path.ts'
import { limitedQuery, type Query, queryProblems } from './query.ts'
import { refuseReservedKeys } from './request.ts'
import { normalParameter } from './reserved.ts'
import { writtenPlan } from './written-plan.ts'

type Arguments = Readonly<Record<string, unknown>>

/** The MCP tool `<tool>_<operation>`: one request whose arguments are typed, and whose other parts are fixed. */
export function operationVerb(bounds: Bounds, operation: Operation, limits: Limits): Verb {
  const { entry, method, pattern, reads, idempotent } = operation
  const { target, base, credentialNames } = bounds
  const allowed: Plan['scope'] = { allowed: true, by: `operation ${operation.name}` }
  const known = new Set(argumentNames(operation))
  const once = 'once' in onceOf(target, method, reads, null)
  const fixedQuery: Query = Object.entries(entry.fixed.query)
  return {
    name: operation.name,
    description: `${entry.description}\n${operation.text} at ${new URL(target.base_url).host}; authentication is added for you.`,
    access: reads ? 'read' : 'write',
    idempotent,
    // As it is: whatever is not an argument is named and refused, `__proto__` too.
    input: z.custom<Arguments>(isMapping, 'expected an object'),
    inputSchema: inputSchema(operation, once),
    outputSchema,
    plan: input => plan(input as Arguments),
    further: step => furtherRequests(step, target, base, judgeFurther),
  }

  function plan(given: Arguments): Plan {
    const { idempotency_key: key, ...args } = given
    if (key !== undefined && !once) throw invalidInput('idempotency_key: unknown argument')
    if (key !== undefined && !IdempotencyKey.safeParse(key).success)
      throw invalidInput('idempotency_key: expected 1-64 letters, digits, _ and -')
    const unknown = Object.keys(args).filter(name => !known.has(name))
    if (unknown.length > 0)
      throw invalidInput(
        `unknown argument ${JSON.stringify(unknown[0]?.slice(0, 50))}; there are: ${[...known].join(', ') || 'none'}`,
      )
    if (operation.document === null) refuseReservedKeys(entry.content_type, args['body'], credentialNames)
    const parts = {
      segments: segmentsOf(operation, args),
      slash: pattern.slash,
      query: [...fixedQuery, ...queryOf(operation, args)],
      body: bodyOf(operation, args),
    }
    return planned(parts, allowed, (key as string | undefined) ?? null)
  }

  /** A redirect, or the next page, is judged as the operation's own arguments are. */
  function judgeFurther({ segments, slash, query, body }: Asked): Plan {
    const problems = furtherProblems(operation, segments, slash, query)
    const verdict: Plan['scope'] =
      problems === null ? allowed : { allowed: false, reason: 'leads out of the operation', fields: { problems } }
    return planned({ segments, slash, query, body }, verdict, null)
  }

  function planned(
    parts: Pick<Asked, 'segments' | 'slash' | 'query' | 'body'>,
    verdict: Plan['scope'],
    idempotencyKey: string | null,
  ): Plan {
    const { body } = parts
    const sentAs = operation.document === null ? entry.content_type : 'application/json'
    const asked: Asked = { ...parts, method, contentType: body === undefined ? null : sentAs }
    const query = limitedQuery(parts.query, limits.maxRequestBytes)
    const summary = (line: string) => `${operation.name}: ${line}`
    const judged = { verdict, reads, idempotent, idempotencyKey, summary }
    const { headers } = entry.fixed
    return writtenPlan({ via: operation.name, asked, query, body, headers, ...judged }, bounds, limits)
  }
}

function isMapping(value: unknown): value is Arguments {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function segmentsOf({ pattern, params }: Operation, args: Arguments): readonly string[] {
  return pattern.parts.flatMap((part, index) => {
    if (part.type === 'literal') return [part.segment]
    const parameter = params[index] ?? null
    if (parameter !== null) {
      const value = checked(parameter, args[parameter.name])
      if (Array.isArray(value)) throw invalidInput(`${parameter.name}: expected one value`)
      return [named(parameter.name, () => checkSegment(String(value)))]
    }
    const rest = args[restArgument]
    if (rest === undefined) throw invalidInput(`${restArgument}: is missing`)
    if (typeof rest !== 'string') throw invalidInput(`${restArgument}: expected a text`)
    if (rest.startsWith('/')) throw invalidInput(`${restArgument}: does not begin with /`)
    return rest.split('/').map(segment => named(restArgument, () => checkSegment(segment)))
  })
}

function queryOf({ query, entry }: Operation, args: Arguments): Query {
  return query.flatMap(parameter => {
    const value = args[parameter.name]
    if (value !== undefined) return [[parameter.name, checked(parameter, value)] as const]
    if (entry.required.includes(parameter.name)) throw invalidInput(`${parameter.name}: is missing`)
    return []
  })
}

function bodyOf({ entry, checkBody, document }: Operation, args: Arguments): unknown {
  if (document !== null) {
    const variables = Object.fromEntries(
      document.parameters.flatMap(({ name }) => (args[name] === undefined ? [] : [[name, args[name]]])),
    )
    const problems = variableProblems(document, variables, '')
    if (problems !== null) throw refused(problems)
    return documentBody(document, variables)
  }
  const fixed = entry.fixed.body
  if (checkBody === null) return Object.keys(fixed).length === 0 ? undefined : fixed
  const problems = checkBody(args['body'], 'body')
  if (problems !== null) throw refused(problems)
  const given = args['body']
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return given
  // Servers that do not heed the case, or merge spellings, would take the agent's key for the fixed one.
  const taken = new Set(Object.keys(fixed).map(normalParameter))
  const clash = taken.size === 0 ? undefined : Object.keys(given).find(key => taken.has(normalParameter(key)))
  if (clash !== undefined) throw invalidInput(`body: the key ${JSON.stringify(clash.slice(0, 50))} is fixed`)
  return { ...given, ...fixed }
}

function checked(parameter: Parameter, value: unknown): ParameterValue {
  const read = readParameter(parameter, value, parameter.name)
  if ('problems' in read) throw refused(read.problems)
  return read.value
}

/** Says which argument a segment came from. */
function named<T>(name: string, check: () => T): T {
  try {
    return check()
  } catch (error) {
    throw error instanceof Refusal ? invalidInput(error.message.replace(/^path:/, `${name}:`)) : error
  }
}

function refused(problems: readonly string[]): Refusal {
  return new Refusal('invalid_input', problems.join('; '), { fields: { problems } })
}

function furtherProblems(
  operation: Operation,
  segments: readonly string[],
  slash: boolean,
  query: Query,
): readonly string[] | null {
  const { pattern, params, entry } = operation
  if (!pattern.matches(segments) || pattern.slash !== slash) return ['another path']
  const wrong = segmentProblems(params, segments)
  if (wrong !== null) return wrong
  const text = (value: ParameterValue | undefined) => JSON.stringify([value].flat().map(String))
  for (const [name, value] of Object.entries(entry.fixed.query)) {
    const given = query.find(([other]) => other === name)?.[1]
    if (given === undefined || text(given) !== text(value)) return [`${name}: is fixed`]
  }
  return queryProblems(
    query.filter(([name]) => !Object.hasOwn(entry.fixed.query, name)),
    operation.query,
  )
}

function inputSchema(operation: Operation, once: boolean): JsonObject {
  const { params, pattern, query, document, entry } = operation
  const properties: Record<string, JsonObject> = {}
  const inPath = params.filter(parameter => parameter !== null)
  for (const { name, schema } of inPath) properties[name] = schema
  if (pattern.parts.at(-1)?.type === 'rest')
    properties[restArgument] = {
      type: 'string',
      minLength: 1,
      description: 'A path of one or more segments, separated by /',
    }
  for (const { name, schema } of [...query, ...(document?.parameters ?? [])]) properties[name] = schema
  const { $defs, ...body } = entry.body ?? {}
  if (entry.body !== undefined) properties['body'] = body
  const required = [
    ...inPath.map(({ name }) => name),
    ...(pattern.parts.at(-1)?.type === 'rest' ? [restArgument] : []),
    ...entry.required,
    ...(document?.variables ?? []).filter(variable => variable.required).map(({ name }) => name),
    ...(entry.body === undefined ? [] : ['body']),
  ]
  if (once) properties['idempotency_key'] = idempotencyKeySchema
  return {
    type: 'object',
    properties,
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
    ...($defs === undefined ? {} : { $defs }),
  }
}
