import { expect, test } from 'vitest'
import { createRateLimit, takeAll } from '../../src/limits/rate.ts'
import { Slots } from '../../src/limits/slots.ts'
import { setScene } from '../support/scene.ts'

test('of many calls at once, exactly as many are sent as the rate allows', async () => {
  const scene = await setScene({ tool: { limits: { rate: '7/h', concurrency: 50 } } })
  const calls = await Promise.all(
    Array.from({ length: 40 }, () => scene.call('github_call_api', { method: 'GET', path: '/repos/acme/shop/issues' })),
  )
  expect(calls.filter(({ isError }) => !isError)).toHaveLength(7)
  expect(calls.filter(({ structured }) => structured['code'] === 'rate_limited')).toHaveLength(33)
  expect(scene.upstream.requests).toHaveLength(7)
  await scene.end()
})

test('never more calls run at once than the concurrency, and all of them run', async () => {
  let running = 0
  let most = 0
  const scene = await setScene({
    tool: { limits: { concurrency: 3 } },
    respond: async (_request, response) => {
      running++
      most = Math.max(most, running)
      await new Promise(resolve => setTimeout(resolve, 20))
      running--
      response.end('{}')
    },
  })
  const calls = await Promise.all(
    Array.from({ length: 20 }, () => scene.call('github_call_api', { method: 'GET', path: '/repos/acme/shop/issues' })),
  )
  expect(calls.filter(({ isError }) => isError)).toEqual([])
  expect(most).toBe(3)
  await scene.end()
})

test('a window opens again after its time', async () => {
  const limit = createRateLimit('tool x', { points: 2, windowMs: 300 })
  await limit.take()
  await limit.take()
  const refused = await limit.take().catch((error: unknown) => error)
  expect(refused).toMatchObject({ code: 'rate_limited' })
  const { retry_after_ms: wait } = (refused as { fields: { retry_after_ms: number } }).fields
  await new Promise(resolve => setTimeout(resolve, wait + 5))
  await limit.take()
})

test('when one of several windows is used up, the others get their call back', async () => {
  const agent = createRateLimit('agent a', { points: 5, windowMs: 60_000 })
  const tool = createRateLimit('tool t', { points: 1, windowMs: 60_000 })
  await takeAll([agent, tool])
  for (let i = 0; i < 10; i++) await expect(takeAll([agent, tool])).rejects.toMatchObject({ code: 'rate_limited' })
  for (let i = 0; i < 4; i++) await agent.take()
  await expect(agent.take()).rejects.toMatchObject({ code: 'rate_limited' })
})

test('a queue that is full answers busy, a waiter that is cancelled leaves it, the rest go in order', async () => {
  const slots = new Slots(1)
  const options = { timeoutMs: 60_000, signal: new AbortController().signal }
  await slots.acquire(options)
  const order: number[] = []
  const abort = new AbortController()
  const cancelled = slots.acquire({ timeoutMs: 60_000, signal: abort.signal })
  const waiting = Array.from({ length: 15 }, (_, index) => slots.acquire(options).then(() => order.push(index)))
  await expect(slots.acquire(options)).rejects.toMatchObject({ code: 'busy' })
  abort.abort()
  await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' })
  for (let i = 0; i < 15; i++) {
    slots.release()
    await waiting[i]
  }
  expect(order).toEqual(Array.from({ length: 15 }, (_, index) => index))
  await expect(slots.acquire({ timeoutMs: 10, signal: options.signal })).rejects.toMatchObject({ code: 'busy' })
})
