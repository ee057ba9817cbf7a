import { parseArgs } from 'node:util'
import { fuzz } from './fuzz.ts'
import { subjects } from './subjects.ts'

/*
 * `npm run fuzz`: made-up statements against the judge of each database, and the database's own account of what it lets
 * through. `-- --statements 300000 --seed 7 --only SQLite` for more, others, or one.
 */

const { values: options } = parseArgs({
  options: {
    statements: { type: 'string', default: '40000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
  },
})
let total = 0
let escaped = 0
for (const [name, open] of Object.entries(subjects)) {
  if (options.only !== undefined && options.only !== name) continue
  const subject = await open()
  try {
    const began = performance.now()
    const result = await fuzz(subject, {
      statements: Number(options.statements),
      seed: Number(options.seed),
      progress: done => {
        if (process.stderr.isTTY) process.stderr.write(`\r${name}: ${done}`)
      },
    })
    const seconds = ((performance.now() - began) / 1_000).toFixed(0)
    total += result.statements
    escaped += result.escapes.length
    process.stdout.write(
      `${name.padEnd(12)}${result.statements} statements, ${result.refused} refused, ${result.passed} let through, ${result.escapes.length} escaped (${seconds} s)\n`,
    )
    for (const { sql, sent, why } of result.escapes.slice(0, 20))
      process.stdout.write(`  ${why}\n    asked: ${JSON.stringify(sql)}\n    sent:  ${JSON.stringify(sent)}\n`)
  } finally {
    await subject.close()
  }
}
process.stdout.write(`${total} statements, ${escaped} escaped\n`)
process.exitCode = escaped === 0 ? 0 : 1
