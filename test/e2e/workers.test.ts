import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { findForms } from '../support/forms.ts'
import { type Scene, secretToken, setScene } from '../support/scene.ts'
import { echo, type Respond } from '../support/upstream.ts'

let scene: Scene | null = null
afterEach(async () => {
  await scene?.end()
  scene = null
})

const issues = { method: 'GET', path: '/repos/acme/shop/issues' }
const newIssue = { method: 'POST', path: '/repos/acme/shop/issues', body: { title: 'x' } }

/** The processes that a process started. */
function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap(task =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  )
}

/** Answers only when told to. */
function holding() {
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  let first = true
  const respond: Respond = async (request, response) => {
    if (first) {
      first = false
      arrive()
      await released
    }
    await echo(request, response)
  }
  return { respond, arrived, release }
}

describe('a broken tool breaks only itself', () => {
  test('kill its worker between calls and the next call works', async () => {
    scene = await setScene()
    await scene.call('github_call_api', issues)
    for (let round = 0; round < 3; round++) {
      const [worker] = childrenOf(scene.pid)
      process.kill(worker as number, 'SIGKILL')
      expect((await scene.call('github_call_api', round === 1 ? newIssue : issues)).isError).toBe(false)
    }
    expect(scene.events('worker.exited').filter(({ signal }) => signal === 'SIGKILL')).toHaveLength(3)
  })

  test('kill its worker in the middle of a read and the read is done again', async () => {
    const held = holding()
    scene = await setScene({ respond: held.respond })
    const answer = scene.call('github_call_api', issues)
    await held.arrived
    process.kill(childrenOf(scene.pid)[0] as number, 'SIGKILL')
    expect(await answer).toMatchObject({ isError: false, structured: { status: 200 } })
    expect(scene.upstream.requests).toHaveLength(2)
    held.release()
  })

  test('kill its worker in the middle of a write: the outcome is unknown, and nothing is sent twice', async () => {
    const held = holding()
    scene = await setScene({ respond: held.respond })
    const answer = scene.call('github_call_api', newIssue)
    await held.arrived
    process.kill(childrenOf(scene.pid)[0] as number, 'SIGKILL')
    expect((await answer).structured['code']).toBe('outcome_unknown')
    held.release()
    expect((await scene.call('github_call_api', issues)).isError).toBe(false)
    expect(scene.upstream.requests.filter(({ method }) => method === 'POST')).toHaveLength(1)
    expect(scene.calls()[0]).toMatchObject({ outcome: 'unknown', code: 'outcome_unknown' })
  })

  test('a worker that hangs is killed after the deadline and replaced', async () => {
    scene = await setScene({ tool: { limits: { timeout: '3s' } } })
    await scene.call('github_call_api', issues)
    const [worker] = childrenOf(scene.pid)
    process.kill(worker as number, 'SIGSTOP')
    expect((await scene.call('github_call_api', issues)).structured['code']).toBe('target_timeout')
    expect((await scene.call('github_call_api', issues)).isError).toBe(false)
    expect(childrenOf(scene.pid)).not.toContain(worker)
  })
})

