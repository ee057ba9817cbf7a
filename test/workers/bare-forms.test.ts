import { expect, test } from 'vitest'
import { leasingOf } from '../credentials/reading.ts'
import { createLeases } from '../../src/workers/leases.ts'
import { Redaction } from '../../src/workers/redaction.ts'
import { findForms } from '../support/forms.ts'
import { seeded } from '../support/random.ts'

/* What a worker redacts, by way of everything between a source and the redactor. */

async function redactionOf(token: string): Promise<Redaction> {
  const redaction = new Redaction(() => {})
  const own = leasingOf({ type: 'bearer', token: { env: 'TOKEN' } }, { TOKEN: token })
  await createLeases(own, {}, { leased: () => {}, redact: secrets => redaction.lease(secrets) }).get()
  return redaction
}

test('base64 with padding is found without it, in every form', async () => {
  const random = seeded(20_261_123)
  for (let round = 0; round < 40; round += 1) {
    const key = Buffer.from(Array.from({ length: 32 }, () => random.below(256))).toString('base64')
    const bare = key.replace(/=+$/, '')
    const { current } = await redactionOf(key)
    const echoed = [
      bare,
      encodeURIComponent(bare),
      Buffer.from(bare).toString('base64'),
      Buffer.from(bare).toString('hex'),
    ]
    expect(findForms(current.text(echoed.map(form => `<${form}>`).join(' ')), bare)).toEqual([])
  }
})
