// Long, since what is shown is compared as a whole, and all commands share one way of being run.
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readRecords } from '../../src/audit/read.ts'
import { auditShow, auditTail, auditVerify } from '../../src/cli/audit.ts'
import { auditDirectory, closing, newCallId, opening, record, sealKey } from './scene.ts'

const time = Date.parse('2026-03-04T05:06:07.080Z')

/** A log whose clock goes on by some milliseconds at every step. */
function scene() {
  const place = auditDirectory()
  let now = time
  const log = place.open('batch', () => {
    now += 10
    return now
  })
  return { ...place, log }
}

type Scene = ReturnType<typeof scene>

async function tail({ dir }: Scene, options: { lines?: number; json?: boolean } = {}): Promise<string> {
  const out: string[] = []
  const { lines = 20, json = false } = options
  const signal = new AbortController().signal
  await auditTail({
    dir,
    lines,
    json,
    follow: false,
    write: text => out.push(text),
    signal,
    clock: () => time + 239,
  })
  return out.join('')
}

type Filters = Partial<Omit<Parameters<typeof auditShow>[0], 'dir' | 'write' | 'clock'>>

async function show({ dir }: Scene, filters: Filters): Promise<{ code: number; text: string }> {
  const out: string[] = []
  const code = await auditShow({ dir, json: false, ...filters, write: text => out.push(text), clock: () => time })
  return { code, text: out.join('') }
}

async function verify(dir: string, options: { json?: boolean; key?: Buffer | null } = {}) {
  const out: string[] = []
  const { json = false, key = sealKey } = options
  const code = await auditVerify({ dir, sealKey: key, json, write: text => out.push(text) })
  return { code, text: out.join('') }
}

describe('audit tail', () => {
  test('shows the newest calls and events in aligned columns', async () => {
    const place = scene()
    void place.log.append('config.loaded', { digest: 'c0ffee' })
    void place.log.open(opening()).close(closing())
    void place.log.open(opening({ agent: null, mcp_tool: 'orders_db_query' })).close({
      outcome: 'refused',
      code: 'not_allowed',
      duration_ms: 0.42,
    })
    place.log.open(opening({ agent: 'ci' }))
    expect(await tail(place, { lines: 4 })).toBe(
      [
        'TIME (UTC)               AGENT    MCP TOOL          OPERATION                    OUTCOME  CODE            MS',
        '2026-03-04 05:06:07.120                             config.loaded digest=c0ffee',
        '2026-03-04 05:06:07.150  local    github_call_api   GET /repos/acme/shop/issues  ok                       13',
        '2026-03-04 05:06:07.190  -        orders_db_query   -                            refused  not_allowed    0.4',
        '2026-03-04 05:06:07.220  ci       github_call_api   -                            running                  99',
      ]
        .join('\n')
        .concat('\n'),
    )
  })

  test('with --json shows the records as they are in the files', async () => {
    const place = scene()
    record(place.log, 3)
    const lines = place.lines(place.chains()[0] as string)
    expect(await tail(place, { lines: 4, json: true })).toBe(
      lines
        .slice(-4)
        .map(line => `${line}\n`)
        .join(''),
    )
    expect(await tail(place, { lines: 0, json: true })).toBe('')
  })

  test('merges the chains of several processes by time', async () => {
    const place = scene()
    let now = time + 5
    const other = place.open('batch', () => {
      now += 10
      return now
    })
    for (let round = 0; round < 5; round++) {
      record(place.log, 1)
      record(other, 1)
    }
    const times = [...readRecords(place.dir)].map(({ record: { time: at } }) => at)
    expect(times).toEqual(times.toSorted())
    expect(new Set([...readRecords(place.dir)].map(({ chain }) => chain)).size).toBe(2)
    const tailed = (await tail(place, { json: true, lines: 100 })).trim().split('\n')
    expect(tailed.map(line => JSON.parse(line).time)).toEqual(times)
  })

  test('with --follow shows what is written later, in a chain that begins later too, until it is told to stop', async () => {
    const place = scene()
    const before = place.log.open(opening({ agent: 'early' }))
    const controller = new AbortController()
    let text = ''
    let seen = Promise.withResolvers<void>()
    const tailing = auditTail({
      dir: place.dir,
      lines: 0,
      follow: true,
      json: false,
      write: piece => {
        text += piece
        seen.resolve()
        seen = Promise.withResolvers()
      },
      signal: controller.signal,
      clock: () => time,
    })
    const shows = async (expected: RegExp) => {
      while (!expected.test(text)) await seen.promise
    }
    await shows(/OUTCOME/)
    void before.close(closing())
    await shows(/early +github_call_api .* ok/)
    const other = place.open()
    void other.open(opening({ agent: 'late' })).close({ outcome: 'failed', code: 'target_timeout', duration_ms: 5000 })
    await shows(/late +github_call_api .* failed +target_timeout +5000\n/)
    controller.abort()
    expect(await tailing).toBe(0)
  })
})

