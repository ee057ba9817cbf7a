import { Refusal } from '../../../src/refusal.ts'
import { batch } from './batch.ts'
import { setUp } from './setup.ts'
import { sqlErrorOf } from './sql-error.ts'
import type { Work } from './work.ts'

export type CatalogRow = readonly (string | null)[]

/** What the catalogue may say about itself. */
const maxBytes = 33_554_432

/**
 * Asks the catalogue something of ours, in a transaction that can only read.
 *
 * @throws Refusal; ConnectionLost
 */
export async function askCatalog(
  { session, target, context }: Work,
  text: string,
  values: readonly (string | null)[],
): Promise<readonly CatalogRow[]> {
  session.allow(maxBytes)
  const rows: CatalogRow[] = []
  const answered = session.together(() => {
    const asked = batch(
      session,
      setUp(target, 'read', context.remainingMs()),
      { text, values, maxRows: 0 },
      { row: row => rows.push(row) },
    )
    session.clean().catch(() => {})
    return asked
  })
  const { error } = await answered
  if (error?.code === '57014') throw new Refusal('target_timeout', 'the catalogue did not answer in time')
  if (error !== null) {
    const { code, message } = sqlErrorOf(error, text)
    throw new Refusal('target_refused', `the catalogue cannot be read: ${message} (${code})`)
  }
  return rows
}