describe('deadline and cancellation', () => {
  test('an upstream that does not answer: target_timeout for a read, outcome_unknown for a write', async () => {
    scene = await setScene({ respond: () => {}, tool: { limits: { timeout: '500ms' } } })
    expect((await scene.call('github_call_api', issues)).structured['code']).toBe('target_timeout')
    expect((await scene.call('github_call_api', newIssue)).structured['code']).toBe('outcome_unknown')
  })

  test.each([
    ['PUT', 3],
    ['DELETE', 3],
    ['POST', 1],
    ['PATCH', 1],
  ] as const)(
    'a %s whose connection breaks after it was sent has an unknown outcome, after %i attempts',
    async (method, attempts) => {
      scene = await setScene({
        respond: (_request, response) => void response.destroy(),
        tool: { allow: [`${method} /thing`] },
      })
      const called = await scene.call('github_call_api', { method, path: '/thing' })
      expect(called.structured['code']).toBe('outcome_unknown')
      expect(scene.upstream.requests).toHaveLength(attempts)
      expect(scene.calls()).toMatchObject([{ outcome: 'unknown', code: 'outcome_unknown' }])
    },
  )

  test('a GET whose connection breaks: target_unreachable', async () => {
    scene = await setScene({ respond: (_request, response) => void response.destroy() })
    expect((await scene.call('github_call_api', issues)).structured['code']).toBe('target_unreachable')
  })

  test('an upstream that drips byte by byte cannot stretch the deadline', async () => {
    scene = await setScene({
      tool: { limits: { timeout: '1s' } },
      respond: (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/plain' })
        const timer = setInterval(() => response.write('.'), 50)
        response.on('close', () => clearInterval(timer))
      },
    })
    const began = performance.now()
    expect((await scene.call('github_call_api', issues)).structured['code']).toBe('target_timeout')
    expect(performance.now() - began).toBeLessThan(10_000)
  })

  test('a client that cancels ends the request, and the record says so', async () => {
    const held = holding()
    scene = await setScene({ respond: held.respond })
    const abort = new AbortController()
    const answer = scene.client.callTool({ name: 'github_call_api', arguments: issues }, { signal: abort.signal })
    await held.arrived
    abort.abort()
    await expect(answer).rejects.toThrow()
    await expect.poll(() => scene?.calls()[0]?.['code']).toBe('cancelled')
    expect((await scene.call('github_call_api', issues)).isError).toBe(false)
  })

  test('a target that refuses connections: target_unreachable', async () => {
    scene = await setScene({ tool: { base_url: 'http://127.0.0.1:9' } })
    expect((await scene.call('github_call_api', newIssue)).structured['code']).toBe('target_unreachable')
  })
})

describe('a worker has the least it needs', () => {
  test('its environment is empty, its arguments hold no key, and it may neither write nor start processes', async () => {
    // A key of its own: other tests that run now may give theirs to a worker's environment.
    const secret = `ghp_${randomBytes(20).toString('hex')}`
    scene = await setScene({ secret })
    await scene.call('github_call_api', issues)
    const [worker] = childrenOf(scene.pid)
    const environ = readFileSync(`/proc/${worker}/environ`, 'utf8').split('\0').filter(Boolean)
    expect(environ.map(entry => entry.split('=')[0]).filter(name => !name?.startsWith('NODE_CHANNEL_'))).toEqual([])
    const argv = readFileSync(`/proc/${worker}/cmdline`, 'utf8').split('\0')
    expect(argv).toContain('--permission')
    expect(argv.filter(argument => /allow-(fs-write|child|worker|wasi|addons|inspector)/.test(argument))).toEqual([])
    const everything = execFileSync('ps', ['axeww'], { encoding: 'utf8', maxBuffer: 1 << 26 })
    expect(findForms(everything, secret)).toEqual([])
  })

  test('an env credential is the one variable its worker gets', async () => {
    scene = await setScene()
    await scene.end()
    const { makeHome } = await import('../support/home.ts')
    const { connect } = await import('../support/serving.ts')
    const { sceneConfig } = await import('../support/scene.ts')
    const { startUpstream } = await import('../support/upstream.ts')
    const upstream = await startUpstream()
    const home = makeHome()
    home.writeConfig({
      ...sceneConfig(upstream.url),
      credentials: { github: { type: 'bearer', token: { env: 'GITHUB_TOKEN' } } },
    })
    home.environment['GITHUB_TOKEN'] = secretToken
    home.environment['OTHER_TOKEN'] = 'another-secret-of-the-user'
    const connected = await connect(home, 'stdio', '2026-07-28')
    try {
      expect((await connected.call('github_call_api', issues)).isError).toBe(false)
      expect(upstream.requests[0]?.headers.authorization).toBe(`Bearer ${secretToken}`)
      const environ = readFileSync(`/proc/${childrenOf(connected.pid)[0]}/environ`, 'utf8')
        .split('\0')
        .filter(Boolean)
      expect(environ.filter(entry => !entry.startsWith('NODE_CHANNEL_'))).toEqual([`GITHUB_TOKEN=${secretToken}`])
    } finally {
      await connected.close()
      await upstream.close()
      home.remove()
      scene = null
    }
  })
})
