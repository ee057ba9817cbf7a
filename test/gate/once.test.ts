import { describe, expect, test } from 'vitest'
import { OnceBook, type OnceCall } from '../../src/gate/once.ts'
import { Refusal, type RefusalCode } from '../../src/refusal.ts'
import type { WorkerResult } from '../../src/workers/protocol.ts'

const never = new AbortController().signal

function result(answer: object, more: Partial<WorkerResult> = {}): WorkerResult {
  return {
    type: 'result',
    id: 1,
    answer: { ...answer },
    isError: false,
    bytesIn: 100,
    bytesOut: 0,
    fingerprint: null,
    timings: { upstreamMs: 0, redactMs: 0 },
    ...more,
  }
}

/** A book with a clock that is set by hand, and everything that was carried out. */
function opened() {
  let now = 1_000
  let keys = 0
  const made: string[] = []
  const book = new OnceBook(
    () => now,
    () => `key ${++keys}`,
  )
  const call: OnceCall = { owner: 'agent tool', key: 'mine', args: 'digest', windowMs: 60_000 }
  return {
    book,
    made,
    pass: (ms: number) => {
      now += ms
    },
    run: (
      more: Partial<OnceCall> = {},
      work: () => Promise<WorkerResult> = async () => result({ number: made.length }),
      signal = never,
    ) =>
      book.run({ ...call, ...more }, signal, onceKey => {
        made.push(onceKey)
        return work()
      }),
  }
}

const refusing = (code: RefusalCode) => async () => {
  throw new Refusal(code, 'no answer')
}

describe('a call that must run once', () => {
  test('runs, and made again gives the stored outcome', async () => {
    const { run, made } = opened()
    expect(await run()).toEqual(result({ number: 1 }))
    expect(await run()).toEqual({ ...result({ number: 1 }), replayed: true })
    expect(made).toEqual(['key 1'])
  })

  test('runs again after its window, which begins with the first attempt', async () => {
    const { run, made, pass } = opened()
    await run()
    pass(59_999)
    expect((await run()).replayed).toBe(true)
    pass(1)
    expect((await run()).replayed).toBeUndefined()
    expect(made).toEqual(['key 1', 'key 2'])
  })

  test('is another call under another key, or of another owner', async () => {
    const { run, made } = opened()
    await run()
    expect((await run({ key: 'other' })).replayed).toBeUndefined()
    expect((await run({ owner: 'other tool' })).replayed).toBeUndefined()
    expect(made).toEqual(['key 1', 'key 2', 'key 3'])
  })

  test('with other arguments under the same name is refused, and nothing runs', async () => {
    const { run, made } = opened()
    await run()
    await expect(run({ args: 'other' })).rejects.toMatchObject({ code: 'invalid_input' })
    expect(made).toHaveLength(1)
  })

  test('of which nothing is known, or that failed, is attempted again under the same key', async () => {
    const { run, made } = opened()
    await expect(run({}, refusing('outcome_unknown'))).rejects.toMatchObject({ code: 'outcome_unknown' })
    await expect(run({}, refusing('target_timeout'))).rejects.toMatchObject({ code: 'target_timeout' })
    expect((await run({}, async () => result({}, { isError: true }))).replayed).toBeUndefined()
    expect((await run()).replayed).toBeUndefined()
    expect((await run()).replayed).toBe(true)
    expect(made).toEqual(['key 1', 'key 1', 'key 1', 'key 1'])
  })

  test('whose outcome is too large to be kept is made again under the same key', async () => {
    const { run, made } = opened()
    for (let round = 0; round < 2; round++) {
      const large = await run({}, async () => result({ body: 'x'.repeat(262_144) }))
      expect(large.replayed).toBeUndefined()
    }
    expect(made).toEqual(['key 1', 'key 1'])
  })
})