describe('audit show', () => {
  test('shows one call in full', async () => {
    const place = scene()
    const call = newCallId()
    void place.log
      .open(opening({ call }))
      .close(closing({ credential: { name: 'github', fingerprint: '0123456789ab' } }))
    record(place.log, 2)
    const { code, text } = await show(place, { call })
    expect(code).toBe(0)
    expect(text).toMatch(new RegExp(`^call +${call}$`, 'm'))
    expect(text).toMatch(/^opened +2026-03-04T05:06:07\.\d+Z {2}\(.*\.jsonl, record 2\)$/m)
    expect(text).toMatch(/^operation\.summary +GET \/repos\/acme\/shop\/issues$/m)
    expect(text).toMatch(/^credential\.fingerprint +0123456789ab$/m)
    expect(text).toMatch(/^outcome +ok$/m)
    const { text: json } = await show(place, { call, json: true })
    const [, opened, closed] = place.lines(place.chains()[0] as string)
    expect(json).toBe(`${opened}\n${closed}\n`)
  })

  test('a call that nobody made is not there, and the exit code says so', async () => {
    const place = scene()
    expect(await show(place, { call: newCallId() })).toEqual({ code: 1, text: 'no such call\n' })
    expect(await show(place, { call: newCallId(), json: true })).toEqual({ code: 1, text: '' })
  })

  test.each<[string, Filters, string[]]>([
    ['agent', { agent: 'ci' }, ['b', 'c']],
    ['tool', { tool: 'orders' }, ['c']],
    ['MCP tool', { tool: 'github_call_api' }, ['a', 'b', 'd']],
    ['outcome', { outcome: 'refused' }, ['b']],
    ['running calls', { outcome: 'running' }, ['d']],
    ['time', { since: time + 60_000 }, ['c', 'd']],
    ['all of them', { agent: 'ci', outcome: 'ok', since: time }, ['c']],
  ])('filters by %s', async (_, filters, expected) => {
    const place = auditDirectory()
    let now = time
    const log = place.open('batch', () => now)
    const call = (name: string) => `00000000-0000-7000-8000-00000000000${name}`
    void log.open(opening({ call: call('a') })).close(closing())
    void log
      .open(opening({ call: call('b'), agent: 'ci' }))
      .close({ outcome: 'refused', code: 'not_allowed', duration_ms: 0 })
    now += 60_000
    const orders = opening({ call: call('c'), agent: 'ci', tool: 'orders', mcp_tool: 'orders_db_query' })
    void log.open(orders).close({ outcome: 'ok', duration_ms: 1 })
    log.open(opening({ call: call('d') }))
    const { text } = await show({ ...place, log }, { ...filters, json: true })
    const found = text
      .trim()
      .split('\n')
      .map(line => JSON.parse(line).call.at(-1))
    expect([...new Set(found)]).toEqual(expected)
  })

  test('lists thousands of calls', async () => {
    const place = scene()
    record(place.log, 2000)
    const { text } = await show(place, { agent: 'local' })
    expect(text.split('\n')).toHaveLength(2000 + 2)
  })
})

