import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { formsOf } from '../support/forms.ts'
import { type Home, makeHome } from '../support/home.ts'
import { sceneConfig } from '../support/scene.ts'
import { calling, newClient } from '../support/serving.ts'
import { startUpstream } from '../support/upstream.ts'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'

/*
 * Heap snapshots of living processes: of the gate after every tool was used, and of two workers.
 * The gate is the real entry, started with the flag that makes Node write a snapshot on a signal; its
 * workers get the flag, and the right to write into one folder, through the one launcher that knows them.
 */

const keys = {
  alpha: 'alpha-K7w2mQ9xLrT4vB8nZ1cY',
  beta: 'beta-P3dF6hJ0sGkU5eX2aR9q',
  gamma: 'gamma-W8tN1oV4iC7yM3bE6zLp',
}

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

/** The snapshot that a process writes when it is told to. */
async function heapSnapshot(pid: number, folder: string): Promise<string> {
  const before = new Set(readdirSync(folder))
  process.kill(pid, 'SIGUSR2')
  const find = () =>
    readdirSync(folder).find(name => name.endsWith('.heapsnapshot') && name.includes(`.${pid}.`) && !before.has(name))
  await expect.poll(find, { timeout: 20_000 }).toBeTruthy()
  const file = join(folder, find() as string)
  // Whole once it is valid JSON: it is written in pieces.
  let text = ''
  await expect
    .poll(
      () => {
        text = readFileSync(file, 'utf8')
        return text.endsWith('}') || text.endsWith('}\n')
      },
      { timeout: 20_000 },
    )
    .toBe(true)
  return text
}

function namesOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap(task =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  )
}

/** A launcher that adds the snapshot flag to whatever `node` is started with. */
function snapshottingNode(home: Home): string {
  const launcher = join(home.folder, 'node-with-snapshots')
  writeFileSync(
    launcher,
    `#!/bin/sh\ncase "$1" in --permission) set -- --allow-fs-write=${home.folder} "$@";; esac\nexec ${process.execPath} --heapsnapshot-signal=SIGUSR2 --diagnostic-dir=${home.folder} "$@"\n`,
    { mode: 0o755 },
  )
  return launcher
}

test('a heap snapshot of the gate holds no key; one of a worker holds its own key and no other', async () => {
  const upstream = await startUpstream()
  const home = makeHome()
  cleanUps.push(
    () => home.remove(),
    () => upstream.close(),
  )
  await home.seal('alpha', keys.alpha)
  writeFileSync(join(home.folder, 'beta.key'), keys.beta, { mode: 0o600 })
  const environment = { ...home.environment, GAMMA_KEY: keys.gamma }
  const { tools } = sceneConfig(upstream.url) as { tools: { github: Record<string, unknown> } }
  home.writeConfig({
    version: 1,
    credentials: {
      alpha: { type: 'bearer', token: { sealed: 'alpha' } },
      beta: { type: 'bearer', token: { file: join(home.folder, 'beta.key') } },
      gamma: { type: 'bearer', token: { env: 'GAMMA_KEY' } },
    },
    tools: Object.fromEntries(Object.keys(keys).map(name => [name, { ...tools.github, credential: name }])),
  })
  const launcher = snapshottingNode(home)
  const wire = new StdioClientTransport({
    command: launcher,
    args: [new URL('../support/gate-with-launcher.ts', import.meta.url).pathname, launcher, 'stdio'],
    env: environment,
    cwd: home.folder,
  })
  const client = newClient('2026-07-28')
  await client.connect(wire)
  cleanUps.push(() => client.close())
  const gate = wire.pid as number
  const workers: Record<string, number> = {}
  for (const name of Object.keys(keys)) {
    const known = namesOf(gate)
    for (let round = 0; round < 3; round++) {
      expect(
        (await calling(client).call(`${name}_call_api`, { method: 'GET', path: '/repos/acme/shop/issues' })).isError,
      ).toBe(false)
    }
    workers[name] = namesOf(gate).find(pid => !known.includes(pid)) as number
  }
  expect(upstream.requests.map(({ headers }) => headers.authorization)).toEqual(
    Object.values(keys).flatMap(key => Array.from({ length: 3 }, () => `Bearer ${key}`)),
  )

  const ofGate = await heapSnapshot(gate, home.folder)
  expect(ofGate).toContain('github') // it is a snapshot of this gate: its configuration is in it
  for (const key of Object.values(keys)) {
    const found = Object.entries(formsOf(key)).filter(([, form]) => form.length >= 8 && ofGate.includes(form))
    expect(found).toEqual([])
  }
  for (const own of ['alpha', 'beta'] as const) {
    const snapshot = await heapSnapshot(workers[own] as number, home.folder)
    expect(snapshot).toContain(keys[own]) // or the search would prove nothing
    for (const [name, key] of Object.entries(keys)) {
      if (name !== own) expect(snapshot.includes(key)).toBe(false)
    }
  }
}, 120_000)

test('without the flag a signal makes no process write anything or open a debugger', async () => {
  const upstream = await startUpstream()
  const home = makeHome()
  cleanUps.push(
    () => home.remove(),
    () => upstream.close(),
  )
  await home.seal('github', keys.alpha)
  home.writeConfig(sceneConfig(upstream.url))
  const { connect } = await import('../support/serving.ts')
  const connected = await connect(home, 'stdio', '2026-07-28')
  cleanUps.push(() => connected.close())
  await connected.call('github_call_api', { method: 'GET', path: '/repos/acme/shop/issues' })
  const [worker] = namesOf(connected.pid)
  for (const pid of [worker as number, connected.pid]) process.kill(pid, 'SIGUSR1')
  await connected.call('github_call_api', { method: 'GET', path: '/repos/acme/shop/issues' })
  const listening = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .filter(line => line.includes(':240D ') && line.includes(' 0A ')) // 9229, LISTEN
  expect(listening).toEqual([])
})