describe('calls at the same time', () => {
  test('run once, and all have the outcome', async () => {
    const { run, made } = opened()
    const { promise, resolve } = Promise.withResolvers<WorkerResult>()
    const answers = [run({}, () => promise), run(), run()]
    resolve(result({ first: true }))
    expect(await Promise.all(answers)).toEqual([
      result({ first: true }),
      { ...result({ first: true }), replayed: true },
      { ...result({ first: true }), replayed: true },
    ])
    expect(made).toEqual(['key 1'])
  })

  test('wait while the first runs beyond its window', async () => {
    const { run, made, pass } = opened()
    const { promise, resolve } = Promise.withResolvers<WorkerResult>()
    const first = run({}, () => promise)
    pass(120_000)
    const second = run()
    resolve(result({}))
    await first
    expect((await second).replayed).toBe(true)
    expect(made).toEqual(['key 1'])
  })

  test('are tried one after the other when one fails, never two at once', async () => {
    const { run, made } = opened()
    let atOnce = 0
    let most = 0
    const failing = async (): Promise<WorkerResult> => {
      most = Math.max(most, ++atOnce)
      await new Promise(resolve => setImmediate(resolve))
      atOnce -= 1
      throw new Refusal('outcome_unknown', 'no answer')
    }
    const outcomes = await Promise.allSettled([run({}, failing), run({}, failing), run({}, failing), run(), run()])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected', 'fulfilled', 'fulfilled'])
    expect(most).toBe(1)
    expect(made).toEqual(['key 1', 'key 1', 'key 1', 'key 1'])
  })

  test('one that is cancelled while it waits ends, and the first goes on', async () => {
    const { run, made } = opened()
    const { promise, resolve } = Promise.withResolvers<WorkerResult>()
    const abort = new AbortController()
    const first = run({}, () => promise)
    const second = run({}, undefined, abort.signal)
    abort.abort()
    await expect(second).rejects.toMatchObject({ code: 'busy' })
    resolve(result({}))
    expect(await first).toEqual(result({}))
    expect(made).toHaveLength(1)
  })

  test('one that was cancelled before it came does not wait', async () => {
    const { run } = opened()
    const { promise, resolve } = Promise.withResolvers<WorkerResult>()
    const first = run({}, () => promise)
    await expect(run({}, undefined, AbortSignal.abort())).rejects.toMatchObject({ code: 'busy' })
    resolve(result({}))
    await first
  })
})

describe('after a refusal by which nothing was sent, nothing is remembered', () => {
  test.each(['target_unreachable', 'credential_unavailable', 'busy', 'invalid_input'] as const)('%s', async code => {
    const { run, made } = opened()
    await expect(run({}, refusing(code))).rejects.toMatchObject({ code })
    expect((await run({ args: 'other' })).replayed).toBeUndefined()
    expect(made).toEqual(['key 1', 'key 2'])
  })
})

describe('what is remembered has bounds', () => {
  test('more than 1,000 calls of one owner within their windows are refused, and no other owner is', async () => {
    const { run, made, pass } = opened()
    for (let index = 0; index < 1_000; index++) await run({ key: `call ${index}` })
    await expect(run({ key: 'one more' })).rejects.toMatchObject({ code: 'busy' })
    expect(made).toHaveLength(1_000)
    expect((await run({ key: 'call 0' })).replayed).toBe(true)
    expect((await run({ owner: 'other', key: 'one more' })).replayed).toBeUndefined()
    pass(60_000)
    expect((await run({ key: 'one more' })).replayed).toBeUndefined()
    expect((await run({ key: 'call 0' })).replayed).toBeUndefined()
  })

  test('outcomes of more than 32 MB are not kept, and are kept again when others are over', async () => {
    const { run, pass } = opened()
    const large = (key: string) => run({ key }, async () => result({ body: 'x'.repeat(261_000) }))
    for (let index = 0; index < 128; index++) await large(`call ${index}`)
    expect((await large('call 127')).replayed).toBe(true)
    await large('beyond')
    expect((await large('beyond')).replayed).toBeUndefined()
    pass(60_000)
    await large('later')
    expect((await large('later')).replayed).toBe(true)
  })
})
