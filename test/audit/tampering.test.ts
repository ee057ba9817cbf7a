// Long, since every way of tampering is one entry of a table and is tried through the same few functions.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { verifyAudit } from '../../src/audit/verify.ts'
import { auditDirectory, closing, opening, record, sha256 } from './scene.ts'

const lineCount = 11
const places = [
  ['first', 1],
  ['middle', 6],
  ['last', lineCount],
] as const

/** What an attacker does to the line with this index, and which line verification must name (1-based) for it. */
interface Attack {
  readonly name: string
  readonly apply: (lines: string[], index: number) => void
  readonly named: (line: number) => number
}

const same = (line: number) => line
const change = (edit: (record: Record<string, unknown>) => void) => (lines: string[], index: number) => {
  const value = JSON.parse(lines[index] as string)
  edit(value)
  lines[index] = JSON.stringify(value)
}

const attacks: readonly Attack[] = [
  { name: 'changing a value', apply: change(value => Object.assign(value, { tool: 'other' })), named: same },
  {
    name: 'changing the time',
    apply: change(value => Object.assign(value, { time: '2020-01-01T00:00:00.000Z' })),
    named: same,
  },
  { name: 'changing the number', apply: change(value => Object.assign(value, { seq: 99 })), named: same },
  {
    name: 'changing the reference',
    apply: change(value => Object.assign(value, { prev: 'f'.repeat(64) })),
    named: same,
  },
  { name: 'changing only white space', apply: (lines, index) => (lines[index] += ' '), named: same },
  { name: 'overwriting with garbage', apply: (lines, index) => (lines[index] = '\u0000garbage'), named: same },
  { name: 'emptying', apply: (lines, index) => (lines[index] = ''), named: same },
  { name: 'overwriting with other JSON', apply: (lines, index) => (lines[index] = '{"v":1}'), named: same },
  { name: 'removing', apply: (lines, index) => lines.splice(index, 1), named: same },
  {
    name: 'repeating',
    apply: (lines, index) => lines.splice(index, 0, lines[index] as string),
    named: line => line + 1,
  },
  { name: 'inserting garbage before', apply: (lines, index) => lines.splice(index, 0, 'garbage'), named: same },
  {
    name: 'moving to the other end',
    apply: (lines, index) => {
      const [moved] = lines.splice(index, 1)
      if (index < lineCount / 2) lines.push(moved as string)
      else lines.unshift(moved as string)
    },
    named: line => (line - 1 < lineCount / 2 ? lineCount : 1),
  },
  {
    name: 'exchanging with its neighbour',
    apply: (lines, index) => {
      const other = index === 0 ? 1 : index - 1
      ;[lines[index], lines[other]] = [lines[other] as string, lines[index] as string]
    },
    named: same,
  },
]

function fiveCalls() {
  const scene = auditDirectory()
  const log = scene.open()
  record(log, 5)
  return { scene, log }
}

/** Writes every line anew so that the chain fits, as someone without the key can. */
function relink(lines: readonly string[]): string[] {
  let prev = '0'.repeat(64)
  return lines.map((line, index) => {
    const text = JSON.stringify({ ...JSON.parse(line), seq: index + 1, prev })
    prev = sha256(text)
    return text
  })
}

describe.each(attacks)('$name a line', ({ apply, named }) => {
  test.each(places)('is found and named: the %s line', async (_, line) => {
    const { scene, log } = fiveCalls()
    await log.close()
    const [chain = ''] = scene.chains()
    const lines = scene.lines(chain)
    expect(lines).toHaveLength(lineCount)
    expect((await scene.verify()).problems).toEqual([])
    apply(lines, line - 1)
    scene.rewrite(chain, lines)
    const { problems } = await scene.verify()
    expect(problems).toContainEqual(expect.objectContaining({ chain, line: named(line) }))
    expect((await verifyAudit(scene.dir, null)).problems).toEqual(problems)
  })
})

test.each([0, 1, 6, lineCount - 1])('cutting a chain after line %i is found, and named', async kept => {
  const { scene, log } = fiveCalls()
  await log.close()
  const [chain = ''] = scene.chains()
  scene.rewrite(chain, scene.lines(chain).slice(0, kept))
  const { problems } = await scene.verify()
  expect(problems).toMatchObject([{ chain, line: kept + 1, kind: 'cut' }])
})

test('cutting a chain in the middle of its last line is found, and named', async () => {
  const { scene, log } = fiveCalls()
  await log.close()
  const [chain = ''] = scene.chains()
  const text = readFileSync(join(scene.dir, chain), 'utf8')
  for (const missing of [1, 20]) {
    writeFileSync(join(scene.dir, chain), text.slice(0, -missing))
    expect((await scene.verify()).problems).toMatchObject([{ chain, line: lineCount, kind: 'cut' }])
  }
})

