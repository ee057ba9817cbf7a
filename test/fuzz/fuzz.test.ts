import { expect, test } from 'vitest'
import { fuzz } from './fuzz.ts'
import { subjects } from './subjects.ts'

/* A bounded part of `npm run fuzz`: always the same statements. */

test.each(Object.entries(subjects))(
  '%s: whatever is let through, the database itself says that it stays inside of the scope',
  async (_name, open) => {
    const subject = await open()
    try {
      const { passed, escapes } = await fuzz(subject, { statements: 4_000, seed: 20_261 })
      expect(escapes).toEqual([])
      expect(passed).toBeGreaterThan(200)
    } finally {
      await subject.close()
    }
  },
  120_000,
)