describe('audit verify', () => {
  test('says OK with the numbers of chains and records', async () => {
    const place = scene()
    record(place.log, 600)
    const second = place.open()
    record(second, 1)
    await place.log.close()
    const { code, text } = await verify(place.dir)
    expect(code).toBe(0)
    expect(text).toMatch(/^\S+\.jsonl +1,201 records {2}ok$/m)
    expect(text).toMatch(/^\S+\.jsonl +3 records {2}ok, being written$/m)
    expect(text).toMatch(/\nOK: 2 chains, 1,204 records\n$/)
  })

  test('says TAMPERED with each file and line', async () => {
    const place = scene()
    record(place.log, 3)
    await place.log.close()
    const [chain = ''] = place.chains()
    const lines = place.lines(chain)
    place.rewrite(chain, lines.with(3, (lines[3] as string).replace('stdio', 'http')))
    const { code, text } = await verify(place.dir)
    expect(code).toBe(1)
    expect(text).toContain(`\n${join(place.dir, chain)}:4: changed: line 5 does not follow from it\n`)
    expect(text).toMatch(/\nTAMPERED: 1 problem in 1 chain; 1 chain, 7 records read\n$/)
    const { text: json } = await verify(place.dir, { json: true })
    expect(JSON.parse(json)).toMatchObject({ ok: false, problems: [{ chain, line: 4, kind: 'changed' }], records: 7 })
  })

  test('says that the seals were not checked when it has no key', async () => {
    const place = scene()
    const { code, text } = await verify(place.dir, { key: null })
    expect(code).toBe(0)
    expect(text).toContain('seals of the heads were not checked')
  })

  test('does not call an empty or a missing directory verified', async () => {
    const place = auditDirectory()
    expect(await verify(place.dir)).toMatchObject({
      code: 1,
      text: expect.stringContaining('cannot read the audit log'),
    })
    const empty = join(place.dir, '..')
    expect(await verify(empty)).toMatchObject({ code: 1, text: expect.stringContaining('NOTHING TO VERIFY') })
    expect(JSON.parse((await verify(place.dir, { json: true })).text)).toMatchObject({ ok: false })
  })
})

// CSI and OSC sequences, their one-character C1 forms, a carriage return that overwrites, backspaces, a bell,
// a bidirectional override, and marks without width.
const attacks = [
  '\u001b[2J\u001b[31mred',
  '\u001b]0;title\u0007',
  '\u009b2J',
  '\u009d52;c;ZXZpbA==\u009c',
  'a\rOK: 1 chain',
  'a\b\b\b',
  'a\nOK: 3 chains',
  '\u202egnp.exe',
  'a\u2028b\u2029c',
  'zero\u200bwidth\ufeff',
  '\u007f',
]

test.each(attacks)('what an agent sends cannot act on the terminal of whoever reads the log: %j', async attack => {
  const place = scene()
  const call = newCallId()
  void place.log.append(`event${attack}`, { [attack]: attack })
  const operation = { action: attack, resource: attack, access: 'read', summary: attack } as const
  void place.log
    .open(opening({ call, agent: attack, mcp_tool: attack, trace: attack }))
    .close(closing({ operation, detail: attack }))
  // A line that someone wrote into the file by hand.
  await place.log.close()
  const forged = {
    v: 1,
    seq: 5,
    prev: attack,
    time: attack,
    event: attack,
    call: attack,
    links: [{ chain: attack, seq: 1, hash: '' }],
  }
  appendFileSync(
    join(place.dir, place.chains()[0] as string),
    `${JSON.stringify({ ...forged, event: 'chain.started' })}\n`,
  )
  const printed = [
    await tail(place),
    await tail(place, { json: true }),
    (await show(place, { call })).text,
    (await show(place, { call, json: true })).text,
    (await show(place, { agent: attack })).text,
    (await verify(place.dir)).text,
  ]
  for (const text of printed) {
    expect(text).not.toBe('')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/)
    expect(text).not.toMatch(/^OK: /m)
  }
})
