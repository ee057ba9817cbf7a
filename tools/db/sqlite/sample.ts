import type { Stmt } from 'sqlite3-parser'
import { quoted } from './names.ts'
import type { Relations } from './relations.ts'

/** What follows a judged write to have it give what an agent may see of each row that it changes. */
export interface Sample {
  readonly text: string
  /** What the parser has to make of the write with it. */
  readonly tree: unknown
}

/** Makes it; null for what is no write, and for one that says itself what it gives. */
export function sampleOf(root: Stmt, relations: Relations): Sample | null {
  if (root.type !== 'InsertStmt' && root.type !== 'UpdateStmt' && root.type !== 'DeleteStmt') return null
  if (root.returning !== undefined) return null
  const { columns } = relations.find(root.tblName).table
  // Without the name of the table: RETURNING sees no other.
  const text = `RETURNING ${columns === null ? '*' : columns.map(quoted).join(', ')}`
  const returning = columns?.map(name => ({ type: 'ExprResultColumn', expr: { type: 'Id', name } }))
  return { text, tree: { ...root, returning: returning ?? [{ type: 'StarResultColumn' }] } }
}