test('lines added after the end are found, and named', async () => {
  const { scene, log } = fiveCalls()
  await log.close()
  const [chain = ''] = scene.chains()
  const lines = scene.lines(chain)
  scene.rewrite(chain, relink([...lines, ...lines.slice(-2)]))
  const { problems } = await scene.verify()
  expect(problems).toMatchObject([{ chain, line: lineCount + 1, kind: 'unsealed' }])
})

test('a chain written anew, with a head to match, is found by the seal; without the key, the report says it was not checked', async () => {
  const { scene, log } = fiveCalls()
  await log.close()
  const [chain = ''] = scene.chains()
  const forged = relink(scene.lines(chain).toSpliced(5, 2))
  scene.rewrite(chain, forged)
  const path = join(scene.dir, `${chain}.head`)
  const head = JSON.parse(readFileSync(path, 'utf8'))
  writeFileSync(path, JSON.stringify({ ...head, seq: forged.length, hash: sha256(forged.at(-1) as string) }))
  expect((await scene.verify()).problems).toMatchObject([{ chain, kind: 'bad_head' }])
  expect(await verifyAudit(scene.dir, null)).toMatchObject({ problems: [], sealsChecked: false })
})

test('a chain written anew whose head was left alone is found, at the line that the head seals', async () => {
  const { scene, log } = fiveCalls()
  await log.close()
  const [chain = ''] = scene.chains()
  const lines = scene.lines(chain)
  lines[4] = (lines[4] as string).replace('github', 'gitlab')
  scene.rewrite(chain, relink(lines))
  expect((await verifyAudit(scene.dir, null)).problems).toMatchObject([{ chain, line: lineCount, kind: 'changed' }])
})

test.each([
  ['removed', (path: string) => rmSync(path)],
  ['emptied', (path: string) => writeFileSync(path, '')],
  ['garbage', (path: string) => writeFileSync(path, '{"seq":"1"}')],
])('a head that is %s is found', async (_, damage) => {
  const { scene, log } = fiveCalls()
  await log.close()
  const [chain = ''] = scene.chains()
  damage(join(scene.dir, `${chain}.head`))
  expect((await scene.verify()).problems).toMatchObject([{ chain, line: null, kind: 'bad_head' }])
})

test('the head of one chain does not pass for the head of another', async () => {
  const { scene, log } = fiveCalls()
  await log.close()
  const [chain = ''] = scene.chains()
  const other = chain.replace(/-.*/, '-00000000.jsonl')
  renameSync(join(scene.dir, chain), join(scene.dir, other))
  renameSync(join(scene.dir, `${chain}.head`), join(scene.dir, `${other}.head`))
  expect((await scene.verify()).problems).toMatchObject([{ chain: other, kind: 'bad_head' }])
})

describe('a whole chain', () => {
  async function twoChains() {
    const { scene, log: first } = fiveCalls()
    const second = scene.open()
    record(second, 1)
    await first.close()
    await second.close()
    const [one = '', two = ''] = scene.chains().sort((a, b) => scene.lines(b).length - scene.lines(a).length)
    expect((await scene.verify()).problems).toEqual([])
    return { scene, one, two }
  }

  test('that is removed while its head is left is found', async () => {
    const { scene, one } = await twoChains()
    rmSync(join(scene.dir, one))
    expect((await scene.verify()).problems).toMatchObject([{ chain: one, line: null, kind: 'missing' }])
  })

  test('that is removed with its head is missed by the chain that began after it', async () => {
    const { scene, one, two } = await twoChains()
    for (const name of [one, `${one}.head`, `${one}.lock`]) rmSync(join(scene.dir, name))
    const { problems } = await scene.verify()
    expect(problems).toMatchObject([{ chain: one, line: null, kind: 'missing' }])
    expect(problems[0]?.message).toContain(`${two}:1`)
  })

  test('that is written anew from before another saw it is found even without the key', async () => {
    const { scene, one, two } = await twoChains()
    const lines = scene.lines(one)
    lines[2] = (lines[2] as string).replace('github', 'gitlab')
    const forged = relink(lines)
    scene.rewrite(one, forged)
    const path = join(scene.dir, `${one}.head`)
    const head = JSON.parse(readFileSync(path, 'utf8'))
    writeFileSync(path, JSON.stringify({ ...head, hash: sha256(forged.at(-1) as string) }))
    const { problems } = await verifyAudit(scene.dir, null)
    expect(problems).toMatchObject([{ chain: one, line: lineCount, kind: 'changed' }])
    expect(problems[0]?.message).toContain(`${two}:1`)
  })

  test('named in a forged link by a path that leads elsewhere is not opened', async () => {
    const scene = auditDirectory()
    const log = scene.open()
    void log.append('chain.started', { links: [{ chain: '../../etc/passwd', seq: 1, hash: '0'.repeat(64) }] })
    expect((await scene.verify()).problems).toMatchObject([{ chain: '../../etc/passwd', kind: 'missing' }])
  })
})

