/**
 * A process that writes to an audit log, for tests that kill it or run several. Arguments: directory, agent, sync mode, number
 * of calls (0: until killed), and what to do in the end: `wait` for the end of standard input, or just `end`.
 * Prints `ready`, waits for a line, then prints each call's id when its opening is on record, `refused CODE` for
 * each refusal (ending after the third), and `done`.
 */
import { randomBytes } from 'node:crypto'
import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { callIds } from '../../src/audit/call-id.ts'
import { openAuditLog } from '../../src/audit/log.ts'
import { Refusal } from '../../src/refusal.ts'

const [dir = '', agent = '', sync = 'batch', calls = '0', finish = 'end'] = process.argv.slice(2)
const say = (text: string) => writeSync(1, `${text}\n`)
const input = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

say('ready')
await input.next()
const log = openAuditLog({
  dir,
  sync: sync === 'always' ? 'always' : 'batch',
  sealKey: Buffer.alloc(32, 7),
  clock: Date.now,
  random: randomBytes,
})
const newCallId = callIds(Date.now, randomBytes)
const fields = { agent, transport: 'stdio', tool: 'github', kind: 'http', mcp_tool: 'github_call_api' }
const running = []
let refusals = 0
const limit = calls === '0' ? Number.POSITIVE_INFINITY : Number(calls)
for (let count = 0; refusals < 3 && count < limit; count++) {
  try {
    const attempt = log.open({ ...fields, call: newCallId(), args_digest: null, config: '' })
    await attempt.durable
    say(attempt.call)
    running.push(attempt)
    // A few calls are always in flight.
    if (running.length > 3) await running.shift()?.close({ outcome: 'ok', duration_ms: 1 })
  } catch (error) {
    refusals++
    say(`refused ${error instanceof Refusal ? error.code : String(error)}`)
  }
}
say('done')
if (finish === 'wait') {
  await input.next()
  for (const attempt of running) await attempt.close({ outcome: 'ok', duration_ms: 1 })
  await log.close()
}
process.stdin.destroy()
