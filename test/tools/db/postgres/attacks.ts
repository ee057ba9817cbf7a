import type { Attack } from './attack.ts'
import { catalogue, functions } from './attacks-calls.ts'
import { columns, commonTables, relations, rows } from './attacks-read.ts'
import { deep, statements } from './attacks-text.ts'
import { writes } from './attacks-write.ts'

/** Every attack, by what it is aimed at. */
export const attacks: Readonly<Record<string, readonly Attack[]>> = {
  relations,
  commonTables,
  columns,
  rows,
  functions,
  catalogue,
  statements,
  deep,
  writes,
}
