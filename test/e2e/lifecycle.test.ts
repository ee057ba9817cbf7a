import { afterEach, expect, test } from 'vitest'
import { makeHome } from '../support/home.ts'
import { startRawStdio } from '../support/raw-stdio.ts'
import { agentToken, joinCalls, sceneConfig, secretToken } from '../support/scene.ts'
import { calling, httpTransport, newClient, startServe } from '../support/serving.ts'
import { echo, startUpstream } from '../support/upstream.ts'

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

const good = { method: 'GET', path: '/repos/acme/shop/issues' }

/** An upstream that holds every answer until told. */
async function setUp() {
  const released = Promise.withResolvers<void>()
  const arrivals: (() => void)[] = []
  const upstream = await startUpstream(async (request, response) => {
    for (const wake of arrivals.splice(0)) wake()
    await released.promise
    await echo(request, response)
  })
  const home = makeHome()
  await home.seal('github', secretToken)
  home.writeConfig(sceneConfig(upstream.url))
  cleanUps.push(
    () => home.remove(),
    () => upstream.close(),
  )
  const arrived = () => new Promise<void>(resolve => arrivals.push(resolve))
  return { home, upstream, arrived, release: released.resolve }
}

test('on SIGTERM running calls are finished and answered, new ones refused, and the exit code is 0', async () => {
  const { home, arrived, release } = await setUp()
  const raw = startRawStdio(home)
  const arrival = arrived()
  const running = raw.call(1, 'github_call_api', good)
  await arrival
  raw.process.kill('SIGTERM')
  await expect
    .poll(async () => {
      const refused = (await raw.call(Math.floor(Math.random() * 1e9) + 10, 'github_call_api', {
        method: 'GET',
        path: '/nowhere',
      })) as {
        result?: { structuredContent?: { code?: string } }
      }
      return refused.result?.structuredContent?.code
    })
    .toBe('busy')
  release()
  expect(await running).toMatchObject({ result: { structuredContent: { status: 200 } } })
  expect(await raw.exited).toBe(0)
  expect(joinCalls(home.auditLines()).every(call => call['closed'] === true)).toBe(true)
})

test('over HTTP too', async () => {
  const { home, arrived, release } = await setUp()
  const server = await startServe(home)
  const client = newClient('2026-07-28')
  await client.connect(httpTransport(server.url, agentToken))
  const arrival = arrived()
  const running = calling(client).call('github_call_api', good)
  await arrival
  const stopped = server.stop()
  await expect.poll(() => server.log()).toContain('finishing running calls')
  release()
  expect((await running).structured['status']).toBe(200)
  await client.close()
  expect(await stopped).toBe(0)
})

test('when the client ends the connection, the process ends, and so do its workers', async () => {
  const { home, release } = await setUp()
  release()
  const raw = startRawStdio(home)
  await raw.call(1, 'github_call_api', good)
  expect(await raw.end()).toBe(0)
  expect(home.auditLines().filter(({ event }) => event === 'worker.exited')).toMatchObject([{ expected: true }])
})

test('after kill -9 in the middle of calls and a restart, the chain verifies and the calls show unknown', async () => {
  const { home, arrived, release, upstream } = await setUp()
  const raw = startRawStdio(home)
  const arrival = arrived()
  for (let id = 1; id <= 3; id++)
    raw.write(
      `${JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'github_call_api', arguments: good } })}\n`,
    )
  await arrival
  await expect.poll(() => upstream.requests.length).toBe(3)
  raw.process.kill('SIGKILL')
  await raw.exited
  release()
  const again = startRawStdio(home)
  expect(await again.call(1, 'github_call_api', good)).toMatchObject({ result: { structuredContent: { status: 200 } } })
  await again.end()
  const outcomes = joinCalls(home.auditLines()).map(call => call['outcome'])
  expect(outcomes).toEqual(['unknown', 'unknown', 'unknown', 'ok'])
  const verified = await home.run(['audit', 'verify'])
  expect(verified).toMatchObject({ code: 0, out: expect.stringContaining('OK') })
  expect(
    (await home.run(['audit', 'show', '--outcome', 'unknown', '--json'])).out.match(/"event":"call.closed"/g),
  ).toHaveLength(3)
})

test('a changed line is found by the command line, which names it and fails', async () => {
  const { home, release } = await setUp()
  release()
  const raw = startRawStdio(home)
  await raw.call(1, 'github_call_api', good)
  await raw.end()
  const { readdirSync, readFileSync, writeFileSync } = await import('node:fs')
  const [chain] = readdirSync(home.auditDir).filter(file => file.endsWith('.jsonl'))
  const path = `${home.auditDir}/${chain}`
  const lines = readFileSync(path, 'utf8').split('\n')
  const index = lines.findIndex(line => line.includes('call.closed'))
  lines[index] = (lines[index] as string).replace('"outcome":"ok"', '"outcome":"refused"')
  writeFileSync(path, lines.join('\n'))
  const verified = await home.run(['audit', 'verify'])
  expect(verified.code).toBe(1)
  expect(verified.out).toMatch(new RegExp(`${chain}:${index + 1}\\b`))
})

test('a call that outlives the grace of SIGTERM is ended with a record, and is not sent again', async () => {
  const { home, upstream, arrived } = await setUp()
  const { tools, ...rest } = sceneConfig(upstream.url, { tool: { limits: { timeout: '5m' } } })
  home.writeConfig({ ...rest, tools })
  const raw = startRawStdio(home)
  const arrival = arrived()
  raw.write(
    `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'github_call_api', arguments: good } })}\n`,
  )
  await arrival
  const began = performance.now()
  raw.process.kill('SIGTERM')
  expect(await raw.exited).toBe(0)
  expect(performance.now() - began).toBeLessThan(30_000)
  expect(upstream.requests).toHaveLength(1)
  expect(joinCalls(home.auditLines())).toMatchObject([{ closed: true, outcome: 'failed', code: 'internal' }])
  expect(await home.run(['audit', 'verify'])).toMatchObject({ code: 0 })
})
