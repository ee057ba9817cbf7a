import { parseArgs } from 'node:util'
import { measureConstruction, measureCorpus } from './measure.ts'
import { formatFindings } from './report.ts'

/*
 * `npm run bench:redaction`: how fast texts of several kinds pass through redaction, with few and many secrets, and how
 * often something is taken for a secret that is none (which should be never). It informs; it does not judge.
 */

const { values: options } = parseArgs({ options: { json: { type: 'boolean', default: false } } })
const construction = measureConstruction()
const throughput = [1, 20, 200].flatMap(count => {
  process.stderr.write(`bench: ${count} values ...\n`)
  return measureCorpus(count)
})
const findings = { node: process.version, construction, throughput }
process.stdout.write(options.json ? `${JSON.stringify(findings, null, 2)}\n` : formatFindings(findings))
