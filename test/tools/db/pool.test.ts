import assert from 'node:assert/strict'
import { beforeEach, test } from 'vitest'
import { Refusal } from '../../../src/refusal.ts'
import { Pool } from '../../../tools/db/pool.ts'

interface Line {
  readonly login: string
  isOpen: boolean
  cleaned: number
}

let opened: Line[]
let cleaning: () => Promise<void>
let standing: (line: Line) => Promise<boolean>
const never = new AbortController().signal

beforeEach(() => {
  opened = []
  cleaning = async () => {}
  standing = async () => true
})

function pool(options: { readonly size?: number; readonly idleMs?: number } = {}) {
  const made = new Pool<string, Line>({
    size: options.size ?? 2,
    idleMs: options.idleMs ?? 60_000,
    same: (one, other) => one === other,
    async clean(line) {
      await cleaning()
      line.cleaned += 1
    },
    stands: line => standing(line),
    isAlive: ({ isOpen }) => isOpen,
    end(line) {
      line.isOpen = false
    },
  })
  const lend = (login = 'a', signal = never) =>
    made.lend(
      login,
      async () => {
        const line = { login, isOpen: true, cleaned: 0 }
        opened.push(line)
        return line
      },
      signal,
    )
  return { made, lend }
}

test('a connection is cleaned before it is lent again', async () => {
  const { lend } = pool()
  const first = await lend()
  first.release()
  const second = await lend()
  assert.equal(second.connection, first.connection)
  assert.deepEqual([first.isFresh, second.isFresh, second.connection.cleaned, opened.length], [true, false, 1, 1])
})

test('one that cannot be cleaned is closed, and whoever waited gets a new one', async () => {
  const { lend } = pool({ size: 1 })
  cleaning = () => Promise.reject(new Error('no'))
  const first = await lend()
  const waiting = lend()
  first.release()
  const second = await waiting
  assert.notEqual(second.connection, first.connection)
  assert.deepEqual([first.connection.isOpen, second.connection.isOpen], [false, true])
})

test('no more are open than allowed; who waits is served in order', async () => {
  const { lend } = pool({ size: 2 })
  const [one, two] = [await lend(), await lend()]
  const served: string[] = []
  const third = lend().then(lent => (served.push('third'), lent))
  const fourth = lend().then(lent => (served.push('fourth'), lent))
  one.discard()
  const got = await third
  two.release()
  await fourth
  assert.deepEqual(served, ['third', 'fourth'])
  assert.equal(opened.filter(({ isOpen }) => isOpen).length, 2)
  got.release()
})

test('given back twice counts once', async () => {
  const { lend } = pool({ size: 1 })
  const one = await lend()
  one.discard()
  one.release()
  one.discard()
  await lend()
  const late = AbortSignal.abort(new Refusal('cancelled', 'the caller cancelled'))
  await assert.rejects(lend('a', late), { code: 'cancelled' })
  await assert.rejects(lend('a', AbortSignal.timeout(20)), { code: 'busy' })
})

test('who gives up waiting takes nothing from who waits on', async () => {
  const { lend } = pool({ size: 1 })
  const one = await lend()
  const cancel = new AbortController()
  const gone = lend('a', cancel.signal)
  const stays = lend()
  cancel.abort(new Refusal('cancelled', 'the caller cancelled'))
  await assert.rejects(gone, { code: 'cancelled' })
  one.release()
  assert.equal((await stays).connection, one.connection)
})

test('a connection that failed to open leaves its place to the next', async () => {
  const { made, lend } = pool({ size: 1 })
  const failing = made.lend('a', () => Promise.reject(new Error('down')), never)
  const waiting = lend()
  await assert.rejects(failing, /down/)
  assert.ok((await waiting).isFresh)
})

test('one that was kept and no longer stands is closed, and the next is asked', async () => {
  const { lend } = pool()
  const [one, two] = [await lend(), await lend()]
  one.release()
  two.release()
  const asked: Line[] = []
  standing = async line => asked.push(line) > 1
  const next = await lend()
  assert.deepEqual(
    asked.map(({ isOpen }) => isOpen),
    [false, true],
  )
  assert.equal(next.connection, asked[1])
})

test('another login that comes while one is asked whether it stands keeps it from being lent', async () => {
  const { lend } = pool()
  const one = await lend('a')
  one.release()
  const { promise, resolve } = Promise.withResolvers<boolean>()
  await lend('a').then(again => again.release())
  standing = () => promise
  const late = lend('a')
  const other = await lend('b')
  resolve(true)
  assert.notEqual((await late).connection, one.connection)
  assert.deepEqual([one.connection.isOpen, other.connection.login], [false, 'b'])
})

test('cleaning that takes long is not waited for while there is place', async () => {
  const { lend } = pool({ size: 2 })
  cleaning = () => new Promise(() => {})
  const one = await lend()
  one.release()
  const two = await lend()
  assert.notEqual(two.connection, one.connection)
  await assert.rejects(lend('a', AbortSignal.timeout(60)), { code: 'busy' })
})

test('who is woken and gives up at once passes it on', async () => {
  const { lend } = pool({ size: 1 })
  const one = await lend()
  const cancel = new AbortController()
  const gone = lend('a', cancel.signal)
  const stays = lend()
  one.discard() // wakes the first
  cancel.abort(new Refusal('cancelled', 'the caller cancelled'))
  await assert.rejects(gone, { code: 'cancelled' })
  assert.ok((await stays).isFresh)
})

test('another login never gets a connection of the one before, whose connections are closed as they come back', async () => {
  const { lend } = pool()
  const [busy, idle] = [await lend('a'), await lend('a')]
  idle.release()
  const other = lend('b')
  assert.equal((await other).connection.login, 'b')
  busy.release()
  assert.deepEqual([busy.connection.isOpen, idle.connection.isOpen], [false, false])
})

test('a connection that nobody uses is closed', async () => {
  const { lend } = pool({ idleMs: 5 })
  const one = await lend()
  one.release()
  const deadline = performance.now() + 2_000
  while (one.connection.isOpen && performance.now() < deadline) await new Promise(resolve => setTimeout(resolve, 5))
  assert.equal(one.connection.isOpen, false)
})

test('closing ends what is idle, who waits, and what comes back', async () => {
  const { made, lend } = pool({ size: 1 })
  const one = await lend()
  const waiting = lend()
  made.close()
  await assert.rejects(waiting, { code: 'cancelled' })
  one.release()
  assert.equal(one.connection.isOpen, false)
  await assert.rejects(lend(), { code: 'cancelled' })
})