describe('while a process is writing', () => {
  const meddling = [
    ['deletes its file', 'missing', (path: string) => rmSync(path)],
    ['deletes its file and its head', 'missing', (path: string) => [rmSync(path), rmSync(`${path}.head`)]],
    ['moves its file away', 'missing', (path: string) => renameSync(path, `${path}.old`)],
    ['cuts its file', 'cut', (path: string) => writeFileSync(path, readFileSync(path).subarray(0, -10))],
    ['empties its file', 'cut', (path: string) => writeFileSync(path, '')],
    ['adds to its file', 'not_a_record', (path: string) => writeFileSync(path, '{}\n', { flag: 'a' })],
    [
      'puts another file in its place',
      'not_a_record',
      (path: string) => {
        writeFileSync(`${path}.new`, readFileSync(path, 'utf8').replaceAll('{', '('))
        renameSync(`${path}.new`, path)
      },
    ],
  ] as const

  test.each(meddling)('someone who %s is found, and the next records go to a new chain', async (_, kind, meddle) => {
    let now = 1_800_000_000_000
    const scene = auditDirectory()
    const log = scene.open('batch', () => now)
    record(log, 5)
    const [chain = ''] = scene.chains()
    const attempt = log.open(opening())
    await new Promise(setImmediate) // the head follows at the end of a turn
    meddle(join(scene.dir, chain))
    now += 1000
    void attempt.close(closing())
    record(log, 2)
    const { problems } = await scene.verify()
    expect(problems).toContainEqual(expect.objectContaining({ chain, kind }))
    const [fresh = ''] = scene.chains().filter(name => name !== chain)
    expect(problems.filter(problem => problem.chain === fresh)).toEqual([])
    expect(scene.lines(fresh)).toHaveLength(1 + 1 + 4)
    expect(scene.lines(fresh)[0]).toContain(`"chain":"${chain}","seq":12`)
    expect(scene.problems.map(String).join()).toContain(chain)

    // What was found is not made good by a restart.
    await log.close()
    await scene.open().close()
    expect((await scene.verify()).problems).toContainEqual(expect.objectContaining({ chain, kind }))
  })

  test('verifying at any moment finds nothing wrong', async () => {
    const { scene, log } = fiveCalls()
    for (let round = 0; round < 20; round++) {
      const attempt = log.open(opening())
      expect(await scene.verify()).toMatchObject({ problems: [], chains: [{ living: true }] })
      void attempt.close(closing())
    }
  })
})

test('two processes that meet in one chain, because its lock was deleted, part again at the next record', async () => {
  const { scene, log: first } = fiveCalls()
  const [chain = ''] = scene.chains()
  rmSync(join(scene.dir, `${chain}.lock`))
  const second = scene.open()
  record(second, 2)
  record(first, 2)
  record(second, 2)
  expect(scene.chains()).toHaveLength(2)
  expect(await scene.verify()).toMatchObject({ problems: [], records: 11 + 1 + 4 + 1 + 4 + 4 })
})

test('a chain that was tampered with is not continued, and stays as it is', async () => {
  const { scene, log } = fiveCalls()
  await log.close()
  const [chain = ''] = scene.chains()
  scene.rewrite(chain, scene.lines(chain).slice(0, 7))
  const before = readFileSync(join(scene.dir, chain), 'utf8')
  await scene.open().close()
  expect(readFileSync(join(scene.dir, chain), 'utf8')).toBe(before)
  expect(scene.chains()).toHaveLength(2)
  expect((await scene.verify()).problems).toMatchObject([{ chain, line: 8, kind: 'cut' }])
  expect(scene.problems.map(String).join()).toContain('does not end where its head says')
})

test('a log that another installation sealed does not verify', async () => {
  const { scene, log } = fiveCalls()
  await log.close()
  const { problems } = await verifyAudit(scene.dir, Buffer.alloc(32, 8))
  expect(problems).toMatchObject([{ chain: scene.chains()[0], kind: 'bad_head' }])
})
