import { noOperator, noType } from '../denials.ts'
import { OutOfScope } from '../judge.ts'
import { type Fields, list, nameNode, names, notAvailable, only, open } from './tree.ts'
import { safeTypes } from './safe-types.ts'
import type { Walk } from './walk.ts'

/** Judges the name of a type, which may only be a built-in one, and gives it its full name. */
export function typeName(walk: Walk, fields: Fields): void {
  only(fields, ['names', 'typemod', 'typmods', 'arrayBounds'])
  if (fields.typemod !== -1) throw notAvailable('typemod')
  const name = builtIn(fields.names)
  if (name === null || !safeTypes.has(name)) throw noType((names(fields.names) ?? []).join('.'))
  fields.names = ['pg_catalog', name].map(nameNode)
  walk.found.names.add(name)
  for (const typmod of list(fields.typmods)) {
    const [kind, constant] = open(typmod)
    if (kind !== 'A_Const' || constant.ival === undefined) throw notAvailable(kind)
  }
  for (const bound of list(fields.arrayBounds)) if (open(bound)[0] !== 'Integer') throw notAvailable(open(bound)[0])
}

/** Judges an operator: a built-in one, since what is sent is looked up in `pg_catalog` alone. */
export function operator(name: unknown): void {
  const sign = builtIn(name)
  if (sign === null || !/^[-+*/<>=~!@#%^&|`?]{1,63}$/.test(sign)) throw noOperator((names(name) ?? []).join('.'))
}

/** Judges the name of a collation, and gives it its full name. */
export function collation(fields: Fields): void {
  const name = builtIn(fields.collname)
  if (name === null) throw new OutOfScope('only the collations of pg_catalog are available')
  fields.collname = ['pg_catalog', name].map(nameNode)
}

/** The name of a thing of the database's own; null when it is written as somebody else's. */
function builtIn(qualified: unknown): string | null {
  const written = names(qualified) ?? []
  if (written.length === 1) return written[0] as string
  return written.length === 2 && written[0] === 'pg_catalog' ? (written[1] as string) : null
}
