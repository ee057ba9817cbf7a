import type { SqlError } from './answer.ts'
import type { QueryRequest } from './request.ts'

/** Says that a statement changes more rows than one may. */
export function tooManyRows(most: number): SqlError {
  const message = `The statement would have changed more than ${most} rows; nothing was changed. Narrow its WHERE.`
  return { code: 'max_affected_rows', message }
}

/**
 * Says why a write is undone; null when it may stay.
 *
 * @param touched counts what the database has changed along with the rows of the statement, where it tells
 */
export function whyUndone(
  { preview, expected }: QueryRequest,
  affected: number,
  most: number,
  touched: number = affected,
): SqlError | null {
  if (Math.max(affected, touched) > most) return tooManyRows(most)
  if (preview || expected === null || affected === expected) return null
  const message = `The statement would have changed ${affected} rows, not the ${expected} that were approved; nothing was changed.`
  return { code: 'changed_since_preview', message }
}
