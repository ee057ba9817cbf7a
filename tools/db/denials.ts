import { type Action, OutOfScope } from './judge.ts'
import type { Scope, WriteAction } from './scope.ts'

// What an agent is told must not depend on the engine, nor on whether a name exists beyond the scope.

/** Denies a table that is not in the scope. */
export function noTable(name: string, allowed: readonly string[]): OutOfScope {
  return new OutOfScope(`no table ${shown(name)} here`, allowed)
}

/** Denies a column that is in no list; `of` is what stands, or would stand, before it. */
export function noColumn(name: string, of: string | null, allowed: Iterable<string>): OutOfScope {
  return new OutOfScope(`no column ${shown(of === null ? name : `${of}.${name}`)} here`, [...allowed])
}

/** Denies a column without its table where it could be a hidden one of the table that is written to. */
export function unclearColumn(name: string, allowed: Iterable<string>): OutOfScope {
  const advice = `qualify it if it belongs to another table`
  return new OutOfScope(`no column ${shown(name)} in the table that is written to; ${advice}`, [...allowed])
}

/** Denies a star where it would stand for hidden columns too. */
export function noStar(allowed: readonly string[]): OutOfScope {
  return new OutOfScope('* is not available here; name the columns', allowed)
}

/** Denies what stands before a column and is the name of nothing. */
export function noSource(name: string): OutOfScope {
  return new OutOfScope(`nothing is called ${shown(name)} here`)
}

/** Denies a function that is neither safe nor listed. */
export function noFunction(name: string, allowed: Iterable<string>): OutOfScope {
  return new OutOfScope(`the function ${shown(name)}() is not available`, [...allowed])
}

/** Denies a type that is not known to be safe. */
export function noType(name: string): OutOfScope {
  return new OutOfScope(`the type ${shown(name)} is not available`)
}

/** Denies an operator that is not known to be safe. */
export function noOperator(sign: string): OutOfScope {
  return new OutOfScope(`the operator ${shown(sign)} is not available`)
}

/** Denies every statement that is none of those that the tool has. */
export function noStatement({ access }: Scope): OutOfScope {
  const only: readonly Action[] = access === 'read' ? ['SELECT'] : ['SELECT', 'INSERT', 'UPDATE', 'DELETE']
  return new OutOfScope(`only ${only.join(', ')} can be run with this tool`, only)
}

/** Denies everything but a query within a statement. */
export function onlyQueriesWithin(): OutOfScope {
  return new OutOfScope('only SELECT can be run within a statement', ['SELECT'])
}

/** Denies a write that the scope does not have for a table. */
export function noWrite(action: WriteAction, label: string, writes: Iterable<string>): OutOfScope {
  return new OutOfScope(`${action.toUpperCase()} is not allowed on ${label}`, [...writes])
}

/** Denies a change of all rows at once. */
export function needsWhere(action: 'update' | 'delete'): OutOfScope {
  return new OutOfScope(`${action.toUpperCase()} needs a WHERE`)
}

/** Denies an INSERT that would also fill columns that are hidden. */
export function needsColumns(allowed: readonly string[]): OutOfScope {
  return new OutOfScope('INSERT needs its columns listed', allowed)
}

/** A name that came from the agent, as it is shown. */
function shown(name: string): string {
  return name.slice(0, 130)
}
