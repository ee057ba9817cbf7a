import { noFunction } from '../denials.ts'
import type { Scope } from '../scope.ts'
import { parseTableName } from '../table-name.ts'
import { safeFunctions } from './functions.ts'
import { type Fields, nameNode, names, only } from './tree.ts'
import { expressions, type Functions, optional, type Walk } from './walk.ts'
import { orders, windowDefinition } from './windows.ts'

/**
 * Reads the functions of users that the scope lists.
 *
 * @throws Error with a sentence for the admin
 */
export function functionsOf({ functions }: Scope): Functions {
  const listed = functions.map(written => {
    const { schema, name } = parseTableName(written)
    if (schema === null) throw new Error(`functions: ${written}: write it with its schema, as public.${written}`)
    return [schema, name] as const
  })
  return written => {
    const [name, schema = null] = written.toReversed()
    const called = listed.filter(each => each[1] === name && (schema === null || each[0] === schema))
    if (written.length > 2 || called.length !== 1) throw noFunction(written.join('.'), functions)
    return called[0] as readonly [string, string]
  }
}

const aggregateFields = ['agg_order', 'agg_filter', 'agg_within_group', 'agg_star', 'agg_distinct']
const callFields = ['funcname', 'args', 'over', 'func_variadic', 'funcformat', ...aggregateFields]

/**
 * Judges the call of a function and gives it its full name: a name without schema that the database looks up could be a
 * function of somebody else's, or, as `email(customers)`, another way to write a column.
 */
export function call(walk: Walk, fields: Fields): void {
  only(fields, callFields)
  const written = names(fields.funcname) ?? []
  const name = written.at(-1) ?? ''
  const isUnclaimed = written.length === 1 || (written.length === 2 && written[0] === 'pg_catalog')
  const sent = isUnclaimed && safeFunctions.has(name) ? ['pg_catalog', name] : walk.functions(written)
  fields.funcname = sent.map(nameNode)
  // EXTRACT(YEAR FROM x) and its like are written as plain calls.
  fields.funcformat = 'COERCE_EXPLICIT_CALL'
  walk.found.names.add(name)
  expressions(walk, fields.args)
  orders(walk, fields.agg_order)
  optional(walk, fields.agg_filter)
  if (fields.over !== undefined) windowDefinition(walk, fields.over as Fields)
}
